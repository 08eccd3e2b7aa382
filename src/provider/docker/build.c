/* SPDX-License-Identifier: MIT */
#include "build.h"
#include "address.h"
#include "naming.h"
#include "plan.h"
#include "remember.h"
#include "waybill/model/diagnostic.h"
#include "waybill/model/model.h"

enum { ROUTES_SAID = 3, RULE_BYTES_SAID = 200 };

/* A backend while servers of several containers gather in it. */
struct pool {
    struct model_backend backend;
    size_t capacity;
    bool has_options;            /* then it exists without servers, too (docker-provider.md 5) */
    struct slice closed_because; /* an option that protects was not understood: its frontends are closed */
};

/* A frontend that is made now, and where it is as long as they are not sorted. */
struct live_frontend {
    struct inventory_frontend shown;
    size_t place;
};

struct building {
    const struct build_input *input;
    struct neighbourhood around;
    struct arena *arena;
    struct diagnostics *diagnostics;
    struct fragment *fragment;
    struct inventory *inventory;
    struct map pools; /* backend name to struct pool */
    /* To struct live_frontend. By service and segment, of which only the first container makes a frontend (4.5). */
    struct map frontend_keys, frontend_names;
    size_t frontend_capacity;
    size_t said_before; /* the container at hand */
    bool has_closed_pool;
};

/* One container while its plan is carried out. */
struct work {
    struct container *container;
    struct plan *plan;
    struct inventory_item *item;
    size_t position;  /* among those that are routed */
    size_t reachable; /* servers that can be used, as far as is known */
};

static void let_fragment_go(void *fragment)
{
    struct fragment *held = fragment;

    fragment_unref(&held);
}

static void let_container_go(void *container)
{
    struct container *held = container;

    container_unref(&held);
}

static struct pool *find_pool(struct building *building, const struct plan_route *route)
{
    struct pool *pool = map_get(&building->pools, route->backend.name);

    if (pool)
        return pool;
    pool = ARENA_NEW(building->arena, struct pool);
    pool->backend = route->backend;
    pool->closed_because = route->backend_closed_because;
    pool->has_options = route->has_options;
    building->has_closed_pool |= pool->closed_because.len > 0;
    map_put(&building->pools, route->backend.name, pool);
    diagnostics_repeat(building->diagnostics, &route->backend_said);
    return pool;
}

static void add_to_pool(struct building *building, struct pool *pool, struct model_server server)
{
    struct model_backend *backend = &pool->backend;

    for (size_t i = 0; i < backend->server_count; i++) {
        if (slice_eq(backend->servers[i].name, server.name))
            return; /* servers of equal names are added once (4.5) */
    }
    if (backend->server_count == pool->capacity) {
        struct model_server *old = backend->servers;
        pool->capacity = pool->capacity ? pool->capacity * 2 : 4;
        backend->servers = ARENA_ARRAY(building->arena, struct model_server, pool->capacity);
        if (old)
            memcpy(backend->servers, old, backend->server_count * sizeof *old);
    }
    backend->servers[backend->server_count++] = server;
}

/* Each thing once of a container, though several of its segments have it. */
static void say_once(struct building *building, struct slice place, const char *text)
{
    const struct diagnostics *list = building->diagnostics;

    for (size_t i = building->said_before; i < list->count; i++) {
        if (slice_eq(slice_of(list->items[i].place), place) && strcmp(list->items[i].text, text) == 0)
            return;
    }
    diagnostics_add(building->diagnostics, DIAGNOSTIC_WARNING, place, "%s", text);
}

static void warn_about(struct building *building, const struct plan_route *route, const char *label, const char *what)
{
    const struct label *written = segment_label(route->segment, slice_of(label));
    struct slice origin = route->frontend.origin;

    if (written)
        origin = slice_of(
            arena_format(building->arena, SLICE_FMT ", label " SLICE_FMT, SLICE_ARG(origin), SLICE_ARG(written->written)));
    say_once(building, origin, what);
}

/* What is in the way of this server. Of several the first one counts, and only when no other server is reached. */
static void note_obstacle(struct building *building, struct work *work, const struct server_address *address)
{
    struct inventory_item *item = work->item;
    const struct container *router = address_router(&building->around);

    if (item->why != WHY_ROUTED)
        return;
    inventory_decide(item, address->why, "%s", address->because);
    inventory_add_value(item, "networkMode", work->container->network_mode);
    inventory_add_value(item, "networks", slice_of(address_networks(building->arena, work->container)));
    if (router)
        inventory_add_value(item, "routerNetworks", slice_of(address_networks(building->arena, router)));
}

/* Its name has a digest of the URL in it, which is seldom another one. */
static struct slice server_name(struct building *building, struct container *container, struct plan_route *route,
                                struct slice url)
{
    if (route->memo_url.len == 0) {
        route->memo_url = arena_copy(&container->arena, url);
        route->memo_name = naming_server(&container->arena, container, url);
    }
    return slice_eq(route->memo_url, url) ? route->memo_name : naming_server(building->arena, container, url);
}

static void add_server(struct building *building, struct work *work, struct plan_route *route, struct pool *pool)
{
    struct container *container = work->container;
    struct server_address address;

    diagnostics_repeat(building->diagnostics, &route->server_said);
    address_choose(building->arena, &building->around, container, route->protocol, route->port, &address);
    if (address.warning)
        warn_about(building, route, "docker.network", address.warning);
    if (address.why != WHY_ROUTED) {
        warn_about(building, route, "", address.because);
        note_obstacle(building, work, &address);
    }
    if (address.url.len == 0)
        return;
    if (route->bad_label && work->item->why == WHY_ROUTED)
        filter_reject_label(work->item, route->bad_label, route->bad_because);
    if (!route->bad_label && address.why == WHY_ROUTED)
        work->reachable++;
    struct model_server server = {
        .name = server_name(building, container, route, address.url),
        .url = address.url,
        .weight = route->weight,
        .identity = address.identity,
    };
    add_to_pool(building, pool, server);
    inventory_add_server(work->item, &(struct inventory_server){pool->backend.name, server.name, server.url});
}

static struct model_frontend *next_frontend(struct building *building)
{
    struct fragment *fragment = building->fragment;

    if (fragment->frontend_count == building->frontend_capacity) {
        struct model_frontend *old = fragment->frontends;
        building->frontend_capacity = old ? building->frontend_capacity * 2 : building->input->count + 1;
        fragment->frontends = ARENA_ARRAY(building->arena, struct model_frontend, building->frontend_capacity);
        if (old)
            memcpy(fragment->frontends, old, fragment->frontend_count * sizeof *old);
    }
    return &fragment->frontends[fragment->frontend_count++];
}

static void note_name_taken(struct building *building, struct work *work, const struct plan_route *route, struct slice name)
{
    struct inventory_item *item = work->item;

    diagnostics_add(building->diagnostics, DIAGNOSTIC_ERROR, route->frontend.origin,
                    "another container already has a frontend `" SLICE_FMT "`: this one is left out; rename the segment",
                    SLICE_SHOWN(name));
    if (item->why != WHY_ROUTED)
        return;
    inventory_decide(item, WHY_NAME_TAKEN, "another container already has a frontend `" SLICE_FMT "`: rename the segment",
                     SLICE_SHOWN(name));
    inventory_add_value(item, "frontend", name);
}

static void make_frontend(struct building *building, const struct plan_route *route, struct slice name)
{
    struct model_frontend *frontend = next_frontend(building);

    *frontend = route->frontend;
    frontend->name = slice_from(name, sizeof "route-" - 1);
    frontend->routes = ARENA_NEW(building->arena, struct model_route);
    frontend->route_count = 1;
    frontend->routes[0] = (struct model_route){.name = name, .rule = route->rule};
    diagnostics_repeat(building->diagnostics, &route->frontend_said);
}

/* The first container of a service makes its frontends; the others are behind them. */
static void add_frontend(struct building *building, struct work *work, const struct plan_route *route)
{
    struct live_frontend *live = map_get(&building->frontend_keys, route->key);

    if (!live) {
        struct slice name = plan_route_name(building->arena, route, work->position);
        live = ARENA_NEW(building->arena, struct live_frontend);
        *live = (struct live_frontend){{slice_from(name, sizeof "route-" - 1), route->rule, route->backend.name},
                                       building->fragment->frontend_count};
        struct live_frontend *there = map_put(&building->frontend_names, live->shown.name, live);
        if (there) {
            map_put(&building->frontend_names, live->shown.name, there);
            note_name_taken(building, work, route, live->shown.name);
            return;
        }
        map_put(&building->frontend_keys, route->key, live);
        make_frontend(building, route, name);
    }
    /* Who asks for something else has no older claim to this. */
    if (slice_eq(route->rule, live->shown.rule))
        frontend_take_age(&building->fragment->frontends[live->place], route->frontend.since, route->frontend.claimant);
    inventory_add_frontend(work->item, &live->shown);
}

/* While only live ones have keys. */
static void apply_ages(struct building *building)
{
    struct ages *ages = building->input->ages;
    struct map_entry *entry;

    if (!ages)
        return;
    for (size_t i = 0; (entry = map_next(&building->frontend_keys, &i));) {
        const struct live_frontend *live = entry->value;
        ages_apply(ages, entry->key, &building->fragment->frontends[live->place], building->arena);
    }
}

/* "`Host:a.t`, `Host:b.t` to http://172.17.0.2:80" */
static struct slice describe_routes(const struct inventory_item *item)
{
    struct slice parts[8 * ROUTES_SAID];
    size_t count = 0;

    for (size_t i = 0; i < item->frontend_count && i < ROUTES_SAID; i++) {
        parts[count++] = i ? SLICE(", `") : SLICE("`");
        parts[count++] = slice_head(item->frontends[i].rule, RULE_BYTES_SAID);
        parts[count++] = item->frontends[i].rule.len > RULE_BYTES_SAID ? SLICE("...`") : SLICE("`");
    }
    parts[count++] = item->frontend_count > ROUTES_SAID ? SLICE("... to") : SLICE(" to");
    for (size_t i = 0; i < item->server_count && i < ROUTES_SAID; i++) {
        parts[count++] = i ? SLICE(", ") : SLICE(" ");
        parts[count++] = item->servers[i].url;
    }
    if (item->server_count > ROUTES_SAID)
        parts[count++] = SLICE("...");
    return arena_join(item->arena, parts, count);
}

static void conclude(const struct work *work)
{
    struct inventory_item *item = work->item;

    if (item->frontend_count && (work->reachable || item->why == WHY_ROUTED))
        inventory_settle(item, WHY_ROUTED, describe_routes(item));
}

static void carry_out(struct building *building, struct work *work)
{
    for (size_t i = 0; i < work->plan->route_count; i++) {
        struct plan_route *route = &work->plan->routes[i];
        struct pool *pool = find_pool(building, route);
        add_frontend(building, work, route);
        add_server(building, work, route, pool);
    }
    conclude(work);
}

static void collect_backends(struct building *building)
{
    struct fragment *fragment = building->fragment;
    struct map_entry *entry;

    fragment->backends = ARENA_ARRAY(building->arena, struct model_backend, map_count(&building->pools) + 1);
    for (size_t i = 0; (entry = map_next(&building->pools, &i));) {
        const struct pool *pool = entry->value;
        if (pool->backend.server_count || pool->has_options)
            fragment->backends[fragment->backend_count++] = pool->backend;
    }
}

static void close_frontends(struct building *building)
{
    for (size_t i = 0; building->has_closed_pool && i < building->fragment->frontend_count; i++) {
        struct model_frontend *frontend = &building->fragment->frontends[i];
        const struct pool *pool = map_get(&building->pools, frontend->backend);
        if (pool && frontend->closed_because.len == 0)
            frontend->closed_because = pool->closed_because;
    }
}

static const struct container *find_own(const struct build_input *input)
{
    if (input->own)
        return input->own;
    for (size_t i = 0; i < input->count; i++) {
        if (is_own_container(input->options, input->containers[i]))
            return input->containers[i];
    }
    return NULL;
}

/* What points into the container ends after this. */
static void keep_container(struct fragment *fragment, struct container *container)
{
    keep_add(&fragment->keep, container_ref(container), let_container_go);
}

static bool is_absent(const struct build_input *input, const struct inventory_item *item)
{
    return input->remember && absence_of(item->why) != ABSENCE_NONE;
}

/* It could not be looked at again: what is known of it may be old. */
static void report_doubt(struct building *building, const struct work *work)
{
    const char *doubt = work->container->doubt;

    if (doubt)
        say_once(building, slice_of(arena_format(building->arena, "container " SLICE_FMT, SLICE_ARG(work->item->name))),
                 arena_format(building->arena, "%s; what was known of it before holds", doubt));
}

/* False: it is not routed now, its item says why. */
static bool add_container(struct building *building, struct work *work)
{
    struct container *container = work->container;

    building->said_before = building->diagnostics->count;
    work->plan = plan_of(building->input, container);
    work->item = inventory_add_draft(building->inventory, &work->plan->draft);
    keep_container(building->fragment, container);
    diagnostics_repeat(building->diagnostics, &work->plan->said);
    bool is_routed = work->plan->is_wanted && filter_presence(container, work->item);
    if (is_routed)
        carry_out(building, work);
    report_doubt(building, work);
    return is_routed;
}

/* Those that do not serve now have their frontends remembered, where no other container of the service serves. */
static void add_containers(struct building *building, struct remembering *remembering)
{
    const struct build_input *input = building->input;
    struct work *absent = ARENA_ARRAY(building->arena, struct work, input->count + 1);
    size_t position = 0, absent_count = 0;

    for (size_t i = 0; i < input->count; i++) {
        struct work work = {.container = input->containers[i], .position = position};
        if (add_container(building, &work))
            position++;
        else if (is_absent(input, work.item))
            absent[absent_count++] = work;
    }
    apply_ages(building);
    for (size_t i = 0; i < absent_count; i++)
        remember_plan(remembering, absent[i].plan, absent[i].item);
}

/* Nobody asks what became of these: what is said about them is dropped. */
static void add_gone(struct building *building, struct remembering *remembering)
{
    const struct build_input *input = building->input;

    for (size_t i = 0; i < input->gone_count; i++) {
        struct container *container = input->gone[i].container;
        const struct plan *plan = plan_of(input, container);
        struct inventory_item unseen = plan->draft;
        unseen.arena = building->arena;
        input->gone[i].is_needed = plan->is_wanted && !filter_presence(container, &unseen) && is_absent(input, &unseen) &&
                                   remember_plan(remembering, plan, &unseen);
        if (input->gone[i].is_needed)
            keep_container(building->fragment, container);
    }
}

static void add_unreadable(struct building *building)
{
    for (size_t i = 0; i < building->input->unreadable_count; i++) {
        const struct unreadable *unreadable = &building->input->unreadable[i];
        struct inventory_item *item = inventory_add(building->inventory, unreadable->id, slice_head(unreadable->id, 12));
        inventory_decide(item, WHY_NOT_READABLE, "%s", unreadable->error);
        inventory_add_value(item, "error", slice_of(unreadable->error));
    }
}

void build_fragment(const struct build_input *input, struct build_output *out_output)
{
    struct fragment *fragment = fragment_create(SLICE("docker"));
    struct building building = {
        .input = input,
        .around = {input->by_id, input->networks, find_own(input), input->options->network,
                   input->options->use_bind_port_ip},
        .arena = &fragment->arena,
        .diagnostics = wb_alloc(sizeof *building.diagnostics),
        .fragment = fragment,
        .inventory = inventory_create(SLICE("docker"), input->count + input->unreadable_count),
    };

    diagnostics_init(building.diagnostics);
    map_init_lent(&building.pools);
    map_init_lent(&building.frontend_keys);
    map_init_lent(&building.frontend_names);
    map_reserve(&building.pools, input->count);
    map_reserve(&building.frontend_keys, input->count);
    map_reserve(&building.frontend_names, input->count);
    struct remembering remembering = {.fragment = fragment, .keys = &building.frontend_keys, .ages = input->ages};
    add_containers(&building, &remembering);
    add_gone(&building, &remembering);
    if (input->ages)
        ages_end_round(input->ages);
    add_unreadable(&building);
    collect_backends(&building);
    close_frontends(&building);
    fragment_sort_names(fragment);
    fragment_set_defaults(fragment, input->sink->default_entrypoints, input->sink->known_entrypoints, building.diagnostics);
    inventory_add_problems(building.inventory, building.diagnostics);
    keep_add(&building.inventory->keep, fragment_ref(fragment), let_fragment_go); /* and with it the containers */
    map_fini(&building.pools);
    map_fini(&building.frontend_keys);
    map_fini(&building.frontend_names);
    *out_output = (struct build_output){fragment, building.diagnostics, building.inventory};
}
