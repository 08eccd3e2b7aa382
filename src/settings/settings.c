/* SPDX-License-Identifier: MIT */
#include "waybill/settings/settings.h"
#include "command_line.h"
#include "help.h"
#include "static_file.h"
#include "web.h"
#include "waybill/base/suggest.h"
#include "waybill/base/text.h"
#include "waybill/exchange/environment.h"
#include "waybill/settings/host_port.h"
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SWARM_REFRESH_S = 15, PUSH_INTERVAL_MS = 10000 };
_Static_assert((int)SETTINGS_WORKERS_MAX <= (int)WORKERS_MAX, "filters keep state for each worker");

/* Those of v1.7. */
static void set_metrics_defaults(struct settings *settings)
{
    settings->prometheus_entrypoint = SLICE("traefik");
    settings->statsd = settings->datadog = settings->influx = (struct push_options){.interval_ms = PUSH_INTERVAL_MS};
    settings->statsd.kind = PUSH_STATSD;
    settings->datadog.kind = PUSH_DATADOG;
    settings->statsd.address = settings->datadog.address = SLICE("localhost:8125");
    settings->influx.address = SLICE("localhost:8089");
    settings->influx.database = settings->influx.retention_policy = SLICE("");
    settings->influx_protocol = SLICE("udp");
    settings->traffic = (struct traffic_options){.bounds_ns = {100000000, 300000000, 1200000000, 5000000000},
                                                 .bound_count = 4};
}

static void set_tracing_defaults(struct settings *settings)
{
    settings->tracing = (struct span_exporter_options){.service_name = SLICE("traefik"), .url = SLICE("")};
    settings->tracer = (struct tracer_options){.sample_rate = 1, .wide_ids = true};
    settings->tracing_backend = SLICE("");
    settings->zipkin_endpoint = SLICE("http://localhost:9411/api/v1/spans");
    settings->otlp_endpoint = SLICE("http://localhost:4318/v1/traces");
}

static void set_defaults(struct reading *reading)
{
    struct settings *settings = &reading->settings;
    arena_init(&settings->arena, 0);
    settings->log_level = LOG_ERROR;
    slices_add(&settings->arena, &settings->default_entrypoints, SLICE("http"));
    settings->docker = (struct docker_options){
        .endpoint = SLICE("unix:///var/run/docker.sock"),
        .tls = {.options = "docker.tls", .ca = SLICE(""), .cert = SLICE(""), .key = SLICE("")},
        .watch = true,
        .exposed_by_default = true,
        .remember_ms = 10 * 60 * 1000,
        .gather_ms = 50,
    };
    settings->file.watch = true;
    settings->api_dashboard = true;
    settings->api_entrypoint = settings->ping_entrypoint = settings->rest_entrypoint = SLICE("traefik");
    settings->api_recent_errors = 10;
    set_metrics_defaults(settings);
    set_tracing_defaults(settings);
    settings->max_idle_per_server = 200;
    settings->access_log = (struct access_log_options){
        .format = SLICE("common"), .fields_mode = SLICE("keep"), .headers_mode = SLICE("keep")};
    reading->log_format = SLICE("common");
    settings->log_path = reading->old_log_path = SLICE("");
    settings->resolv_config = SLICE("/etc/resolv.conf");
    settings->resolv_depth = 5;
    settings->buffering_memory_mib = 256;
    settings->buffering_files_mib = 4096;
    settings->buffering_folder = slice_of(getenv("TMPDIR") && getenv("TMPDIR")[0] ? getenv("TMPDIR") : "/tmp");
    settings->head_timeout_ms = settings->body_timeout_ms = 60 * 1000;
    settings->idle_timeout_ms = 180 * 1000;
    settings->health_interval_ms = 30 * 1000;
    settings->dial_timeout_ms = 30 * 1000;
    settings->grace_ms = 10 * 1000;
    reading->read_timeout_ms = reading->write_timeout_ms = DURATION_NOT_GIVEN;
    /* Texts that nobody has set are empty, never NULL. */
    reading->web.traffic = settings->traffic;
    reading->web.address = SLICE(":8080");
    reading->web.prometheus_entrypoint = SLICE("traefik");
    reading->web.path = settings->admin_path = SLICE("");
    settings->static_file = settings->access_log_path = reading->config_file = SLICE("");
    settings->docker.domain = settings->docker.network = settings->docker.own_id = SLICE("");
    settings->file.filename = settings->file.directory = reading->old_access_log_path = SLICE("");
}

const struct model_entrypoint *settings_entrypoint(const struct settings *settings, struct slice name)
{
    for (size_t i = 0; i < settings->entrypoint_count; i++)
        if (slice_eq(settings->entrypoints[i].name, name))
            return &settings->entrypoints[i];
    return NULL;
}

static void add_entrypoint(struct reading *reading, struct slice name, struct slice address)
{
    struct model_entrypoint entrypoint = {.name = name, .address = address};
    reading_put_entrypoint(reading, &entrypoint);
}

/* `traefik` comes into being when it is used; any other name must be one that is listened on. */
static bool provide_entrypoint(struct reading *reading, struct slice name, const char *user)
{
    if (settings_entrypoint(&reading->settings, name))
        return true;
    if (slice_eq(name, SLICE("traefik"))) {
        add_entrypoint(reading, name, SLICE(":8080"));
        return true;
    }
    if (reading->settings.command == COMMAND_HEALTHCHECK)
        return true; /* it has words of its own for that */
    return reading_fail(reading, "%s.entryPoint: there is no entrypoint \"%s\"", user, reading_shown(reading, name));
}

static bool finish_entrypoints(struct reading *reading)
{
    struct settings *settings = &reading->settings;
    if (settings->api_on && !provide_entrypoint(reading, settings->api_entrypoint, "api"))
        return false;
    if (settings->ping_on && !provide_entrypoint(reading, settings->ping_entrypoint, "ping"))
        return false;
    if (settings->rest_on && !provide_entrypoint(reading, settings->rest_entrypoint, "rest"))
        return false;
    if (settings->prometheus_on && !provide_entrypoint(reading, settings->prometheus_entrypoint, "metrics.prometheus"))
        return false;
    for (size_t i = 0; i < settings->entrypoint_count; i++) {
        slices_add(&settings->arena, &settings->entrypoint_names, settings->entrypoints[i].name);
        settings->entrypoints[i].follows_aliases = settings->cname_flattening;
    }
    for (size_t i = 0; i < settings->default_entrypoints.count; i++) {
        struct slice name = settings->default_entrypoints.items[i];
        if (!settings_entrypoint(settings, name))
            reading_note(reading, LOG_ERROR,
                         "defaultEntryPoints: there is no entrypoint \"" SLICE_FMT
                         "\": define it by --entryPoints, or name others by --defaultEntryPoints",
                         SLICE_ARG(name));
    }
    return true;
}

static void finish_timeouts(struct reading *reading)
{
    struct settings *settings = &reading->settings;
    if (reading->read_timeout_ms != DURATION_NOT_GIVEN)
        settings->head_timeout_ms = settings->body_timeout_ms = reading->read_timeout_ms;
    if (reading->write_timeout_ms != DURATION_NOT_GIVEN)
        settings->response_body_timeout_ms = reading->write_timeout_ms;
    if (reading->old_idle_timeout_ms)
        settings->idle_timeout_ms = reading->old_idle_timeout_ms;
    if (reading->old_grace_ms)
        settings->grace_ms = reading->old_grace_ms;
    if (settings->max_idle_per_server == 0)
        settings->max_idle_per_server = 2; /* as Go has it */
}

static void finish_host_resolver(struct reading *reading)
{
    struct settings *settings = &reading->settings;
    if (!settings->cname_flattening || settings->resolv_depth)
        return;
    settings->cname_flattening = false;
    reading_note(reading, LOG_ERROR, "hostResolver.resolvDepth is 0: no CNAME record is followed");
}

/* v1.7 verifies when both are given, and so do we (defects A14). */
static void finish_trust(struct reading *reading)
{
    struct settings *settings = &reading->settings;
    if (!settings->insecure_skip_verify)
        return;
    if (settings->root_cas.count) {
        settings->insecure_skip_verify = false;
        reading_note(reading, LOG_ERROR,
                     "insecureSkipVerify has no effect together with rootCAs: https servers are verified by these");
    } else {
        reading_note(reading, LOG_ERROR,
                     "SECURITY: insecureSkipVerify: whoever answers in an https server's place gets its requests: "
                     "rather name who signs the servers' certificates with rootCAs");
    }
}

static bool finish_push(struct reading *reading, const char *name, const struct push_options *push)
{
    if (push->interval_ms == 0)
        return reading_fail(reading, "%s.pushInterval: it is to be longer than 0", name);
    if (push->address.len == 0)
        return reading_fail(reading, "%s.address: there is none: write it as host:port", name);
    return true;
}

static bool finish_influx(struct reading *reading)
{
    struct settings *settings = &reading->settings;
    bool by_http = slice_eq(settings->influx_protocol, SLICE("http"));

    if (!by_http && !slice_eq(settings->influx_protocol, SLICE("udp")))
        return reading_fail(reading, "metrics.influxdb.protocol: \"%s\" is none: write udp or http",
                            reading_shown(reading, settings->influx_protocol));
    settings->influx.kind = by_http ? PUSH_INFLUX_HTTP : PUSH_INFLUX_UDP;
    if (!by_http && (settings->influx.database.len || settings->influx.retention_policy.len))
        reading_note(reading, LOG_WARN,
                     "metrics.influxdb.database and .retentionPolicy have no effect without metrics.influxdb.protocol=http");
    return finish_push(reading, "metrics.influxdb", &settings->influx);
}

static bool finish_metrics(struct reading *reading)
{
    struct settings *settings = &reading->settings;

    settings->traffic.in_steps = settings->statsd_on || settings->datadog_on || settings->influx_on;
    return (!settings->statsd_on || finish_push(reading, "metrics.statsd", &settings->statsd)) &&
           (!settings->datadog_on || finish_push(reading, "metrics.datadog", &settings->datadog)) &&
           (!settings->influx_on || finish_influx(reading));
}

/* v1.7 sends to Jaeger unless told otherwise; here the one that is set up is meant. */
static bool choose_tracing_backend(struct reading *reading)
{
    struct settings *settings = &reading->settings;
    struct slice backend = settings->tracing_backend;

    if (backend.len == 0 && reading->absent_tracer)
        return reading_fail(reading, "%s", reading->absent_tracer);
    if (backend.len == 0 && settings->zipkin_on != settings->otlp_on)
        backend = settings->zipkin_on ? SLICE("zipkin") : SLICE("otlp");
    if (slice_eq_nocase(backend, SLICE("zipkin")) || slice_eq_nocase(backend, SLICE("otlp"))) {
        settings->tracing.format = slice_eq_nocase(backend, SLICE("otlp")) ? SPAN_OTLP : SPAN_ZIPKIN;
        return true;
    }
    if (backend.len == 0)
        return reading_fail(reading, "tracing.backend: write zipkin or otlp (v1.7's default is jaeger, which takes OTLP: "
                                     "--tracing.otlp.endpoint=http://JAEGER:4318)");
    if (slice_eq_nocase(backend, SLICE("jaeger")) || slice_eq_nocase(backend, SLICE("datadog")))
        return reading_fail(reading,
                            "tracing.backend: %s's own protocol is not spoken, but it takes OTLP: write otlp, and its "
                            "address as tracing.otlp.endpoint=http://HOST:4318",
                            reading_shown(reading, backend));
    return reading_fail(reading, "tracing.backend: \"%s\" is none: write zipkin or otlp", reading_shown(reading, backend));
}

/* As in v1.7, what is said of another tracer than the chosen one is nothing. */
static void note_other_tracers(struct reading *reading)
{
    static const struct {
        const char *name, *group;
    } tracers[] = {{"zipkin", "tracing.zipkin"},
                   {"otlp", "tracing.otlp"},
                   {"jaeger", "tracing.jaeger"},
                   {"datadog", "tracing.datadog"}};

    for (size_t i = 0; i < WB_COUNT(tracers); i++) {
        const struct flag *flag = flag_find(slice_of(tracers[i].group));
        bool chosen = i == (reading->settings.tracing.format == SPAN_OTLP);
        if (!chosen && flag_is_named(reading, flag))
            reading_note(reading, LOG_WARN, "%s has no effect: spans are sent to %s", tracers[i].group,
                         reading->settings.tracing.format == SPAN_OTLP ? "tracing.otlp" : "tracing.zipkin");
    }
}

static bool finish_tracing(struct reading *reading)
{
    struct settings *settings = &reading->settings;
    struct slice endpoint;
    char *url;

    if (!settings->tracing_on)
        return true;
    if (!choose_tracing_backend(reading))
        return false;
    note_other_tracers(reading);
    bool otlp = settings->tracing.format == SPAN_OTLP;
    endpoint = otlp ? settings->otlp_endpoint : settings->zipkin_endpoint;
    url = span_exporter_url(settings->tracing.format, endpoint);
    if (!url)
        return reading_fail(reading, "%s: \"%s\" is no URL: write it as http://host:port",
                            otlp ? "tracing.otlp.endpoint" : "tracing.zipkin.httpEndpoint",
                            reading_shown(reading, endpoint));
    settings->tracing.url = arena_copy(&settings->arena, slice_of(url));
    free(url);
    settings->tracer.spelling = otlp ? TRACE_W3C : TRACE_B3_MULTI;
    if (otlp) { /* they are Zipkin's alone */
        settings->tracer.same_span = false;
        settings->tracer.wide_ids = true;
    }
    return true;
}

static void finish_file(struct reading *reading)
{
    struct settings *settings = &reading->settings;
    bool own_file = settings->file.filename.len || settings->file.directory.len;
    if (reading->routes_in_static_file && (own_file || !settings->file_on))
        reading_note(reading, LOG_ERROR,
                     SLICE_FMT ": its frontends and backends are not read: write [file] with no "
                               "filename for that",
                     SLICE_ARG(settings->static_file));
    if (!settings->file_on || own_file)
        return;
    if (settings->static_file.len == 0)
        reading_note(reading, LOG_ERROR,
                     "the file provider has no file: set file.filename, file.directory or "
                     "configFile");
    settings->file.filename = settings->static_file;
    settings->file.same_file = settings->static_file.len > 0;
}

/* v1.7 takes a format that it does not know for common. */
static void finish_logs(struct reading *reading)
{
    struct settings *settings = &reading->settings;

    if (reading->old_access_log_path.len) {
        settings->access_log_on = true;
        if (settings->access_log_path.len == 0)
            settings->access_log_path = reading->old_access_log_path;
    }
    if (settings->log_path.len == 0)
        settings->log_path = reading->old_log_path;
    settings->log_json = slice_eq_nocase(reading->log_format, SLICE("json"));
    if (!settings->log_json && !slice_eq_nocase(reading->log_format, SLICE("common")))
        reading_note(reading, LOG_ERROR, "traefikLog.format: `%s` is neither common nor json: common is used",
                     reading_shown(reading, reading->log_format));
}

static bool finish(struct reading *reading)
{
    struct settings *settings = &reading->settings;
    if (reading->debug && !reading->level_given)
        settings->log_level = LOG_DEBUG;
    finish_logs(reading);
    for (size_t i = 0; i < reading->constraints.count; i++)
        slices_add(&settings->arena, &settings->docker.constraints, reading->constraints.items[i]);
    if (settings->docker.tls_on && settings->docker.tls.insecure_skip_verify)
        reading_note(reading, LOG_ERROR,
                     "SECURITY: docker.tls.insecureSkipVerify: whoever answers at docker.endpoint is taken "
                     "for the engine and sets the routes");
    finish_timeouts(reading);
    finish_trust(reading);
    finish_host_resolver(reading);
    settings->docker.refresh_ms = (uint64_t)(reading->swarm_refresh_s > 0 ? reading->swarm_refresh_s : SWARM_REFRESH_S) *
                                  1000;
    finish_file(reading);
    if (settings->workers > SETTINGS_WORKERS_MAX)
        return reading_fail(reading, "--workers=%u: at most %d", settings->workers, SETTINGS_WORKERS_MAX);
    if (settings->entrypoint_count == 0) /* before web, whose entrypoint comes beside it */
        add_entrypoint(reading, SLICE("http"), SLICE(":80"));
    return web_finish(reading) && finish_metrics(reading) && finish_tracing(reading) && finish_entrypoints(reading);
}

/* The first word, if it is none of the flags. */
static bool read_command(struct reading *reading, struct slice word)
{
    static const char *const names[] = {"version", "healthcheck", "why", "explain", "lint", "completion", "manual"};
    static const struct {
        const char *name;
        enum settings_command command;
    } commands[] = {{"version", COMMAND_VERSION}, {"healthcheck", COMMAND_HEALTHCHECK}, {"help", COMMAND_HELP}};
    for (size_t i = 0; i < WB_COUNT(commands); i++) {
        if (slice_eq_nocase(word, slice_of(commands[i].name))) {
            reading->settings.command = commands[i].command;
            return true;
        }
    }
    if (slice_eq_nocase(word, SLICE("storeconfig")))
        return reading_fail(reading, "command storeconfig is not in this version of Waybill: it knows no key-value store, "
                                     "the configuration stays in its file");
    if (slice_eq_nocase(word, SLICE("bug")))
        return reading_fail(reading, "command bug is not in this version of Waybill: tell what went wrong with the output "
                                     "of `waybill version` and the log with --logLevel=DEBUG");
    const char *close = suggest_name(word, names, WB_COUNT(names));
    return reading_fail(reading, "command %s not found%s%s%s", reading_shown(reading, word), close ? ": did you mean " : "",
                        close ? close : "", close ? "" : "; `waybill --help` lists the commands");
}

static char *show_failure(const struct reading *reading, const char *kind)
{
    char stamp[sizeof "2026/11/23 08:01:19 "] = "";
    struct tm local;
    time_t now = time(NULL);
    struct text text = TEXT_EMPTY;
    if (localtime_r(&now, &local))
        strftime(stamp, sizeof stamp, "%Y/%m/%d %H:%M:%S ", &local);
    text_addf(&text, "%s%s%s\n", stamp, kind, reading->failure);
    if (kind[0])
        text_addf(&text, "`waybill --help` lists all flags.\n");
    return text_take(&text);
}

/* Ends with *out_text set, or with SETTINGS_OK. */
static enum settings_outcome read_all(struct reading *reading, int argc, char **argv, char **out_text)
{
    struct command_line line;
    int first = argc > 0 ? 1 : 0;
    bool has_command = argc > 1 && argv[1][0] != '-';
    const char *kind = "";
    if (has_command && !read_command(reading, slice_of(argv[first++])))
        goto invalid;
    kind = "Error parsing command: ";
    if (!command_line_cut(reading, argc - first, argv + first, &line))
        goto invalid;
    if (line.help && reading->settings.command == COMMAND_HEALTHCHECK)
        *out_text = healthcheck_help_text();
    else if (line.help || reading->settings.command == COMMAND_HELP)
        *out_text = help_text(help_columns(STDOUT_FILENO));
    else if (reading->settings.command == COMMAND_VERSION)
        *out_text = version_text();
    if (line.help)
        reading->settings.command = COMMAND_HELP;
    if (*out_text)
        return SETTINGS_HELP;
    kind = "";
    if (!static_file_find(reading) || (reading->settings.static_file.len && !static_file_read(reading)))
        goto invalid;
    kind = "Error parsing command: ";
    if (!command_line_apply(reading, &line))
        goto invalid;
    kind = "";
    if (finish(reading))
        return SETTINGS_OK;
invalid:
    *out_text = show_failure(reading, kind);
    return SETTINGS_INVALID;
}

enum settings_outcome settings_read(struct settings *out_settings, int argc, char **argv, char **out_text)
{
    struct reading reading = {0};
    *out_text = NULL;
    set_defaults(&reading);
    enum settings_outcome outcome = read_all(&reading, argc, argv, out_text);
    *out_settings = reading.settings; /* with the arena: nothing points into the struct itself */
    return outcome;
}

void settings_fini(struct settings *settings)
{
    arena_fini(&settings->arena);
    *settings = (struct settings){0};
}
