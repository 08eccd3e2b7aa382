/* SPDX-License-Identifier: MIT */
/*
 * address - under which URL the router reaches a container: network, port, protocol (docker-provider.md 5).
 *
 * Thread: the provider's. Texts in the arena given.
 */
#pragma once
#include "container.h"
#include "waybill/base/map.h"
#include "waybill/model/inventory.h"

/* What the choice looks at beside the container itself. */
struct neighbourhood {
    const struct map *containers;        /* id to struct container, all that are known */
    const struct network_list *networks; /* with the names compose gives them */
    const struct container *own;         /* the router's; NULL when it is in none */
    struct slice network;                /* of the provider's options */
    bool use_bind_port_ip;
};

struct server_address {
    struct slice url;       /* empty: none */
    struct slice identity;  /* who is there: container id and start (K9) */
    const char *warning;    /* what the user should know, in the arena; or NULL */
    enum container_why why; /* not WHY_ROUTED: it cannot be reached; there may be a url all the same, as in v1.7 */
    const char *because;    /* says why, in the arena; NULL: WHY_ROUTED */
};

/* The names of its networks, for people: "back, front", or "none". */
const char *address_networks(struct arena *arena, const struct container *container);
/* The container whose networks the router is in: its own, or the one its network mode names. NULL: that is not known,
 * or it is in the host's network and sees all. */
const struct container *address_router(const struct neighbourhood *around);
/* `protocol` and `port` as they will stand in the URL, though they may make none. */
void address_choose(struct arena *arena, const struct neighbourhood *around, const struct container *container,
                    struct slice protocol, struct slice port, struct server_address *out_address);
