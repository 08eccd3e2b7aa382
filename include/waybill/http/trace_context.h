/* SPDX-License-Identifier: MIT */
/*
 * trace_context - which trace a request belongs to, as W3C Trace Context (traceparent) and B3 (b3, or X-B3-*) spell it.
 *
 * Whoever sends the request is believed, as by v1.7: all that can be gained by a made-up trace is that it is recorded. What is
 * malformed is as if it were not there: a new trace begins, and a request never fails for it.
 * Thread: any. Nothing is kept: values are slices of the headers until they are read.
 */
#pragma once
#include "waybill/http/headers.h"

/* How a request spells it: bits of trace_context.spellings. */
enum trace_spelling { TRACE_W3C = 1, TRACE_B3_SINGLE = 2, TRACE_B3_MULTI = 4 };

enum trace_sampling {
    TRACE_UNDECIDED, /* who is asked first decides */
    TRACE_DROPPED,
    TRACE_SAMPLED,
    TRACE_DEBUG, /* B3: sampled, and nobody behind us may drop it either */
};

struct trace_id {
    uint64_t high, low; /* high is 0 for an id of 64 bits */
};

struct trace_context {
    unsigned spellings;    /* of the fields that were there, even if they were malformed */
    bool has_state;        /* there was a tracestate */
    bool from_parent;      /* the trace is traceparent's: tracestate is, too (W3C Trace Context 3.3) */
    struct trace_id trace; /* all 0: it belongs to none yet */
    uint64_t span, parent; /* the sender's span, and that one's parent; 0: none */
    enum trace_sampling sampling;
};

/* traceparent goes before b3, and b3 before X-B3-*: the first that is well formed counts. */
void trace_context_read(const struct headers *headers, struct trace_context *out_context);
/* Takes the fields of all spellings out of the headers; tracestate too, unless `keeps_state`. */
void trace_context_remove(struct headers *headers, bool keeps_state);
static inline bool trace_context_has_trace(const struct trace_context *context)
{
    return context->trace.high || context->trace.low;
}

/* Text of each spelling, without NUL. */
enum { TRACE_ID_CHARS = 32, TRACE_SPAN_CHARS = 16, TRACE_PARENT_CHARS = 55, TRACE_B3_CHARS = 68 };

/* 16 or 32 lower-case digits; returns how many. */
size_t trace_id_write(const struct trace_id *id, char out[TRACE_ID_CHARS]);
void trace_span_write(uint64_t span, char out[TRACE_SPAN_CHARS]);
void trace_parent_write(const struct trace_context *context, char out[TRACE_PARENT_CHARS]);
/* Returns its length. */
size_t trace_b3_write(const struct trace_context *context, char out[TRACE_B3_CHARS]);
