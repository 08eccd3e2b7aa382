/* SPDX-License-Identifier: MIT */
/*
 * command_line - argv to flags with their values, in two goes: cut first (so that --configFile is known), applied
 * over the file's values after. Thread: main.
 */
#pragma once
#include "reading.h"

struct command_word {
    const struct flag *flag;
    struct slice value;
    const char *shown; /* "--docker.domain" or "-l", for messages */
};

struct command_line {
    struct command_word *words;
    size_t count;
    bool help; /* -h or --help came before anything wrong */
};

/* False with reading->failure. `argv` without the program and the sub-command. */
bool command_line_cut(struct reading *reading, int argc, char **argv, struct command_line *out_line);
bool command_line_apply(struct reading *reading, const struct command_line *line);
