/* SPDX-License-Identifier: MIT */
#include "build.h"
#include "address.h"
#include "filter.h"
#include "label_check.h"
#include "labels.h"
#include "naming.h"
#include "remember.h"
#include "waybill/model/diagnostic.h"
#include "waybill/model/model.h"

enum { ROUTES_SAID = 3 };

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
    struct inventory *inventory;
    struct map pools; /* backend name to struct pool */
    /* To struct inventory_frontend. By service and segment, of which only the first container makes a frontend (4.5). */
    struct map frontend_keys, frontend_names;
    size_t frontend_capacity;
    struct map said; /* of the container at hand */
};

/* Texts of labels lie in containers, which end before the fragment does. */
static struct container *copy_of(struct arena *arena, const struct container *container)
{
    struct container *copy = ARENA_NEW(arena, struct container);

    *copy = *container;
    copy->arena = (struct arena){0};
    copy->name = arena_copy(arena, container->name);
    copy->service = arena_copy(arena, container->service);
    copy->labels = ARENA_ARRAY(arena, struct docker_label, container->label_count + 1);
    for (size_t i = 0; i < container->label_count; i++)
        copy->labels[i] = (struct docker_label){arena_copy(arena, container->labels[i].name),
                                                arena_copy(arena, container->labels[i].value), i};
    return copy;
}

static struct label_reading reading_of(struct building *building, const struct candidate *candidate,
                                       const struct segment *segment)
{
    struct slice name = container_short_name(candidate->container);

    return (struct label_reading){
        .arena = building->arena,
        .segment = segment,
        .origin = slice_of(arena_format(building->arena, "container " SLICE_FMT, SLICE_ARG(name))),
        .diagnostics = building->diagnostics,
        .said = &building->said,
        .known_entrypoints = building->input->sink->known_entrypoints,
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
    backend->origin = reading.origin;
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

static void warn_about(struct label_reading *reading, const char *label, const char *what)
{
    const struct label *written = segment_label(reading->segment, slice_of(label));

    labels_say(reading, DIAGNOSTIC_WARNING, written ? written->written : SLICE(""), what);
}

/* The document shows what is written; a URL that cannot be one is skipped where routes are compiled. Here is where
 * the label is known, so here it is said. True: nothing is wrong with it. */
static bool check_server_label(struct label_reading *reading, struct inventory_item *item, const char *name,
                               const char *wrong)
{
    const struct label *label = segment_label(reading->segment, slice_of(name));

    if (!wrong || !label || label->value.len == 0)
        return true;
    warn_about(reading, name, arena_format(reading->arena, "%s; the server is skipped", wrong));
    if (item->why == WHY_ROUTED)
        filter_reject_label(item, label, wrong);
    return false;
}

static bool check_server_labels(struct label_reading *reading, struct inventory_item *item, int64_t weight)
{
    static const char *const protocols[] = {"http", "https", "h2c"};
    struct slice protocol = segment_value(reading->segment, SLICE("protocol"));
    uint64_t port;
    bool port_is_good = slice_to_u64(segment_value(reading->segment, SLICE("port")), 65535, &port) && port > 0;

    if (weight < 0)
        warn_about(reading, "weight", "a weight is at least 0; it counts as 1");
    port_is_good = check_server_label(reading, item, "port",
                                      port_is_good ? NULL : "this is no port: write a number from 1 to 65535");
    return check_server_label(reading, item, "protocol",
                              label_choice(reading->arena, protocol, protocols, WB_COUNT(protocols))) &&
           port_is_good;
}

/* What is in the way of this server. Of several the first one counts, and only when no other server is reached. */
static void note_obstacle(struct building *building, struct candidate *candidate, const struct server_address *address)
{
    struct inventory_item *item = candidate->item;
    const struct container *router = address_router(&building->around);

    if (item->why != WHY_ROUTED)
        return;
    inventory_decide(item, address->why, "%s", address->because);
    inventory_add_value(item, "networkMode", candidate->container->network_mode);
    inventory_add_value(item, "networks", slice_of(address_networks(building->arena, candidate->container)));
    if (router)
        inventory_add_value(item, "routerNetworks", slice_of(address_networks(building->arena, router)));
}

static void add_server(struct building *building, struct candidate *candidate, const struct segment *segment,
                       struct pool *pool)
{
    const struct container *container = candidate->container;
    struct label_reading reading = reading_of(building, candidate, segment);
    struct server_address address;
    int64_t weight = labels_integer(&reading, SLICE("weight"), 1);

    address_choose(building->arena, &building->around, container, segment, &address);
    if (address.warning)
        warn_about(&reading, "docker.network", address.warning);
    if (address.why != WHY_ROUTED) {
        warn_about(&reading, "", address.because);
        note_obstacle(building, candidate, &address);
    }
    if (address.url.len == 0)
        return;
    if (check_server_labels(&reading, candidate->item, weight) && address.why == WHY_ROUTED)
        candidate->reachable++;
    struct model_server server = {
        .name = naming_server(building->arena, container, address.url),
        .url = address.url,
        .weight = weight,
        .identity = address.identity,
    };
    add_to_pool(building, pool, server);
    inventory_add_server(candidate->item, &(struct inventory_server){pool->backend.name, server.name, server.url});
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

static void note_name_taken(struct building *building, struct candidate *candidate, const struct segment *segment,
                            struct slice name)
{
    struct inventory_item *item = candidate->item;

    diagnostics_add(building->diagnostics, DIAGNOSTIC_ERROR, reading_of(building, candidate, segment).origin,
                    "another container already has a frontend `" SLICE_FMT "`: this one is left out; rename the segment",
                    SLICE_ARG(name));
    if (item->why != WHY_ROUTED)
        return;
    inventory_decide(item, WHY_NAME_TAKEN, "another container already has a frontend `" SLICE_FMT "`: rename the segment",
                     SLICE_ARG(name));
    inventory_add_value(item, "frontend", name);
}

static void make_frontend(struct building *building, const struct candidate *candidate, const struct route_request *request,
                          const struct inventory_frontend *named)
{
    struct label_reading reading = reading_of(building, candidate, request->segment);
    struct model_frontend *frontend = next_frontend(building);

    frontend->name = named->name;
    frontend->backend = named->backend;
    frontend->routes = ARENA_NEW(building->arena, struct model_route);
    frontend->route_count = 1;
    frontend->routes[0].name = slice_of(arena_format(building->arena, "route-" SLICE_FMT, SLICE_ARG(named->name)));
    frontend->routes[0].rule = named->rule;
    labels_read_frontend(&reading, frontend);
    frontend->closed_because = reading.closed_because;
    frontend->origin = reading.origin;
    frontend->since = candidate->container->created_ns;
}

/* The first container of a service makes its frontends; the others are behind them. */
static void add_frontend(struct building *building, struct candidate *candidate, const struct route_request *request,
                         const struct pool *pool, size_t position)
{
    struct slice rule = labels_text(building->arena, request->segment, SLICE("frontend.rule"));
    struct slice key = candidate_key(building->arena, candidate, request->segment);
    struct inventory_frontend *named = map_get(&building->frontend_keys, key);

    if (!named) {
        named = ARENA_NEW(building->arena, struct inventory_frontend);
        named->name = naming_frontend(building->arena, request->segment, pool->backend.name, request->rule, position);
        named->rule = rule.len ? rule : request->rule;
        named->backend = pool->backend.name;
        if (map_get(&building->frontend_names, named->name)) {
            note_name_taken(building, candidate, request->segment, named->name);
            return;
        }
        map_put(&building->frontend_names, named->name, named);
        map_put(&building->frontend_keys, key, named);
        make_frontend(building, candidate, request, named);
    }
    inventory_add_frontend(candidate->item, named);
}

/* "`Host:a.t`, `Host:b.t` to http://172.17.0.2:80" */
static const char *describe_routes(struct arena *arena, const struct inventory_item *item)
{
    const char *text = "";

    for (size_t i = 0; i < item->frontend_count && i < ROUTES_SAID; i++)
        text = arena_format(arena, "%s%s`" SLICE_FMT "`", text, i ? ", " : "", SLICE_ARG(item->frontends[i].rule));
    text = arena_format(arena, "%s%s to", text, item->frontend_count > ROUTES_SAID ? "..." : "");
    for (size_t i = 0; i < item->server_count && i < ROUTES_SAID; i++)
        text = arena_format(arena, "%s%s " SLICE_FMT, text, i ? "," : "", SLICE_ARG(item->servers[i].url));
    return arena_format(arena, "%s%s", text, item->server_count > ROUTES_SAID ? "..." : "");
}

static void conclude(struct building *building, const struct candidate *candidate)
{
    struct inventory_item *item = candidate->item;

    if (item->frontend_count && (candidate->reachable || item->why == WHY_ROUTED))
        inventory_decide(item, WHY_ROUTED, "%s", describe_routes(building->arena, item));
}

static void add_candidate(struct building *building, struct candidate *candidate, size_t position)
{
    if (candidate->container->remark.len)
        diagnostics_add(building->diagnostics, DIAGNOSTIC_WARNING, reading_of(building, candidate, NULL).origin, SLICE_FMT,
                        SLICE_ARG(candidate->container->remark));
    for (size_t i = 0; i < candidate->request_count; i++) {
        const struct route_request *request = &candidate->requests[i];
        struct slice name = naming_backend(building->arena, candidate->container, request->segment);
        struct pool *pool = find_pool(building, candidate, request->segment, name);
        add_frontend(building, candidate, request, pool, position);
        add_server(building, candidate, request->segment, pool);
    }
    conclude(building, candidate);
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
    if (input->own)
        return input->own;
    for (size_t i = 0; i < input->count; i++) {
        if (is_own_container(input->options, input->containers[i]))
            return input->containers[i];
    }
    return NULL;
}

/* Everything of it but what becomes of it. */
static struct candidate candidate_of(struct building *building, struct inventory *inventory,
                                     const struct container *container)
{
    struct inventory_item *item = inventory_add(inventory, container->id, container_short_name(container));

    item->service = arena_copy(item->arena, naming_service(building->arena, container));
    return (struct candidate){.container = container, .item = item};
}

static bool is_absent(const struct build_input *input, const struct candidate *candidate)
{
    return input->remember && absence_of(candidate->item->why) != ABSENCE_NONE;
}

/* Labels that 1.7 does not have; also of containers that are not routed, which may be why they are not. */
static void report_names(struct building *building, const struct candidate *candidate)
{
    struct label_reading reading = reading_of(building, candidate, NULL);

    if (candidate->item->why == WHY_DISABLED)
        return;
    labels_report_version2(&reading, &candidate->segments);
    for (size_t i = 0; i < candidate->segments.count; i++) {
        reading.segment = &candidate->segments.items[i];
        labels_report_unknown(&reading);
    }
}

/* It could not be looked at again: what is known of it may be old. */
static void report_doubt(struct building *building, const struct candidate *candidate)
{
    struct label_reading reading = reading_of(building, candidate, NULL);
    const char *doubt = candidate->container->doubt;

    if (doubt)
        labels_say(&reading, DIAGNOSTIC_WARNING, SLICE(""),
                   arena_format(building->arena, "%s; what was known of it before holds", doubt));
}

/* One after the other: what was said is kept apart for each. */
static struct candidate add_container(struct building *building, const struct container *container, size_t *position)
{
    const struct container *copy = copy_of(building->arena, container);
    struct candidate candidate = candidate_of(building, building->inventory, container);

    map_init(&building->said);
    if (filter_container(building->arena, building->input, copy, building->diagnostics, &candidate))
        add_candidate(building, &candidate, (*position)++);
    report_names(building, &candidate);
    report_doubt(building, &candidate);
    map_fini(&building->said);
    return candidate;
}

/* Those that do not serve now have their frontends remembered, where no other container of the service serves. */
static void add_containers(struct building *building, struct remembering *remembering)
{
    const struct build_input *input = building->input;
    struct candidate *absent = ARENA_ARRAY(building->arena, struct candidate, input->count + 1);
    size_t position = 0, absent_count = 0;

    for (size_t i = 0; i < input->count; i++) {
        struct candidate candidate = add_container(building, input->containers[i], &position);
        if (is_absent(input, &candidate))
            absent[absent_count++] = candidate;
    }
    for (size_t i = 0; i < absent_count; i++)
        remember_candidate(remembering, &absent[i]);
}

/* Nobody asks what became of these: what is decided and said about them is dropped. */
static void add_gone(struct building *building, struct remembering *remembering)
{
    const struct build_input *input = building->input;
    struct inventory *unseen = inventory_create(SLICE("docker"), input->gone_count);
    struct diagnostics unsaid;

    diagnostics_init(&unsaid);
    for (size_t i = 0; i < input->gone_count; i++) {
        const struct container *copy = copy_of(building->arena, input->gone[i].container);
        struct candidate candidate = candidate_of(building, unseen, input->gone[i].container);
        filter_container(building->arena, input, copy, &unsaid, &candidate);
        input->gone[i].is_needed = is_absent(input, &candidate) && remember_candidate(remembering, &candidate);
    }
    diagnostics_fini(&unsaid);
    inventory_unref(&unseen);
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
    map_init(&building.pools);
    map_init(&building.frontend_keys);
    map_init(&building.frontend_names);
    struct remembering remembering = {.fragment = fragment, .keys = &building.frontend_keys};
    add_containers(&building, &remembering);
    add_gone(&building, &remembering);
    add_unreadable(&building);
    collect_backends(&building);
    close_frontends(&building);
    fragment_sort(fragment);
    fragment_set_defaults(fragment, input->sink->default_entrypoints, input->sink->known_entrypoints, building.diagnostics);
    inventory_add_problems(building.inventory, building.diagnostics);
    map_fini(&building.pools);
    map_fini(&building.frontend_keys);
    map_fini(&building.frontend_names);
    *out_output = (struct build_output){fragment, building.diagnostics, building.inventory};
}
