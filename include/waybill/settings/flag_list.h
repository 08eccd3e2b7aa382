/* SPDX-License-Identifier: MIT */
/*
 * flag_list - the flags as others describe them: completions of shells, the manual. One table, so none of them can rot.
 *
 * Thread: any; constant, texts are static.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct flag_facts {
    const char *name;    /* as v1.7 spells it, without dashes; a title when it is a heading */
    char letter;         /* short form, or 0 */
    const char *value;   /* "=TEXT": what stands behind it; empty: nothing has to */
    const char *choices; /* all that the value can be, with blanks between; empty: anything */
    const char *shown;   /* default; of what is refused: what to do instead. Empty: none */
    const char *help;
    bool heading;
    bool refused;        /* its part is not in this version */
    bool without_effect; /* accepted */
    bool names_file;     /* the value is a path */
};

size_t flag_list_count(void);
struct flag_facts flag_list_at(size_t place);
/* A key of --entryPoints with a value as an example, and what it does. */
struct entrypoint_key_facts {
    const char *form, *help;
};

size_t entrypoint_key_count(void);
struct entrypoint_key_facts entrypoint_key_at(size_t place);
