/* SPDX-License-Identifier: MIT */
/* sink - where a provider delivers its fragments. Implemented by control; handed to every provider.
 * Thread: any may deliver. Owner: control; outlives the providers. */
#pragma once
#include "waybill/model/model.h"

struct diagnostics;

struct provider_sink {
    /* Called on the provider's thread; takes over the fragment reference and the diagnostics (all of this provider's,
     * replacing its former ones; heap-allocated by the caller). Both are nulled. */
    void (*deliver)(void *arg, struct fragment **fragment, struct diagnostics **diagnostics);
    void *arg;
    /* What defaults need (docker-provider.md 7.4): stays valid as long as the provider. */
    const struct slices *default_entrypoints;
    const struct slices *known_entrypoints;
};
