/* SPDX-License-Identifier: MIT */
/*
 * Health checks of a backend's servers. They do not protect: an option that cannot be understood is dropped alone, with a
 * warning (decisions.md 11), and a check whose path cannot be is left out.
 */
#include "compiled.h"
#include "waybill/base/clock.h"
#include "waybill/http/headers.h"
#include "waybill/http/target.h"
#include <stdlib.h>

enum { INTERVAL_LEAST_MS = 100, NS_PER_MS = 1000000 };

/* What all servers of the backend are asked. */
struct health_plan {
    struct compiler *compiler;
    struct compiled_backend *made;
    const struct model_health_check *model;
    struct slice place;
    struct text target, fields;
    struct slice host;                  /* for the Host field; empty: the server's own */
    uint16_t port;                      /* 0: the server's own */
    bool has_scheme, is_secure, is_h2c; /* without a scheme: as the server is asked */
    uint64_t interval_ms;
};

static void warn(const struct health_plan *plan, const char *option, struct slice value, const char *advice)
{
    diagnostics_add(&plan->made->diagnostics, DIAGNOSTIC_WARNING, plan->place, "healthCheck.%s: `" SLICE_FMT "` %s", option,
                    SLICE_SHOWN(value), advice);
}

/* A reference as in v1.7, but never to another host: who may write labels may not send the router elsewhere. */
static bool read_path(struct health_plan *plan)
{
    struct slice path = plan->model->path;

    path = slice_head(path, slice_find(path, '#'));
    if (slice_starts(path, SLICE("//")) || slice_starts_nocase(path, SLICE("http://")) ||
        slice_starts_nocase(path, SLICE("https://"))) {
        warn(plan, "path", path, "names a host, so servers are not checked: write a path, such as /health");
        return false;
    }
    if (!slice_starts(path, SLICE("/")))
        text_add_char(&plan->target, '/');
    for (size_t i = 0; i < path.len; i++) {
        unsigned char c = (unsigned char)path.ptr[i];
        if (c < ' ' || c == 0x7f) {
            warn(plan, "path", SLICE(""),
                 "has control characters, so servers are not checked: write a path, such as /health");
            return false;
        }
        if (c == ' ' || c >= 0x80)
            text_addf(&plan->target, "%%%02X", c);
        else
            text_add_char(&plan->target, (char)c);
    }
    return true;
}

static bool read_scheme(struct health_plan *plan)
{
    struct slice scheme = plan->model->scheme;

    if (scheme.len == 0)
        return true;
    plan->has_scheme = true;
    plan->is_secure = slice_eq_nocase(scheme, SLICE("https"));
    plan->is_h2c = slice_eq_nocase(scheme, SLICE("h2c"));
    if (plan->is_secure || plan->is_h2c || slice_eq_nocase(scheme, SLICE("http")))
        return true;
    warn(plan, "scheme", scheme, "is none, so servers are not checked: use http, https or h2c");
    return false;
}

static void read_port(struct health_plan *plan)
{
    int64_t port = plan->model->port;

    if (port > 0 && port <= UINT16_MAX)
        plan->port = (uint16_t)port;
    else if (port != 0)
        diagnostics_add(&plan->made->diagnostics, DIAGNOSTIC_WARNING, plan->place,
                        "healthCheck.port: %lld is none, the server's own is used: write a number from 1 to 65535",
                        (long long)port);
}

static void read_interval(struct health_plan *plan)
{
    struct slice text = plan->model->interval;
    uint64_t seconds;
    int64_t ns;

    plan->interval_ms = plan->compiler->options.health_interval_ms;
    if (plan->interval_ms == 0)
        plan->interval_ms = HEALTH_INTERVAL_MS;
    if (plan->interval_ms < INTERVAL_LEAST_MS)
        plan->interval_ms = INTERVAL_LEAST_MS;
    if (text.len == 0)
        return;
    if (slice_to_u64(text, UINT64_MAX, &seconds) || !clock_parse_duration(text, &ns) || ns <= 0) {
        warn(plan, "interval", text, "is no duration over 0, the global one is used: write one such as 10s");
        return;
    }
    plan->interval_ms = (uint64_t)ns / NS_PER_MS;
    if (plan->interval_ms < INTERVAL_LEAST_MS) {
        warn(plan, "interval", text, "is too often, 100ms is used");
        plan->interval_ms = INTERVAL_LEAST_MS;
    }
}

static void read_hostname(struct health_plan *plan)
{
    struct slice host, port;

    if (plan->model->hostname.len == 0)
        return;
    if (authority_parse(plan->model->hostname, &host, &port) && host.len)
        plan->host = plan->model->hostname;
    else
        warn(plan, "hostname", plan->model->hostname, "is no host name, the server's address is used");
}

static void read_headers(struct health_plan *plan)
{
    bool has_agent = false;

    for (size_t i = 0; i < plan->model->headers.count; i++) {
        const struct model_pair *pair = &plan->model->headers.items[i];
        if (!header_name_is_valid(pair->name) || !header_value_is_valid(pair->value) || header_is_routers(pair->name)) {
            warn(plan, "headers", pair->name, "cannot be set: left out");
            continue;
        }
        has_agent = has_agent || header_id_of(pair->name) == HEADER_USER_AGENT;
        text_addf(&plan->fields, SLICE_FMT ": " SLICE_FMT "\r\n", SLICE_ARG(pair->name), SLICE_ARG(slice_trim(pair->value)));
    }
    if (!has_agent)
        text_addf(&plan->fields, "User-Agent: waybill/%s (health check)\r\n", WB_VERSION);
}

static void free_texts(void *live)
{
    free(((struct route_health *)live)->texts);
}

static struct slice keep(char **at, struct slice text)
{
    char *here = *at;

    memcpy(here, text.ptr, text.len);
    *at += text.len;
    return slice_make(here, text.len);
}

static bool is_secure_for(const struct health_plan *plan, const struct route_server *server)
{
    return plan->has_scheme ? plan->is_secure : server->is_secure;
}

static bool is_h2c_for(const struct health_plan *plan, const struct route_server *server)
{
    return plan->has_scheme ? plan->is_h2c : server->is_h2c;
}

/* A URL without a port leaves it to the scheme of the check. */
static uint16_t port_for(const struct health_plan *plan, const struct route_server *server)
{
    bool names_none = server->host_port.len == server->host.len || slice_ends(server->host_port, SLICE("]"));

    if (plan->port)
        return plan->port;
    if (names_none)
        return is_secure_for(plan, server) ? 443 : 80;
    return server->port;
}

static void write_request(const struct health_plan *plan, const struct route_server *server, uint16_t port, struct text *out)
{
    bool is_v6 = slice_find(server->host, ':') < server->host.len;

    text_addf(out, "GET " SLICE_FMT " HTTP/1.1\r\nHost: ", SLICE_ARG(text_slice(&plan->target)));
    if (plan->host.len)
        text_add(out, plan->host);
    else if (plan->port == 0 || port == server->port)
        text_add(out, server->host_port);
    else
        text_addf(out, is_v6 ? "[" SLICE_FMT "]:%u" : SLICE_FMT ":%u", SLICE_ARG(server->host), (unsigned)port);
    text_add(out, SLICE("\r\nConnection: close\r\n"));
    text_add(out, text_slice(&plan->fields));
    text_add(out, SLICE("\r\n"));
}

static void fill(struct route_health *health, const struct health_plan *plan, const struct route_server *server,
                 struct slice request)
{
    struct text label = TEXT_EMPTY;
    struct slice host = server->host;

    health->is_secure = is_secure_for(plan, server);
    health->is_h2c = is_h2c_for(plan, server);
    health->port = port_for(plan, server);
    text_addf(&label, "%s://" SLICE_FMT ":%u" SLICE_FMT,
              health->is_secure ? "https"
              : health->is_h2c  ? "h2c"
                                : "http",
              SLICE_ARG(host), (unsigned)health->port, SLICE_ARG(text_slice(&plan->target)));
    char *at = health->texts = wb_alloc(host.len + request.len + label.len + 1);
    health->host = keep(&at, host);
    health->request = keep(&at, request);
    health->label = keep(&at, text_slice(&label));
    health->interval_ms = plan->interval_ms;
    health->number = plan->compiler->checks_made++;
    text_fini(&label);
}

static struct route_health *hold(const struct health_plan *plan, const struct route_server *server)
{
    uint16_t port = port_for(plan, server);
    bool is_secure = is_secure_for(plan, server);
    struct text *identity = &plan->compiler->scratch, request = TEXT_EMPTY;

    write_request(plan, server, port, &request);
    identity->len = 0;
    fingerprint_add(identity, SLICE("health"));
    text_add(identity, slice_make((const char *)&server->generation, sizeof server->generation));
    text_add(identity, slice_make((const char *)&port, sizeof port));
    text_add_char(identity, is_secure ? 's' : is_h2c_for(plan, server) ? '2' : '-');
    text_add(identity, slice_make((const char *)&plan->interval_ms, sizeof plan->interval_ms));
    fingerprint_add(identity, text_slice(&request));
    struct route_health *health = live_hold(&plan->compiler->lives, text_slice(identity), sizeof *health, free_texts);
    if (!health->texts)
        fill(health, plan, server, text_slice(&request));
    if (is_secure)
        compiler_want_secure(plan->compiler);
    text_fini(&request);
    return health;
}

void compile_health(struct compiler *compiler, struct compiled_backend *made, const struct model_health_check *model,
                    struct slice place)
{
    struct health_plan plan = {.compiler = compiler, .made = made, .model = model, .place = place};
    struct route_backend *backend = &made->backend;

    if (!model || model->path.len == 0)
        return;
    if (read_path(&plan) && read_scheme(&plan)) {
        read_port(&plan);
        read_interval(&plan);
        read_hostname(&plan);
        read_headers(&plan);
        for (size_t i = 0; i < backend->server_count; i++)
            backend->servers[i].health = hold(&plan, &backend->servers[i]);
        backend->is_checked = backend->server_count > 0;
    }
    text_fini(&plan.target);
    text_fini(&plan.fields);
}

void drop_health(struct compiler *compiler, struct compiled_backend *made)
{
    for (size_t i = 0; i < made->backend.server_count; i++)
        if (made->backend.servers[i].health)
            live_drop(&compiler->lives, made->backend.servers[i].health);
}
