/* SPDX-License-Identifier: MIT */
#include "span_json.h"
#include "waybill/base/digest.h"
#include <stdlib.h>

enum {
    NAME_DIGEST_BYTES = 4,
    NAME_PART_LEAST = 3,
    SPAN_FIXED_BYTES = 2048, /* of a span: keys, numbers, marks, a reason's name */
};

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

/* Tags, in the collector's form: Zipkin knows only texts. `key` is in quotes. */
struct tag_writer {
    char *at;
    bool otlp, is_first;
};

static void begin_tag(struct tag_writer *writer, struct slice key)
{
    char *at = writer->is_first ? writer->at : pen_char(writer->at, ',');

    writer->is_first = false;
    if (writer->otlp)
        writer->at = PEN_LITERAL(pen_slice(PEN_LITERAL(at, "{\"key\":"), key), ",\"value\":{");
    else
        writer->at = pen_char(pen_slice(at, key), ':');
}

static void end_tag(struct tag_writer *writer)
{
    if (writer->otlp)
        writer->at = PEN_LITERAL(writer->at, "}}");
}

/* The value may be of two pieces. */
static void put_text_tag(struct tag_writer *writer, struct slice key, struct slice value, struct slice more)
{
    if (value.len + more.len == 0)
        return;
    begin_tag(writer, key);
    writer->at = writer->otlp ? PEN_LITERAL(writer->at, "\"stringValue\":\"") : pen_char(writer->at, '"');
    writer->at = pen_char(pen_json(pen_json(writer->at, value), more), '"');
    end_tag(writer);
}

/* OTLP has 64-bit numbers as text (the JSON mapping of protobuf). */
static void put_number_tag(struct tag_writer *writer, struct slice key, unsigned value)
{
    begin_tag(writer, key);
    writer->at = writer->otlp ? PEN_LITERAL(writer->at, "\"intValue\":\"") : pen_char(writer->at, '"');
    writer->at = pen_char(pen_u64(writer->at, value), '"');
    end_tag(writer);
}

static void put_true_tag(struct tag_writer *writer, struct slice key)
{
    begin_tag(writer, key);
    writer->at = writer->otlp ? PEN_LITERAL(writer->at, "\"boolValue\":true") : PEN_LITERAL(writer->at, "\"true\"");
    end_tag(writer);
}

static void put_tags(struct tag_writer *writer, const struct span_exporter_options *options, const struct span_view *view)
{
    const struct span_record *record = view->record;
    const struct slice *texts = record->texts, none = SLICE("");

    if (!view->forward)
        put_text_tag(writer, SLICE("\"component\""), options->service_name, none);
    put_text_tag(writer, SLICE("\"frontend.name\""), view->forward ? texts[SPAN_FRONTEND] : none, none);
    put_text_tag(writer, SLICE("\"backend.name\""), view->forward ? texts[SPAN_BACKEND] : none, none);
    put_text_tag(writer, SLICE("\"http.method\""), texts[SPAN_METHOD], none);
    put_text_tag(writer, SLICE("\"http.url\""), view->forward ? texts[SPAN_SERVER] : none,
                 texts[view->forward ? SPAN_FORWARD_TARGET : SPAN_TARGET]);
    put_text_tag(writer, SLICE("\"http.host\""), texts[SPAN_HOST], none);
    if (view->status)
        put_number_tag(writer, SLICE("\"http.status_code\""), view->status);
    if (is_error(view->status, record->cut))
        put_true_tag(writer, SLICE("\"error\""));
    if (view->forward && record->attempts > 1)
        put_number_tag(writer, SLICE("\"waybill.attempts\""), record->attempts);
    if (record->reason > REASON_LOCAL)
        put_text_tag(writer, SLICE("\"waybill.reason\""), slice_of(reason_row(record->reason)->name), none);
}

/* `key` with what is around it: `"id":"`. */
static char *put_span_number(char *at, struct slice key, uint64_t number)
{
    at = pen_slice(at, key);
    trace_span_write(number, at);
    return PEN_LITERAL(at + TRACE_SPAN_CHARS, "\",");
}

static char *put_zipkin(char *at, const struct span_exporter_options *options, const struct span_view *view,
                        struct slice name)
{
    uint64_t duration_us = view->duration_ns / 1000;

    at = PEN_LITERAL(at, "{\"traceId\":\"");
    at += trace_id_write(&view->record->trace, at);
    at = put_span_number(at, SLICE("\",\"id\":\""), view->id);
    if (view->parent)
        at = put_span_number(at, SLICE("\"parentId\":\""), view->parent);
    at = PEN_LITERAL(at, "\"kind\":\"");
    at = pen_slice(at, view->forward ? SLICE("CLIENT") : SLICE("SERVER"));
    at = pen_json(PEN_LITERAL(at, "\",\"name\":\""), name);
    at = pen_u64(PEN_LITERAL(at, "\",\"timestamp\":"), view->started_wall_ns / 1000);
    at = PEN_LITERAL(at, ",\"duration\":");
    at = pen_u64(at, duration_us ? duration_us : 1); /* Zipkin takes 0 for one that is not known */
    at = pen_json(PEN_LITERAL(at, ",\"localEndpoint\":{\"serviceName\":\""), options->service_name);
    struct tag_writer tags = {.at = PEN_LITERAL(at, "\"},\"tags\":{"), .is_first = true};
    put_tags(&tags, options, view);
    at = pen_slice(tags.at, view->record->debug ? SLICE("},\"debug\":true") : SLICE("}"));
    return pen_slice(at, view->record->shared && !view->forward ? SLICE(",\"shared\":true}") : SLICE("}"));
}

/* OpenTelemetry's conventions: what a client did wrong is no error of the server's span. */
static bool is_failed(const struct span_view *view)
{
    return is_error(view->status, view->record->cut) && (view->forward || view->status >= 500 || view->record->cut);
}

static char *put_otlp(char *at, const struct span_exporter_options *options, const struct span_view *view, struct slice name)
{
    at = PEN_LITERAL(at, "{\"traceId\":\""); /* always of 128 bits */
    trace_span_write(view->record->trace.high, at);
    trace_span_write(view->record->trace.low, at + TRACE_SPAN_CHARS);
    at = put_span_number(at + TRACE_ID_CHARS, SLICE("\",\"spanId\":\""), view->id);
    if (view->parent)
        at = put_span_number(at, SLICE("\"parentSpanId\":\""), view->parent);
    at = PEN_LITERAL(at, "\"kind\":");
    at = pen_char(at, view->forward ? '3' : '2');
    at = pen_json(PEN_LITERAL(at, ",\"name\":\""), name);
    at = pen_u64(PEN_LITERAL(at, "\",\"startTimeUnixNano\":\""), view->started_wall_ns);
    at = pen_u64(PEN_LITERAL(at, "\",\"endTimeUnixNano\":\""), view->started_wall_ns + view->duration_ns);
    struct tag_writer tags = {.at = PEN_LITERAL(at, "\",\"attributes\":["), .otlp = true, .is_first = true};
    put_tags(&tags, options, view);
    return pen_slice(tags.at, is_failed(view) ? SLICE("],\"status\":{\"code\":2}}") : SLICE("],\"status\":{}}"));
}

/* At most, whatever is in it: each text comes once, and the service's name twice. */
static size_t most_bytes(const struct span_exporter_options *options, const struct span_record *record, struct slice name)
{
    size_t texts = 2 * options->service_name.len + name.len;

    for (size_t i = 0; i < SPAN_TEXT_COUNT; i++)
        texts += record->texts[i].len;
    return SPAN_FIXED_BYTES + PEN_JSON_MAX * texts;
}

static void add_span(struct text *out, const struct span_exporter_options *options, struct span_view view, bool first,
                     struct text *name)
{
    char *at;

    name->len = 0;
    span_name_add(name, view.record, view.forward, options->name_limit);
    at = text_room(out, most_bytes(options, view.record, text_slice(name)));
    if (!first)
        at = pen_char(at, ',');
    text_end(out, options->format == SPAN_ZIPKIN ? put_zipkin(at, options, &view, text_slice(name))
                                                 : put_otlp(at, options, &view, text_slice(name)));
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
    struct text name = TEXT_EMPTY;
    size_t count = 0;

    add_head(out, options);
    while (span_record_take(&records, &record)) {
        add_span(out, options, view_entrypoint(&record), count++ == 0, &name);
        if (record.forward_span)
            add_span(out, options, view_forward(&record), count++ == 0, &name);
    }
    text_add(out, options->format == SPAN_ZIPKIN ? SLICE("]") : SLICE("]}]}]}"));
    text_fini(&name);
    return count;
}
