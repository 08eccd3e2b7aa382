/* SPDX-License-Identifier: MIT */
#include "command_private.h"
#include <string.h>

const struct command commands[] = {
    {"why", "what a running router makes of a container, and why", command_why, why_usage},
    {"explain", "which frontend of a running router gets a request, and why", command_explain, explain_usage},
    {"lint", "what is wrong in compose files, for the router", command_lint, lint_usage},
    {"completion", "what a shell reads to complete all of this", command_completion, completion_usage},
    {"manual", "the manual, for man -l", command_manual, manual_usage},
};
const size_t command_count = WB_COUNT(commands);

bool command_run(int argc, char **argv, int *out_status)
{
    for (size_t i = 0; argc > 1 && i < command_count; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            *out_status = commands[i].run(argc - 2, argv + 2);
            return true;
        }
    }
    return false;
}
