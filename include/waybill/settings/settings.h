/* SPDX-License-Identifier: MIT */
/*
 * settings - the static configuration: defaults, then a TOML file, then the command line (spec/static-config.md).
 *
 * Thread: main, before anything starts; read-only after. Owner: main; texts live in its arena.
 */
#pragma once
#include "waybill/base/log.h"
#include "waybill/model/entrypoint.h"
#include "waybill/provider/docker.h"
#include "waybill/provider/file.h"

enum settings_command { COMMAND_RUN, COMMAND_VERSION, COMMAND_HEALTHCHECK, COMMAND_HELP };

struct settings {
    struct arena arena;
    enum settings_command command;
    enum log_level log_level;
    unsigned workers;              /* 0 = one per core */

    struct model_entrypoint *entrypoints; /* with `traefik` when something uses it */
    size_t entrypoint_count;
    struct slices default_entrypoints;
    struct slices entrypoint_names;

    bool docker_on;
    struct docker_options docker;
    bool file_on;
    struct file_options file;

    bool api_on, api_dashboard;
    struct slice api_entrypoint;
    bool api_statistics;
    unsigned recent_errors;
    bool ping_on;                  /* --ping; /ping is also answered on the API's entrypoint while the API is on */
    struct slice ping_entrypoint;

    bool access_log_on;
    struct slice access_log_path;  /* empty = stdout */

    bool keep_trailing_slash, allow_min_weight_zero;
    unsigned max_idle_per_server;  /* 200 */
    /* Milliseconds; 0 = none where v1.7 allows none. */
    uint64_t head_timeout_ms;      /* request head: 60 s (defects A16) */
    uint64_t body_timeout_ms;      /* idle time within a body, either way: 60 s */
    uint64_t idle_timeout_ms;      /* client keep-alive: 180 s */
    uint64_t dial_timeout_ms;      /* 30 s */
    uint64_t response_timeout_ms;  /* response head: 0 */
    uint64_t request_accept_grace_ms, grace_ms; /* 0, 10 s */
};

enum settings_outcome {
    SETTINGS_OK,
    SETTINGS_HELP,    /* *out_text goes to stdout, exit 0 */
    SETTINGS_INVALID, /* *out_text goes to stderr, exit 1 */
};

/* `argv` as main got it. *out_text is on the heap. settings_fini in every case. */
enum settings_outcome settings_read(struct settings *out_settings, int argc, char **argv, char **out_text);
void settings_fini(struct settings *settings);
