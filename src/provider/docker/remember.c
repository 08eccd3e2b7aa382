/* SPDX-License-Identifier: MIT */
#include "remember.h"
#include "labels.h"
#include "naming.h"

enum model_absence absence_of(enum container_why why)
{
    if (why == WHY_STARTING || why == WHY_TASK_NOT_RUNNING)
        return ABSENCE_STARTING;
    if (why == WHY_UNHEALTHY)
        return ABSENCE_UNHEALTHY;
    return why == WHY_NOT_RUNNING || why == WHY_STOPPING || why == WHY_PAUSED || why == WHY_RESTARTING || why == WHY_NO_TASK
               ? ABSENCE_NOT_RUNNING
               : ABSENCE_NONE;
}

static struct model_frontend *next_remembered(struct remembering *remembering)
{
    struct fragment *fragment = remembering->fragment;

    if (fragment->remembered_count == remembering->capacity) {
        struct model_frontend *old = fragment->remembered;
        remembering->capacity = old ? remembering->capacity * 2 : 8;
        fragment->remembered = ARENA_ARRAY(&fragment->arena, struct model_frontend, remembering->capacity);
        if (old)
            memcpy(fragment->remembered, old, fragment->remembered_count * sizeof *old);
    }
    return &fragment->remembered[fragment->remembered_count++];
}

/* Its position among the others is lost, and its name is only shown. */
static struct inventory_frontend *name_frontend(struct arena *arena, const struct candidate *candidate,
                                                const struct route_request *request)
{
    struct inventory_frontend *named = ARENA_NEW(arena, struct inventory_frontend);
    struct slice rule = labels_text(arena, request->segment, SLICE("frontend.rule"));

    named->backend = naming_backend(arena, candidate->container, request->segment);
    named->name = naming_frontend(arena, request->segment, named->backend, request->rule, 0);
    named->rule = rule.len ? rule : request->rule;
    return named;
}

/* What is wrong with the labels was said while it was live, or will be when it is. */
static void read_labels(struct arena *arena, const struct candidate *candidate, const struct route_request *request,
                        struct model_frontend *frontend)
{
    struct slice name = container_short_name(candidate->container);
    struct diagnostics unsaid;
    struct label_reading reading = {.arena = arena, .segment = request->segment, .diagnostics = &unsaid};

    diagnostics_init(&unsaid);
    reading.origin = slice_of(arena_format(arena, "container " SLICE_FMT, SLICE_ARG(name)));
    labels_read_frontend(&reading, frontend);
    diagnostics_fini(&unsaid);
    frontend->origin = reading.origin;
    frontend->absent_because = slice_of(
        arena_format(arena, SLICE_FMT ": " SLICE_FMT, SLICE_ARG(reading.origin), SLICE_ARG(candidate->item->sentence)));
}

static void add_remembered(struct remembering *remembering, const struct candidate *candidate,
                           const struct route_request *request, const struct inventory_frontend *named)
{
    struct arena *arena = &remembering->fragment->arena;
    struct model_frontend *frontend = next_remembered(remembering);

    frontend->name = named->name;
    frontend->backend = named->backend;
    frontend->routes = ARENA_NEW(arena, struct model_route);
    frontend->route_count = 1;
    frontend->routes[0].name = slice_of(arena_format(arena, "route-" SLICE_FMT, SLICE_ARG(named->name)));
    frontend->routes[0].rule = named->rule;
    read_labels(arena, candidate, request, frontend);
    frontend->since = candidate->container->created_ns;
    frontend->absence = absence_of(candidate->item->why);
}

bool remember_candidate(struct remembering *remembering, const struct candidate *candidate)
{
    struct arena *arena = &remembering->fragment->arena;
    bool any = false;

    for (size_t i = 0; i < candidate->request_count; i++) {
        const struct route_request *request = &candidate->requests[i];
        struct slice key = candidate_key(arena, candidate, request->segment);
        struct inventory_frontend *named = map_get(remembering->keys, key);
        if (!named) {
            named = name_frontend(arena, candidate, request);
            map_put(remembering->keys, key, named);
            add_remembered(remembering, candidate, request, named);
            any = true;
        }
        inventory_add_frontend(candidate->item, named);
    }
    return any;
}
