/* SPDX-License-Identifier: MIT */
/* links: settings */
/* A command line, one word a line: it is refused with a reason, is a call for help, or gives settings that hold together. */
#include "waybill/settings/settings.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { WORDS_MAX = 64 };

static void check_settings(const struct settings *settings)
{
    WB_REQUIRE(settings->entrypoint_count > 0);
    WB_REQUIRE(settings->entrypoint_names.count == settings->entrypoint_count);
    for (size_t i = 0; i < settings->entrypoint_count; i++)
        WB_REQUIRE(settings_entrypoint(settings, settings->entrypoints[i].name) == &settings->entrypoints[i]);
    if (settings->command == COMMAND_RUN) {
        WB_REQUIRE(!settings->api_on || settings_entrypoint(settings, settings->api_entrypoint));
        WB_REQUIRE(!settings->ping_on || settings_entrypoint(settings, settings->ping_entrypoint));
    }
    WB_REQUIRE(settings->max_idle_per_server > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *argv[WORDS_MAX + 3], *copy = wb_strndup((const char *)bytes, size);
    int argc = 0;
    argv[argc++] = (char[]){"waybill"};
    for (char *at = copy; at && argc <= WORDS_MAX;) {
        char *end = strchr(at, '\n');
        argv[argc++] = at;
        if (end)
            *end++ = '\0';
        at = end;
    }
    /* The last one holds, so a file that the words name is not read. */
    argv[argc++] = (char[]){"--configFile=/dev/null"};
    argv[argc] = NULL;
    struct settings settings;
    char *text;
    enum settings_outcome outcome = settings_read(&settings, argc, argv, &text);
    WB_REQUIRE((outcome == SETTINGS_OK) == (text == NULL));
    if (outcome == SETTINGS_OK)
        check_settings(&settings);
    settings_fini(&settings);
    free(text);
    free(copy);
    return 0;
}
