/* SPDX-License-Identifier: MIT */
/*
 * remember - the frontends of services that have no server left: those of containers that do not serve now, and those of
 * containers that are gone (decisions.md 16). Private to build.c.
 *
 * Thread: the provider's. What it makes is in the fragment's arena, or in the container's.
 */
#pragma once
#include "plan.h"

struct remembering {
    struct fragment *fragment;
    struct map
        *keys; /* to struct inventory_frontend, by the key of a route: of live frontends, and of those that are made here */
    size_t capacity;
    struct ages *ages; /* those of remembered services are kept; NULL: nobody asks for them */
};

/* Why a container of this code serves nobody though its frontends are wanted; ABSENCE_NONE: that is not so. */
enum model_absence absence_of(enum container_why why);
/* Adds those frontends of the plan that nobody else has; the fragment is to keep its container. False: there are none. */
bool remember_plan(struct remembering *remembering, const struct plan *plan, struct inventory_item *item);
