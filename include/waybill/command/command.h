/* SPDX-License-Identifier: MIT */
/*
 * command - what the program does besides routing: `waybill why`, `waybill explain`. A command reads its own words, says what
 * it found on stdout, what kept it from finding out on stderr, and ends.
 *
 * Thread: main. Adding one is a row in the table of src/command/command.c.
 */
#pragma once
#include <stdbool.h>

/* Exit codes that all commands share, so that scripts can rely on them. */
enum command_status {
    COMMAND_YES = 0,    /* found, or nothing wrong */
    COMMAND_NO = 1,     /* asked, and the answer is no */
    COMMAND_FAILED = 2, /* could not ask, or the words make no sense */
};

/* Runs the command that argv[1] names; false: there is none of that name. */
bool command_run(int argc, char **argv, int *out_status);
