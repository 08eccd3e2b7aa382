/* SPDX-License-Identifier: MIT */
/* filter - whether a container is to be routed, and why not (docker-provider.md 3). Private to build.c. */
#pragma once
#include "build.h"
#include "segment.h"

struct route_request { /* one segment that has a rule */
    const struct segment *segment;
    struct slice rule; /* as written or made, escapes not decoded */
};

struct candidate {
    const struct container *container;
    struct segments segments;
    struct route_request *requests;
    size_t request_count;
    struct verdict *verdict;
};

/* Fills the candidate; its verdict says ROUTED when it passed. */
void filter_container(struct arena *arena, const struct build_input *input, const struct container *container,
                      struct diagnostics *diagnostics, struct candidate *out_candidate);
/* The id is the router's own, in full or its first 12 digits. */
bool is_own_container(const struct docker_options *options, struct slice id);
