/* SPDX-License-Identifier: MIT */
#include "claims.h"
#include "compiled.h"
#include "table_parts.h"
#include <stdlib.h>

struct settling {
    const struct match_table *table;
    struct claim *claims; /* by rank */
    bool some_lose;
};

struct ranked {
    const struct compiled_frontend *compiled;
    uint32_t rank;
};

static int compare_claims(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    const uint64_t *one = x->compiled->claim.halves, *other = y->compiled->claim.halves;

    if (one[0] != other[0])
        return one[0] < other[0] ? -1 : 1;
    if (one[1] != other[1])
        return one[1] < other[1] ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

/* Remembered frontends have no container that could claim anything. */
static bool may_claim(const struct claim *claim)
{
    return claim->model->since != 0 && claim->compiled->frontend.absent == REASON_NONE;
}

static bool is_older(const struct model_frontend *one, const struct model_frontend *other)
{
    return one->since != other->since ? one->since < other->since : slice_compare(one->claimant, other->claimant) < 0;
}

static bool is_of_one_provider(const struct claim *one, const struct claim *other)
{
    return slice_eq(one->compiled->frontend.provider, other->compiled->frontend.provider);
}

static bool dispute(const struct claim *one, const struct claim *other)
{
    return is_of_one_provider(one, other) && one->compiled->backend != other->compiled->backend &&
           !slice_eq(one->model->origin, other->model->origin);
}

/* The oldest of the frontends with one rule, of one provider; of equal ones the first in order. */
static const struct ranked *find_incumbent(const struct settling *settling, const struct ranked *group, size_t count,
                                           const struct claim *of)
{
    const struct ranked *oldest = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct claim *claim = &settling->claims[group[i].rank];
        if (may_claim(claim) && is_of_one_provider(claim, of) &&
            (!oldest || is_older(claim->model, settling->claims[oldest->rank].model)))
            oldest = &group[i];
    }
    return oldest;
}

static void settle_group(struct settling *settling, const struct ranked *group, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct claim *claim = &settling->claims[group[i].rank];
        if (claim->taken_by != CLAIM_FREE || !may_claim(claim))
            continue;
        const struct ranked *incumbent = find_incumbent(settling, group, count, claim);
        if (!dispute(claim, &settling->claims[incumbent->rank]))
            continue;
        claim->taken_by = incumbent->rank;
        settling->some_lose = true;
    }
}

/* Between providers the order decides, as between any two frontends; but nobody can want this. */
static void note_behind(struct settling *settling, const struct ranked *group, size_t count)
{
    const struct claim *first = NULL;

    for (size_t i = 0; i < count; i++) {
        struct claim *claim = &settling->claims[group[i].rank];
        if (claim->taken_by != CLAIM_FREE || claim->compiled->frontend.absent != REASON_NONE)
            continue;
        if (!first)
            first = claim;
        else if (!is_of_one_provider(first, claim))
            claim->behind = (uint32_t)(first - settling->claims);
    }
}

static size_t take_ranks(const struct settling *settling, const struct table_ranks *list, struct ranked *out)
{
    const uint32_t *entries = list->count == 1 ? &list->first : settling->table->entries + list->first;

    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t rank = entries[i] & ENTRY_RANK;
        out[i] = (struct ranked){settling->claims[rank].compiled, rank};
    }
    return list->count;
}

/* Two lists as one; `other` may be empty. */
static void settle_lists(struct settling *settling, const struct table_ranks *list, const struct table_ranks *other)
{
    size_t count = (size_t)list->count + other->count;

    if (count < 2)
        return;
    struct ranked *ranked = wb_alloc(count * sizeof *ranked);
    take_ranks(settling, other, ranked + take_ranks(settling, list, ranked));
    qsort(ranked, count, sizeof *ranked, compare_claims);
    for (size_t from = 0, i = 1; i <= count; i++) {
        if (i < count && fingerprint_eq(&ranked[i].compiled->claim, &ranked[from].compiled->claim))
            continue;
        if (i - from > 1) {
            settle_group(settling, ranked + from, i - from);
            note_behind(settling, ranked + from, i - from);
        }
        from = i;
    }
    free(ranked);
}

/* A rule without a path and one with PathPrefix:/ ask for the same. */
static const struct table_ranks *ranks_of_any_path(const struct match_table *table, const struct table_node *node)
{
    static const struct table_ranks none = {0, 0};
    uint32_t root = table->buckets[node->bucket].root;

    return root && slice_eq(table_text_slice(&node->text), SLICE("/")) ? &table->nodes[root - 1].prefix : &none;
}

bool claims_settle(const struct match_table *table, struct claim *claims)
{
    struct settling settling = {.table = table, .claims = claims};

    for (uint32_t i = 0; i < table->node_count; i++) {
        const struct table_node *node = &table->nodes[i];
        settle_lists(&settling, &node->prefix, ranks_of_any_path(table, node));
        settle_lists(&settling, &node->whole, &(struct table_ranks){0, 0});
    }
    return settling.some_lose;
}

void claims_report_shadow(const struct route_shadow *shadow, struct diagnostics *diagnostics)
{
    struct text why = TEXT_EMPTY;

    route_shadow_explain(shadow, &why);
    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, shadow->origin, "frontend " SLICE_FMT " gets no requests: " SLICE_FMT,
                    SLICE_SHOWN(shadow->frontend->name), SLICE_ARG(text_slice(&why)));
    diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, shadow->by_origin,
                    "the rule `" SLICE_FMT "` of frontend " SLICE_FMT " is also claimed by " SLICE_FMT
                    ", which is younger and gets none of its requests",
                    SLICE_SHOWN(shadow->rule), SLICE_SHOWN(shadow->by->name), SLICE_ARG(shadow->origin));
    text_fini(&why);
}

void claims_report_behind(const struct claim *claim, const struct claim *first, struct diagnostics *diagnostics)
{
    const struct route_frontend *frontend = &claim->compiled->frontend, *other = &first->compiled->frontend;

    diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, claim->model->origin.len ? claim->model->origin : frontend->name,
                    "frontend " SLICE_FMT " gets no requests: frontend " SLICE_FMT " of provider " SLICE_FMT
                    " has the same rule and comes first, by its priority or else by the name of its provider",
                    SLICE_SHOWN(frontend->name), SLICE_SHOWN(other->name), SLICE_ARG(other->provider));
}
