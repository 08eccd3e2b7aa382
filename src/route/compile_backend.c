/* SPDX-License-Identifier: MIT */
#include "compiled.h"
#include "server_url.h"
#include "waybill/base/clock.h"
#include "waybill/base/digest.h"
#include "waybill/base/map.h"
#include "waybill/base/utf8.h"
#include "waybill/http/headers.h"
#include "waybill/model/schema.h"
#include <stdio.h>
#include <stdlib.h>

enum { WEIGHT_MAX = 1000000, COOKIE_BYTES = 12 };

/* One backend being compiled. */
struct backend_build {
    struct compiler *compiler;
    struct compiled_backend *made;
    const struct model_backend *model;
    struct slice place; /* empty, as that of a frontend */
};

static unsigned read_weight(struct backend_build *build, const struct model_server *server)
{
    struct diagnostics *diagnostics = &build->made->diagnostics;
    if (server->weight < 0) { /* it does not protect: the value is dropped alone (decisions.md 11) */
        diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, build->place,
                        "server " SLICE_FMT " has weight %lld and counts as 1: write 0 or more", SLICE_SHOWN(server->name),
                        (long long)server->weight);
        return 1;
    }
    if (server->weight > WEIGHT_MAX)
        diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, build->place,
                        "server " SLICE_FMT " has weight %lld: %d is the most", SLICE_SHOWN(server->name),
                        (long long)server->weight, WEIGHT_MAX);
    if (server->weight == 0 && !build->compiler->options.allow_min_weight_zero)
        return 1;
    return server->weight > WEIGHT_MAX ? WEIGHT_MAX : (unsigned)server->weight;
}

static void hold_server_slot(struct backend_build *build, const struct model_server *model, struct route_server *server)
{
    struct text *identity = &build->compiler->scratch;
    identity->len = 0;
    fingerprint_add(identity, model->identity);
    fingerprint_add(identity, server->host);
    text_add(identity, slice_make((const char *)&server->port, sizeof server->port));
    text_add_char(identity, server->is_secure ? 's' : server->is_h2c ? '2' : '-');
    server->slot = slots_hold(&build->compiler->server_slots, text_slice(identity), &server->generation);
}

/* Servers with one address and scheme are one; the last weight holds, as in v1.7. */
static struct route_server *find_address(struct route_backend *backend, const struct map *by_address, struct slice host_port)
{
    void *number = map_get_lower(by_address, host_port);
    return number ? &backend->servers[(uintptr_t)number - 1] : NULL;
}

static void add_server(struct backend_build *build, const struct model_server *model, struct map *by_address)
{
    struct route_backend *backend = &build->made->backend;
    struct arena *arena = &build->made->arena;
    struct route_server server = {.url = arena_copy(arena, model->url)};
    struct server_url url;
    const char *wrong = server_url_parse(server.url, &url);

    if (wrong) {
        diagnostics_add(&build->made->diagnostics, DIAGNOSTIC_ERROR, build->place,
                        "server " SLICE_FMT " is left out: its URL `" SLICE_FMT "` %s", SLICE_ARG(model->name),
                        SLICE_ARG(slice_head(model->url, 200)), wrong);
        return;
    }
    server.weight = read_weight(build, model);
    server.host = url.host;
    server.host_port = url.host_port;
    server.port = url.port;
    server.is_secure = url.is_secure;
    server.is_h2c = url.is_h2c;
    if (server.is_secure)
        compiler_want_secure(build->compiler);
    char *lower = arena_format(arena, "%s" SLICE_FMT ":%u",
                               server.is_secure ? "s "
                               : server.is_h2c  ? "2 "
                                                : "",
                               SLICE_ARG(server.host), (unsigned)server.port);
    for (char *c = lower; *c; c++)
        *c = ascii_lower(*c);
    struct route_server *there = find_address(backend, by_address, slice_of(lower));
    if (there) {
        there->weight = server.weight;
        return;
    }
    server.name = arena_copy(arena, model->name);
    hold_server_slot(build, model, &server);
    backend->servers[backend->server_count++] = server;
    map_put(by_address, slice_of(lower), (void *)(uintptr_t)backend->server_count);
}

static void add_servers(struct backend_build *build)
{
    struct route_backend *backend = &build->made->backend;
    struct map by_address;
    map_init(&by_address);
    backend->servers = ARENA_ARRAY(&build->made->arena, struct route_server, build->model->server_count);
    for (size_t i = 0; i < build->model->server_count; i++)
        add_server(build, &build->model->servers[i], &by_address);
    map_fini(&by_address);
    for (size_t i = 0; i < backend->server_count; i++) {
        unsigned weight = backend->servers[i].weight, a = backend->weight_gcd, b = weight;
        while (b) {
            unsigned rest = a % b;
            a = b;
            b = rest;
        }
        backend->weight_gcd = a;
        backend->weight_max = weight > backend->weight_max ? weight : backend->weight_max;
    }
}

static void read_method(struct backend_build *build)
{
    const struct model_load_balancer *balancer = build->model->load_balancer;
    struct route_backend *backend = &build->made->backend;
    backend->is_dynamic = backend->server_count > 1 && balancer && slice_eq_nocase(balancer->method, SLICE("drr"));
}

/* What a cookie's name may have (RFC 6265 4.1.1) stays; each other character, of however many bytes, is a `_`. */
static struct slice cookie_name_of(struct arena *arena, struct slice given)
{
    char *name = arena_bytes(arena, given.len);
    size_t len = 0;

    while (given.len) {
        const char *first = given.ptr;
        utf8_next(&given);
        name[len++] = header_name_is_valid(slice_make(first, (size_t)(given.ptr - first))) ? *first : '_';
    }
    return slice_make(name, len);
}

/* Without a name v1.7 makes one of the backend's. */
static struct slice cookie_name(struct arena *arena, struct slice given, struct slice backend)
{
    unsigned char hash[DIGEST_SHA1_BYTES];

    if (given.len)
        return cookie_name_of(arena, given);
    char *text = arena_format(arena, "_TRAEFIK_BACKEND_" SLICE_FMT, SLICE_ARG(backend));
    digest_sha1(slice_of(text), hash);
    return slice_of(arena_format(arena, "_%02x%02x%x", hash[0], hash[1], hash[2] >> 4));
}

/* The server's address under what only its owner knows of it: names, and in Docker who the container is. So nobody learns the address
 * (defects A9), and the cookie leads to the same server after a restart and through another router. */
static struct slice cookie_of(struct arena *arena, struct slice backend, const struct model_server *server)
{
    struct text secret = TEXT_EMPTY;
    unsigned char hash[DIGEST_HMAC_BYTES];
    char *hex = arena_bytes(arena, COOKIE_BYTES * 2 + 1);

    fingerprint_add(&secret, backend);
    fingerprint_add(&secret, server->name);
    fingerprint_add(&secret, server->identity);
    digest_hmac(text_slice(&secret), server->url, hash);
    text_fini(&secret);
    for (size_t i = 0; i < COOKIE_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    return slice_make(hex, COOKIE_BYTES * 2);
}

static void add_cookies(struct backend_build *build)
{
    const struct model_load_balancer *balancer = build->model->load_balancer;
    struct route_backend *backend = &build->made->backend;
    struct arena *arena = &build->made->arena;

    if (!balancer || !(balancer->sticky || balancer->stickiness))
        return;
    backend->cookie_name = cookie_name(arena, balancer->stickiness ? balancer->stickiness->cookie_name : SLICE(""),
                                       backend->name);
    for (size_t i = 0, of = 0; i < backend->server_count; i++) {
        while (!slice_eq(build->model->servers[of].name, backend->servers[i].name))
            of++;
        backend->servers[i].cookie = cookie_of(arena, backend->name, &build->model->servers[of]);
    }
}

/* The balancer's position is that of one list of servers: provider, name, method, and the servers with their weights, and
 * no other option. Another list is another identity, and starts anew. */
static void hold_backend_slot(struct backend_build *build, struct slice provider)
{
    struct route_backend *backend = &build->made->backend;
    struct text *identity = &build->compiler->scratch;
    identity->len = 0;
    fingerprint_add(identity, provider);
    fingerprint_add(identity, backend->name);
    text_add_char(identity, backend->is_dynamic ? 'd' : 'w');
    for (size_t i = 0; i < backend->server_count; i++) {
        const struct route_server *server = &backend->servers[i];
        text_add(identity, slice_make((const char *)&server->generation, sizeof server->generation));
        text_add(identity, slice_make((const char *)&server->weight, sizeof server->weight));
    }
    backend->slot = slots_hold(&build->compiler->backend_slots, text_slice(identity), &backend->generation);
}

/* One block as a rule: of a server there are its name, its URL, and its address as others spell it. */
static size_t expected_bytes(const struct model_backend *model)
{
    enum { BESIDE_THE_SERVERS = 32, BESIDE_THE_TEXTS = 40, EXPECTED_MAX = 4096 };
    size_t bytes = BESIDE_THE_SERVERS + model->name.len;

    for (size_t i = 0; i < model->server_count && bytes < EXPECTED_MAX; i++)
        bytes += sizeof(struct route_server) + model->servers[i].name.len + 2 * model->servers[i].url.len + BESIDE_THE_TEXTS;
    return bytes < EXPECTED_MAX ? bytes : EXPECTED_MAX;
}

/* What comes is passed on at once, which is sooner than any interval: only what means nothing is told. */
static void check_flushing(struct backend_build *build)
{
    const struct model_response_forwarding *forwarding = build->model->response_forwarding;
    int64_t ns;

    if (!forwarding || forwarding->flush_interval.len == 0 ||
        (clock_parse_duration(forwarding->flush_interval, &ns) && ns >= 0))
        return;
    diagnostics_add(&build->made->diagnostics, DIAGNOSTIC_WARNING, build->place,
                    "responseForwarding.flushInterval=" SLICE_FMT
                    " is no duration from 0 on, as 100ms; it has no effect, as any "
                    "other value: answers are passed on as they come",
                    SLICE_ARG(slice_head(forwarding->flush_interval, 100)));
}

static struct compiled_backend *make_backend(struct compiler *compiler, const struct fragment *fragment,
                                             const struct model_backend *model)
{
    struct backend_build build = {.compiler = compiler, .made = wb_alloc(sizeof *build.made), .model = model};
    struct compiled_backend *made = build.made;

    arena_init(&made->arena, 0);
    made->arena.block_bytes = expected_bytes(model);
    diagnostics_init(&made->diagnostics);
    made->backend.name = arena_copy(&made->arena, model->name);
    check_flushing(&build);
    add_servers(&build);
    read_method(&build);
    add_cookies(&build);
    compile_health(compiler, made, model->health_check, build.place);
    hold_backend_slot(&build, fragment->provider);
    return made;
}

struct compiled_backend *compile_backend(struct compiler *compiler, const struct fragment *fragment,
                                         const struct model_backend *model)
{
    struct text *content = &compiler->scratch;
    content->len = 0;
    fingerprint_add(content, fragment->provider);
    fingerprint_add(content, model->name);
    fingerprint_add_record(content, &schema_backend, model, 0);
    struct fingerprint key = fingerprint_of(text_slice(content));
    struct compiled_head *known = recall_find(&compiler->backends_before, &key);
    struct compiled_backend *made = known ? WB_CONTAINER_OF(known, struct compiled_backend, head)
                                          : keyed_get(&compiler->backends, &key);
    if (made)
        return made;
    made = make_backend(compiler, fragment, model);
    made->head.key = key;
    keyed_put(&compiler->backends, &key, made);
    return made;
}

void compiled_backend_drop(struct compiler *compiler, struct compiled_backend *backend)
{
    WB_REQUIRE(backend->head.holds > 0);
    if (--backend->head.holds)
        return;
    keyed_remove(&compiler->backends, &backend->head.key);
    for (size_t i = 0; i < backend->backend.server_count; i++)
        slots_drop(&compiler->server_slots, backend->backend.servers[i].slot);
    slots_drop(&compiler->backend_slots, backend->backend.slot);
    drop_health(compiler, backend);
    diagnostics_fini(&backend->diagnostics);
    arena_fini(&backend->arena);
    free(backend);
}
