/* SPDX-License-Identifier: MIT */
/*
 * sim_crowd - many workers that share a configuration, each on a thread and a fake clock of its own. Their clocks go in step: a
 * round is a span of time that all of them live through at once, and between two rounds the test looks at them.
 *
 * Thread: the test's; in a round the workers'. Owner: the test.
 */
#pragma once
#include "sim_world.h"
#include <pthread.h>

enum { SIM_CROWD = 4, SIM_RETIRED_MAX = 256 };

struct sim_crowd {
    struct sim_world *workers[SIM_CROWD]; /* the first is the leader */
    uint64_t round_ms;
    pthread_mutex_t lock;
    struct snapshot *retired[SIM_RETIRED_MAX]; /* what workers gave back, until control frees it */
    size_t retired_count;
};

/* Options of the leader are set before sim_crowd_start; `spool_threads` as in struct spool_limits. */
struct sim_crowd *sim_crowd_create(unsigned spool_threads);
void sim_crowd_start(struct sim_crowd *crowd);
/* Compiled once, adopted by all. */
void sim_crowd_publish(struct sim_crowd *crowd, const struct sim_route *routes, size_t count);
void sim_crowd_round(struct sim_crowd *crowd, uint64_t ms);
void sim_crowd_destroy(struct sim_crowd **crowd);

/* For sim_world. */
void sim_crowd_adopt(struct sim_crowd *crowd, struct snapshot *snapshot); /* followers */
void sim_crowd_retire(struct sim_crowd *crowd, struct snapshot *snapshot);
