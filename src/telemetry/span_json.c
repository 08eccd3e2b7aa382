/* SPDX-License-Identifier: MIT */
#include "span_json.h"
#include "waybill/base/digest.h"
#include <stdlib.h>

enum { NAME_DIGEST_BYTES = 4, NAME_PART_LEAST = 3 };

/* What v1.7 calls errors. */
static bool is_error(unsigned status, bool cut)
{
    return status >= 400 || cut;
}

/* At most so many bytes with the three dots; where there is no room for more than them, these come on top (as in v1.7). */
static void add_part(struct text *out, struct slice part, size_t most)
{
    text_add(out, slice_head(part, part.len <= most ? part.len : most > 3 ? most - 3 : most));
    if (part.len > most)
        text_add(out, SLICE("..."));
}

void span_name_add(struct text *out, const struct span_record *record, bool forward, unsigned limit)
{
    const struct slice *parts = &record->texts[forward ? SPAN_FRONTEND : SPAN_ENTRYPOINT];
    struct slice head = forward ? SLICE("forward ") : SLICE("Entrypoint "), between = forward ? SLICE("/") : SLICE(" ");
    size_t begin = out->len, fixed = head.len + 2 + 2 * NAME_DIGEST_BYTES;
    unsigned char digest[DIGEST_SHA256_BYTES];

    text_add(out, head);
    text_add(out, parts[0]);
    text_add(out, between);
    text_add(out, parts[1]);
    if (!limit || out->len - begin <= limit)
        return;
    if (limit < fixed)
        limit = (unsigned)fixed + NAME_PART_LEAST;
    digest_sha256(slice_from(text_slice(out), begin), digest);
    out->len = begin;
    text_add(out, head);
    add_part(out, parts[0], (limit - fixed) / 2);
    text_add(out, between);
    add_part(out, parts[1], (limit - fixed) / 2);
    text_add(out, between);
    for (size_t i = 0; i < NAME_DIGEST_BYTES; i++)
        text_addf(out, "%02x", digest[i]);
}

/* One of a record's two spans. */
struct span_view {
    const struct span_record *record;
    bool forward;
    uint64_t id, parent, started_wall_ns, duration_ns;
    unsigned status;
};

static struct span_view view_entrypoint(const struct span_record *record)
{
    return (struct span_view){.record = record,
                              .id = record->span,
                              .parent = record->parent,
                              .started_wall_ns = record->started_wall_ns,
                              .duration_ns = record->duration_ns,
                              .status = record->status};
}

static struct span_view view_forward(const struct span_record *record)
{
    return (struct span_view){.record = record,
                              .forward = true,
                              .id = record->forward_span,
                              .parent = record->span,
                              .started_wall_ns = record->forward_wall_ns,
                              .duration_ns = record->forward_duration_ns,
                              .status = record->forward_status};
}

/* Tags, in the collector's form: Zipkin knows only texts. */
struct tag_writer {
    struct text *out;
    enum span_format format;
    bool is_first;
};

static void begin_tag(struct tag_writer *writer, const char *key)
{
    bool otlp = writer->format == SPAN_OTLP;

    if (!writer->is_first)
        text_add_char(writer->out, ',');
    text_add(writer->out, otlp ? SLICE("{\"key\":\"") : SLICE("\""));
    text_add(writer->out, slice_of(key));
    text_add(writer->out, otlp ? SLICE("\",\"value\":") : SLICE("\":\""));
    writer->is_first = false;
}

static void end_tag(struct tag_writer *writer)
{
    text_add(writer->out, writer->format == SPAN_OTLP ? SLICE("}}") : SLICE("\""));
}

/* The value may be of two pieces. */
static void add_text_tag(struct tag_writer *writer, const char *key, struct slice value, struct slice more)
{
    bool otlp = writer->format == SPAN_OTLP;

    if (value.len + more.len == 0)
        return;
    begin_tag(writer, key);
    text_add(writer->out, otlp ? SLICE("{\"stringValue\":\"") : SLICE(""));
    text_add_json(writer->out, value);
    text_add_json(writer->out, more);
    text_add(writer->out, otlp ? SLICE("\"") : SLICE(""));
    end_tag(writer);
}

/* OTLP has 64-bit numbers as text (the JSON mapping of protobuf). */
static void add_number_tag(struct tag_writer *writer, const char *key, unsigned value)
{
    bool otlp = writer->format == SPAN_OTLP;

    begin_tag(writer, key);
    text_add(writer->out, otlp ? SLICE("{\"intValue\":\"") : SLICE(""));
    text_add_u64(writer->out, value);
    text_add(writer->out, otlp ? SLICE("\"") : SLICE(""));
    end_tag(writer);
}

static void add_true_tag(struct tag_writer *writer, const char *key)
{
    begin_tag(writer, key);
    text_add(writer->out, writer->format == SPAN_OTLP ? SLICE("{\"boolValue\":true") : SLICE("true"));
    end_tag(writer);
}

static void add_tags(struct tag_writer *writer, const struct span_exporter_options *options, const struct span_view *view)
{
    const struct span_record *record = view->record;
    const struct slice *texts = record->texts;

    if (!view->forward)
        add_text_tag(writer, "component", options->service_name, SLICE(""));
    add_text_tag(writer, "frontend.name", view->forward ? texts[SPAN_FRONTEND] : SLICE(""), SLICE(""));
    add_text_tag(writer, "backend.name", view->forward ? texts[SPAN_BACKEND] : SLICE(""), SLICE(""));
    add_text_tag(writer, "http.method", texts[SPAN_METHOD], SLICE(""));
    add_text_tag(writer, "http.url", view->forward ? texts[SPAN_SERVER] : SLICE(""),
                 texts[view->forward ? SPAN_FORWARD_TARGET : SPAN_TARGET]);
    add_text_tag(writer, "http.host", texts[SPAN_HOST], SLICE(""));
    if (view->status)
        add_number_tag(writer, "http.status_code", view->status);
    if (is_error(view->status, record->cut))
        add_true_tag(writer, "error");
    if (view->forward && record->attempts > 1)
        add_number_tag(writer, "waybill.attempts", record->attempts);
    if (record->reason > REASON_LOCAL)
        add_text_tag(writer, "waybill.reason", slice_of(reason_row(record->reason)->name), SLICE(""));
}

static void add_name(struct text *out, const struct span_exporter_options *options, const struct span_view *view)
{
    struct text name = TEXT_EMPTY;

    span_name_add(&name, view->record, view->forward, options->name_limit);
    text_add_json(out, text_slice(&name));
    text_fini(&name);
}

/* `key` with what is around it: `"id":"`. */
static void add_span_number(struct text *out, struct slice key, uint64_t number)
{
    char digits[TRACE_SPAN_CHARS];

    trace_span_write(number, digits);
    text_add(out, key);
    text_add(out, slice_make(digits, sizeof digits));
    text_add(out, SLICE("\","));
}

static void add_zipkin(struct text *out, const struct span_exporter_options *options, const struct span_view *view)
{
    struct tag_writer tags = {out, SPAN_ZIPKIN, true};
    char trace[TRACE_ID_CHARS];
    uint64_t duration_us = view->duration_ns / 1000;

    text_add(out, SLICE("{\"traceId\":\""));
    text_add(out, slice_make(trace, trace_id_write(&view->record->trace, trace)));
    add_span_number(out, SLICE("\",\"id\":\""), view->id);
    if (view->parent)
        add_span_number(out, SLICE("\"parentId\":\""), view->parent);
    text_add(out, view->forward ? SLICE("\"kind\":\"CLIENT\",\"name\":\"") : SLICE("\"kind\":\"SERVER\",\"name\":\""));
    add_name(out, options, view);
    text_add(out, SLICE("\",\"timestamp\":"));
    text_add_u64(out, view->started_wall_ns / 1000);
    text_add(out, SLICE(",\"duration\":"));
    text_add_u64(out, duration_us ? duration_us : 1); /* Zipkin takes 0 for one that is not known */
    text_add(out, SLICE(",\"localEndpoint\":{\"serviceName\":\""));
    text_add_json(out, options->service_name);
    text_add(out, SLICE("\"},\"tags\":{"));
    add_tags(&tags, options, view);
    text_add(out, view->record->debug ? SLICE("},\"debug\":true") : SLICE("}"));
    text_add(out, view->record->shared && !view->forward ? SLICE(",\"shared\":true}") : SLICE("}"));
}

/* OpenTelemetry's conventions: what a client did wrong is no error of the server's span. */
static bool is_failed(const struct span_view *view)
{
    return is_error(view->status, view->record->cut) && (view->forward || view->status >= 500 || view->record->cut);
}

static void add_otlp(struct text *out, const struct span_exporter_options *options, const struct span_view *view)
{
    struct tag_writer tags = {out, SPAN_OTLP, true};
    char trace[2 * TRACE_SPAN_CHARS]; /* always of 128 bits */

    trace_span_write(view->record->trace.high, trace);
    trace_span_write(view->record->trace.low, trace + TRACE_SPAN_CHARS);
    text_add(out, SLICE("{\"traceId\":\""));
    text_add(out, slice_make(trace, sizeof trace));
    add_span_number(out, SLICE("\",\"spanId\":\""), view->id);
    if (view->parent)
        add_span_number(out, SLICE("\"parentSpanId\":\""), view->parent);
    text_add(out, view->forward ? SLICE("\"kind\":3,\"name\":\"") : SLICE("\"kind\":2,\"name\":\""));
    add_name(out, options, view);
    text_add(out, SLICE("\",\"startTimeUnixNano\":\""));
    text_add_u64(out, view->started_wall_ns);
    text_add(out, SLICE("\",\"endTimeUnixNano\":\""));
    text_add_u64(out, view->started_wall_ns + view->duration_ns);
    text_add(out, SLICE("\",\"attributes\":["));
    add_tags(&tags, options, view);
    text_add(out, is_failed(view) ? SLICE("],\"status\":{\"code\":2}}") : SLICE("],\"status\":{}}"));
}

static void add_span(struct text *out, const struct span_exporter_options *options, struct span_view view, bool first)
{
    if (!first)
        text_add_char(out, ',');
    if (options->format == SPAN_ZIPKIN)
        add_zipkin(out, options, &view);
    else
        add_otlp(out, options, &view);
}

static void add_head(struct text *out, const struct span_exporter_options *options)
{
    if (options->format == SPAN_ZIPKIN) {
        text_add(out, SLICE("["));
        return;
    }
    text_add(out, SLICE("{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":"
                        "{\"stringValue\":\""));
    text_add_json(out, options->service_name);
    text_addf(out, "\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"waybill\",\"version\":\"%s\"},\"spans\":[", WB_VERSION);
}

size_t span_json_add(struct text *out, const struct span_exporter_options *options, struct slice records)
{
    struct span_record record;
    size_t count = 0;

    add_head(out, options);
    while (span_record_take(&records, &record)) {
        add_span(out, options, view_entrypoint(&record), count++ == 0);
        if (record.forward_span)
            add_span(out, options, view_forward(&record), count++ == 0);
    }
    text_add(out, options->format == SPAN_ZIPKIN ? SLICE("]") : SLICE("]}]}]}"));
    return count;
}
