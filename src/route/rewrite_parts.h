/* SPDX-License-Identifier: MIT */
/* rewrite_parts - a rewrite from the inside. Thread: immutable. Owner: an arena. */
#pragma once
#include "regex.h"
#include "waybill/route/rewrite.h"

struct rewrite_piece {
    enum { REWRITE_TEXT, REWRITE_GROUP, REWRITE_VALUE } kind;
    struct slice text;
    unsigned number; /* of the group, or the value */
};

/* Cuts a replacement without {{}} into pieces behind those there are; the regex is set. `shape` brings the text between
 * into its form; NULL: it stays as it is. */
void rewrite_cut(struct rewrite *rewrite, struct arena *arena, struct slice text,
                 struct slice (*shape)(struct arena *arena, struct slice text));
