/* SPDX-License-Identifier: MIT */
/*
 * filter - one thing a frontend does to a request before it is sent on.
 *
 * A filter has two halves: compile (control thread) turns the model's options into its own immutable
 * configuration; request (worker thread) acts on an exchange. The registry (exchange/filter) lists them in the
 * order of spec/proxy.md 1. Compile must fail closed: an option that protects and cannot be understood closes
 * the frontend (decisions.md 10).
 */
#pragma once
#include "waybill/base/arena.h"
#include "waybill/model/diagnostic.h"

struct exchange;
struct model_frontend;

enum filter_verdict {
    FILTER_PASS,     /* on to the next */
    FILTER_ANSWERED, /* the filter has answered, or has set the exchange's answer */
    FILTER_WAIT,     /* asked somebody: it will poke the exchange and be called again */
};

enum filter_compiled {
    FILTER_ABSENT, /* the frontend does not use it */
    FILTER_MADE,   /* *out_config is set */
    FILTER_CLOSED, /* cannot be understood; a diagnostic was added */
};

struct filter_ops {
    const char *name; /* "whiteList" */
    /* Everything it makes is in `arena`, which lives as long as the compiled frontend. `place` is for diagnostics. */
    enum filter_compiled (*compile)(const struct model_frontend *frontend, struct arena *arena, struct slice place,
                                    struct diagnostics *diagnostics, const void **out_config);
    enum filter_verdict (*request)(struct exchange *exchange, const void *config);
    /* The exchange ends while the filter waits. May be NULL. */
    void (*cancel)(struct exchange *exchange);
};

struct route_filter {
    const struct filter_ops *ops;
    const void *config;
};
