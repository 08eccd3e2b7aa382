/* SPDX-License-Identifier: MIT */
/* sink - where a provider delivers what it found. Implemented by control; handed to every provider.
 * Thread: any may deliver. Owner: control; outlives the providers. */
#pragma once
#include "waybill/model/model.h"

struct board;
struct diagnostics;
struct inventory;

/* What a provider hands over. Each part is its whole contribution and replaces the former one; NULL: as before. */
struct delivery {
    struct fragment *fragment;       /* one reference */
    struct diagnostics *diagnostics; /* allocated on the heap */
    struct inventory *inventory;     /* one reference; only of providers that have one */
};

struct provider_sink {
    /* Called on the provider's thread; takes all over and nulls it. `provider` is static. */
    void (*deliver)(void *arg, struct slice provider, struct delivery *delivery);
    void *arg;
    /* What defaults need (docker-provider.md 7.4): stays valid as long as the provider. */
    const struct slices *default_entrypoints;
    const struct slices *known_entrypoints;
    struct board *board; /* where it says how it is itself; NULL: nobody looks */
};
