/* SPDX-License-Identifier: MIT */
/* filter - whether a container is to be routed, and why not (docker-provider.md 3). Private to build.c. */
#pragma once
#include "build.h"
#include "segment.h"
#include "waybill/model/inventory.h"

struct route_request { /* one segment that has a rule */
    const struct segment *segment;
    struct slice rule; /* as written or made, escapes not decoded */
};

struct candidate {
    const struct container *container;
    struct segments segments;
    struct route_request *requests;
    size_t request_count;
    struct inventory_item *item; /* what becomes of it */
    size_t reachable;            /* servers that can be used, as far as is known */
};

/* Fills the candidate. False: it is not to be routed, its item says why; whether it runs and is well is asked last. True:
 * nothing is decided yet. */
bool filter_container(struct arena *arena, const struct build_input *input, const struct container *container,
                      struct diagnostics *diagnostics, struct candidate *out_candidate);
/* Whose frontend it is: a service's, of a segment. Only the first container with it makes one (4.5). */
struct slice candidate_key(struct arena *arena, const struct candidate *candidate, const struct segment *segment);
/* REJECTED because of this label; `because` says how to write it. */
void filter_reject_label(struct inventory_item *item, const struct label *label, const char *because);
/* It is the router itself: by its id, in full or its first 12 digits, or as a task of the router's service. */
bool is_own_container(const struct docker_options *options, const struct container *container);
