/* SPDX-License-Identifier: MIT */
#include "command_private.h"
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"why", command_why},
    {"explain", command_explain},
    {"lint", command_lint},
};

bool command_run(int argc, char **argv, int *out_status)
{
    for (size_t i = 0; argc > 1 && i < WB_COUNT(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            *out_status = commands[i].run(argc - 2, argv + 2);
            return true;
        }
    }
    return false;
}
