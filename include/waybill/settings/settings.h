/* SPDX-License-Identifier: MIT */
/*
 * settings - the static configuration: defaults, then a TOML file, then the command line (spec/static-config.md).
 *
 * Thread: main, before anything starts; read-only after. Owner: main; texts live in its arena.
 */
#pragma once
#include "waybill/base/log.h"
#include "waybill/exchange/access_log.h"
#include "waybill/exchange/tracer.h"
#include "waybill/exchange/traffic.h"
#include "waybill/model/entrypoint.h"
#include "waybill/provider/docker.h"
#include "waybill/provider/file.h"
#include "waybill/telemetry/span_exporter.h"
#include "waybill/telemetry/telemetry.h"

enum settings_command { COMMAND_RUN, COMMAND_VERSION, COMMAND_HEALTHCHECK, COMMAND_HELP };

enum { SETTINGS_WORKERS_MAX = 128 };

/* Something the user should know of what was read, kept until the log has its level. */
struct settings_note {
    enum log_level level;
    struct slice text;
};

struct settings {
    struct arena arena;
    enum settings_command command;
    enum log_level log_level;
    unsigned workers;         /* 0 = one per core; at most SETTINGS_WORKERS_MAX */
    struct slice static_file; /* path of the TOML file that was read; empty = none */
    struct settings_note *notes;
    size_t note_count;

    struct model_entrypoint *entrypoints; /* with `traefik` when something uses it */
    size_t entrypoint_count;
    struct slices default_entrypoints;
    struct slices entrypoint_names;

    bool docker_on;
    struct docker_options docker; /* own_id is left to main */
    bool file_on;
    struct file_options file;

    bool rest_on;
    struct slice rest_entrypoint;

    bool prometheus_on;
    struct slice prometheus_entrypoint;
    bool statsd_on, datadog_on, influx_on;
    struct push_options statsd, datadog, influx;
    struct slice influx_protocol;   /* "udp" or "http"; influx.kind is made of it */
    struct traffic_options traffic; /* the histogram of durations; entrypoint_count is left to main */

    bool tracing_on;
    struct span_exporter_options tracing;
    struct tracer_options tracer; /* sink is left to main */
    struct slice tracing_backend; /* as it is written; empty: not at all. It chooses between: */
    bool zipkin_on, otlp_on;
    struct slice zipkin_endpoint, otlp_endpoint;

    bool api_on, api_dashboard;
    struct slice api_entrypoint;
    bool api_statistics; /* /health lists the latest errors, so many: */
    unsigned api_recent_errors;
    bool ping_on; /* --ping; /ping is also answered on the API's entrypoint while the API is on */
    struct slice ping_entrypoint;
    struct slice admin_path; /* API, dashboard and ping are below it: "/status"; empty: below none */

    bool access_log_on;
    struct slice access_log_path; /* empty = stdout */
    struct access_log_options access_log;
    unsigned access_log_lines; /* that may wait for the file, beyond what always may */
    struct slice log_path;     /* of the router's own log; empty = stdout */
    bool log_json;

    bool keep_trailing_slash, allow_min_weight_zero;
    unsigned max_idle_per_server;  /* 200 */
    struct slices root_cas;        /* of https servers; empty = whom the system trusts */
    bool insecure_skip_verify;     /* never together with root_cas (defects A14) */
    bool retry_on;                 /* how many attempts is then said by */
    int retry_attempts;            /* not over 0: one for each server */
    struct slice buffering_folder; /* of bodies too long for memory */
    unsigned buffering_memory_mib, buffering_files_mib;
    bool cname_flattening;      /* hostResolver: Host matches what a host's CNAME records lead to, too */
    struct slice resolv_config; /* file that names the servers to ask */
    unsigned resolv_depth;      /* records followed */
    /* Milliseconds; 0 = none where v1.7 allows none. */
    uint64_t head_timeout_ms;          /* request head: 60 s (defects A16); respondingTimeouts.readTimeout sets it, 0 too */
    uint64_t body_timeout_ms;          /* idle time within a request body: 60 s; the same flag sets it */
    uint64_t response_body_timeout_ms; /* idle time within a response body: 0; respondingTimeouts.writeTimeout */
    uint64_t health_interval_ms;       /* of health checks that name none: 30 s */
    uint64_t idle_timeout_ms;          /* client keep-alive: 180 s */
    uint64_t dial_timeout_ms;          /* 30 s */
    uint64_t response_timeout_ms;      /* response head: 0 */
    uint64_t request_accept_grace_ms, grace_ms; /* 0, 10 s */
};

enum settings_outcome {
    SETTINGS_OK,      /* command is COMMAND_RUN or COMMAND_HEALTHCHECK; *out_text is NULL */
    SETTINGS_HELP,    /* help or version: *out_text goes to stdout, exit 0 */
    SETTINGS_INVALID, /* *out_text goes to stderr, exit 1 */
};

/* `argv` as main got it. *out_text is on the heap. settings_fini in every case. */
enum settings_outcome settings_read(struct settings *out_settings, int argc, char **argv, char **out_text);
void settings_fini(struct settings *settings);

/* Logs the notes, and what is open to everyone: an API without login on an address that is not loopback
 * (decisions.md 9), an entrypoint that believes every client (decisions.md 7). Call once, after log_set_level. What
 * needs eyes is logged as an error, since ERROR is the level that v1.7 and so we start with. */
void settings_log_warnings(const struct settings *settings);
/* NULL when there is none of that name. */
const struct model_entrypoint *settings_entrypoint(const struct settings *settings, struct slice name);
