/* SPDX-License-Identifier: MIT */
/*
 * tracer - what one worker needs to trace requests: numbers for spans, whose turn it is to be recorded, and what was recorded.
 *
 * A request goes on with the trace it comes with, whoever sends it, as with v1.7; else a new one begins. What a server is told
 * is the span of forwarding, in the spelling that belongs to where spans are sent and in those that the request itself used.
 * Records are gathered and handed on a few times a second. Thread: its worker. Owner: the worker.
 */
#pragma once
#include "waybill/exchange/span_record.h"

struct loop;
struct tracer;

/* Shared by all workers; stays as long as they do. */
struct tracer_options {
    enum trace_spelling spelling; /* that servers are told in any case */
    double sample_rate;           /* of the traces that begin here, or come undecided: 0 to 1 */
    bool same_span;               /* B3 allows it: the entrypoint's span is the client's own */
    bool wide_ids;                /* new traces have numbers of 128 bits, else of 64 */
    struct span_sink *sink;
};

struct tracer *tracer_create(struct loop *loop, const struct tracer_options *options);
/* What was gathered is handed on. Nulls. */
void tracer_destroy(struct tracer **tracer);
