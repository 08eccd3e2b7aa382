/* SPDX-License-Identifier: MIT */
/*
 * ages - since when each service has its rule without a gap. A service whose containers are replaced, one after the other or one
 * by one while it is remembered, is as old as the first of them: else whoever has claimed its rule meanwhile would get it with
 * the next deploy (decisions.md 16). With another rule it begins anew: the age of one claim is none for another.
 *
 * Thread: the provider's. Owner: the census.
 */
#pragma once
#include "waybill/base/map.h"
#include <stdint.h>

struct arena;
struct model_frontend;

struct ages {
    struct map by_key; /* service and segment to struct age */
    uint64_t round;
};

void ages_init(struct ages *ages);
void ages_fini(struct ages *ages);
/* A live frontend, with its rule: it gets the age of its service if that is older. Texts go to the arena. */
void ages_apply(struct ages *ages, struct slice key, struct model_frontend *frontend, struct arena *arena);
/* One that is remembered with this rule: its service keeps the age it had while it was live. */
void ages_keep(struct ages *ages, struct slice key, struct slice rule);
/* All of them were there: what was not is forgotten. */
void ages_end_round(struct ages *ages);
/* The age of whoever is older becomes that of the frontend. */
void frontend_take_age(struct model_frontend *frontend, uint64_t since, struct slice claimant);
