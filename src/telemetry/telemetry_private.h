/* SPDX-License-Identifier: MIT */
/* telemetry_private - what the parts of telemetry share. Thread: as each field says. */
#pragma once
#include "waybill/base/arena.h"
#include "waybill/base/map.h"
#include "waybill/exchange/traffic.h"
#include "waybill/telemetry/telemetry.h"
#include <pthread.h>

struct pusher;

enum { PUSHERS_MAX = 4 };

struct telemetry {
    struct telemetry_options options;
    uint64_t started_wall_ns;
    struct pusher *pushers[PUSHERS_MAX];
    size_t pusher_count;

    /* any thread, under the lock */
    pthread_mutex_t lock;
    struct snapshot *snapshot; /* one reference; NULL before the first */
    uint64_t reloads, last_reload_wall_ns;
};

/* One moment, summed over all workers. Thread: one. Owner: who took it. Lists are in the order in which they are shown. */
struct reading_flow {
    struct slice owner; /* entrypoint or backend */
    struct slice method;
    const char *protocol;
    uint64_t open;
};
struct reading_series {
    struct slice key; /* unlike any other's */
    struct slice owner, method;
    const char *protocol;
    unsigned code;
    uint64_t count, sum_ns;
    uint64_t *buckets; /* bound_count + 1 */
    uint64_t *steps;   /* TRAFFIC_STEPS, or NULL */
};
struct reading_retries {
    struct slice backend;
    uint64_t count;
};
struct reading_server {
    struct slice backend, url;
    bool is_up;
};

/* Of entrypoints, or of backends. */
struct reading_part {
    struct reading_flow **flows;
    size_t flow_count;
    struct reading_series **series;
    size_t series_count;
};

struct reading {
    struct arena arena;
    struct snapshot *snapshot; /* one reference: names are its; may be NULL */
    struct reading_part entrypoints, backends;
    struct reading_retries **retries;
    size_t retries_count;
    struct reading_server **servers;
    size_t server_count;
    uint64_t reloads, last_reload_wall_ns;
};

void reading_take(struct telemetry *telemetry, struct reading *out_reading);
void reading_fini(struct reading *reading);

/* push.c */
struct pusher *pusher_create(struct telemetry *telemetry, const struct push_options *options);
WB_MUST_USE wb_err pusher_start(struct pusher *pusher);
void pusher_destroy(struct pusher **pusher);
