/* SPDX-License-Identifier: MIT */
/* ask - an admin over a snapshot built by hand, and requests put to it. */
#pragma once
#include "waybill/admin/admin.h"
#include "waybill/exchange/environment.h"
#include "waybill/route/snapshot.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

enum { HTTP_ENTRYPOINT, API_ENTRYPOINT, PING_ENTRYPOINT };

struct world {
    struct admin_options options;
    struct admin *admin;
    struct snapshot snapshot;
    struct exchange_counters *counters[2];
    const struct exchange_counters *counters_read[2];
    struct headers headers;
    struct local_request request;
    struct local_answer answer;
    struct arena arena;
};

static inline void world_init(struct world *world)
{
    static const struct slice names[] = {{"http", 4}, {"traefik", 7}, {"ping", 4}};
    static const struct slice addresses[] = {{":80", 3}, {":8080", 5}, {":8082", 5}};

    *world = (struct world){.snapshot.number = 7};
    arena_init(&world->arena, 0);
    for (size_t i = 0; i < 2; i++)
        world->counters_read[i] = world->counters[i] = wb_alloc(sizeof *world->counters[i]);
    world->options = (struct admin_options){.api = true,
                                            .dashboard = true,
                                            .api_entrypoint = API_ENTRYPOINT,
                                            .ping_entrypoint = PING_ENTRYPOINT,
                                            .counters = world->counters_read,
                                            .counter_count = 2,
                                            .entrypoint_names = names,
                                            .entrypoint_addresses = addresses,
                                            .entrypoint_count = 3};
    world->admin = admin_create(&world->options);
    world->request = (struct local_request){
        .entrypoint = API_ENTRYPOINT, .headers = &world->headers, .snapshot = &world->snapshot, .filtered = true};
}

/* After a change of the options. */
static inline void world_restart(struct world *world)
{
    admin_destroy(&world->admin);
    world->admin = admin_create(&world->options);
}

static inline void world_fini(struct world *world)
{
    text_fini(&world->answer.body);
    admin_destroy(&world->admin);
    assert_null(world->admin);
    model_fini(&world->snapshot.model);
    for (size_t i = 0; i < 2; i++)
        free(world->counters[i]);
    arena_fini(&world->arena);
}

/* "GET /path?query". Whether admin answers it; the answer is in world->answer until the next. */
static inline bool world_ask(struct world *world, const char *line)
{
    struct local_routes routes = admin_routes(world->admin);
    struct slice target, text = slice_of(line);
    size_t space = slice_find(text, ' ');

    text_fini(&world->answer.body);
    world->request.method = slice_head(text, space);
    target = slice_from(text, space + 1);
    world->request.path = slice_head(target, slice_find(target, '?'));
    world->request.query = slice_from(target, world->request.path.len + 1);
    return routes.answer(routes.arg, &world->request, &world->answer);
}

static inline struct slice world_body(const struct world *world)
{
    return world->answer.fixed_body.len ? world->answer.fixed_body : text_slice(&world->answer.body);
}

static inline void assert_slice(struct slice is, const char *wanted)
{
    char *text = slice_dup(is);
    assert_string_equal(text, wanted);
    free(text);
}

static inline void assert_json(struct world *world, const char *line, const char *wanted)
{
    assert_true(world_ask(world, line));
    assert_int_equal(world->answer.status, 200);
    assert_slice(world->answer.content_type, "application/json; charset=UTF-8");
    assert_slice(world_body(world), wanted);
}

static inline void assert_not_found(struct world *world, const char *line)
{
    assert_true(world_ask(world, line));
    assert_int_equal(world->answer.status, 404);
    assert_slice(world->answer.content_type, "text/plain; charset=utf-8");
    assert_slice(world_body(world), "404 page not found\n");
    assert_slice(world->answer.extra_name[0], "X-Content-Type-Options");
    assert_slice(world->answer.extra_value[0], "nosniff");
}

static inline void assert_redirect(struct world *world, const char *line, unsigned status, const char *location)
{
    assert_true(world_ask(world, line));
    assert_int_equal(world->answer.status, status);
    assert_slice(world->answer.content_type, "text/html; charset=utf-8");
    assert_slice(world->answer.location, location);
}

/* For ordinary routing to answer. */
static inline void assert_left(struct world *world, const char *line)
{
    assert_false(world_ask(world, line));
}

/* The example of spec/api-json.md 3, recorded from v1.7.19, as a model. */
#define WORLD_SERVER_WEB  "{\"url\":\"http://127.0.0.1:18244\",\"weight\":1}"
#define WORLD_SERVERS_WEB "{\"server-web-ee9c7d7f2277b7c48a0697f4c7f29176\":" WORLD_SERVER_WEB "}"
#define WORLD_BACKEND_WEB "{\"servers\":" WORLD_SERVERS_WEB ",\"loadBalancer\":{\"method\":\"wrr\"}}"
#define WORLD_BACKENDS                                                                                 \
    "{\"backend-api\":{\"servers\":{\"server-api-ee9c7d7f2277b7c48a0697f4c7f29176\":" WORLD_SERVER_WEB \
    "},\"loadBalancer\":{\"method\":\"wrr\",\"stickiness\":{}}},\"backend-web\":" WORLD_BACKEND_WEB "}"
#define WORLD_ROUTE_WEB  "{\"rule\":\"Host:web.t\"}"
#define WORLD_ROUTES_WEB "{\"route-frontend-Host-web-t-0\":" WORLD_ROUTE_WEB "}"
#define WORLD_FRONTEND_WEB                                                                 \
    "{\"entryPoints\":[\"http\"],\"backend\":\"backend-web\",\"routes\":" WORLD_ROUTES_WEB \
    ",\"passHostHeader\":true,\"priority\":0,\"basicAuth\":null}"
#define WORLD_FRONTENDS                                                                                   \
    "{\"frontend-Host-api-t-1\":{\"entryPoints\":[\"http\"],\"backend\":\"backend-api\",\"routes\":"      \
    "{\"route-frontend-Host-api-t-1\":{\"rule\":\"Host:api.t\"}},\"passHostHeader\":true,\"priority\":0," \
    "\"basicAuth\":null,\"auth\":{\"basic\":{}}},\"frontend-Host-web-t-0\":" WORLD_FRONTEND_WEB "}"
#define WORLD_DOCKER "{\"backends\":" WORLD_BACKENDS ",\"frontends\":" WORLD_FRONTENDS "}"

static inline void world_backend(struct fragment *fragment, struct model_backend *backend, const char *name)
{
    struct arena *arena = &fragment->arena;

    backend->name = slice_of(arena_format(arena, "backend-%s", name));
    backend->servers = ARENA_NEW(arena, struct model_server);
    backend->server_count = 1;
    backend->servers[0] = (struct model_server){
        .name = slice_of(arena_format(arena, "server-%s-ee9c7d7f2277b7c48a0697f4c7f29176", name)),
        .url = SLICE("http://127.0.0.1:18244"),
        .weight = 1};
    backend->load_balancer = ARENA_NEW(arena, struct model_load_balancer);
    backend->load_balancer->method = SLICE("wrr");
}

static inline void world_frontend(struct fragment *fragment, struct model_frontend *frontend, const char *name, int number)
{
    struct arena *arena = &fragment->arena;

    frontend->name = slice_of(arena_format(arena, "frontend-Host-%s-t-%d", name, number));
    frontend->backend = slice_of(arena_format(arena, "backend-%s", name));
    frontend->pass_host_header = true;
    slices_add(arena, &frontend->entrypoints, SLICE("http"));
    frontend->routes = ARENA_NEW(arena, struct model_route);
    frontend->route_count = 1;
    frontend->routes[0] = (struct model_route){
        .name = slice_of(arena_format(arena, "route-" SLICE_FMT, SLICE_ARG(frontend->name))),
        .rule = slice_of(arena_format(arena, "Host:%s.t", name))};
}

static inline struct fragment *world_add_docker(struct world *world)
{
    struct fragment *fragment = fragment_create(SLICE("docker")), *given = fragment;

    fragment->backends = ARENA_ARRAY(&fragment->arena, struct model_backend, 2);
    fragment->backend_count = 2;
    fragment->frontends = ARENA_ARRAY(&fragment->arena, struct model_frontend, 2);
    fragment->frontend_count = 2;
    world_backend(fragment, &fragment->backends[0], "api");
    world_backend(fragment, &fragment->backends[1], "web");
    fragment->backends[0].load_balancer->stickiness = ARENA_NEW(&fragment->arena, struct model_stickiness);
    world_frontend(fragment, &fragment->frontends[0], "api", 1);
    world_frontend(fragment, &fragment->frontends[1], "web", 0);
    struct model_auth *auth = ARENA_NEW(&fragment->arena, struct model_auth);
    auth->basic = ARENA_NEW(&fragment->arena, struct model_auth_users);
    slices_add(&fragment->arena, &auth->basic->users, SLICE("admin:$apr1$secret"));
    fragment->frontends[0].auth = auth;
    fragment_sort(fragment);
    model_replace(&world->snapshot.model, &given);
    return fragment;
}
