/* SPDX-License-Identifier: MIT */
/*
 * health - the /health document (spec/api-json.md 4) from the workers' counters.
 *
 * The workers count since the start. What the document says of "the current second" is the difference to a reading
 * made at least a second ago, as an average per second when that was longer ago: nothing ticks for it.
 */
#pragma once
#include "waybill/base/text.h"
#include <pthread.h>

struct exchange_counters;

enum { HEALTH_STATUS_COUNT = 600 };

struct health_reading {
    uint64_t at_ns; /* monotonic */
    uint64_t status[HEALTH_STATUS_COUNT];
};

/* Thread: any; the lock is held while the counters are read, so that readings never run backwards. */
struct health_window {
    pthread_mutex_t lock;
    struct health_reading older, newer;
};

struct health_facts {
    long pid;
    uint64_t uptime_ns, wall_ns;
    uint64_t second[HEALTH_STATUS_COUNT]; /* answers in about the last second, by status */
    uint64_t total[HEALTH_STATUS_COUNT];  /* since the start */
    uint64_t response_ns, response_bytes;
};

void health_window_init(struct health_window *window, uint64_t now_ns);
void health_window_fini(struct health_window *window);
/* Fills `second`, `total`, `response_*`. */
void health_window_read(struct health_window *window, uint64_t now_ns, const struct exchange_counters *const *counters,
                        size_t counter_count, struct health_facts *out_facts);
void health_write(struct text *out, const struct health_facts *facts);
/* A number of seconds with as many decimals as it takes: 0.201301293 */
void health_write_seconds(struct text *out, uint64_t ns);
/* {"200":1,"404":1} */
void health_write_counts(struct text *out, const uint64_t counts[HEALTH_STATUS_COUNT]);
