/* SPDX-License-Identifier: MIT */
/* The text format of Prometheus, version 0.0.4. Names, help and labels of v1.7 (spec/api-json.md 5); ours begin with waybill_. */
#include "vitals.h"
#include "telemetry_private.h"
#include "waybill/base/text.h"
#include "waybill/base/utf8.h"
#include "waybill/exchange/environment.h"
#include "waybill/model/board.h"
#include "waybill/model/diagnostic.h"
#include "waybill/route/snapshot.h"
#include "waybill/telemetry/span_exporter.h"
#include <inttypes.h>
#include <stdio.h>

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

/* There may be many thousands of lines, and a worker waits for them: these are written without a format. */

static void add_number(struct text *out, uint64_t number)
{
    char digits[20], *at = digits + sizeof digits;

    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    text_add(out, slice_make(at, (size_t)(digits + sizeof digits - at)));
}

/* Ends a line. */
static void add_value(struct text *out, uint64_t value)
{
    text_add(out, SLICE("} "));
    add_number(out, value);
    text_add_char(out, '\n');
}

/* "NAME_KIND{LABELS" */
static void add_name(struct text *out, const char *name, struct slice kind, struct slice labels)
{
    text_add(out, slice_of(name));
    text_add(out, kind);
    text_add_char(out, '{');
    text_add(out, labels);
}

static void write_seconds(struct text *out, uint64_t ns)
{
    text_addf(out, "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
}

/* Bytes in front that are what they are. */
static size_t plain_len(struct slice text)
{
    size_t len = 0;

    while (len < text.len && text.ptr[len] >= ' ' && text.ptr[len] != '"' && text.ptr[len] != '\\')
        len++;
    return len;
}

/* In quotes; what is no UTF-8 becomes U+FFFD, since one such byte makes the whole answer unreadable. */
static void write_label(struct text *out, const char *name, struct slice value)
{
    text_add(out, slice_of(name));
    text_add(out, SLICE("=\""));
    while (value.len) {
        size_t plain = plain_len(value), width;
        uint32_t point;

        text_add(out, slice_head(value, plain));
        value = slice_from(value, plain);
        if (!value.len)
            break;
        width = utf8_decode(value, &point);

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

/* Bounds of the histogram as they stand in `le`; the last one is infinite. */
struct bounds {
    char texts[TRAFFIC_BOUNDS_MAX + 1][24];
    size_t count;
};

static void write_bounds(struct bounds *bounds, const struct traffic_options *traffic)
{
    for (size_t i = 0; i < traffic->bound_count; i++)
        snprintf(bounds->texts[i], sizeof bounds->texts[i], "%.9g", (double)traffic->bounds_ns[i] / 1e9);
    strcpy(bounds->texts[traffic->bound_count], "+Inf");
    bounds->count = traffic->bound_count + 1;
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
    text_add(out, SLICE("code=\""));
    add_number(out, series->code);
    text_add(out, SLICE("\","));
    if (!owner_first) {
        write_label(out, kind->label, series->owner);
        text_add_char(out, ',');
    }
    write_label(out, "method", series->method);
    text_add_char(out, ',');
    write_label(out, "protocol", slice_of(series->protocol));
}

static void write_histogram(struct text *out, const struct kind *kind, const struct reading_series *series,
                            const struct bounds *bounds, struct slice labels)
{
    uint64_t count = 0;

    for (size_t i = 0; i < bounds->count; i++) {
        count += series->buckets[i];
        add_name(out, kind->durations, SLICE("_bucket"), labels);
        text_add_char(out, ',');
        write_label(out, "le", slice_of(bounds->texts[i]));
        add_value(out, count);
    }
    add_name(out, kind->durations, SLICE("_sum"), labels);
    text_add(out, SLICE("} "));
    write_seconds(out, series->sum_ns);
    text_add_char(out, '\n');
    add_name(out, kind->durations, SLICE("_count"), labels);
    add_value(out, count);
}

static void write_series(struct text *out, const struct kind *kind, const struct reading_part *part,
                         const struct traffic_options *traffic)
{
    struct text labels = TEXT_EMPTY, durations = TEXT_EMPTY;
    struct bounds bounds;

    write_bounds(&bounds, traffic);
    if (part->series_count) {
        write_head(out, kind->requests, COUNTER, kind->requests_help);
        write_head(&durations, kind->durations, HISTOGRAM, kind->durations_help);
    }
    for (size_t i = 0; i < part->series_count; i++) {
        labels.len = 0;
        write_series_labels(&labels, kind, part->series[i]);
        add_name(out, kind->requests, SLICE(""), text_slice(&labels));
        add_value(out, part->series[i]->count);
        write_histogram(&durations, kind, part->series[i], &bounds, text_slice(&labels));
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

        add_name(out, kind->open, SLICE(""), SLICE(""));
        write_label(out, kind->label, flow->owner);
        text_add_char(out, ',');
        write_label(out, "method", flow->method);
        text_add_char(out, ',');
        write_label(out, "protocol", slice_of(flow->protocol));
        add_value(out, flow->open);
    }
}

static void write_retries(struct text *out, const struct reading *reading)
{
    if (reading->retries_count)
        write_head(out, "traefik_backend_retries_total", COUNTER, "How many request retries happened on a backend.");
    for (size_t i = 0; i < reading->retries_count; i++) {
        text_add(out, SLICE("traefik_backend_retries_total{"));
        write_label(out, "backend", reading->retries[i]->backend);
        add_value(out, reading->retries[i]->count);
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
        add_value(out, reading->servers[i]->is_up);
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

static void write_traces(struct text *out, struct span_exporter *exporter)
{
    struct span_exporter_counts counts;

    span_exporter_read(exporter, &counts);
    write_one(out, "waybill_traced_requests_sent_total", COUNTER, "Traced requests whose spans a collector took.",
              counts.sent);
    write_one(out, "waybill_traced_requests_lost_total", COUNTER, "Traced requests whose spans no collector took.",
              counts.lost);
}

struct problem_counts {
    uint64_t of[SEVERITY_COUNT];
};

static void count_problem(void *arg, struct slice source, const struct diagnostic *diagnostic)
{
    struct problem_counts *counts = arg;

    (void)source;
    counts->of[diagnostic->severity]++;
}

/* Also those of which there are none: an alert needs a value to end by. */
static void write_problems(struct text *out, struct board *board)
{
    struct problem_counts counts = {0};

    board_visit_diagnostics(board, count_problem, &counts);
    write_head(out, "waybill_configuration_problems", GAUGE, "What is wrong with the configuration now, by severity.");
    for (unsigned severity = 0; severity < SEVERITY_COUNT; severity++) {
        text_add(out, SLICE("waybill_configuration_problems{"));
        write_label(out, "severity", slice_of(severity_name((enum severity)severity)));
        add_value(out, counts.of[severity]);
    }
}

/* One metric of the providers; of those that have it. */
struct provider_metric {
    struct text *out;
    const char *name;
    bool (*value)(const struct provider_health *health, uint64_t *out_value);
};

static bool is_connected(const struct provider_health *health, uint64_t *out_value)
{
    *out_value = health->connected;
    return health->since_ns != 0;
}

static bool synced_at(const struct provider_health *health, uint64_t *out_value)
{
    *out_value = health->synced_ns / 1000000000;
    return health->synced_ns != 0 && health->follows;
}

static bool configured_at(const struct provider_health *health, uint64_t *out_value)
{
    *out_value = health->configured_ns / 1000000000;
    return health->configured_ns != 0;
}

static void write_provider(void *arg, struct slice provider, const struct provider_health *health)
{
    const struct provider_metric *metric = arg;
    uint64_t value;

    if (!metric->value(health, &value))
        return;
    add_name(metric->out, metric->name, SLICE(""), SLICE(""));
    write_label(metric->out, "provider", provider);
    add_value(metric->out, value);
}

/* The file and REST have nobody to be connected to. */
static void write_providers(struct text *out, struct board *board)
{
    struct provider_metric connected = {out, "waybill_provider_connected", is_connected};
    struct provider_metric synced = {out, "waybill_provider_last_sync_timestamp_seconds", synced_at};
    struct provider_metric configured = {out, "waybill_provider_last_configuration_timestamp_seconds", configured_at};

    write_head(out, connected.name, GAUGE, "Whether the provider has a connection to what it follows (0 or 1).");
    board_visit_health(board, write_provider, &connected);
    write_head(out, synced.name, GAUGE, "When the provider had read all of what it follows last.");
    board_visit_health(board, write_provider, &synced);
    write_head(out, configured.name, GAUGE, "When the provider brought the configuration that is in force.");
    board_visit_health(board, write_provider, &configured);
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
    if (options->board) {
        write_problems(out, options->board);
        write_providers(out, options->board);
    }
    if (options->exporter)
        write_traces(out, options->exporter);
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
