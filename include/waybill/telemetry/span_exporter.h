/* SPDX-License-Identifier: MIT */
/*
 * span_exporter - sends the spans of traced requests to a collector: as Zipkin v2 JSON, or as OTLP/HTTP JSON.
 *
 * What workers hand over waits, bounded, for a thread that writes JSON and posts it twice a second. Who comes when too much
 * waits is lost, and so is what a collector has not taken after SPAN_TRIES; both are counted, and the log says when it begins
 * and when it is over. No request ever waits.
 * Thread: create and destroy main, the sink and the counts any. Owner: main; it outlives the workers.
 */
#pragma once
#include "waybill/base/error.h"
#include "waybill/exchange/span_record.h"

enum { SPAN_WAITING_MAX = 8 * 1024 * 1024, SPAN_TRIES = 3 };

enum span_format { SPAN_ZIPKIN, SPAN_OTLP };

struct span_exporter_options {
    enum span_format format;
    struct slice url;          /* http:// or https://; see span_exporter_url */
    struct slice service_name; /* who the spans are of */
    unsigned name_limit;       /* of the names of spans, 0: none; see span_name_add */
    uint64_t flush_ms;         /* 0: 500. What waits for longer is sent */
    size_t waiting_max;        /* bytes of records; 0: SPAN_WAITING_MAX */
};

struct span_exporter_counts {
    uint64_t sent, lost; /* traced requests: each is one span or two */
};

/* The texts are copied. NULL: no thread can be had, and *out_error says why. */
struct span_exporter *span_exporter_create(const struct span_exporter_options *options, wb_err *out_error);
/* Sends what waits, unless the collector is away, and waits for it a second at most. Nulls; NULL is fine. */
void span_exporter_destroy(struct span_exporter **exporter);
struct span_sink *span_exporter_sink(struct span_exporter *exporter);
void span_exporter_read(struct span_exporter *exporter, struct span_exporter_counts *out_counts);

/* The URL that is asked for `given`: one without a path gets the usual one, and what v1.7 sends to /api/v1/spans goes to Zipkin's
 * /api/v2/spans. NULL: it is no URL. To be freed. */
char *span_exporter_url(enum span_format format, struct slice given);
