/* SPDX-License-Identifier: MIT */
#include "router.h"
#include "waybill/admin/admin.h"
#include "waybill/base/log.h"
#include "waybill/control/control.h"
#include "waybill/exchange/access_log.h"
#include "waybill/exchange/filters.h"
#include "waybill/exchange/passwords.h"
#include "waybill/exchange/spool.h"
#include "waybill/model/board.h"
#include "waybill/model/diagnostic.h"
#include "waybill/net/alias.h"
#include "waybill/net/signals.h"
#include "waybill/net/tls_credentials.h"
#include "waybill/provider/docker.h"
#include "waybill/provider/file.h"
#include "waybill/provider/rest.h"
#include "waybill/settings/host_port.h"
#include "waybill/settings/settings.h"
#include "waybill/telemetry/span_exporter.h"
#include "waybill/telemetry/telemetry.h"
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ACCESS_LINE_BYTES = 512 };
enum { POOL_IDLE_MS = 90000, FILES_KEPT_BACK = 64, HASHERS_MAX = 4, SPOOL_THREADS = 2, SPOOL_FILES_MAX = 256 };

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

static size_t choose_worker_count(const struct settings *settings)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = settings->workers ? settings->workers : cores > 0 ? (size_t)cores : 1;
    return wanted > SETTINGS_WORKERS_MAX ? SETTINGS_WORKERS_MAX : wanted;
}

/* As many open files as the hard limit allows; returns how many. */
static size_t raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1024;
    limit.rlim_cur = limit.rlim_max;
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > 1048576)
        limit.rlim_cur = limit.rlim_max > 1048576 ? 1048576 : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return (size_t)limit.rlim_cur;
}

/* A third of the files for clients, a third for the servers they wait for, a third for idle server connections. */
static size_t clients_per_worker(size_t files, size_t workers)
{
    size_t usable = files > 2 * FILES_KEPT_BACK ? files - FILES_KEPT_BACK : files / 2;
    size_t each = usable / (3 * workers);
    return each > 4 ? each : 4;
}

/* Of the files, for bodies that are too long for memory. */
static size_t spool_files(size_t files)
{
    return files / 16 < SPOOL_FILES_MAX ? files / 16 : SPOOL_FILES_MAX;
}

static struct spool_room *create_spool_room(const struct settings *settings, size_t files)
{
    return spool_room_create(&(struct spool_limits){
        .memory_max = (size_t)settings->buffering_memory_mib << 20,
        .file_max = (uint64_t)settings->buffering_files_mib << 20,
        .files_max = spool_files(files),
        .folder = settings->buffering_folder,
        .threads = SPOOL_THREADS,
    });
}

static bool open_sockets(struct router *r)
{
    const struct settings *s = r->settings;

    r->sockets = wb_alloc(r->worker_count * s->entrypoint_count * sizeof(int));
    for (size_t e = 0; e < s->entrypoint_count; e++) {
        int fds[SETTINGS_WORKERS_MAX];
        struct host_port parsed;
        uint16_t port = 0;
        struct slice address = s->entrypoints[e].address;
        wb_err error = host_port_parse(address, &parsed) ? listen_open(parsed.host, parsed.port, fds, r->worker_count, &port)
                                                         : -EINVAL;
        if (error) {
            wb_log_fatal("Error preparing server: error opening listener: entrypoint " SLICE_FMT ": listen tcp " SLICE_FMT
                         ": %s",
                         SLICE_ARG(s->entrypoints[e].name), SLICE_ARG(address), strerror(-error));
            return false;
        }
        wb_log_info("Starting server on " SLICE_FMT " (entrypoint " SLICE_FMT ", port %u, %zu workers)", SLICE_ARG(address),
                    SLICE_ARG(s->entrypoints[e].name), (unsigned)port, r->worker_count);
        for (size_t w = 0; w < r->worker_count; w++)
            r->sockets[w * s->entrypoint_count + e] = fds[w];
    }
    return true;
}

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

static bool has_local(const struct settings *s, struct slice entrypoint)
{
    return (s->api_on && slice_eq(entrypoint, s->api_entrypoint)) ||
           (s->ping_on && slice_eq(entrypoint, s->ping_entrypoint)) ||
           (s->rest_on && slice_eq(entrypoint, s->rest_entrypoint)) ||
           (s->prometheus_on && slice_eq(entrypoint, s->prometheus_entrypoint));
}

/* Entrypoints as the workers need them; false when one cannot be understood. */
static bool compile_entrypoints(struct router *r)
{
    const struct settings *s = r->settings;
    struct diagnostics diagnostics, none = {0};
    bool usable = true;

    diagnostics_init(&diagnostics);
    r->entrypoints = ARENA_ARRAY(&r->arena, struct entrypoint, s->entrypoint_count);
    for (size_t i = 0; i < s->entrypoint_count; i++) {
        entrypoint_compile(s->entrypoints, s->entrypoint_count, i, &r->arena, &diagnostics, &r->entrypoints[i]);
        r->entrypoints[i].has_local = has_local(s, s->entrypoints[i].name);
        usable = usable && !r->entrypoints[i].closed;
    }
    diagnostics_log_new(&diagnostics, &none);
    for (size_t i = 0; i < s->note_count; i++) {
        if (s->notes[i].level >= LOG_WARN)
            diagnostics_add(&diagnostics, DIAGNOSTIC_WARNING, SLICE("static configuration"), SLICE_FMT,
                            SLICE_ARG(s->notes[i].text));
    }
    board_set_diagnostics(r->board, SLICE("settings"), &diagnostics);
    diagnostics_fini(&diagnostics);
    if (!usable)
        wb_log_fatal("Error preparing server: a protecting option of an entrypoint cannot be understood (see above)");
    return usable;
}

static bool read_trust(struct router *r)
{
    const struct settings *s = r->settings;
    char *problem = NULL;

    r->tls = tls_credentials_create(&(struct tls_options){.ca_option = "rootCAs",
                                                          .cas = s->root_cas.items,
                                                          .ca_count = s->root_cas.count,
                                                          .skip_verify = s->insecure_skip_verify},
                                    &problem);
    if (problem)
        wb_log_fatal("Error preparing server: %s", problem);
    free(problem);
    return r->tls != NULL;
}

/* An https server is on its way to the workers: the files are read here, since a worker must not wait for them. */
static void on_secure_wanted(void *arg)
{
    const struct router *r = arg;

    if (tls_credentials_want_system(r->tls) && !tls_load_system_trust())
        wb_log_error("https servers: the system trusts nobody: install ca-certificates, set SSL_CERT_FILE, or name "
                     "who signs the servers' certificates with rootCAs");
}

/* Before anybody is accepted: nobody is to be shown another certificate because he came early. */
static void read_certificates(struct router *r)
{
    const struct settings *s = r->settings;
    const struct model none = {0};

    r->doors = ARENA_ARRAY(&r->arena, struct tls_server *, s->entrypoint_count);
    for (size_t i = 0; i < s->entrypoint_count; i++)
        r->doors[i] = r->entrypoints[i].tls;
    r->keyring = keyring_create(&(struct keyring_options){.entrypoints = s->entrypoints,
                                                          .servers = r->doors,
                                                          .entrypoint_count = s->entrypoint_count,
                                                          .default_entrypoints = &s->default_entrypoints,
                                                          .servers_trust = r->tls});
    keyring_apply(r->keyring, &none);
}

static bool read_alias_servers(struct router *r)
{
    const struct settings *s = r->settings;
    char *problem = s->cname_flattening ? alias_servers_read(s->resolv_config, &r->alias_servers) : NULL;

    if (problem)
        wb_log_fatal("Error preparing server: hostResolver.resolvConfig: %s", problem);
    free(problem);
    return !problem;
}

static bool open_access_log(struct router *r)
{
    const struct settings *s = r->settings;
    struct line_writer_options options = {.what = "access log", .waiting_max = LINE_WRITER_WAITING_MAX};
    struct diagnostics diagnostics, none = {0};

    if (!s->access_log_on)
        return true;
    diagnostics_init(&diagnostics);
    r->access_rules = access_rules_compile(&s->access_log, &r->arena, &diagnostics);
    diagnostics_log_new(&diagnostics, &none);
    diagnostics_fini(&diagnostics);
    if (!r->access_rules)
        return true; /* not fatal to v1.7 */
    wb_err error = log_file_open(&options.file, s->access_log_path);
    if (error) {
        wb_log_fatal("access log " SLICE_FMT ": %s", SLICE_ARG(s->access_log_path), strerror(-error));
        return false;
    }
    if ((uint64_t)s->access_log_lines * ACCESS_LINE_BYTES > options.waiting_max)
        options.waiting_max = (size_t)s->access_log_lines * ACCESS_LINE_BYTES;
    r->access_writer = line_writer_create(&options);
    return true;
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
static bool shows_figures(const struct settings *settings)
{
    return settings->api_on && settings->api_dashboard;
}

static void create_telemetry(struct router *r)
{
    const struct settings *s = r->settings;

    r->traffic = s->traffic;
    r->traffic.entrypoint_count = s->entrypoint_count;
    r->traffic.in_steps = r->traffic.in_steps || shows_figures(s);
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
        .exporter = r->exporter,
    });
}

static void create_exporter(struct router *r)
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

static void push_metrics(struct router *r, bool on, const struct push_options *options)
{
    wb_err error = on ? telemetry_push(r->telemetry, options) : 0;

    if (error)
        wb_log_error("Error starting the push of metrics to " SLICE_FMT ": %s", SLICE_ARG(options->address),
                     strerror(-error));
}

static void create_admin(struct router *r)
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

static unsigned attempts_max(const struct settings *settings)
{
    int wanted = settings->retry_on ? settings->retry_attempts : 0;
    return wanted <= 0 ? 0 : wanted < EXCHANGE_ATTEMPTS_MAX ? (unsigned)wanted : EXCHANGE_ATTEMPTS_MAX;
}

static struct worker_options worker_options_of(struct router *r, size_t number, size_t clients_max)
{
    const struct settings *s = r->settings;

    return (struct worker_options){
        .number = (unsigned)number + 1,
        .entrypoints = r->entrypoints,
        .entrypoint_count = s->entrypoint_count,
        .listening = r->sockets + number * s->entrypoint_count,
        .upstream = {.dial_timeout_ms = s->dial_timeout_ms,
                     .response_timeout_ms = s->response_timeout_ms,
                     .idle_timeout_ms = POOL_IDLE_MS,
                     .max_idle_per_server = s->max_idle_per_server,
                     .worker = (unsigned)number,
                     .workers = (unsigned)r->worker_count,
                     .max_idle = clients_max,
                     .tls = r->tls},
        .entry = {.head_timeout_ms = s->head_timeout_ms, .idle_timeout_ms = s->idle_timeout_ms, .limits = h1_default_limits},
        .attempts_max = attempts_max(s),
        .body_timeout_ms = s->body_timeout_ms,
        .response_body_timeout_ms = s->response_body_timeout_ms,
        .clients_max = clients_max,
        .clients_reserved = FILES_KEPT_BACK / 2 / r->worker_count + 2,
        .peers = r->workers,
        .peer_count = r->worker_count,
        .local = admin_routes(r->admin),
        .host_name = slice_of(r->host_name),
        .access_rules = r->access_rules,
        .access_writer = r->access_writer,
        .passwords = r->passwords,
        .spool_room = r->spool_room,
        .tracing = r->exporter ? &r->tracer : NULL,
        .alias_servers = s->cname_flattening ? &r->alias_servers : NULL,
        .alias_depth_max = s->resolv_depth,
        .traffic = r->telemetry || shows_figures(s) ? &r->traffic : NULL,
    };
}

static bool start_workers(struct router *r, size_t clients_max)
{
    for (size_t i = 0; i < r->worker_count; i++) {
        struct worker_options options = worker_options_of(r, i, clients_max);
        r->workers[i] = worker_create(&options);
        r->counters[i] = worker_counters(r->workers[i]);
        r->unserved[i] = worker_unserved(r->workers[i]);
        r->recent[i] = worker_recent(r->workers[i]);
        r->traffics[i] = worker_traffic(r->workers[i]);
    }
    for (size_t i = 0; i < r->worker_count; i++) {
        wb_err error = worker_start(r->workers[i]);
        if (error) {
            wb_log_fatal("thread of worker %zu: %s", i + 1, strerror(-error));
            return false;
        }
    }
    return true;
}

static void on_published(void *arg, struct snapshot *snapshot)
{
    const struct router *r = arg;

    telemetry_publish(r->telemetry, snapshot);
}

static void create_control(struct router *r)
{
    const struct settings *s = r->settings;

    r->control = control_create(&(struct control_options){
        .loop = r->loop,
        .compile = {.filters = exchange_filters,
                    .entrypoints = s->entrypoints,
                    .entrypoint_count = s->entrypoint_count,
                    .keep_trailing_slash = s->keep_trailing_slash,
                    .allow_min_weight_zero = s->allow_min_weight_zero,
                    .health_interval_ms = s->health_interval_ms,
                    .secure_wanted = on_secure_wanted,
                    .secure_arg = r},
        .workers = r->workers,
        .worker_count = r->worker_count,
        .live_snapshots = &r->live_snapshots,
        .default_entrypoints = s->default_entrypoints,
        .known_entrypoints = s->entrypoint_names,
        .keyring = r->keyring,
        .board = r->board,
        .published = r->telemetry ? on_published : NULL,
        .published_arg = r,
    });
}

/* What cannot work is refused before anything is served; an engine that is only away is waited for. */
static bool check_docker(const struct settings *s)
{
    char *problem = s->docker_on ? docker_options_problem(&s->docker) : NULL;

    if (problem)
        wb_log_fatal("Error preparing server: docker: %s", problem);
    free(problem);
    return !problem;
}

static void start_providers(struct router *r)
{
    const struct settings *s = r->settings;
    struct docker_options docker = s->docker;

    if (s->docker_on) {
        docker.own_id = docker_own_container_id(&r->arena);
        r->providers[r->provider_count++] = docker_provider_create(&docker, control_sink(r->control));
    }
    if (s->file_on)
        r->providers[r->provider_count++] = file_provider_create(&s->file, control_sink(r->control));
    if (s->rest_on) {
        wb_log_info("Starting provider rest");
        atomic_store(&r->rest, rest_create(control_sink(r->control)));
    }
    if (r->provider_count == 0)
        control_publish(r->control);
    for (size_t i = 0; i < r->provider_count; i++) {
        wb_log_info("Starting provider %s", r->providers[i]->ops->name);
        wb_err error = r->providers[i]->ops->start(r->providers[i]);
        if (error)
            wb_log_error("Error starting provider %s: %s", r->providers[i]->ops->name, strerror(-error));
    }
}

/* Each worker ends when its last connection has; joining them waits for that. */
static void finish(struct router *r)
{
    for (size_t i = 0; i < r->provider_count; i++)
        provider_destroy(&r->providers[i]);
    for (size_t i = 0; i < r->worker_count; i++)
        worker_join(r->workers[i]);
    struct rest *rest = atomic_load(&r->rest);
    rest_destroy(&rest);
    passwords_destroy(&r->passwords); /* what it still does comes back to the workers' mailboxes */
    spool_room_destroy(&r->spool_room);
    telemetry_destroy(&r->telemetry);
    span_exporter_destroy(&r->exporter);
    for (size_t i = 0; i < r->worker_count; i++)
        worker_destroy(&r->workers[i]);
    deadline_queue_remove(&r->loop->deadlines, &r->phase_end);
    signal_watch_destroy(&r->term);
    signal_watch_destroy(&r->interrupt);
    signal_watch_destroy(&r->rotate);
    control_destroy(&r->control);
    uv_loop_stop(r->loop);
}

static bool clients_left(const struct router *r)
{
    uint64_t clients = 0;
    for (size_t i = 0; i < r->worker_count; i++)
        clients += cell_read(&r->counters[i]->clients);
    return clients > 0;
}

enum { LOOK_AGAIN_MS = 20 };

/* The next phase of shutting down: serve on, drain, cut, end. */
static void on_phase_end(struct deadline *deadline)
{
    struct router *r = WB_CONTAINER_OF(deadline, struct router, phase_end);

    switch (r->phase) {
    case SERVING:
        break;
    case ANNOUNCED:
        wb_log_info("Stopping server gracefully");
        r->phase = DRAINING;
        r->drain_until_ms = r->loop->now_ms + r->settings->grace_ms;
        admin_drain(r->admin);
        for (size_t i = 0; i < r->worker_count; i++)
            worker_drain(r->workers[i]);
        loop_set_deadline_in(r->loop, &r->phase_end, LOOK_AGAIN_MS);
        break;
    case DRAINING:
        if (clients_left(r) && r->loop->now_ms < r->drain_until_ms) {
            loop_set_deadline_in(r->loop, &r->phase_end, LOOK_AGAIN_MS);
            break;
        }
        r->phase = CUT;
        for (size_t i = 0; i < r->worker_count; i++)
            worker_cut(r->workers[i]);
        wb_log_info("Server stopped");
        finish(r);
        break;
    case CUT:
        break;
    }
}

static void on_stop_signal(void *owner, int number)
{
    struct router *r = owner;

    if (r->phase != SERVING)
        return; /* a second signal has no effect, as in v1.7 */
    wb_log_info("I have to go... (signal %d)", number);
    r->phase = ANNOUNCED;
    for (size_t i = 0; i < r->worker_count; i++)
        worker_announce_drain(r->workers[i]);
    if (r->settings->request_accept_grace_ms)
        wb_log_info("Waiting %llu ms for incoming requests to cease",
                    (unsigned long long)r->settings->request_accept_grace_ms);
    loop_set_deadline_in(r->loop, &r->phase_end, r->settings->request_accept_grace_ms);
}

static void on_rotate_signal(void *owner, int number)
{
    struct router *r = owner;

    wb_log_info("Closing and re-opening log files for rotation: user defined signal 1 (%d)", number);
    if (r->access_writer)
        line_writer_reopen(r->access_writer);
    wb_err error = log_reopen();
    if (error)
        wb_log_error("log " SLICE_FMT ": cannot be opened again: %s: lines go on to where they went",
                     SLICE_ARG(r->settings->log_path), strerror(-error));
}

static void serve(struct router *r)
{
    deadline_init(&r->phase_end, on_phase_end);
    r->term = signal_watch_create(r->loop, SIGTERM, on_stop_signal, r);
    r->interrupt = signal_watch_create(r->loop, SIGINT, on_stop_signal, r);
    r->rotate = signal_watch_create(r->loop, SIGUSR1, on_rotate_signal, r);
    start_providers(r);
    uv_loop_run_all(r->loop);
    wb_log_info("Shutting down");
}

int router_run(const struct settings *settings)
{
    struct router *r = wb_alloc(sizeof *r);
    int status = 1;

    r->settings = settings;
    r->board = board_create();
    r->worker_count = choose_worker_count(settings);
    arena_init(&r->arena, 0);
    if (gethostname(r->host_name, sizeof r->host_name - 1) != 0)
        strcpy(r->host_name, "localhost");
    size_t files = raise_file_limit(), clients_max = clients_per_worker(files - spool_files(files), r->worker_count);
    if (check_docker(settings) && read_trust(r) && read_alias_servers(r) && compile_entrypoints(r) && open_access_log(r) &&
        open_sockets(r)) {
        r->loop = uv_loop_create(r);
        read_certificates(r);
        create_exporter(r);
        create_telemetry(r);
        create_admin(r);
        r->passwords = passwords_create(r->worker_count < HASHERS_MAX ? (unsigned)r->worker_count : HASHERS_MAX);
        r->spool_room = create_spool_room(settings, files);
        if (!start_workers(r, clients_max))
            return 1; /* those that did start use what would be freed below: the end of the program ends them */
        create_control(r);
        push_metrics(r, settings->statsd_on, &settings->statsd);
        push_metrics(r, settings->datadog_on, &settings->datadog);
        push_metrics(r, settings->influx_on, &settings->influx);
        serve(r);
        uv_loop_destroy(&r->loop);
        admin_destroy(&r->admin);
        status = 0;
    }
    keyring_destroy(&r->keyring);
    line_writer_destroy(&r->access_writer);
    board_destroy(&r->board);
    for (size_t i = 0; r->entrypoints && i < settings->entrypoint_count; i++)
        entrypoint_fini(&r->entrypoints[i]);
    tls_credentials_unref(&r->tls);
    free(r->sockets);
    arena_fini(&r->arena);
    free(r);
    return status;
}
