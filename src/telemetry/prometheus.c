/* SPDX-License-Identifier: MIT */
/* The text format of Prometheus, version 0.0.4. Names, help and labels of v1.7 (spec/api-json.md 5); ours begin with waybill_. */
#include "vitals.h"
#include "telemetry_private.h"
#include "waybill/base/text.h"
#include "waybill/base/utf8.h"
#include "waybill/exchange/environment.h"
#include "waybill/route/snapshot.h"
#include <inttypes.h>

enum metric_type { COUNTER, GAUGE, HISTOGRAM };

static void write_head(struct text *out, const char *name, enum metric_type type, const char *help)
{
    static const char *const types[] = {[COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram"};

    text_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[type]);
}

static void write_one(struct text *out, const char *name, enum metric_type type, const char *help, uint64_t value)
{
    write_head(out, name, type, help);
    text_addf(out, "%s %" PRIu64 "\n", name, value);
}

static void write_seconds(struct text *out, uint64_t ns)
{
    text_addf(out, "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
}

/* In quotes; what is no UTF-8 becomes U+FFFD, since one such byte makes the whole answer unreadable. */
static void write_label(struct text *out, const char *name, struct slice value)
{
    text_addf(out, "%s=\"", name);
    while (value.len) {
        uint32_t point;
        size_t width = utf8_decode(value, &point);

        if (!width)
            text_add(out, SLICE("\xef\xbf\xbd"));
        else if (point == '\n')
            text_add(out, SLICE("\\n"));
        else {
            if (point == '"' || point == '\\')
                text_add_char(out, '\\');
            text_add(out, slice_head(value, width));
        }
        value = slice_from(value, width ? width : 1);
    }
    text_add_char(out, '"');
}

/* What differs between entrypoints and backends. */
struct kind {
    const char *label; /* the name of its owner's */
    const char *requests, *durations, *open;
    const char *requests_help, *durations_help, *open_help;
};

static const struct kind kind_entrypoint = {
    "entrypoint",
    "traefik_entrypoint_requests_total",
    "traefik_entrypoint_request_duration_seconds",
    "traefik_entrypoint_open_connections",
    "How many HTTP requests processed on an entrypoint, partitioned by status code, protocol, and method.",
    "How long it took to process the request on an entrypoint, partitioned by status code, protocol, and method.",
    "How many open connections exist on an entrypoint, partitioned by method and protocol.",
};
static const struct kind kind_backend = {
    "backend",
    "traefik_backend_requests_total",
    "traefik_backend_request_duration_seconds",
    "traefik_backend_open_connections",
    "How many HTTP requests processed on a backend, partitioned by status code, protocol, and method.",
    "How long it took to process the request on a backend, partitioned by status code, protocol, and method.",
    "How many open connections exist on a backend, partitioned by method and protocol.",
};

/* Without braces, in alphabetical order: `backend` stands before `code`, `entrypoint` behind it. */
static void write_series_labels(struct text *out, const struct kind *kind, const struct reading_series *series)
{
    bool owner_first = kind == &kind_backend;

    if (owner_first) {
        write_label(out, kind->label, series->owner);
        text_add_char(out, ',');
    }
    text_addf(out, "code=\"%u\",", series->code);
    if (!owner_first) {
        write_label(out, kind->label, series->owner);
        text_add_char(out, ',');
    }
    write_label(out, "method", series->method);
    text_addf(out, ",protocol=\"%s\"", series->protocol);
}

static void write_histogram(struct text *out, const struct kind *kind, const struct reading_series *series,
                            const struct traffic_options *traffic, struct slice labels)
{
    uint64_t count = 0;

    for (size_t i = 0; i <= traffic->bound_count; i++) {
        count += series->buckets[i];
        text_addf(out, "%s_bucket{" SLICE_FMT ",le=\"", kind->durations, SLICE_ARG(labels));
        if (i < traffic->bound_count)
            text_addf(out, "%.9g", (double)traffic->bounds_ns[i] / 1e9);
        else
            text_add(out, SLICE("+Inf"));
        text_addf(out, "\"} %" PRIu64 "\n", count);
    }
    text_addf(out, "%s_sum{" SLICE_FMT "} ", kind->durations, SLICE_ARG(labels));
    write_seconds(out, series->sum_ns);
    text_addf(out, "\n%s_count{" SLICE_FMT "} %" PRIu64 "\n", kind->durations, SLICE_ARG(labels), count);
}

static void write_series(struct text *out, const struct kind *kind, const struct reading_part *part,
                         const struct traffic_options *traffic)
{
    struct text labels = TEXT_EMPTY, durations = TEXT_EMPTY;

    if (part->series_count) {
        write_head(out, kind->requests, COUNTER, kind->requests_help);
        write_head(&durations, kind->durations, HISTOGRAM, kind->durations_help);
    }
    for (size_t i = 0; i < part->series_count; i++) {
        labels.len = 0;
        write_series_labels(&labels, kind, part->series[i]);
        text_addf(out, "%s{" SLICE_FMT "} %" PRIu64 "\n", kind->requests, SLICE_ARG(text_slice(&labels)),
                  part->series[i]->count);
        write_histogram(&durations, kind, part->series[i], traffic, text_slice(&labels));
    }
    text_add(out, text_slice(&durations));
    text_fini(&labels);
    text_fini(&durations);
}

static void write_flows(struct text *out, const struct kind *kind, const struct reading_part *part)
{
    if (part->flow_count)
        write_head(out, kind->open, GAUGE, kind->open_help);
    for (size_t i = 0; i < part->flow_count; i++) {
        const struct reading_flow *flow = part->flows[i];

        text_addf(out, "%s{", kind->open);
        write_label(out, kind->label, flow->owner);
        text_add_char(out, ',');
        write_label(out, "method", flow->method);
        text_addf(out, ",protocol=\"%s\"} %" PRIu64 "\n", flow->protocol, flow->open);
    }
}

static void write_retries(struct text *out, const struct reading *reading)
{
    if (reading->retries_count)
        write_head(out, "traefik_backend_retries_total", COUNTER, "How many request retries happened on a backend.");
    for (size_t i = 0; i < reading->retries_count; i++) {
        text_add(out, SLICE("traefik_backend_retries_total{"));
        write_label(out, "backend", reading->retries[i]->backend);
        text_addf(out, "} %" PRIu64 "\n", reading->retries[i]->count);
    }
}

static void write_servers(struct text *out, const struct reading *reading)
{
    if (reading->server_count)
        write_head(out, "traefik_backend_server_up", GAUGE, "Backend server is up, described by gauge value of 0 or 1.");
    for (size_t i = 0; i < reading->server_count; i++) {
        text_add(out, SLICE("traefik_backend_server_up{"));
        write_label(out, "backend", reading->servers[i]->backend);
        text_add_char(out, ',');
        write_label(out, "url", reading->servers[i]->url);
        text_addf(out, "} %d\n", reading->servers[i]->is_up);
    }
}

static void write_configuration(struct text *out, const struct reading *reading)
{
    write_one(out, "traefik_config_reloads_total", COUNTER, "Config reloads", reading->reloads);
    write_one(out, "traefik_config_reloads_failure_total", COUNTER, "Config failure reloads", 0);
    write_one(out, "traefik_config_last_reload_success", GAUGE, "Last config reload success",
              reading->last_reload_wall_ns / 1000000000);
    write_one(out, "traefik_config_last_reload_failure", GAUGE, "Last config reload failure", 0);
}

/* What v1.7 has not. */

static void write_ended(struct text *out, const struct telemetry_options *options)
{
    write_head(out, "waybill_exchanges_ended_total", COUNTER, "How exchanges ended, by reason.");
    for (unsigned reason = REASON_DONE; reason < REASON_COUNT; reason++) {
        uint64_t count = 0;

        for (size_t i = 0; i < options->worker_count; i++)
            count += cell_read(&options->counters[i]->ended[reason]);
        if (!count)
            continue;
        text_add(out, SLICE("waybill_exchanges_ended_total{"));
        write_label(out, "reason", slice_of(reason_row((enum reason)reason)->name));
        text_addf(out, "} %" PRIu64 "\n", count);
    }
}

static void write_workers(struct text *out, const struct telemetry_options *options)
{
    uint64_t active = 0, clients = 0, bytes = 0;

    for (size_t i = 0; i < options->worker_count; i++) {
        active += cell_read(&options->counters[i]->active);
        clients += cell_read(&options->counters[i]->clients);
        bytes += cell_read(&options->counters[i]->response_bytes);
    }
    write_one(out, "waybill_workers", GAUGE, "Threads that serve requests.", options->worker_count);
    write_one(out, "waybill_client_connections", GAUGE, "Connections of clients.", clients);
    write_one(out, "waybill_exchanges_active", GAUGE, "Exchanges under way, those of internal routes too.", active);
    write_one(out, "waybill_response_bytes_total", COUNTER, "Bytes of answers' bodies sent to clients.", bytes);
    write_ended(out, options);
}

static void write_own(struct text *out, const struct telemetry_options *options, const struct reading *reading)
{
    write_head(out, "waybill_build_info", GAUGE, "The version that runs.");
    text_addf(out, "waybill_build_info{version=\"%s\"} 1\n", WB_VERSION);
    write_workers(out, options);
    write_one(out, "waybill_frontends", GAUGE, "Frontends that are routed.",
              reading->snapshot ? reading->snapshot->frontend_count : 0);
    if (options->live_snapshots)
        write_one(out, "waybill_live_snapshots", GAUGE, "Configurations that some request still uses.",
                  cell_read(options->live_snapshots));
}

static void write_vitals(struct text *out, uint64_t started_wall_ns)
{
    struct vitals vitals;

    vitals_read(&vitals);
    write_head(out, "process_cpu_seconds_total", COUNTER, "Total user and system CPU time spent in seconds.");
    text_add(out, SLICE("process_cpu_seconds_total "));
    write_seconds(out, vitals.cpu_ns);
    text_add_char(out, '\n');
    write_one(out, "process_open_fds", GAUGE, "Number of open file descriptors.", vitals.open_files);
    write_one(out, "process_max_fds", GAUGE, "Maximum number of open file descriptors.", vitals.files_max);
    write_one(out, "process_resident_memory_bytes", GAUGE, "Resident memory size in bytes.", vitals.resident_bytes);
    write_one(out, "process_virtual_memory_bytes", GAUGE, "Virtual memory size in bytes.", vitals.virtual_bytes);
    write_head(out, "process_start_time_seconds", GAUGE, "Start time of the process since unix epoch in seconds.");
    text_add(out, SLICE("process_start_time_seconds "));
    write_seconds(out, started_wall_ns);
    text_add_char(out, '\n');
}

void telemetry_write_prometheus(struct telemetry *telemetry, struct text *out)
{
    const struct telemetry_options *options = &telemetry->options;
    struct reading reading;

    reading_take(telemetry, &reading);
    write_configuration(out, &reading);
    write_series(out, &kind_entrypoint, &reading.entrypoints, options->traffic);
    write_flows(out, &kind_entrypoint, &reading.entrypoints);
    write_series(out, &kind_backend, &reading.backends, options->traffic);
    write_flows(out, &kind_backend, &reading.backends);
    write_retries(out, &reading);
    write_servers(out, &reading);
    write_own(out, options, &reading);
    write_vitals(out, telemetry->started_wall_ns);
    reading_fini(&reading);
}
