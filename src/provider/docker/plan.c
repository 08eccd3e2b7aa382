/* SPDX-License-Identifier: MIT */
#include "plan.h"
#include "label_check.h"
#include "labels.h"
#include "naming.h"

/* While a container is read. */
struct planning {
    struct container *container;
    const struct build_input *input;
    struct plan *plan;
    struct map said; /* each thing once, though several segments inherit a label */
};

/* Who reads a segment's labels, and where what there is to say goes. */
static struct label_reading reading_of(struct planning *planning, const struct segment *segment, struct diagnostics *list)
{
    struct arena *arena = &planning->container->arena;

    return (struct label_reading){
        .arena = arena,
        .segment = segment,
        .origin = slice_of(arena_format(arena, "container " SLICE_FMT, SLICE_ARG(planning->plan->draft.name))),
        .diagnostics = list,
        .said = &planning->said,
        .known_entrypoints = planning->input->sink->known_entrypoints,
    };
}

/* The document shows what is written; a URL that cannot be one is skipped where routes are compiled. Here is where the
 * label is known, so here it is said. */
static void check_server_label(struct label_reading *reading, struct plan_route *route, const char *name, const char *wrong)
{
    const struct label *label = segment_label(reading->segment, slice_of(name));

    if (!wrong || !label || label->value.len == 0)
        return;
    labels_say(reading, DIAGNOSTIC_WARNING, label->written,
               arena_format(reading->arena, "%s; the server is skipped", wrong));
    if (route->bad_label)
        return;
    route->bad_label = label;
    route->bad_because = wrong;
}

/* The numerically lowest one that is exposed, unless a label says which. */
static struct slice choose_port(struct arena *arena, const struct container *container, const struct segment *segment)
{
    struct slice label = labels_text(arena, segment, SLICE("port"));

    if (label.len)
        return label;
    return container->port_count ? slice_of(arena_format(arena, "%u", container->ports[0].number)) : SLICE("");
}

static void read_server(struct label_reading *reading, const struct container *container, struct plan_route *route)
{
    static const char *const protocols[] = {"http", "https", "h2c"};
    struct slice protocol = segment_value(reading->segment, SLICE("protocol"));
    uint64_t port;
    bool port_is_good = slice_to_u64(segment_value(reading->segment, SLICE("port")), 65535, &port) && port > 0;

    route->port = choose_port(reading->arena, container, reading->segment);
    route->protocol = labels_text(reading->arena, reading->segment, SLICE("protocol"));
    if (route->protocol.len == 0)
        route->protocol = SLICE("http");
    route->weight = labels_integer(reading, SLICE("weight"), 1);
    if (route->weight < 0)
        labels_say(reading, DIAGNOSTIC_WARNING, segment_label(reading->segment, SLICE("weight"))->written,
                   "a weight is at least 0; it counts as 1");
    check_server_label(reading, route, "port", port_is_good ? NULL : "this is no port: write a number from 1 to 65535");
    check_server_label(reading, route, "protocol", label_choice(reading->arena, protocol, protocols, WB_COUNT(protocols)));
}

static void read_backend(struct label_reading *reading, struct plan_route *route)
{
    struct model_backend *backend = &route->backend;

    backend->origin = reading->origin;
    labels_read_backend(reading, backend);
    route->backend_closed_because = reading->closed_because;
    route->has_options = backend->circuit_breaker || backend->load_balancer || backend->max_conn || backend->health_check ||
                         backend->buffering || backend->response_forwarding;
    backend_sort(backend);
    backend_set_defaults(reading->arena, backend, reading->diagnostics);
}

static void read_frontend(struct label_reading *reading, struct plan_route *route, const struct container *container)
{
    struct model_frontend *frontend = &route->frontend;

    frontend->backend = route->backend.name;
    labels_read_frontend(reading, frontend);
    frontend->closed_because = reading->closed_because;
    frontend->origin = reading->origin;
    frontend->since = container->created_ns;
    frontend->claimant = container->id;
    frontend_sort(frontend);
}

/* A separator keeps service `/app` with segment `x` apart from service `/appx` (defects.md B19). */
static struct slice frontend_key(const struct planning *planning, const struct segment *segment)
{
    struct slice swarm_service = planning->container->service;
    struct slice service = swarm_service.len ? swarm_service : planning->plan->draft.service;

    return slice_of(
        arena_format(&planning->container->arena, SLICE_FMT "\n" SLICE_FMT, SLICE_ARG(service), SLICE_ARG(segment->name)));
}

static void read_route(struct planning *planning, const struct route_request *request, struct plan_route *route)
{
    struct container *container = planning->container;
    struct arena *arena = &container->arena;
    const struct segment *segment = request->segment;
    struct slice written = labels_text(arena, segment, SLICE("frontend.rule"));
    struct label_reading of_backend = reading_of(planning, segment, &route->backend_said);
    struct label_reading of_frontend = reading_of(planning, segment, &route->frontend_said);
    struct label_reading of_server = reading_of(planning, segment, &route->server_said);

    route->segment = segment;
    route->key = frontend_key(planning, segment);
    route->rule = written.len ? written : request->rule;
    route->backend.name = naming_backend(arena, container, segment);
    route->stem = naming_frontend_stem(arena, segment, route->backend.name, request->rule, &route->is_numbered);
    read_backend(&of_backend, route);
    read_frontend(&of_frontend, route, container);
    read_server(&of_server, container, route);
}

/* Labels that 1.7 does not have; also of containers that are not routed, which may be why they are not. */
static void report_names(struct planning *planning, const struct segments *segments)
{
    struct label_reading reading = reading_of(planning, NULL, &planning->plan->said);

    if (planning->plan->draft.why == WHY_DISABLED)
        return;
    labels_report_strays(&reading, segments);
    for (size_t i = 0; i < segments->count; i++) {
        reading.segment = &segments->items[i];
        labels_report_unknown(&reading);
    }
}

static struct plan *make_plan(const struct build_input *input, struct container *container)
{
    struct arena *arena = &container->arena;
    struct plan *plan = ARENA_NEW(arena, struct plan);
    struct planning planning = {.container = container, .input = input, .plan = plan};
    struct candidate candidate = {.item = &plan->draft};

    map_init(&planning.said);
    plan->draft.arena = arena;
    plan->draft.id = container->id;
    plan->draft.name = container_short_name(container);
    plan->draft.service = naming_service(arena, container);
    plan->is_wanted = filter_container(arena, input, container, &plan->said, &candidate);
    if (plan->is_wanted) {
        if (container->remark.len)
            diagnostics_add(&plan->said, DIAGNOSTIC_WARNING, reading_of(&planning, NULL, NULL).origin, SLICE_FMT,
                            SLICE_ARG(container->remark));
        plan->route_count = candidate.request_count;
        plan->routes = ARENA_ARRAY(arena, struct plan_route, candidate.request_count);
        for (size_t i = 0; i < candidate.request_count; i++)
            read_route(&planning, &candidate.requests[i], &plan->routes[i]);
    }
    report_names(&planning, &candidate.segments);
    map_fini(&planning.said);
    return plan;
}

struct plan *plan_of(const struct build_input *input, struct container *container)
{
    if (!container->plan)
        container->plan = make_plan(input, container);
    return container->plan;
}

struct slice plan_route_name(struct arena *arena, const struct plan_route *route, size_t position)
{
    static const struct slice prefix = {"route-", 6};
    char number[24];
    size_t digits = 0;

    for (size_t left = position; route->is_numbered && (left || digits == 0); left /= 10)
        number[digits++] = (char)('0' + left % 10);
    char *text = arena_bytes(arena, prefix.len + route->stem.len + digits), *end = text;
    memcpy(end, prefix.ptr, prefix.len);
    end += prefix.len;
    memcpy(end, route->stem.ptr, route->stem.len);
    end += route->stem.len;
    while (digits)
        *end++ = number[--digits];
    return slice_make(text, (size_t)(end - text));
}

void plan_fini(struct plan **plan)
{
    struct plan *gone = *plan;

    *plan = NULL;
    if (!gone)
        return;
    diagnostics_fini(&gone->said);
    for (size_t i = 0; i < gone->route_count; i++) {
        diagnostics_fini(&gone->routes[i].frontend_said);
        diagnostics_fini(&gone->routes[i].backend_said);
        diagnostics_fini(&gone->routes[i].server_said);
    }
}
