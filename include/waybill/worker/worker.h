/* SPDX-License-Identifier: MIT */
/*
 * worker - one thread: its loop, its listeners, its clients and its server pools.
 *
 * Thread: create, start, join and destroy on the main thread; adopt, drain and cut from any (they are mailed).
 * Owner: main; the options are copied, what they point to outlives the worker.
 * A worker ends by itself once it drains and its last connection is closed.
 */
#pragma once
#include "waybill/entry/entry.h"
#include "waybill/net/listener.h"

struct access_rules;
struct alias_servers;
struct line_writer;
struct passwords;
struct recent;
struct spool_room;
struct tracer_options;
struct traffic;
struct traffic_options;
struct unserved;
struct worker;

struct worker_options {
    unsigned number;                      /* 1, 2, ... */
    const struct entrypoint *entrypoints; /* shared, never changes */
    size_t entrypoint_count;
    const int *listening; /* a socket for each entrypoint; taken over by start */
    struct upstream_options upstream;
    struct entry_options entry; /* count_changed is the worker's */
    uint64_t body_timeout_ms, response_body_timeout_ms;
    unsigned attempts_max;
    size_t clients_max;      /* beyond it no connection is accepted ... */
    size_t clients_reserved; /* ... but these many more where internal routes are (decisions.md 21) */
    /* All workers, itself too, filled before any starts: one with many more connections than another hands new ones over
     * (decisions.md 20), since the kernel spreads them by hash. */
    struct worker *const *peers;
    size_t peer_count;
    struct local_routes local;
    struct slice host_name;
    const struct access_rules *access_rules; /* of the access log; NULL: there is none */
    struct line_writer *access_writer;
    struct passwords *passwords;
    struct spool_room *spool_room;
    const struct traffic_options *traffic;     /* NULL: no metrics */
    const struct tracer_options *tracing;      /* NULL: no tracing */
    const struct alias_servers *alias_servers; /* NULL: the CNAME records of hosts are not followed */
    unsigned alias_depth_max;
};

struct worker *worker_create(const struct worker_options *options);
WB_MUST_USE wb_err worker_start(struct worker *worker);
/* Takes over one reference to the snapshot. */
void worker_adopt(struct worker *worker, struct snapshot **snapshot);
/* Answers go on, /ping says 503. */
void worker_announce_drain(struct worker *worker);
void worker_drain(struct worker *worker);
void worker_cut(struct worker *worker);
/* Sign of life: true once it has opened all that was mailed to it before the latest knock. Both by one thread. */
void worker_knock(struct worker *worker);
bool worker_answered(const struct worker *worker);
/* Waits for its thread to end. Peers may still look at it: destroy when all are joined. */
void worker_join(struct worker *worker);
void worker_destroy(struct worker **worker);
/* Any thread may read them as long as the worker is not destroyed. */
const struct exchange_counters *worker_counters(const struct worker *worker);
/* What metrics are made of; NULL: there are none. Read by any thread as long as the worker is not destroyed. */
struct traffic *worker_traffic(const struct worker *worker);
/* What its clients asked for and nothing serves; read by any thread as long as the worker is not destroyed. */
struct unserved *worker_unserved(const struct worker *worker);
/* The latest errors; the same holds. */
struct recent *worker_recent(const struct worker *worker);
