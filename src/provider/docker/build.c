/* SPDX-License-Identifier: MIT */
#include "build.h"
#include "address.h"
#include "filter.h"
#include "labels.h"
#include "naming.h"
#include "waybill/model/diagnostic.h"
#include "waybill/model/model.h"

/* A backend while servers of several containers gather in it. */
struct pool {
    struct model_backend backend;
    size_t capacity;
    bool has_options;            /* then it exists without servers, too (docker-provider.md 5) */
    struct slice closed_because; /* an option that protects was not understood: its frontends are closed */
};

struct building {
    const struct build_input *input;
    struct neighbourhood around;
    struct arena *arena;
    struct diagnostics *diagnostics;
    struct fragment *fragment;
    struct map pools;         /* backend name to struct pool */
    struct map frontend_keys; /* service and segment: only the first container makes a frontend (4.5) */
    struct map frontend_names;
    size_t frontend_capacity;
};

const char *container_state_name(enum container_state state)
{
    static const char *const names[] = {"routed", "ignored", "waiting", "rejected"};

    return names[state];
}

/* Texts of labels lie in containers, which end before the fragment does. */
static struct container *copy_of(struct arena *arena, const struct container *container)
{
    struct container *copy = ARENA_NEW(arena, struct container);

    *copy = *container;
    copy->arena = (struct arena){0};
    copy->name = arena_copy(arena, container->name);
    copy->labels = ARENA_ARRAY(arena, struct docker_label, container->label_count + 1);
    for (size_t i = 0; i < container->label_count; i++)
        copy->labels[i] = (struct docker_label){arena_copy(arena, container->labels[i].name),
                                                arena_copy(arena, container->labels[i].value), i};
    return copy;
}

static struct label_reading reading_of(struct building *building, const struct candidate *candidate,
                                       const struct segment *segment)
{
    struct slice name = candidate->verdict->name;

    return (struct label_reading){
        .arena = building->arena,
        .segment = segment,
        .origin = slice_of(arena_format(building->arena, "container " SLICE_FMT, SLICE_ARG(name))),
        .diagnostics = building->diagnostics,
    };
}

static struct pool *find_pool(struct building *building, const struct candidate *candidate, const struct segment *segment,
                              struct slice name)
{
    struct pool *pool = map_get(&building->pools, name);

    if (pool)
        return pool;
    pool = ARENA_NEW(building->arena, struct pool);
    pool->backend.name = name;
    map_put(&building->pools, name, pool);
    struct label_reading reading = reading_of(building, candidate, segment);
    struct model_backend *backend = &pool->backend;
    labels_read_backend(&reading, backend);
    pool->closed_because = reading.closed_because;
    pool->has_options = backend->circuit_breaker || backend->load_balancer || backend->max_conn || backend->health_check ||
                        backend->buffering || backend->response_forwarding;
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

static void warn_about(struct building *building, struct label_reading *reading, const char *label, const char *what)
{
    const struct label *written = segment_label(reading->segment, slice_of(label));
    char *place = written ? arena_format(building->arena, SLICE_FMT ", label " SLICE_FMT, SLICE_ARG(reading->origin),
                                         SLICE_ARG(written->written))
                          : arena_format(building->arena, SLICE_FMT, SLICE_ARG(reading->origin));

    diagnostics_add(building->diagnostics, DIAGNOSTIC_WARNING, slice_of(place), "%s", what);
}

/* The document shows what is written; a URL that cannot be one is skipped where routes are compiled. Here is where
 * the label is known, so here it is said. */
static void check_server_labels(struct building *building, struct label_reading *reading, int64_t weight)
{
    struct slice port = segment_value(reading->segment, SLICE("port"));
    struct slice protocol = segment_value(reading->segment, SLICE("protocol"));
    uint64_t number;

    if (port.len && (!slice_to_u64(port, 65535, &number) || number == 0))
        warn_about(building, reading, "port", "this is no port: write a number from 1 to 65535; the server is skipped");
    if (protocol.len && !slice_eq(protocol, SLICE("http")) && !slice_eq(protocol, SLICE("https")) &&
        !slice_eq(protocol, SLICE("h2c")))
        warn_about(building, reading, "protocol", "write http, https or h2c; the server is skipped");
    if (weight < 0)
        warn_about(building, reading, "weight", "a weight is at least 0; it counts as 1");
}

static void add_server(struct building *building, const struct candidate *candidate, const struct segment *segment,
                       struct pool *pool)
{
    const struct container *container = candidate->container;
    struct verdict *verdict = candidate->verdict;
    struct label_reading reading = reading_of(building, candidate, segment);
    struct server_address address;
    int64_t weight = labels_integer(&reading, SLICE("weight"), 1);

    if (container->is_paused || container->is_restarting) {
        verdict->state = CONTAINER_WAITING;
        verdict->reason = container->is_paused ? SLICE("it is paused") : SLICE("it is restarting");
        return;
    }
    address_choose(building->arena, &building->around, container, segment, &address);
    if (address.warning)
        warn_about(building, &reading, "docker.network", address.warning);
    if (address.url.len == 0) {
        warn_about(building, &reading, "", address.missing);
        verdict->state = CONTAINER_WAITING;
        verdict->reason = slice_of(address.missing);
        return;
    }
    check_server_labels(building, &reading, weight);
    add_to_pool(building, pool,
                (struct model_server){
                    .name = naming_server(building->arena, container, address.url),
                    .url = address.url,
                    .weight = weight,
                    .identity = address.identity,
                });
}

static struct model_frontend *next_frontend(struct building *building)
{
    struct fragment *fragment = building->fragment;

    if (fragment->frontend_count == building->frontend_capacity) {
        struct model_frontend *old = fragment->frontends;
        building->frontend_capacity = old ? building->frontend_capacity * 2 : 16;
        fragment->frontends = ARENA_ARRAY(building->arena, struct model_frontend, building->frontend_capacity);
        if (old)
            memcpy(fragment->frontends, old, fragment->frontend_count * sizeof *old);
    }
    return &fragment->frontends[fragment->frontend_count++];
}

/* A separator keeps service `/app` with segment `x` apart from service `/appx` (defects.md B19). */
static bool is_first_of_its_kind(struct building *building, const struct candidate *candidate, const struct segment *segment)
{
    struct slice service = naming_service(building->arena, candidate->container);
    char *key = arena_format(building->arena, SLICE_FMT "\n" SLICE_FMT, SLICE_ARG(service), SLICE_ARG(segment->name));

    return map_put(&building->frontend_keys, slice_of(key), building) == NULL;
}

static void add_frontend(struct building *building, const struct candidate *candidate, const struct route_request *request,
                         const struct pool *pool, size_t position)
{
    struct arena *arena = building->arena;
    struct label_reading reading = reading_of(building, candidate, request->segment);
    struct slice rule = labels_text(arena, request->segment, SLICE("frontend.rule"));
    struct slice name = naming_frontend(arena, request->segment, pool->backend.name, request->rule, position);

    if (!is_first_of_its_kind(building, candidate, request->segment))
        return;
    if (map_put(&building->frontend_names, name, building)) {
        diagnostics_add(building->diagnostics, DIAGNOSTIC_ERROR, reading.origin,
                        "another container already has a frontend `" SLICE_FMT "`: this one is left out; rename the segment",
                        SLICE_ARG(name));
        return;
    }
    struct model_frontend *frontend = next_frontend(building);
    frontend->name = name;
    frontend->backend = pool->backend.name;
    frontend->routes = ARENA_NEW(arena, struct model_route);
    frontend->route_count = 1;
    frontend->routes[0].name = slice_of(arena_format(arena, "route-" SLICE_FMT, SLICE_ARG(name)));
    frontend->routes[0].rule = rule.len ? rule : request->rule;
    labels_read_frontend(&reading, frontend);
    frontend->closed_because = reading.closed_because;
    frontend->origin = reading.origin;
    frontend->since = candidate->container->created_ns;
}

static void add_candidate(struct building *building, struct candidate *candidate, size_t position)
{
    if (candidate->segments.has_version2_labels)
        diagnostics_add(building->diagnostics, DIAGNOSTIC_WARNING, reading_of(building, candidate, NULL).origin,
                        "its labels traefik.http., traefik.tcp. and traefik.udp. are of Traefik 2 and have no effect here");
    for (size_t i = 0; i < candidate->request_count; i++) {
        const struct route_request *request = &candidate->requests[i];
        struct slice name = naming_backend(building->arena, candidate->container, request->segment);
        struct pool *pool = find_pool(building, candidate, request->segment, name);
        add_frontend(building, candidate, request, pool, position);
        add_server(building, candidate, request->segment, pool);
    }
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
    for (size_t i = 0; i < building->fragment->frontend_count; i++) {
        struct model_frontend *frontend = &building->fragment->frontends[i];
        const struct pool *pool = map_get(&building->pools, frontend->backend);
        if (pool && frontend->closed_because.len == 0)
            frontend->closed_because = pool->closed_because;
    }
}

static const struct container *find_own(const struct build_input *input)
{
    for (size_t i = 0; i < input->count; i++) {
        if (is_own_container(input->options, input->containers[i]->id))
            return input->containers[i];
    }
    return NULL;
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
    };
    size_t position = 0;

    diagnostics_init(building.diagnostics);
    map_init(&building.pools);
    map_init(&building.frontend_keys);
    map_init(&building.frontend_names);
    out_output->verdicts = ARENA_ARRAY(building.arena, struct verdict, input->count + 1);
    for (size_t i = 0; i < input->count; i++) {
        struct candidate candidate = {.verdict = &out_output->verdicts[i]};
        filter_container(building.arena, input, copy_of(building.arena, input->containers[i]), building.diagnostics,
                         &candidate);
        if (candidate.verdict->state == CONTAINER_ROUTED)
            add_candidate(&building, &candidate, position++);
    }
    collect_backends(&building);
    close_frontends(&building);
    fragment_sort(fragment);
    fragment_set_defaults(fragment, input->sink->default_entrypoints, input->sink->known_entrypoints, building.diagnostics);
    map_fini(&building.pools);
    map_fini(&building.frontend_keys);
    map_fini(&building.frontend_names);
    out_output->fragment = fragment;
    out_output->diagnostics = building.diagnostics;
}
