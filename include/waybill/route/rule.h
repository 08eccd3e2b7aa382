/* SPDX-License-Identifier: MIT */
/*
 * rule - the text of a frontend rule, parsed (spec/rules.md 1 to 3).
 *
 * Thread: immutable once parsed. Owner: the arena given, but for the regular expressions, which are RE2's, compiled
 * per worker from the text checked here (decisions.md 24): rule_release frees them.
 */
#pragma once
#include "waybill/base/arena.h"

struct rule;

/* NULL when it cannot be understood; *out_error then says why, in words for the person who wrote it (in the arena):
 * name the part, the value and what to do. Several texts (routes of one frontend) are ANDed in the order given. */
const struct rule *rule_parse(struct arena *arena, const struct slice *texts, size_t text_count, struct slice *out_error);
bool rule_changes_path(const struct rule *rule);
/* Before the arena ends, when no thread uses the rule any more. NULL is fine. */
void rule_release(const struct rule *rule);
