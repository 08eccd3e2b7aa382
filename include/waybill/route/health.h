/* SPDX-License-Identifier: MIT */
/*
 * health - how one server is asked whether it is well, and what it said last (spec/proxy.md 8).
 *
 * Live state (route/live.h), shared by all backends that ask the same server in the same way. One worker asks, the one
 * that `number` chooses (decisions.md 27), and writes the cell; every worker reads it. All else never changes.
 */
#pragma once
#include "waybill/base/cell.h"
#include "waybill/base/slice.h"
#include <stdbool.h>

struct route_health {
    struct cell failing; /* 0: it is well, as every server is until it has been asked; else times in a row that it was not */
    uint64_t number;
    struct slice host; /* name or address, no brackets */
    uint16_t port;
    bool is_secure; /* asked over TLS, once it has proved its name */
    bool is_h2c;    /* asked by HTTP/2 in clear */
    uint64_t interval_ms;
    struct slice request; /* as it is sent */
    struct slice label;   /* for messages: "http://10.0.0.3:80/health" */
    char *texts;          /* the memory of the above */
    uint64_t noted;       /* control's: the last snapshot that has it */
};

static inline bool route_health_is_failing(const struct route_health *health)
{
    return health && cell_read(&health->failing) > 0;
}
