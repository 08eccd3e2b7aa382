/* SPDX-License-Identifier: MIT */
/*
 * figures - requests since the last reading, for the event of that name:
 *
 *   {...,"at": ms since 1970,"seconds","clients","active","requests","errors","bytes","p50","p95","p99",
 *    "backends":[{"name","requests","errors","active","p50","p95","p99"}],"quiet": how many backends had none}
 *
 * Rates are per second, of about the last one. `errors`: those that were answered 5xx. Percentiles are milliseconds, exact to about a
 * tenth; null without a request. Backends that had requests or have some under way are listed, busiest first, FIGURES_LISTED at
 * most; no more than FIGURES_BACKENDS are followed. Thread: main.
 */
#pragma once
#include "waybill/admin/admin.h"
#include "waybill/base/map.h"
#include "waybill/exchange/traffic.h"

enum { FIGURES_BACKENDS = 1000, FIGURES_LISTED = 100 };

/* Counted since the start. */
struct figures_count {
    uint64_t requests, errors;
    uint64_t steps[TRAFFIC_STEPS];
};

struct figures_backend {
    struct slice name; /* heap */
    struct figures_count last, now;
    uint64_t active;
    bool seen;
};

struct figures {
    const struct admin_options *options;
    uint64_t at_ns; /* monotonic, of the last reading */
    uint64_t bytes, last_bytes;
    struct figures_count last, now;  /* of all; steps are those of entrypoints */
    struct map backends;             /* name, lent, to figures_backend */
    struct figures_backend *reading; /* whose series are being read; NULL: those of none */
    bool reads_entrypoint;
};

void figures_begin(struct figures *figures, const struct admin_options *options, uint64_t now_ns);
void figures_end(struct figures *figures);
/* Members of a JSON object, with a comma before each. */
void figures_write(struct figures *figures, uint64_t now_ns, struct text *out);
