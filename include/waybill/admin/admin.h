/* SPDX-License-Identifier: MIT */
/*
 * admin - what the router says of itself over HTTP: API, health, ping, dashboard (spec/api-json.md). Pure functions of a
 * request and of the snapshot it came with, but for what is put; called by exchanges on the workers' threads.
 */
#pragma once
#include "waybill/exchange/local.h"

struct admin;
struct board;
struct cell;
struct exchange_counters;
struct loop;
struct recent;
struct snapshot;
struct traffic;
struct unserved;

struct admin_options {
    bool api, dashboard, ping;
    size_t api_entrypoint, ping_entrypoint; /* numbers in the static configuration */
    struct slice path;                      /* all of it is below this one: "/status"; empty: below none */
    /* Without `ping`, /ping is answered on the API's entrypoint while the API is on. */
    const struct exchange_counters *const *counters; /* one per worker; read with cell_read */
    struct unserved *const *unserved;                /* as many; NULL: not counted */
    struct recent *const *recent;                    /* as many; NULL: errors are not kept */
    struct traffic *const *traffic;                  /* as many; NULL: requests are not counted by backend */
    size_t counter_count;
    size_t recent_errors_shown;                                  /* in /health (api.statistics); 0: there is no such list */
    const struct cell *live_snapshots;                           /* not freed yet; NULL: not known */
    struct board *board;                                         /* what the providers say; NULL: nothing */
    const struct slice *entrypoint_names, *entrypoint_addresses; /* for the dashboard */
    size_t entrypoint_count;
    size_t default_entrypoint; /* number of the first default one: where an explained request comes in, unless it says */
    bool keep_trailing_slash;  /* no redirect from /api/ to /api */
    /* For /api/events, which is not there without a loop: main's, and the snapshot in force as main knows it. */
    struct loop *loop;
    const struct snapshot *(*current)(void *arg);
    void *current_arg;
    const struct slice *ready_providers; /* /ready waits for a configuration of each */
    size_t ready_provider_count;
    /* Takes the configuration that was put, on any worker's thread; false: the text says why not. NULL: there is no REST provider. */
    bool (*rest_update)(void *arg, struct slice body, struct text *out_text);
    void *rest_arg;
    size_t rest_entrypoint;
    /* Appends the text for Prometheus, on any worker's thread. NULL: there is no /metrics. */
    void (*metrics_write)(void *arg, struct text *out);
    void *metrics_arg;
    size_t metrics_entrypoint;
};

struct admin *admin_create(const struct admin_options *options);
/* After the workers and the loop. */
void admin_destroy(struct admin **admin);
/* Main, when the workers are to drain: who listens to /api/events is told, and lets go. */
void admin_drain(struct admin *admin);
struct local_routes admin_routes(struct admin *admin);
