/* SPDX-License-Identifier: MIT */
/*
 * provider - where fragments come from: a thread of its own that watches something and delivers its whole
 * contribution each time it changed.
 *
 * Contract: after create nothing happens; start begins a thread and returns at once; destroy stops it, joins it
 * and nulls. A provider never fails the program once started: it logs, keeps what it delivered and tries again.
 */
#pragma once
#include "waybill/base/error.h"
#include "waybill/model/diagnostic.h"
#include "waybill/model/model.h"

/* Where a provider delivers. Called on the provider's thread; takes over the fragment reference and the diagnostics
 * (all of this provider's, replacing its former ones; heap-allocated by the caller). Both are nulled. */
struct provider_sink {
    void (*deliver)(void *arg, struct fragment **fragment, struct diagnostics **diagnostics);
    void *arg;
    /* What defaults need (docker-provider.md 7.4): stays valid as long as the provider. */
    const struct slices *default_entrypoints;
    const struct slices *known_entrypoints;
};

struct provider;

struct provider_ops {
    const char *name;
    wb_err (*start)(struct provider *provider);
    void (*destroy)(struct provider *provider);
};

/* Each provider embeds this first. */
struct provider {
    const struct provider_ops *ops;
    const struct provider_sink *sink;
};

static inline void provider_destroy(struct provider **provider)
{
    if (*provider)
        (*provider)->ops->destroy(*provider);
    *provider = NULL;
}
