/* SPDX-License-Identifier: MIT */
/*
 * label_hint - what to say of a `traefik.` label that 1.7 does not have: the name that was probably meant, or what a label of
 * Traefik 2 and 3 is called here. Thread: any. Texts in the arena given.
 */
#pragma once
#include "segment.h"

struct label_hint {
    const char *text;   /* a sentence */
    struct slice meant; /* the name without `traefik.` and the segment; empty: nothing is like it */
};

/* `label` is of a segment, and label_is_known says no. */
struct label_hint label_hint(struct arena *arena, const struct label *label);
/* "http.routers.web.rule" and its kin. */
const char *label_hint_version2(struct arena *arena, struct slice name);
/* A row of the table, or one of a group that a user names. */
bool label_is_known(struct slice name);
/* Who mistypes such a label means to protect: then its frontends are closed (decisions.md 10). */
bool label_name_protects(struct slice name);
