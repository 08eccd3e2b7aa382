/* SPDX-License-Identifier: MIT */
/* links: settings */
/* The static TOML file: refused with its place, or settings that hold together. */
#include "waybill/settings/settings.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    int file = memfd_create("static.toml", MFD_CLOEXEC);
    WB_REQUIRE(file >= 0 && write(file, bytes, size) == (ssize_t)size);
    char *word = wb_format("--configFile=/proc/self/fd/%d", file);
    char *argv[] = {(char[]){"waybill"}, word, NULL};
    struct settings settings;
    char *text;
    enum settings_outcome outcome = settings_read(&settings, 2, argv, &text);
    WB_REQUIRE(outcome != SETTINGS_HELP);
    WB_REQUIRE((outcome == SETTINGS_OK) == (text == NULL));
    if (outcome == SETTINGS_OK) {
        WB_REQUIRE(settings.entrypoint_count > 0);
        WB_REQUIRE(!settings.file.same_file || slice_starts(settings.file.filename, SLICE("/proc/self/fd/")));
    } else {
        WB_REQUIRE(strlen(text) > 20);
    }
    settings_fini(&settings);
    free(text);
    free(word);
    close(file);
    return 0;
}
