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
};

/* What its labels and options say, which is the same as long as it is the same container. Fills the candidate. False: it is
 * not to be routed, its item says why. True: nothing is decided yet. */
bool filter_container(struct arena *arena, const struct build_input *input, const struct container *container,
                      struct diagnostics *diagnostics, struct candidate *out_candidate);
/* Whether it runs and is well, which is asked last. False: its item says why not. */
bool filter_presence(const struct container *container, struct inventory_item *item);
/* REJECTED because of this label; `because` says how to write it. */
void filter_reject_label(struct inventory_item *item, const struct label *label, const char *because);
/* It is the router itself: by its id, in full or its first 12 digits, or as a task of the router's service. */
bool is_own_container(const struct docker_options *options, const struct container *container);
