/* SPDX-License-Identifier: MIT */
/*
 * provider - where fragments come from: a thread of its own that watches something and delivers its whole
 * contribution each time it changed.
 *
 * Contract: after create nothing happens; start begins a thread and returns at once; destroy stops it, joins it
 * and nulls. A provider never fails the program once started: it logs, keeps what it delivered and tries again.
 * Thread: create, start and destroy on the main thread. Owner: main.
 */
#pragma once
#include "waybill/base/error.h"
#include "waybill/model/diagnostic.h"
#include "waybill/model/sink.h"

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
