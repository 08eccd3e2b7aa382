/* SPDX-License-Identifier: MIT */
/*
 * span_record - what is known of one traced request when it has ended, on its way from a worker to who exports it.
 *
 * One record is two spans: the entrypoint's and, if a server was asked, the one of forwarding. Records are bytes one behind the
 * other in a text, in a form that only this program reads: making them costs a worker a few copies, and no number is spelled
 * out. Thread: any.
 */
#pragma once
#include "waybill/base/text.h"
#include "waybill/http/reason.h"
#include "waybill/http/trace_context.h"

/* Of each text; what is longer is cut. */
enum { SPAN_TEXT_MAX = 2048 };

enum span_text {
    SPAN_ENTRYPOINT,
    SPAN_HOST,
    SPAN_METHOD,
    SPAN_TARGET,   /* as the client sent it */
    SPAN_FRONTEND, /* this and the next are empty when nobody was asked */
    SPAN_BACKEND,
    SPAN_SERVER,         /* URL of the last that was asked */
    SPAN_FORWARD_TARGET, /* as it was asked */
    SPAN_TEXT_COUNT,
};

struct span_record {
    struct trace_id trace;
    uint64_t span, parent; /* of the entrypoint; parent 0: the trace began here */
    uint64_t started_wall_ns, duration_ns;
    uint64_t forward_span; /* 0: nobody was asked */
    uint64_t forward_wall_ns, forward_duration_ns;
    unsigned status, forward_status, attempts;
    enum reason reason;
    bool shared; /* `span` is the client's, too (tracing.zipkin.sameSpan) */
    bool debug;  /* B3's flag */
    bool cut;    /* the answer was not all of it */
    struct slice texts[SPAN_TEXT_COUNT];
};

void span_record_add(struct text *out, const struct span_record *record);
/* Takes the next off `*rest`; false: there is none. Texts are slices of what it was read from. */
bool span_record_take(struct slice *rest, struct span_record *out_record);

/* Where the records of a worker go. Takes over `records`, of which there are `count`, and leaves it empty; never waits. */
struct span_sink {
    void (*post)(struct span_sink *sink, struct text *records, uint64_t count);
};
