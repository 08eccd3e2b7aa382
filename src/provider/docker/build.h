/* SPDX-License-Identifier: MIT */
/*
 * build - the known containers to one fragment, and to the inventory: for each what became of it and why.
 *
 * Thread: the provider's. No I/O. What it reads stays the caller's.
 */
#pragma once
#include "ages.h"
#include "container.h"
#include "waybill/base/map.h"
#include "waybill/provider/docker.h"

/* One that the engine lists and nothing more is known of. */
struct unreadable {
    struct slice id;
    const char *error; /* what its inspect said */
};

/* One that is gone and whose frontends are to be remembered, if nobody else has them. */
struct gone {
    struct container *container; /* as it was last, but not running */
    bool is_needed;              /* by the fragment that was built */
};

struct build_input {
    const struct docker_options *options;
    const struct provider_sink *sink;
    struct container *const *containers; /* in the engine's order */
    size_t count;
    const struct map *by_id; /* the same ones; may be empty when none uses the network of another */
    const struct network_list *networks;
    const struct unreadable *unreadable;
    size_t unreadable_count;
    bool remember;     /* frontends without a server */
    struct gone *gone; /* the latest first */
    size_t gone_count;
    const struct container *own; /* the router's, when it is none of `containers`; or NULL */
    struct ages *ages;           /* of services, from one build to the next; NULL: containers have their own only */
};

struct build_output {
    struct fragment *fragment;       /* one reference */
    struct diagnostics *diagnostics; /* on the heap */
    struct inventory *inventory;     /* one reference; the containers in their order, then those that are unreadable */
};

void build_fragment(const struct build_input *input, struct build_output *out_output);
/* `tag==glob` or `tag!=glob` holds for these tags; *out_understood is false when it is neither. */
bool constraint_holds(struct slice constraint, const struct slices *tags, bool *out_understood);
