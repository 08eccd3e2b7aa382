/* SPDX-License-Identifier: MIT */
/* rule_text - the text of a rule cut into parts and arguments (spec/rules.md 1; inside balanced braces nothing is cut, defects.md
 * B14). Pure; slices are of the text or in the arena. */
#pragma once
#include "waybill/base/arena.h"

struct rule_part_text {
    struct slice written; /* the whole of it, trimmed */
    struct slice name;
    struct slice *args; /* trimmed; those that were there but blank are kept as empty ones */
    size_t count;
};

/* Takes the next part off `*rest`; false when there is none (blank ones are skipped). */
bool rule_text_next(struct arena *arena, struct slice *rest, struct rule_part_text *out_part);
/* Cuts at every `separator` outside braces; empty pieces are kept. */
struct slice *rule_text_split(struct arena *arena, struct slice text, char separator, size_t *out_count);
