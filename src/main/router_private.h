/* SPDX-License-Identifier: MIT */
/*
 * router_private - the parts of the router, and what makes them. All of it runs on the main thread, in the order of router_run.
 * Owner of all: the router. What returns bool has logged (level fatal) why it is false.
 */
#pragma once
#include "router.h"
#include "service.h"
#include "waybill/admin/admin.h"
#include "waybill/base/line_writer.h"
#include "waybill/control/control.h"
#include "waybill/control/keyring.h"
#include "waybill/exchange/passwords.h"
#include "waybill/exchange/spool.h"
#include "waybill/exchange/tracer.h"
#include "waybill/model/board.h"
#include "waybill/net/alias.h"
#include "waybill/net/signals.h"
#include "waybill/net/tls_credentials.h"
#include "waybill/provider/provider.h"
#include "waybill/provider/rest.h"
#include "waybill/settings/settings.h"
#include "waybill/telemetry/span_exporter.h"
#include "waybill/telemetry/telemetry.h"
#include "waybill/worker/worker.h"
#include <stdatomic.h>

enum { FILES_KEPT_BACK = 64 }; /* of the open files that are allowed: for the API, logs, the engine */

struct router {
    const struct settings *settings;
    struct arena arena;
    struct loop *loop; /* of the main thread: control's and the signals' */
    struct entrypoint *entrypoints;
    struct tls_credentials *tls; /* for https servers */
    struct tls_server **doors;   /* of the entrypoints, which own them; NULL: one has no TLS */
    struct keyring *keyring;
    int *sockets; /* [worker * entrypoint_count + entrypoint] */
    struct worker *workers[SETTINGS_WORKERS_MAX];
    const struct exchange_counters *counters[SETTINGS_WORKERS_MAX];
    struct unserved *unserved[SETTINGS_WORKERS_MAX];
    struct recent *recent[SETTINGS_WORKERS_MAX];
    size_t worker_count;
    struct control *control;
    struct board *board; /* what the providers say, for admin */
    struct cell live_snapshots;
    struct provider *providers[MODEL_PROVIDERS_MAX];
    size_t provider_count;
    struct service *service;        /* NULL: nobody wants to hear how it goes */
    _Atomic(struct rest *) rest;    /* NULL while there is none yet */
    struct traffic_options traffic; /* of all workers */
    struct traffic *traffics[SETTINGS_WORKERS_MAX];
    struct telemetry *telemetry;    /* NULL: no metrics */
    struct tracer_options tracer;   /* of all workers */
    struct span_exporter *exporter; /* NULL: no tracing */
    struct admin *admin;
    struct passwords *passwords;
    struct spool_room *spool_room;
    struct alias_servers alias_servers;
    struct signal_watch *term, *interrupt, *rotate;
    struct deadline phase_end; /* of shutting down */
    uint64_t drain_until_ms;
    enum { SERVING, ANNOUNCED, DRAINING, CUT } phase;
    char host_name[256];
    struct access_rules *access_rules; /* NULL: there is no access log */
    struct line_writer *access_writer;
};

/* router_open.c: what is read and opened before anybody is served. */
size_t router_choose_worker_count(const struct settings *settings);
/* As many open files as the hard limit allows; returns how many. */
size_t router_raise_file_limit(void);
size_t router_clients_per_worker(size_t files, size_t workers);
/* Of the files, for bodies that are too long for memory. */
size_t router_spool_files(size_t files);
struct spool_room *router_create_spool_room(const struct settings *settings, size_t files);
bool router_check_docker(const struct settings *s);
bool router_read_trust(struct router *r);
bool router_read_alias_servers(struct router *r);
bool router_compile_entrypoints(struct router *r);
bool router_open_access_log(struct router *r);
bool router_open_sockets(struct router *r);
void router_read_certificates(struct router *r);

/* router_report.c: what tells people and programs how it goes. */
bool router_shows_figures(const struct settings *settings);
void router_create_exporter(struct router *r);
void router_create_telemetry(struct router *r);
void router_create_admin(struct router *r);
void router_push_metrics(struct router *r, bool on, const struct push_options *options);
