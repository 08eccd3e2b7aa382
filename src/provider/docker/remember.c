/* SPDX-License-Identifier: MIT */
#include "remember.h"

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

/* Its position among the others is lost, and its name is only shown. What is wrong with the labels was said while it was
 * live, or will be when it is. */
static void add_remembered(struct remembering *remembering, const struct plan_route *route, struct slice route_name,
                           const struct inventory_item *item)
{
    struct arena *arena = &remembering->fragment->arena;
    struct model_frontend *frontend = next_remembered(remembering);

    *frontend = route->frontend;
    frontend->name = slice_from(route_name, sizeof "route-" - 1);
    frontend->routes = ARENA_NEW(arena, struct model_route);
    frontend->route_count = 1;
    frontend->routes[0] = (struct model_route){.name = route_name, .rule = route->rule};
    frontend->closed_because = SLICE("");
    frontend->absence = absence_of(item->why);
    frontend->absent_because = slice_of(
        arena_format(arena, SLICE_FMT ": " SLICE_FMT, SLICE_ARG(frontend->origin), SLICE_ARG(item->sentence)));
}

bool remember_plan(struct remembering *remembering, const struct plan *plan, struct inventory_item *item)
{
    struct arena *arena = &remembering->fragment->arena;
    bool any = false;

    for (size_t i = 0; i < plan->route_count; i++) {
        const struct plan_route *route = &plan->routes[i];
        struct inventory_frontend *named = map_get(remembering->keys, route->key);
        if (!named) {
            struct slice route_name = plan_route_name(arena, route, 0);
            named = ARENA_NEW(arena, struct inventory_frontend);
            *named = (struct inventory_frontend){slice_from(route_name, sizeof "route-" - 1), route->rule,
                                                 route->backend.name};
            map_put(remembering->keys, route->key, named);
            add_remembered(remembering, route, route_name, item);
            if (remembering->ages)
                ages_keep(remembering->ages, route->key, route->rule);
            any = true;
        }
        inventory_add_frontend(item, named);
    }
    return any;
}
