/* SPDX-License-Identifier: MIT */
/*
 * build - the known containers to one fragment, and for each container what became of it and why.
 *
 * Thread: the provider's. No I/O. What it reads stays the caller's.
 */
#pragma once
#include "container.h"
#include "waybill/base/map.h"
#include "waybill/provider/docker.h"

enum container_state {
    CONTAINER_ROUTED,
    CONTAINER_IGNORED,  /* nobody asked for it */
    CONTAINER_WAITING,  /* it will be when it is healthy, has an address... */
    CONTAINER_REJECTED, /* its labels or what the engine says of it cannot be used */
};

/* "routed", "ignored"... */
const char *container_state_name(enum container_state state);

struct verdict {
    struct slice id, name; /* the name without its slash */
    enum container_state state;
    struct slice reason; /* may be empty when routed */
};

struct build_input {
    const struct docker_options *options;
    const struct provider_sink *sink;
    struct container *const *containers; /* in the engine's order */
    size_t count;
    const struct map *by_id; /* the same ones */
    const struct network_list *networks;
};

struct build_output {
    struct fragment *fragment;       /* one reference */
    struct diagnostics *diagnostics; /* on the heap */
    struct verdict *verdicts;        /* as many as containers; texts in the fragment's arena */
};

void build_fragment(const struct build_input *input, struct build_output *out_output);
/* `tag==glob` or `tag!=glob` holds for these tags; *out_understood is false when it is neither. */
bool constraint_holds(struct slice constraint, const struct slices *tags, bool *out_understood);
