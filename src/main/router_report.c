/* SPDX-License-Identifier: MIT */
#include "router_private.h"
#include "waybill/base/log.h"
#include <string.h>

static size_t entrypoint_number(const struct settings *s, struct slice name)
{
    for (size_t i = 0; i < s->entrypoint_count; i++)
        if (slice_eq(s->entrypoints[i].name, name))
            return i;
    return s->entrypoint_count;
}

static size_t first_default_entrypoint(const struct settings *s)
{
    for (size_t i = 0; i < s->default_entrypoints.count; i++) {
        size_t number = entrypoint_number(s, s->default_entrypoints.items[i]);
        if (number < s->entrypoint_count)
            return number;
    }
    return 0;
}

static const struct snapshot *current_snapshot(void *arg)
{
    const struct router *r = arg;
    return r->control ? control_current(r->control) : NULL;
}

/* On a worker's thread. */
static bool update_rest(void *arg, struct slice body, struct text *out_text)
{
    struct router *r = arg;
    struct rest *rest = atomic_load(&r->rest);

    if (rest)
        return rest_update(rest, body, out_text);
    text_add(out_text, SLICE("the router has not started yet: ask again"));
    return false;
}

static void write_metrics(void *arg, struct text *out)
{
    struct router *r = arg;

    telemetry_write_prometheus(r->telemetry, out);
}

/* On the dashboard, by backend. */
bool router_shows_figures(const struct settings *settings)
{
    return settings->api_on && settings->api_dashboard;
}

void router_create_telemetry(struct router *r)
{
    const struct settings *s = r->settings;

    r->traffic = s->traffic;
    r->traffic.entrypoint_count = s->entrypoint_count;
    r->traffic.in_steps = r->traffic.in_steps || router_shows_figures(s);
    if (!s->prometheus_on && !s->statsd_on && !s->datadog_on && !s->influx_on)
        return;
    r->telemetry = telemetry_create(&(struct telemetry_options){
        .traffic = &r->traffic,
        .traffics = r->traffics,
        .counters = r->counters,
        .worker_count = r->worker_count,
        .entrypoint_names = s->entrypoint_names.items,
        .entrypoint_count = s->entrypoint_count,
        .live_snapshots = &r->live_snapshots,
        .board = r->board,
        .exporter = r->exporter,
        .access_log = r->access_writer,
    });
}

void router_create_exporter(struct router *r)
{
    const struct settings *s = r->settings;
    wb_err error = 0;

    if (!s->tracing_on)
        return;
    r->exporter = span_exporter_create(&s->tracing, &error);
    if (error)
        wb_log_error("Error starting to send spans to " SLICE_FMT ": %s", SLICE_ARG(s->tracing.url), strerror(-error));
    r->tracer = s->tracer;
    r->tracer.sink = r->exporter ? span_exporter_sink(r->exporter) : NULL;
}

void router_push_metrics(struct router *r, bool on, const struct push_options *options)
{
    wb_err error = on ? telemetry_push(r->telemetry, options) : 0;

    if (error)
        wb_log_error("Error starting the push of metrics to " SLICE_FMT ": %s", SLICE_ARG(options->address),
                     strerror(-error));
}

void router_create_admin(struct router *r)
{
    const struct settings *s = r->settings;
    struct slice *providers = ARENA_ARRAY(&r->arena, struct slice, 2);
    size_t provider_count = 0;
    struct slice *names = ARENA_ARRAY(&r->arena, struct slice, s->entrypoint_count);
    struct slice *addresses = ARENA_ARRAY(&r->arena, struct slice, s->entrypoint_count);

    for (size_t i = 0; i < s->entrypoint_count; i++) {
        names[i] = s->entrypoints[i].name;
        addresses[i] = s->entrypoints[i].address;
    }
    if (s->docker_on)
        providers[provider_count++] = SLICE("docker");
    if (s->file_on)
        providers[provider_count++] = SLICE("file");
    r->admin = admin_create(&(struct admin_options){
        .api = s->api_on,
        .dashboard = s->api_on && s->api_dashboard,
        .ping = s->ping_on,
        .path = s->admin_path,
        .metrics_write = s->prometheus_on ? write_metrics : NULL,
        .metrics_arg = r,
        .metrics_entrypoint = entrypoint_number(s, s->prometheus_entrypoint),
        .rest_update = s->rest_on ? update_rest : NULL,
        .rest_arg = r,
        .rest_entrypoint = entrypoint_number(s, s->rest_entrypoint),
        .keep_trailing_slash = s->keep_trailing_slash,
        .api_entrypoint = entrypoint_number(s, s->api_entrypoint),
        .ping_entrypoint = entrypoint_number(s, s->ping_entrypoint),
        .counters = r->counters,
        .counter_count = r->worker_count,
        .unserved = r->unserved,
        .recent = r->recent,
        .traffic = r->traffics,
        .recent_errors_shown = s->api_statistics ? s->api_recent_errors : 0,
        .live_snapshots = &r->live_snapshots,
        .board = r->board,
        .entrypoint_names = names,
        .entrypoint_addresses = addresses,
        .entrypoint_count = s->entrypoint_count,
        .default_entrypoint = first_default_entrypoint(s),
        .loop = r->loop,
        .current = current_snapshot,
        .current_arg = r,
        .ready_providers = providers,
        .ready_provider_count = provider_count,
    });
}
