/* SPDX-License-Identifier: MIT */
/*
 * address - under which URL the router reaches a container: network, port, protocol (docker-provider.md 5).
 *
 * Thread: the provider's. Texts in the arena given.
 */
#pragma once
#include "segment.h"
#include "waybill/base/map.h"

/* What the choice looks at beside the container itself. */
struct neighbourhood {
    const struct map *containers;        /* id to struct container, all that are known */
    const struct network_list *networks; /* with the names compose gives them */
    const struct container *own;         /* the router's; NULL when it is in none */
    struct slice network;                /* of the provider's options */
    bool use_bind_port_ip;
};

struct server_address {
    struct slice url;      /* empty: none */
    struct slice identity; /* who is there: container id and start (K9) */
    const char *warning;   /* what the user should know, in the arena; or NULL */
    const char *missing;   /* why there is no url */
};

void address_choose(struct arena *arena, const struct neighbourhood *around, const struct container *container,
                    const struct segment *segment, struct server_address *out_address);
