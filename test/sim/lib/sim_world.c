/* SPDX-License-Identifier: MIT */
#include "sim_world.h"
#include "sim_crowd.h"
#include <stdlib.h>

static void on_retired(struct snapshot *snapshot, void *arg)
{
    struct sim_world *world = arg;

    if (world->crowd)
        sim_crowd_retire(world->crowd, snapshot);
    else
        compiler_free_snapshot(world->compiler, snapshot);
}

/* /ping for everybody, /api for whom the entrypoint's filters let. */
static bool answer_internal(void *arg, const struct local_request *request, struct local_answer *out_answer)
{
    (void)arg;
    if (!slice_eq(request->path, SLICE("/ping")) && !(request->filtered && slice_eq(request->path, SLICE("/api"))))
        return false;
    *out_answer = (struct local_answer){.status = 200, .content_type = SLICE("text/plain"), .fixed_body = SLICE("OK")};
    return true;
}

struct sim_world *sim_world_create(uint64_t seed)
{
    struct sim_world *world = wb_alloc(sizeof *world);

    sim_init(&world->sim, seed);
    arena_init(&world->arena, 0);
    world->outer.name = SLICE("http");
    world->upstream = (struct upstream_options){
        .dial_timeout_ms = 30000, .idle_timeout_ms = 90000, .max_idle_per_server = 200};
    world->options = (struct entry_options){
        .head_timeout_ms = 10000, .idle_timeout_ms = 180000, .limits = h1_default_limits};
    world->env.body_timeout_ms = 60000;
    world->spool = (struct spool_limits){
        .memory_max = 16 << 20, .file_max = 64 << 20, .files_max = 64, .folder = SLICE("/tmp")};
    world->filters = exchange_filters;
    return world;
}

/* What all workers have in common. */
static void make_shared(struct sim_world *world)
{
    struct diagnostics diagnostics;

    diagnostics_init(&diagnostics);
    world->outer.follows_aliases = world->alias_depth_max > 0;
    world->entrypoints[0] = world->outer;
    world->entrypoints[1] = world->more;
    size_t count = world->more.name.len ? 2 : 1;
    entrypoint_compile(world->entrypoints, count, 0, &world->arena, &diagnostics, &world->entrypoint);
    diagnostics_fini(&diagnostics);
    world->entrypoint.has_local = true;
    struct compile_options compile = {.filters = world->filters,
                                      .entrypoints = world->entrypoints,
                                      .entrypoint_count = count,
                                      .allow_min_weight_zero = world->allow_min_weight_zero,
                                      .retire = on_retired,
                                      .retire_arg = world};
    world->compiler = compiler_create(&compile);
    world->env.passwords = passwords_create(0);
    world->env.spool_room = spool_room_create(&world->spool);
}

void sim_world_start(struct sim_world *world)
{
    struct sim_world *from = world->leader ? world->leader : world;

    if (!world->leader)
        make_shared(world);
    world->env.passwords = from->env.passwords;
    world->env.spool_room = from->env.spool_room;
    world->env.loop = &world->sim.loop;
    world->env.upstream = upstream_create(&world->sim.loop, &world->upstream);
    world->env.entrypoints = &from->entrypoint;
    world->env.entrypoint_count = 1;
    world->env.host_name = SLICE("waybill");
    world->env.counters = &world->counters;
    if (world->alias_depth_max)
        world->env.aliases = aliases_create(&world->sim.loop, NULL, world->alias_depth_max);
    world->env.local = (struct local_routes){.answer = answer_internal};
    world->entry = entry_create(&world->env, &world->options);
}

static void add_servers(struct arena *arena, struct model_backend *backend, const char *urls, const char *identity)
{
    struct slices parts = slices_split(arena, slice_of(urls), ' ');

    backend->servers = ARENA_ARRAY(arena, struct model_server, parts.count);
    backend->server_count = parts.count;
    for (size_t i = 0; i < parts.count; i++)
        backend->servers[i] = (struct model_server){.name = slice_of(arena_format(arena, "s%zu", i)),
                                                    .url = arena_copy(arena, parts.items[i]),
                                                    .weight = 1,
                                                    .identity = slice_of(arena_strdup(arena, identity ? identity : ""))};
}

static void add_filters(struct arena *arena, struct model_frontend *frontend, const struct sim_route *route)
{
    if (route->auth) {
        frontend->auth = ARENA_NEW(arena, struct model_auth);
        frontend->auth->forward = ARENA_NEW(arena, struct model_auth_forward);
        frontend->auth->forward->address = slice_of(arena_strdup(arena, route->auth));
        if (route->auth_ca) {
            struct model_auth_tls *tls = frontend->auth->forward->tls = ARENA_NEW(arena, struct model_auth_tls);
            *tls = (struct model_auth_tls){
                .ca = slice_of(arena_strdup(arena, route->auth_ca)), .cert = SLICE(""), .key = SLICE("")};
        }
        if (route->auth_copies)
            slices_add(arena, &frontend->auth->forward->auth_response_headers,
                       slice_of(arena_strdup(arena, route->auth_copies)));
    }
    if (route->white_list) {
        frontend->white_list = ARENA_NEW(arena, struct model_white_list);
        frontend->white_list->use_x_forwarded_for = route->list_forwarded;
        slices_add(arena, &frontend->white_list->source_range, slice_of(arena_strdup(arena, route->white_list)));
    }
}

static struct fragment *make_fragment(const struct sim_route *routes, size_t count)
{
    struct fragment *fragment = fragment_create(SLICE("file"));
    struct arena *arena = &fragment->arena;

    fragment->frontends = ARENA_ARRAY(arena, struct model_frontend, count + 1);
    fragment->backends = ARENA_ARRAY(arena, struct model_backend, count + 1);
    fragment->remembered = ARENA_ARRAY(arena, struct model_frontend, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct model_frontend *frontend = routes[i].absence ? &fragment->remembered[fragment->remembered_count++]
                                                            : &fragment->frontends[fragment->frontend_count++];
        struct slice name = slice_of(arena_strdup(arena, routes[i].name));
        *frontend = (struct model_frontend){.name = name, .pass_host_header = true, .absence = routes[i].absence};
        slices_add(arena, &frontend->entrypoints, SLICE("http"));
        frontend->routes = ARENA_NEW(arena, struct model_route);
        frontend->route_count = 1;
        frontend->routes[0] = (struct model_route){.name = SLICE("r"),
                                                   .rule = slice_of(arena_strdup(arena, routes[i].rule))};
        add_filters(arena, frontend, &routes[i]);
        struct model_backend *backend = NULL;
        if (routes[i].servers) {
            backend = &fragment->backends[fragment->backend_count++];
            backend->name = frontend->backend = name;
            add_servers(arena, backend, routes[i].servers, routes[i].identity);
        }
        if (routes[i].set_options)
            routes[i].set_options(arena, frontend, backend);
    }
    return fragment;
}

void sim_world_adopt(struct sim_world *world, struct snapshot *snapshot)
{
    struct lease *before = world->env.lease;

    world->env.lease = lease_create(&snapshot);
    upstream_adopt(world->env.upstream, world->env.lease->snapshot); /* as worker.c does */
    lease_drop(&before);
}

void sim_world_publish(struct sim_world *world, const struct sim_route *routes, size_t count)
{
    struct fragment *fragment = make_fragment(routes, count);
    struct model model = {.count = 0};
    struct diagnostics diagnostics;

    fragment_sort(fragment);
    model_replace(&model, &fragment);
    diagnostics_init(&diagnostics);
    struct snapshot *snapshot = compiler_compile(world->compiler, &model, &diagnostics);
    diagnostics_fini(&diagnostics);
    model_fini(&model);
    if (world->crowd)
        sim_crowd_adopt(world->crowd, snapshot);
    sim_world_adopt(world, snapshot);
}

void sim_world_serve(struct sim_world *world, const char *servers)
{
    struct sim_route route = {.name = "a", .rule = "Host:a.test", .servers = servers};
    sim_world_publish(world, &route, 1);
}

size_t sim_world_hash(struct sim_world *world)
{
    passwords_work(world->env.passwords);
    return mailbox_open_all(&world->sim.loop.mailbox, NULL);
}

size_t sim_world_spool(struct sim_world *world)
{
    size_t count = 0;

    while (spool_room_work(world->env.spool_room)) {
        count += mailbox_open_all(&world->sim.loop.mailbox, NULL);
        sim_settle(&world->sim);
    }
    return count;
}

void sim_world_stop(struct sim_world *world)
{
    entry_cut(world->entry);
    WB_REQUIRE(entry_count(world->entry) == 0);
    WB_REQUIRE(cell_read(&world->counters.active) == 0 && cell_read(&world->counters.clients) == 0);
    entry_destroy(&world->entry);
    upstream_destroy(&world->env.upstream);
    aliases_destroy(&world->env.aliases);
    sim_world_hash(world); /* what could not be withdrawn */
    lease_drop(&world->env.lease);
}

void sim_world_free_shared(struct sim_world *world)
{
    passwords_destroy(&world->env.passwords);
    sim_world_spool(world);
    spool_room_destroy(&world->env.spool_room);
    WB_REQUIRE(compiler_live_snapshots(world->compiler) == 0);
    compiler_destroy(&world->compiler);
    entrypoint_fini(&world->entrypoint);
}

void sim_world_free(struct sim_world **world)
{
    struct sim_world *ending = *world;

    *world = NULL;
    mailbox_open_all(&ending->sim.loop.mailbox, NULL);
    environment_fini(&ending->env);
    sim_fini(&ending->sim); /* looks that no buffer is lent and no deadline is left */
    arena_fini(&ending->arena);
    free(ending);
}

void sim_world_destroy(struct sim_world **world)
{
    sim_world_stop(*world);
    sim_world_free_shared(*world);
    sim_world_free(world);
}
