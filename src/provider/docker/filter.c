/* SPDX-License-Identifier: MIT */
#include "filter.h"
#include "label_value.h"
#include "labels.h"
#include "naming.h"

bool is_own_container(const struct docker_options *options, const struct container *container)
{
    return container->is_router || (options->own_id.len >= 12 && slice_starts(container->id, options->own_id));
}

static bool is_enabled(struct candidate *candidate, struct label_reading *reading, bool exposed_by_default)
{
    struct inventory_item *item = candidate->item;
    struct slice written = segment_value(reading->segment, SLICE("enable"));
    bool truth;

    if (labels_bool(reading, SLICE("enable"), exposed_by_default))
        return true;
    if (slice_to_bool(written, &truth)) {
        inventory_decide(item, WHY_DISABLED, "label traefik.enable is " SLICE_FMT, SLICE_ARG(written));
    } else {
        inventory_decide(item, WHY_NOT_ENABLED,
                         "exposedByDefault is off and it has no label traefik.enable=true: add that label to route to it");
        inventory_add_value(item, "exposedByDefault", SLICE("false"));
    }
    inventory_add_value(item, "traefik.enable", written);
    return false;
}

/* A router that routes to itself by a rule nobody wrote would be a loop (D11). */
static bool has_rules(struct arena *arena, struct candidate *candidate, const struct docker_options *options)
{
    const struct container *container = candidate->container;
    bool own = is_own_container(options, container), is_explicit, skipped_self = false;

    candidate->requests = ARENA_ARRAY(arena, struct route_request, candidate->segments.count);
    for (size_t i = 0; i < candidate->segments.count; i++) {
        const struct segment *segment = &candidate->segments.items[i];
        struct slice rule = naming_rule(arena, container, segment, options->domain, &is_explicit);
        if (own && !is_explicit && segment_value(segment, SLICE("port")).len == 0)
            skipped_self = true;
        else if (rule.len)
            candidate->requests[candidate->request_count++] = (struct route_request){segment, rule};
    }
    if (candidate->request_count)
        return true;
    if (skipped_self)
        inventory_decide(candidate->item, WHY_IS_ROUTER,
                         "it is the router itself: a label traefik.frontend.rule or traefik.port would route to it");
    else
        inventory_decide(candidate->item, WHY_NO_RULE,
                         "it has no label traefik.frontend.rule, and without a domain there is no rule by default");
    inventory_add_value(candidate->item, "traefik.frontend.rule", SLICE(""));
    inventory_add_value(candidate->item, "domain", options->domain);
    return false;
}

static bool has_port(struct candidate *candidate)
{
    int64_t number;

    if (candidate->container->port_count)
        return true;
    for (size_t i = 0; i < candidate->request_count; i++) {
        if (label_integer(segment_value(candidate->requests[i].segment, SLICE("port")), &number))
            return true;
    }
    inventory_decide(candidate->item, WHY_NO_PORT, "it exposes no port and no label traefik.port names one");
    inventory_add_value(candidate->item, "ports", SLICE(""));
    inventory_add_value(candidate->item, "traefik.port", segment_value(candidate->requests[0].segment, SLICE("port")));
    return false;
}

static bool meets_constraints(struct arena *arena, struct candidate *candidate, const struct docker_options *options)
{
    struct slice written = container_label(candidate->container, SLICE("traefik.tags"));
    struct slices tags = slices_split(arena, written, ',');

    for (size_t i = 0; i < options->constraints.count; i++) {
        struct slice constraint = options->constraints.items[i];
        bool understood;
        if (constraint_holds(constraint, &tags, &understood))
            continue;
        inventory_decide(candidate->item, WHY_CONSTRAINT, "its tags do not meet the constraint " SLICE_FMT "%s",
                         SLICE_ARG(constraint), understood ? "" : " (write tag==glob or tag!=glob)");
        inventory_add_value(candidate->item, "constraint", constraint);
        inventory_add_value(candidate->item, "traefik.tags", written);
        return false;
    }
    return true;
}

/* Whether it runs, and will go on to. */
static bool is_up(const struct container *container, struct inventory_item *item)
{
    const char *state;

    if (!container->is_running) {
        state = "not running";
        inventory_decide(item, WHY_NOT_RUNNING, "it is not running");
    } else if (container->is_stopping) {
        state = "stopping";
        inventory_decide(item, WHY_STOPPING, "it got a signal that ends it");
    } else if (container->is_paused) {
        state = "paused";
        inventory_decide(item, WHY_PAUSED, "it is paused");
    } else if (container->is_restarting) {
        state = "restarting";
        inventory_decide(item, WHY_RESTARTING, "it is restarting");
    } else {
        return true;
    }
    inventory_add_value(item, "state", slice_of(state));
    return false;
}

/* A task is seen before it runs and while it ends. */
static bool is_serving(const struct container *container, struct inventory_item *item)
{
    if (container->not_serving.len == 0)
        return true;
    inventory_decide(item, container->not_serving_why, SLICE_FMT, SLICE_ARG(container->not_serving));
    inventory_add_value(item, "service", container->service);
    return false;
}

static bool is_healthy(const struct container *container, struct inventory_item *item)
{
    struct slice health = container->health;

    if (health.len == 0 || slice_eq(health, SLICE("healthy")))
        return true;
    inventory_decide(item, slice_eq(health, SLICE("starting")) ? WHY_STARTING : WHY_UNHEALTHY, "its health is " SLICE_FMT,
                     SLICE_ARG(health));
    inventory_add_value(item, "health", health);
    return false;
}

bool filter_presence(const struct container *container, struct inventory_item *item)
{
    return is_up(container, item) && is_serving(container, item) && is_healthy(container, item);
}

static bool is_usable(struct arena *arena, struct candidate *candidate, struct diagnostics *diagnostics, struct slice origin)
{
    const struct label *label = NULL;
    const char *because = NULL;

    if (candidate->segments.too_many) {
        inventory_decide(candidate->item, WHY_TOO_MANY_SEGMENTS, "its labels make more segments than anybody needs");
        return false;
    }
    for (size_t i = 0; i < candidate->segments.count; i++) {
        if (labels_are_decodable(&candidate->segments.items[i], &label, &because))
            continue;
        char *place = arena_format(arena, SLICE_FMT ", label " SLICE_FMT, SLICE_ARG(origin), SLICE_ARG(label->written));
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, slice_of(place), "the container is left out: %s", because);
        filter_reject_label(candidate->item, label, because);
        return false;
    }
    return true;
}

void filter_reject_label(struct inventory_item *item, const struct label *label, const char *because)
{
    struct slice value = labels_shown(label);

    inventory_decide(item, WHY_LABEL, "label " SLICE_FMT ": `" SLICE_FMT "`: %s", SLICE_ARG(label->written),
                     SLICE_ARG(value), because);
    inventory_add_value(item, "label", label->written);
    inventory_add_value(item, "value", value);
}

/* It would be routed if it had labels, and those that its owner wrote are the service's: containers do not get them. */
static void explain_swarm_task(struct candidate *candidate)
{
    struct slice service = container_label(candidate->container, SLICE("com.docker.swarm.service.id"));
    enum container_why why = candidate->item->why;

    if (service.len == 0 || candidate->segments.items[0].label_count ||
        (why != WHY_NOT_ENABLED && why != WHY_NO_RULE && why != WHY_NO_PORT))
        return;
    inventory_decide(candidate->item, WHY_SWARM_TASK,
                     "it is a task of a Swarm service and has no labels of its own: those of the service are read with "
                     "--docker.swarmMode");
    inventory_add_value(candidate->item, "com.docker.swarm.service.id", service);
}

bool filter_container(struct arena *arena, const struct build_input *input, const struct container *container,
                      struct diagnostics *diagnostics, struct candidate *out_candidate)
{
    struct slice name = container_short_name(container);
    struct slice origin = slice_of(arena_format(arena, "container " SLICE_FMT, SLICE_ARG(name)));

    out_candidate->container = container;
    out_candidate->segments = segments_read(arena, container, input->options->strict_segments);
    struct label_reading reading = {
        .arena = arena, .segment = &out_candidate->segments.items[0], .origin = origin, .diagnostics = diagnostics};

    if (container->not_serving_why == WHY_NOT_SWARM)
        return is_serving(container, out_candidate->item);
    bool is_wanted = is_enabled(out_candidate, &reading, input->options->exposed_by_default) &&
                     is_usable(arena, out_candidate, diagnostics, origin) &&
                     has_rules(arena, out_candidate, input->options) && has_port(out_candidate) &&
                     meets_constraints(arena, out_candidate, input->options);
    if (!is_wanted)
        explain_swarm_task(out_candidate);
    return is_wanted;
}
