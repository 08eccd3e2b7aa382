/* SPDX-License-Identifier: MIT */
#include "census.h"
#include "waybill/base/text.h"
#include <stdlib.h>

static bool is_own(const struct docker_options *options, const struct docker_event *event)
{
    return options->own_id.len && slice_starts(slice_of(event->container), options->own_id);
}

/* What the event of a container says of the task in it. */
static enum census_change note_task(struct census *census, const struct docker_event *event, uint64_t now_ms)
{
    struct known *known = map_get(&census->known, slice_of(event->task));
    bool leaves = known && census_mark_leaving(known, event, now_ms);

    if (known && known->container && strcmp(event->action, "unpause") == 0)
        known->container->is_paused = false;
    return leaves ? CENSUS_LEAVING : CENSUS_LOOK;
}

/* Tasks come and go without events of their own; those of their containers come from this node's engine only. */
enum census_change census_note_swarm(struct census *census, const struct docker_options *options,
                                     const struct docker_event *event, uint64_t now_ms)
{
    enum census_change change = CENSUS_SAME;

    if (is_own(options, event))
        census->own_is_stale = true;
    if (event->about_network && event->container[0]) {
        change = is_own(options, event) ? CENSUS_LOOK : CENSUS_SAME; /* connected or disconnected: the network is the same */
    } else if (event->about_network) {
        census->networks_are_stale = true;
        change = CENSUS_LOOK;
    } else if (event->about_swarm) {
        change = CENSUS_LOOK;
    } else if (event->task[0]) {
        change = note_task(census, event, now_ms);
    } else {
        census->strangers_are_stale = true; /* nothing of them is routed: that has time until the next look */
    }
    if (change != CENSUS_SAME)
        map_put(&census->dirty, SLICE("swarm"), census);
    return change;
}

static enum engine_outcome refresh_own(struct census *census, const struct docker_options *options, struct engine *engine)
{
    struct container *own = NULL;

    if (!census->own_is_stale || options->own_id.len == 0)
        return ENGINE_OK;
    enum engine_outcome outcome = engine_container(engine, options->own_id, &own);
    if (outcome != ENGINE_OK)
        return outcome;
    container_unref(&census->own);
    census->own = own;
    census->own_is_stale = false;
    return ENGINE_OK;
}

static enum engine_outcome refresh_strangers(struct census *census, struct engine *engine)
{
    struct stranger_list fresh;

    if (!census->strangers_are_stale)
        return ENGINE_OK;
    enum engine_outcome outcome = engine_strangers(engine, &fresh);
    if (outcome != ENGINE_OK)
        return outcome;
    stranger_list_fini(&census->strangers);
    census->strangers = fresh;
    census->strangers_are_stale = false;
    return ENGINE_OK;
}

static enum engine_outcome read_tasks(struct engine *engine, const struct docker_options *options,
                                      const struct service_list *services, struct task_list *out_tasks)
{
    struct slice *ids = wb_alloc((services->count + 1) * sizeof *ids);
    size_t count = 0;

    for (size_t i = 0; i < services->count; i++) {
        if (swarm_wants_tasks(&services->items[i], options))
            ids[count++] = services->items[i].id;
    }
    enum engine_outcome outcome = engine_tasks(engine, ids, count, out_tasks);
    free(ids);
    return outcome;
}

/* What moves is watched closely; see pace.h. */
static void note_motion(struct census *census, const struct service_list *services, const struct task_list *tasks,
                        bool *out_changed)
{
    struct text facts = TEXT_EMPTY;

    census->is_in_motion = false;
    for (size_t i = 0; i < services->count; i++) {
        text_addf(&facts, SLICE_FMT "\n", SLICE_ARG(services->items[i].id));
        census->is_in_motion |= services->items[i].is_updating;
    }
    for (size_t i = 0; i < tasks->count; i++) {
        const struct swarm_task *task = tasks->items[i];
        text_addf(&facts, SLICE_FMT " " SLICE_FMT "\n", SLICE_ARG(task->id), SLICE_ARG(task->state));
        census->is_in_motion |= !slice_eq(task->state, SLICE("running"));
    }
    uint64_t hash = hash_bytes(text_slice(&facts));
    *out_changed = hash != census->swarm_facts;
    census->swarm_facts = hash;
    text_fini(&facts);
}

enum engine_outcome census_read_swarm(struct census *census, const struct docker_options *options, struct engine *engine,
                                      bool *out_changed)
{
    struct service_list services;
    struct task_list tasks;
    size_t count;
    enum engine_outcome outcome = engine_services(engine, &services);

    *out_changed = false;
    if (outcome != ENGINE_OK)
        return outcome;
    map_fini(&census->dirty); /* what is noted from here on is looked at again */
    map_init(&census->dirty);
    outcome = read_tasks(engine, options, &services, &tasks);
    if (outcome == ENGINE_OK)
        outcome = census_refresh_networks(census, engine, engine_swarm_networks);
    if (outcome == ENGINE_OK)
        outcome = refresh_own(census, options, engine);
    if (outcome == ENGINE_OK)
        outcome = refresh_strangers(census, engine);
    if (outcome == ENGINE_OK) {
        note_motion(census, &services, &tasks, out_changed);
        struct swarm_scene scene = {options, &services, &tasks, &census->networks, &census->strangers, census->own};
        struct inspected *items = swarm_muster(&scene, &count);
        census_replace(census, items, count);
        free(items);
    }
    task_list_fini(&tasks);
    service_list_fini(&services);
    return outcome;
}
