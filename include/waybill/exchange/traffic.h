/* SPDX-License-Identifier: MIT */
/*
 * traffic - requests counted by entrypoint and by backend, with method, protocol and status: what metrics are made of
 * (spec/api-json.md 5).
 *
 * One per worker, written by that worker, read by any thread. Counting is a plain store to cells of the worker's own; a lock is
 * taken only where a series is added or dropped, and by who reads. What clients choose is bounded: methods are those the router
 * knows, and a flow has TRAFFIC_CODES_MAX status codes, whatever servers say: more are counted as code 0.
 */
#pragma once
#include "waybill/base/cell.h"
#include "waybill/base/slice.h"

struct snapshot;
struct route_backend;
struct traffic;
struct traffic_flow; /* one method and protocol of one entrypoint or backend */

enum traffic_protocol { TRAFFIC_HTTP, TRAFFIC_SSE, TRAFFIC_WEBSOCKET };

enum { TRAFFIC_BOUNDS_MAX = 32, TRAFFIC_CODES_MAX = 64, TRAFFIC_METHOD_BYTES = 24, TRAFFIC_STEPS = 128 };

/* Shared by all workers; stays as long as they do. */
struct traffic_options {
    uint64_t bounds_ns[TRAFFIC_BOUNDS_MAX]; /* upper bounds of the histogram, ascending */
    size_t bound_count;
    bool in_steps; /* durations are counted in steps of a quarter of an octave, too: for what wants quantiles */
    size_t entrypoint_count;
};

struct traffic *traffic_create(const struct traffic_options *options);
void traffic_destroy(struct traffic **traffic);

/* The worker: a request is under way. Each flow must be ended. */
struct traffic_flow *traffic_begin(struct traffic *traffic, size_t entrypoint, struct slice method,
                                   enum traffic_protocol protocol);
struct traffic_flow *traffic_begin_backend(struct traffic *traffic, const struct route_backend *backend, struct slice method,
                                           enum traffic_protocol protocol);
enum traffic_protocol traffic_protocol_of(const struct traffic_flow *flow);
/* Another server of the backend is tried. */
void traffic_retry(struct traffic_flow *flow);
void traffic_end(struct traffic *traffic, struct traffic_flow *flow, unsigned status, uint64_t duration_ns);
/* At times, what belongs to backends that the snapshot does not have is dropped. */
void traffic_adopt(struct traffic *traffic, const struct snapshot *snapshot);

/* What a reader is shown. */
struct traffic_scope_facts {
    bool is_backend;
    size_t entrypoint;    /* if not */
    struct slice backend; /* its name, if so */
    uint64_t retries;
};
struct traffic_flow_facts {
    const struct traffic_scope_facts *scope;
    struct slice method;
    enum traffic_protocol protocol;
    uint64_t open; /* under way */
};
struct traffic_series_facts {
    const struct traffic_flow_facts *flow;
    unsigned code;
    uint64_t sum_ns;
    const struct cell *buckets; /* bound_count and one for what is longer; not cumulative */
    const struct cell *steps;   /* TRAFFIC_STEPS, or NULL */
};
struct traffic_visitor {
    void (*scope)(void *arg, const struct traffic_scope_facts *scope);
    void (*flow)(void *arg, const struct traffic_flow_facts *flow);
    void (*series)(void *arg, const struct traffic_series_facts *series);
    void *arg;
};
/* Any thread; what is shown is valid during each call. The worker waits meanwhile if it has something to add: be quick. */
void traffic_read(struct traffic *traffic, const struct traffic_visitor *visitor);

/* A duration in the middle of a step. */
uint64_t traffic_step_ns(size_t step);
size_t traffic_step_of(uint64_t duration_ns);
