/* SPDX-License-Identifier: MIT */
/* main - command line to exit status. */
#include "router.h"
#include "waybill/command/command.h"
#include "waybill/settings/healthcheck.h"
#include "waybill/settings/settings.h"
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run_command(const struct settings *settings, bool in_container)
{
    if (settings->command == COMMAND_HEALTHCHECK) {
        struct text line = TEXT_EMPTY;
        int status = healthcheck_run(settings, in_container, &line);
        fputs(line.ptr ? line.ptr : "", stdout);
        text_fini(&line);
        return status;
    }
    signal(SIGPIPE, SIG_IGN);
    log_set_level(settings->log_level);
    log_set_json(settings->log_json);
    wb_err error = log_open(settings->log_path);
    if (error) {
        wb_log_fatal("log " SLICE_FMT ": %s", SLICE_ARG(settings->log_path), strerror(-error));
        return 1;
    }
    wb_log_info("Waybill version %s", WB_VERSION);
    settings_log_warnings(settings);
    return router_run(settings);
}

static int run(int argc, char **argv, bool in_container)
{
    struct settings settings;
    char *text = NULL;
    int status = 0;

    switch (settings_read(&settings, argc, argv, &text)) {
    case SETTINGS_OK:
        status = run_command(&settings, in_container);
        break;
    case SETTINGS_HELP:
        fputs(text, stdout);
        break;
    case SETTINGS_INVALID:
        fputs(text, stderr);
        status = 1;
        break;
    }
    free(text);
    settings_fini(&settings);
    return status;
}

/* What a large configuration needed while it was read or compiled is to go back to the system at once; left to itself the limit
 * moves up with what is freed, to 32 MiB. */
static void keep_large_blocks_apart(void)
{
    enum { LARGE_BLOCK = 256 * 1024 };

    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
}

int main(int argc, char **argv)
{
    int status;

    keep_large_blocks_apart();
    if (command_run(argc, argv, &status))
        return status;
    if (argc != 3 || strcmp(argv[1], "healthcheck") != 0 || strcmp(argv[2], "--container") != 0)
        return run(argc, argv, false);

    struct container_words words;
    container_words_read("/proc/1/cmdline", &words);
    status = run(words.argc, words.argv, true);
    container_words_fini(&words);
    return status;
}
