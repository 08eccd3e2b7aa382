/* SPDX-License-Identifier: MIT */
#include "ages.h"
#include "waybill/model/model.h"
#include <stdlib.h>

struct age {
    uint64_t since, round;
    char *claimant, *rule;
};

void ages_init(struct ages *ages)
{
    *ages = (struct ages){.round = 1};
    map_init(&ages->by_key);
}

static void free_age(struct age *age)
{
    free(age->claimant);
    free(age->rule);
    free(age);
}

void ages_fini(struct ages *ages)
{
    struct map_entry *entry;

    for (size_t i = 0; (entry = map_next(&ages->by_key, &i));)
        free_age(entry->value);
    map_fini(&ages->by_key);
}

/* 0 is not known, and no claim to anything. */
static bool is_older(uint64_t since, struct slice claimant, const struct model_frontend *than)
{
    if (since != than->since)
        return since - 1 < than->since - 1;
    return slice_compare(claimant, than->claimant) < 0;
}

void frontend_take_age(struct model_frontend *frontend, uint64_t since, struct slice claimant)
{
    if (!is_older(since, claimant, frontend))
        return;
    frontend->since = since;
    frontend->claimant = claimant;
}

/* The rule by which a frontend of the provider asks for requests. */
static struct slice rule_of(const struct model_frontend *frontend)
{
    return frontend->routes[0].rule;
}

static struct age *begin_age(struct ages *ages, struct slice key, const struct model_frontend *frontend)
{
    struct age *age = wb_alloc(sizeof *age), *before;

    *age = (struct age){.since = frontend->since,
                        .round = ages->round,
                        .claimant = slice_dup(frontend->claimant),
                        .rule = slice_dup(rule_of(frontend))};
    if ((before = map_put(&ages->by_key, key, age)))
        free_age(before);
    return age;
}

void ages_apply(struct ages *ages, struct slice key, struct model_frontend *frontend, struct arena *arena)
{
    struct age *age = map_get(&ages->by_key, key);

    if (!age || !slice_eq(slice_of(age->rule), rule_of(frontend)))
        age = begin_age(ages, key, frontend);
    age->round = ages->round;
    if (is_older(age->since, slice_of(age->claimant), frontend))
        frontend_take_age(frontend, age->since, arena_copy(arena, slice_of(age->claimant)));
    else if (age->since != frontend->since || !slice_eq(slice_of(age->claimant), frontend->claimant))
        begin_age(ages, key, frontend);
}

void ages_keep(struct ages *ages, struct slice key, struct slice rule)
{
    struct age *age = map_get(&ages->by_key, key);

    if (age && slice_eq(slice_of(age->rule), rule))
        age->round = ages->round;
}

void ages_end_round(struct ages *ages)
{
    struct map_entry *entry;

    for (size_t i = 0; (entry = map_next(&ages->by_key, &i));) {
        struct age *age = entry->value;
        if (age->round == ages->round)
            continue;
        map_remove(&ages->by_key, entry->key);
        free_age(age);
    }
    ages->round++;
}
