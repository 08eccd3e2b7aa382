/* SPDX-License-Identifier: MIT */
/* explain_world - a compiled snapshot on two entrypoints, and a worker's environment that nothing moves in. For the unit tests
 * and the fuzz target of GET /api/explain. */
#pragma once
#include "waybill/admin/admin.h"
#include "waybill/exchange/environment.h"
#include "waybill/exchange/filters.h"
#include "waybill/route/compile.h"
#include <stdlib.h>

static const struct {
    const char *name, *rule, *backend, *white_list;
} explain_frontends[] = {
    {"shop", "Host:shop.example", "shop", NULL},
    {"admin", "Host:shop.example;PathPrefixStrip:/admin", "shop", "10.0.0.0/8"},
    {"keyed", "Host:shop.example;PathPrefix:/api;Headers:X-Key,1", "shop", NULL},
    {"proto", "Host:proto.example;Headers:X-Forwarded-Proto,https", "shop", NULL},
    {"empty", "Host:empty.example;Method:POST", "empty", NULL},
    {"closed", "Host:closed.example", "shop", "nonsense"},
    {"slash", "Host:slash.example;Path:/x/", "shop", NULL},
    {"odd\"<\x1b", "Host:odd.example;Query:q={v:[0-9]+}", "shop", NULL},
};

struct explain_world {
    struct loop loop;
    struct environment env;
    struct arena arena;
    struct model_entrypoint models[2];
    struct entrypoint entrypoints[2];
    struct compiler *compiler;
    struct snapshot *snapshot;
};

static inline void explain_no_wake(struct loop *loop, uint64_t at_ms)
{
    (void)loop;
    (void)at_ms;
}

static inline void explain_no_ring(void *arg)
{
    (void)arg;
}

static inline void explain_retire(struct snapshot *snapshot, void *arg)
{
    compiler_free_snapshot(((struct explain_world *)arg)->compiler, snapshot);
}

static inline void explain_add_backend(struct fragment *fragment, const char *name, size_t servers)
{
    struct model_backend *backend = &fragment->backends[fragment->backend_count++];

    backend->name = slice_of(name);
    backend->servers = ARENA_ARRAY(&fragment->arena, struct model_server, servers + 1);
    backend->server_count = servers;
    for (size_t i = 0; i < servers; i++)
        backend->servers[i] = (struct model_server){
            .name = slice_of(arena_format(&fragment->arena, "server-%zu", i)),
            .url = slice_of(arena_format(&fragment->arena, "http://10.0.0.%zu:80", i + 1)),
            .weight = 1};
}

static inline struct fragment *explain_fragment(void)
{
    struct fragment *fragment = fragment_create(SLICE("docker"));

    fragment->frontends = ARENA_ARRAY(&fragment->arena, struct model_frontend, WB_COUNT(explain_frontends));
    fragment->backends = ARENA_ARRAY(&fragment->arena, struct model_backend, 2);
    explain_add_backend(fragment, "empty", 0);
    explain_add_backend(fragment, "shop", 3);
    for (size_t i = 0; i < WB_COUNT(explain_frontends); i++) {
        struct model_frontend *frontend = &fragment->frontends[fragment->frontend_count++];
        *frontend = (struct model_frontend){.name = slice_of(explain_frontends[i].name),
                                            .backend = slice_of(explain_frontends[i].backend),
                                            .pass_host_header = true,
                                            .route_count = 1};
        slices_add(&fragment->arena, &frontend->entrypoints, SLICE("http"));
        frontend->routes = ARENA_NEW(&fragment->arena, struct model_route);
        frontend->routes[0] = (struct model_route){SLICE("route"), slice_of(explain_frontends[i].rule)};
        if (explain_frontends[i].white_list) {
            frontend->white_list = ARENA_NEW(&fragment->arena, struct model_white_list);
            slices_add(&fragment->arena, &frontend->white_list->source_range, slice_of(explain_frontends[i].white_list));
        }
    }
    fragment->remembered = ARENA_NEW(&fragment->arena, struct model_frontend);
    fragment->remembered_count = 1;
    fragment->remembered[0] = fragment->frontends[0]; /* of the same name */
    fragment->remembered[0].absence = ABSENCE_NOT_RUNNING;
    fragment->remembered[0].absent_because = SLICE("container gone has stopped");
    fragment->remembered[0].routes = ARENA_NEW(&fragment->arena, struct model_route);
    fragment->remembered[0].routes[0] = (struct model_route){SLICE("route"), SLICE("HostRegexp:gone.{x}")};
    fragment_sort(fragment);
    return fragment;
}

/* Entrypoints `http`, which trusts 192.168.0.0/16, and `traefik`, where local routes are. */
static inline void explain_world_init(struct explain_world *world)
{
    static const struct loop_ops ops = {.wake_at = explain_no_wake};
    static const struct upstream_options upstream = {.idle_timeout_ms = 1000};
    struct fragment *fragment = explain_fragment();
    struct model model = {.count = 0};
    struct diagnostics diagnostics;

    *world = (struct explain_world){.models = {{.name = SLICE("http")}, {.name = SLICE("traefik")}}};
    arena_init(&world->arena, 0);
    diagnostics_init(&diagnostics);
    slices_add(&world->arena, &world->models[0].forwarded_trusted, SLICE("192.168.0.0/16"));
    for (size_t i = 0; i < 2; i++)
        entrypoint_compile(world->models, 2, i, &world->arena, &diagnostics, &world->entrypoints[i]);
    world->entrypoints[1].has_local = true;
    loop_init(&world->loop, &ops, explain_no_ring, NULL);
    world->env = (struct environment){.loop = &world->loop,
                                      .upstream = upstream_create(&world->loop, &upstream),
                                      .entrypoints = world->entrypoints,
                                      .entrypoint_count = 2};
    world->compiler = compiler_create(&(struct compile_options){.filters = exchange_filters,
                                                                .entrypoints = world->models,
                                                                .entrypoint_count = 2,
                                                                .retire = explain_retire,
                                                                .retire_arg = world});
    model_replace(&model, &fragment);
    world->snapshot = compiler_compile(world->compiler, &model, &diagnostics);
    model_fini(&model);
    diagnostics_fini(&diagnostics);
}

static inline void explain_world_fini(struct explain_world *world)
{
    snapshot_unref(&world->snapshot);
    compiler_destroy(&world->compiler);
    upstream_destroy(&world->env.upstream);
    loop_fini(&world->loop);
    arena_fini(&world->arena);
}
