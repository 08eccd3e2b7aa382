/* SPDX-License-Identifier: MIT */
#include "router_private.h"
#include "waybill/base/log.h"
#include "waybill/exchange/access_log.h"
#include "waybill/exchange/filters.h"
#include "waybill/model/diagnostic.h"
#include "waybill/provider/docker.h"
#include "waybill/settings/host_port.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ACCESS_LINE_BYTES = 512, SPOOL_THREADS = 2, SPOOL_FILES_MAX = 256 };

size_t router_choose_worker_count(const struct settings *settings)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = settings->workers ? settings->workers : cores > 0 ? (size_t)cores : 1;
    return wanted > SETTINGS_WORKERS_MAX ? SETTINGS_WORKERS_MAX : wanted;
}

/* As many open files as the hard limit allows; returns how many. */
size_t router_raise_file_limit(void)
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
size_t router_clients_per_worker(size_t files, size_t workers)
{
    size_t usable = files > 2 * FILES_KEPT_BACK ? files - FILES_KEPT_BACK : files / 2;
    size_t each = usable / (3 * workers);
    return each > 4 ? each : 4;
}

/* Of the files, for bodies that are too long for memory. */
size_t router_spool_files(size_t files)
{
    return files / 16 < SPOOL_FILES_MAX ? files / 16 : SPOOL_FILES_MAX;
}

struct spool_room *router_create_spool_room(const struct settings *settings, size_t files)
{
    return spool_room_create(&(struct spool_limits){
        .memory_max = (size_t)settings->buffering_memory_mib << 20,
        .file_max = (uint64_t)settings->buffering_files_mib << 20,
        .files_max = router_spool_files(files),
        .folder = settings->buffering_folder,
        .threads = SPOOL_THREADS,
    });
}

/* What cannot work is refused before anything is served; an engine that is only away is waited for. */
bool router_check_docker(const struct settings *s)
{
    char *problem = s->docker_on ? docker_options_problem(&s->docker) : NULL;

    if (problem)
        wb_log_fatal("Error preparing server: docker: %s", problem);
    free(problem);
    return !problem;
}

/* What to do about a listener that cannot be opened; "" when the error says it all. */
static const char *advise(int error)
{
    switch (error) {
    case EADDRINUSE:
        return ": another program listens there (ss -ltnp names it): end that one, or choose another Address";
    case EACCES:
        return ": ports below 1024 are for root, or who has CAP_NET_BIND_SERVICE: give it that, or choose another Address";
    case EADDRNOTAVAIL:
        return ": this machine has no such address (ip address lists them)";
    default:
        return "";
    }
}

/* An entrypoint before `e` that has its port, at the same address or one of them at all; NULL: none. */
static const struct model_entrypoint *find_rival(const struct settings *s, size_t e)
{
    struct host_port wanted, other;

    if (!host_port_parse(s->entrypoints[e].address, &wanted))
        return NULL;
    for (size_t i = 0; i < e; i++) {
        if (!host_port_parse(s->entrypoints[i].address, &other) || other.port != wanted.port)
            continue;
        if (!other.host.len || !wanted.host.len || slice_eq_nocase(other.host, wanted.host))
            return &s->entrypoints[i];
    }
    return NULL;
}

static void tell_closed(const struct settings *s, size_t e, int error)
{
    const struct model_entrypoint *it = &s->entrypoints[e], *rival = error == EADDRINUSE ? find_rival(s, e) : NULL;
    char *advice = rival ? wb_format(": entrypoint " SLICE_FMT " listens there: choose another Address for one of them",
                                     SLICE_ARG(rival->name))
                         : wb_format("%s", advise(error));

    wb_log_fatal("Error preparing server: error opening listener: entrypoint " SLICE_FMT ": listen tcp " SLICE_FMT ": %s%s",
                 SLICE_ARG(it->name), SLICE_ARG(it->address), strerror(error), advice);
    free(advice);
}

bool router_open_sockets(struct router *r)
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
            tell_closed(s, e, -error);
            return false;
        }
        wb_log_info("Starting server on " SLICE_FMT " (entrypoint " SLICE_FMT ", port %u, %zu workers)", SLICE_ARG(address),
                    SLICE_ARG(s->entrypoints[e].name), (unsigned)port, r->worker_count);
        for (size_t w = 0; w < r->worker_count; w++)
            r->sockets[w * s->entrypoint_count + e] = fds[w];
    }
    return true;
}

static bool has_local(const struct settings *s, struct slice entrypoint)
{
    return (s->api_on && slice_eq(entrypoint, s->api_entrypoint)) ||
           (s->ping_on && slice_eq(entrypoint, s->ping_entrypoint)) ||
           (s->rest_on && slice_eq(entrypoint, s->rest_entrypoint)) ||
           (s->prometheus_on && slice_eq(entrypoint, s->prometheus_entrypoint));
}

/* Entrypoints as the workers need them; false when one cannot be understood. */
bool router_compile_entrypoints(struct router *r)
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

bool router_read_trust(struct router *r)
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

/* Before anybody is accepted: nobody is to be shown another certificate because he came early. */
void router_read_certificates(struct router *r)
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

bool router_read_alias_servers(struct router *r)
{
    const struct settings *s = r->settings;
    char *problem = s->cname_flattening ? alias_servers_read(s->resolv_config, &r->alias_servers) : NULL;

    if (problem)
        wb_log_fatal("Error preparing server: hostResolver.resolvConfig: %s", problem);
    free(problem);
    return !problem;
}

bool router_open_access_log(struct router *r)
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
