/* SPDX-License-Identifier: MIT */
#include "router_private.h"
#include "waybill/base/log.h"
#include "waybill/base/patience.h"
#include "waybill/exchange/filters.h"
#include "waybill/provider/docker.h"
#include "waybill/provider/file.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POOL_IDLE_MS = 90000, HASHERS_MAX = 4 };

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
        .entry = {.head_timeout_ms = s->head_timeout_ms,
                  .idle_timeout_ms = s->idle_timeout_ms,
                  .limits = h1_default_limits,
                  .exchanges_max = clients_max},
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
        .traffic = r->telemetry || router_shows_figures(s) ? &r->traffic : NULL,
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

/* An https server is on its way to the workers: the files are read here, since a worker must not wait for them. */
static void on_secure_wanted(void *arg)
{
    const struct router *r = arg;

    if (tls_credentials_want_system(r->tls) && !tls_load_system_trust())
        wb_log_error("https servers: the system trusts nobody: install ca-certificates, set SSL_CERT_FILE, or name "
                     "who signs the servers' certificates with rootCAs");
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
    if (r->provider_count == 0 && !s->rest_on)
        wb_log_error("no provider is on, so nothing is routed: name one, as --docker, --file.directory=FOLDER or --rest");
    if (r->provider_count == 0)
        control_publish(r->control);
    for (size_t i = 0; i < r->provider_count; i++) {
        wb_log_info("Starting provider %s", r->providers[i]->ops->name);
        wb_err error = r->providers[i]->ops->start(r->providers[i]);
        if (error)
            wb_log_error("Error starting provider %s: %s", r->providers[i]->ops->name, strerror(-error));
    }
}

static void create_service(struct router *r)
{
    struct slice *names = ARENA_ARRAY(&r->arena, struct slice, r->provider_count);

    for (size_t i = 0; i < r->provider_count; i++)
        names[i] = slice_of(r->providers[i]->ops->name);
    r->service = service_create(&(struct service_options){.loop = r->loop,
                                                          .control = r->control,
                                                          .workers = r->workers,
                                                          .worker_count = r->worker_count,
                                                          .providers = names,
                                                          .provider_count = r->provider_count});
}

/* Each worker ends when its last connection has; joining them waits for that. */
static void finish(struct router *r)
{
    patience_begin(PATIENCE_MS);
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
    service_destroy(&r->service);
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
    service_stop(r->service, r->settings->request_accept_grace_ms + r->settings->grace_ms);
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
    create_service(r);
    uv_loop_run_all(r->loop);
    wb_log_info("Shutting down");
}

int router_run(const struct settings *settings)
{
    struct router *r = wb_alloc(sizeof *r);
    int status = 1;

    r->settings = settings;
    r->board = board_create();
    r->worker_count = router_choose_worker_count(settings);
    arena_init(&r->arena, 0);
    if (gethostname(r->host_name, sizeof r->host_name - 1) != 0)
        strcpy(r->host_name, "localhost");
    size_t files = router_raise_file_limit(),
           clients_max = router_clients_per_worker(files - router_spool_files(files), r->worker_count);
    if (router_check_docker(settings) && router_read_trust(r) && router_read_alias_servers(r) &&
        router_compile_entrypoints(r) && router_open_access_log(r) && router_open_sockets(r)) {
        r->loop = uv_loop_create(r);
        router_read_certificates(r);
        router_create_exporter(r);
        router_create_telemetry(r);
        router_create_admin(r);
        r->passwords = passwords_create(r->worker_count < HASHERS_MAX ? (unsigned)r->worker_count : HASHERS_MAX);
        r->spool_room = router_create_spool_room(settings, files);
        if (!start_workers(r, clients_max))
            return 1; /* those that did start use what would be freed below: the end of the program ends them */
        create_control(r);
        router_push_metrics(r, settings->statsd_on, &settings->statsd);
        router_push_metrics(r, settings->datadog_on, &settings->datadog);
        router_push_metrics(r, settings->influx_on, &settings->influx);
        serve(r);
        uv_loop_destroy(&r->loop);
        admin_destroy(&r->admin);
        status = 0;
    }
    keyring_destroy(&r->keyring);
    line_writer_destroy(&r->access_writer);
    patience_end();
    board_destroy(&r->board);
    for (size_t i = 0; r->entrypoints && i < settings->entrypoint_count; i++)
        entrypoint_fini(&r->entrypoints[i]);
    tls_credentials_unref(&r->tls);
    free(r->sockets);
    arena_fini(&r->arena);
    free(r);
    return status;
}
