/* SPDX-License-Identifier: MIT */
/*
 * flag_list - the flags as others describe them: completions of shells, the manual. One table, so none of them can rot.
 *
 * Thread: any; constant, texts are static.
 */
#pragma once
#include "waybill/base/text.h"

struct flag_facts {
    const char *name;  /* as v1.7 spells it, without dashes; a title when it is a heading */
    char letter;       /* short form, or 0 */
    const char *value; /* "=TEXT": what stands behind it; empty: nothing has to */
    const char *shown; /* default; of what is refused: what to do instead. Empty: none */
    const char *help;
    bool heading;
    bool refused;        /* its part is not in this version */
    bool without_effect; /* accepted */
    bool names_file;     /* the value is a path */
};

size_t flag_list_count(void);
struct flag_facts flag_list_at(size_t place);
/* The keys of --entryPoints, a line each, as --help has them. */
void flag_list_add_entrypoint_keys(struct text *out);
