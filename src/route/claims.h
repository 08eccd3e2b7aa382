/* SPDX-License-Identifier: MIT */
/*
 * claims - who keeps a rule that several containers want (decisions.md 16): the oldest, whatever the priorities of the others.
 *
 * Equal rules meet in one list of a match table, so only lists of more than one are looked at. Frontends of one container, of one
 * backend, or of a provider that knows no ages do not dispute: the order decides, as in v1.7.
 * Thread: control.
 */
#pragma once
#include "waybill/route/snapshot.h"

struct model_frontend;
struct compiled_frontend;

enum { CLAIM_FREE = UINT32_MAX };

/* One row of a table. */
struct claim {
    const struct compiled_frontend *compiled;
    const struct model_frontend *model;
    size_t place;      /* in the order of all */
    uint32_t taken_by; /* the rank that keeps the rule, or CLAIM_FREE */
    uint32_t behind;   /* the rank of another provider that has the rule and comes first, or CLAIM_FREE */
};

/* Finds out, for claims that are all free and lie by rank. True when some lose their rule. */
bool claims_settle(const struct match_table *table, struct claim *claims);
/* Says it to both sides. */
void claims_report_shadow(const struct route_shadow *shadow, struct diagnostics *diagnostics);
void claims_report_behind(const struct claim *claim, const struct claim *first, struct diagnostics *diagnostics);
