/* SPDX-License-Identifier: MIT */
#include "filter.h"
#include "label_value.h"
#include "labels.h"
#include "naming.h"

bool is_own_container(const struct docker_options *options, struct slice id)
{
    return options->own_id.len >= 12 && slice_starts(id, options->own_id);
}

static bool decide(struct candidate *candidate, enum container_state state, const char *reason)
{
    candidate->verdict->state = state;
    candidate->verdict->reason = slice_of(reason);
    return state == CONTAINER_ROUTED;
}

static bool is_enabled(struct candidate *candidate, struct label_reading *reading, bool exposed_by_default)
{
    if (labels_bool(reading, SLICE("enable"), exposed_by_default))
        return true;
    return decide(candidate, CONTAINER_IGNORED,
                  segment_value(reading->segment, SLICE("enable")).len
                      ? "label traefik.enable says so"
                      : "exposedByDefault is off and it has no label traefik.enable=true");
}

/* A router that routes to itself by a rule nobody wrote would be a loop (D11). */
static bool has_rules(struct arena *arena, struct candidate *candidate, const struct docker_options *options)
{
    const struct container *container = candidate->container;
    bool own = is_own_container(options, container->id), is_explicit, skipped_self = false;

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
    return decide(candidate, CONTAINER_IGNORED,
                  skipped_self ? "it is the router itself: a label traefik.frontend.rule or traefik.port would route to it"
                               : "it has no label traefik.frontend.rule, and without a domain there is no rule by default");
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
    return decide(candidate, CONTAINER_IGNORED, "it exposes no port and no label traefik.port names one");
}

static bool meets_constraints(struct arena *arena, struct candidate *candidate, const struct docker_options *options)
{
    struct slices tags = slices_split(arena, container_label(candidate->container, SLICE("traefik.tags")), ',');

    for (size_t i = 0; i < options->constraints.count; i++) {
        struct slice constraint = options->constraints.items[i];
        bool understood;
        if (!constraint_holds(constraint, &tags, &understood))
            return decide(candidate, CONTAINER_IGNORED,
                          arena_format(arena, "its tags do not meet the constraint " SLICE_FMT "%s", SLICE_ARG(constraint),
                                       understood ? "" : " (write tag==glob or tag!=glob)"));
    }
    return true;
}

static bool is_healthy(struct arena *arena, struct candidate *candidate)
{
    struct slice health = candidate->container->health;

    if (health.len == 0 || slice_eq(health, SLICE("healthy")))
        return true;
    return decide(candidate, CONTAINER_WAITING, arena_format(arena, "its health is " SLICE_FMT, SLICE_ARG(health)));
}

static bool is_usable(struct arena *arena, struct candidate *candidate, struct diagnostics *diagnostics, struct slice origin)
{
    struct slice label;
    const char *because = NULL;

    if (candidate->segments.too_many)
        return decide(candidate, CONTAINER_REJECTED, "its labels make more segments than anybody needs");
    for (size_t i = 0; i < candidate->segments.count; i++) {
        if (labels_are_decodable(&candidate->segments.items[i], &label, &because))
            continue;
        char *place = arena_format(arena, SLICE_FMT ", label " SLICE_FMT, SLICE_ARG(origin), SLICE_ARG(label));
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, slice_of(place), "the container is left out: %s", because);
        return decide(candidate, CONTAINER_REJECTED,
                      arena_format(arena, "label " SLICE_FMT ": %s", SLICE_ARG(label), because));
    }
    return true;
}

void filter_container(struct arena *arena, const struct build_input *input, const struct container *container,
                      struct diagnostics *diagnostics, struct candidate *out_candidate)
{
    struct slice name = container_short_name(container);
    struct slice origin = slice_of(arena_format(arena, "container " SLICE_FMT, SLICE_ARG(name)));

    out_candidate->container = container;
    out_candidate->verdict->id = arena_copy(arena, container->id);
    out_candidate->verdict->name = arena_copy(arena, name);
    out_candidate->segments = segments_read(arena, container);
    struct label_reading reading = {arena, &out_candidate->segments.items[0], origin, diagnostics, SLICE("")};

    if (!container->is_running) {
        decide(out_candidate, CONTAINER_IGNORED, "it is not running");
        return;
    }
    if (is_enabled(out_candidate, &reading, input->options->exposed_by_default) &&
        is_usable(arena, out_candidate, diagnostics, origin) && has_rules(arena, out_candidate, input->options) &&
        has_port(out_candidate) && meets_constraints(arena, out_candidate, input->options) &&
        is_healthy(arena, out_candidate))
        decide(out_candidate, CONTAINER_ROUTED, "");
}
