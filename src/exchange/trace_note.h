/* SPDX-License-Identifier: MIT */
/*
 * trace_note - what is recorded of an exchange for its trace.
 *
 * Without tracing an exchange has none, and so it is when its trace is not sampled. Thread: its worker. Owner: the exchange.
 */
#pragma once
#include "waybill/exchange/tracer.h"

struct exchange;

/* Fields that tell a server of the trace. */
enum trace_line {
    TRACE_LINE_PARENT, /* traceparent */
    TRACE_LINE_B3,
    TRACE_LINE_TRACE_ID, /* X-B3-..., to the last */
    TRACE_LINE_SPAN_ID,
    TRACE_LINE_PARENT_SPAN_ID,
    TRACE_LINE_SAMPLED,
    TRACE_LINE_FLAGS,
    TRACE_LINE_COUNT,
};

struct trace_note {
    struct trace_context context; /* of the entrypoint's span */
    bool shared;
    uint64_t forward_span, forward_began_ns; /* 0: no server was picked yet */
    unsigned origin_status;                  /* 0: no server has answered */
    struct slice frontend, backend, server, target;
    unsigned places[TRACE_LINE_COUNT];    /* in the request's table */
    const char *values[TRACE_LINE_COUNT]; /* what was put there; NULL: nothing */
};

/* Its trace is found or begun, and the request's fields say so to whoever is asked. */
void trace_begin(struct exchange *exchange);
/* A server was picked. From the first on the request's fields name the span of forwarding. */
void trace_server(struct exchange *exchange);
/* exchange->answer is what the server said. */
void trace_origin(struct exchange *exchange);
void trace_end(struct exchange *exchange, uint64_t now_ns);

/* tracer.c */
const struct tracer_options *tracer_options_of(const struct tracer *tracer);
uint64_t tracer_new_span(struct tracer *tracer);
/* Whether the trace is one of those that are recorded: the same for each router that is asked with the same rate. */
bool tracer_samples(const struct tracer *tracer, const struct trace_id *trace);
void tracer_add(struct tracer *tracer, struct span_record *record, uint64_t now_ns);
