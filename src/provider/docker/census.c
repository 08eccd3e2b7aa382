/* SPDX-License-Identifier: MIT */
#include "census.h"
#include "waybill/base/clock.h"
#include "waybill/base/log.h"
#include "waybill/model/inventory.h"
#include <stdio.h>
#include <stdlib.h>

enum { INSPECT_BATCH = 16 }; /* answers held at a time */

void census_init(struct census *census, uint64_t remember_ms)
{
    *census = (struct census){.networks_are_stale = true,
                              .own_is_stale = true,
                              .strangers_are_stale = true,
                              .ghosts = {.remember_ms = remember_ms}};
    map_init(&census->known);
    map_init(&census->dirty);
    map_init(&census->asked);
    map_init(&census->failed);
    ages_init(&census->ages);
}

/* The connection they were asked on is gone, or is to go. */
static void forget_newcomers(struct census *census)
{
    struct map_entry *entry;

    for (size_t i = 0; (entry = map_next(&census->asked, &i));)
        free(entry->value);
    map_fini(&census->asked);
    map_init(&census->asked);
}

static void destroy_known(struct known *known)
{
    container_unref(&known->container);
    free(known->id_text);
    free(known);
}

void census_fini(struct census *census)
{
    for (size_t i = 0; i < census->count; i++)
        destroy_known(census->order[i]);
    ghosts_fini(&census->ghosts);
    ages_fini(&census->ages);
    free(census->order);
    map_fini(&census->known);
    map_fini(&census->dirty);
    forget_newcomers(census);
    map_fini(&census->asked);
    map_fini(&census->failed);
    network_list_fini(&census->networks);
    container_unref(&census->own);
    stranger_list_fini(&census->strangers);
}

static void remove_from_order(struct census *census, const struct known *known)
{
    for (size_t i = 0; i < census->count; i++) {
        if (census->order[i] == known) {
            memmove(&census->order[i], &census->order[i + 1], (census->count - i - 1) * sizeof(struct known *));
            census->count--;
            return;
        }
    }
}

static void forget(struct census *census, struct known *known)
{
    if (census->ghosts.remember_ms && known->container && known->has_frontends)
        ghosts_add(&census->ghosts, &known->container, clock_monotonic_ms());
    remove_from_order(census, known);
    map_remove(&census->known, known->id);
    destroy_known(known);
}

static void reserve_order(struct census *census, size_t count)
{
    if (count <= census->capacity)
        return;
    census->capacity = count * 2;
    census->order = wb_realloc(census->order, census->capacity * sizeof(struct known *));
}

static struct known *learn(struct census *census, struct slice id)
{
    struct known *known = wb_alloc(sizeof *known);

    known->id_text = slice_dup(id);
    known->id = slice_of(known->id_text);
    map_put(&census->known, id, known);
    return known;
}

/* The engine lists the newest container first. */
static void insert_in_order(struct census *census, struct known *known)
{
    uint64_t created = known->container ? known->container->created_ns : UINT64_MAX;
    size_t at = 0;

    while (at < census->count && census->order[at]->container && census->order[at]->container->created_ns >= created)
        at++;
    reserve_order(census, census->count + 1);
    memmove(&census->order[at + 1], &census->order[at], (census->count - at) * sizeof(struct known *));
    census->order[at] = known;
    census->count++;
}

/* Takes over what one inspect brought. */
static void settle(struct census *census, struct inspected *item)
{
    struct known *known = map_get(&census->known, item->id);
    bool is_new = known == NULL;

    if (item->is_gone || (item->container && !item->container->is_running)) {
        container_unref(&item->container);
        if (known)
            forget(census, known);
        return;
    }
    if (is_new)
        known = learn(census, item->id);
    snprintf(known->error, sizeof known->error, "%s", item->error);
    if (item->container) {
        if (known->container && !slice_eq(known->container->started_at, item->container->started_at))
            known->stays_ms = 0; /* the signal was for who ran before */
        item->container->is_stopping = known->stays_ms > 0;
        container_unref(&known->container);
        known->container = item->container;
        item->container = NULL;
    } else {
        wb_log_warn("docker: %s", item->error);
        map_put(&census->failed, item->id, census); /* what was known of it holds until it answers again */
        known->facts = 0;
    }
    if (is_new)
        insert_in_order(census, known);
}

/* `ids` are the caller's and outlive this. */
static enum engine_outcome look_at(struct census *census, struct engine *engine, const struct slice *ids, size_t count)
{
    struct inspected items[INSPECT_BATCH];

    for (size_t start = 0; start < count; start += INSPECT_BATCH) {
        size_t part = count - start < INSPECT_BATCH ? count - start : INSPECT_BATCH;
        for (size_t i = 0; i < part; i++)
            items[i] = (struct inspected){.id = ids[start + i]};
        enum engine_outcome outcome = engine_inspect(engine, items, part);
        for (size_t i = 0; i < part && outcome == ENGINE_OK; i++)
            settle(census, &items[i]);
        for (size_t i = 0; i < part; i++)
            container_unref(&items[i].container);
        if (outcome != ENGINE_OK)
            return outcome;
    }
    return ENGINE_OK;
}

enum engine_outcome census_refresh_networks(struct census *census, struct engine *engine,
                                            enum engine_outcome (*read)(struct engine *, struct network_list *))
{
    struct network_list fresh;

    if (!census->networks_are_stale)
        return ENGINE_OK;
    enum engine_outcome outcome = read(engine, &fresh);
    if (outcome != ENGINE_OK)
        return outcome;
    network_list_fini(&census->networks);
    census->networks = fresh;
    census->networks_are_stale = false;
    return ENGINE_OK;
}

enum engine_outcome census_look(struct census *census, struct engine *engine)
{
    struct slice *ids = wb_alloc((map_count(&census->dirty) + 1) * sizeof *ids);
    struct map_entry *entry;
    size_t count = 0;

    for (size_t i = 0; (entry = map_next(&census->dirty, &i));)
        ids[count++] = entry->key;
    for (size_t i = 0; i < count; i++) {
        struct known *known = map_get(&census->known, ids[i]);
        if (!engine_inspect_begin(engine, ids[i]))
            continue;
        if (!known && !map_get(&census->asked, ids[i]))
            map_put(&census->asked, ids[i], wb_alloc(sizeof(struct newcomer)));
        else if (known)
            known->facts = 0; /* the next list is no older than this look, but may differ from the last one */
        map_remove(&census->dirty, ids[i]);
    }
    free(ids);
    return census_refresh_networks(census, engine, engine_networks);
}

/* It is known now, or will not be; what was told of it before holds. */
static void end_asking(struct census *census, struct slice id)
{
    struct newcomer *newcomer = map_remove(&census->asked, id);
    struct known *known = map_get(&census->known, id);

    if (newcomer && known && newcomer->signal)
        census_mark_leaving(known, &(struct docker_event){.action = "kill", .signal = newcomer->signal},
                            newcomer->signalled_ms);
    free(newcomer);
}

bool census_settle(struct census *census, struct engine *engine)
{
    struct inspected item;
    bool any = false;

    while (engine_inspect_next(engine, &item)) {
        /* Something happened to it since it was asked for: the answer is old, and another look will come. */
        if (!map_get(&census->dirty, item.id)) {
            settle(census, &item);
            end_asking(census, item.id);
            any = true;
        }
        container_unref(&item.container);
    }
    return any;
}

void census_retry(struct census *census)
{
    struct map_entry *entry;

    for (size_t i = 0; (entry = map_next(&census->failed, &i));)
        map_put(&census->dirty, entry->key, census);
    map_fini(&census->failed);
    map_init(&census->failed);
}

static bool is_listed(const struct map *listed, const struct known *known)
{
    return map_get(listed, known->id) != NULL;
}

/* Puts the known ones in the order of the list and drops those that are not in it. */
static void follow_list(struct census *census, const struct container_list *list)
{
    struct map listed;
    struct known *known;
    size_t count = 0;

    map_init(&listed);
    for (size_t i = 0; i < list->count; i++)
        map_put(&listed, list->items[i].id, census);
    for (size_t i = census->count; i-- > 0;) {
        if (!is_listed(&listed, census->order[i]))
            forget(census, census->order[i]);
    }
    reserve_order(census, list->count + census->count);
    for (size_t i = 0; i < list->count; i++) {
        if ((known = map_get(&census->known, list->items[i].id)))
            census->order[count++] = known;
    }
    census->count = count;
    map_fini(&listed);
}

static void note_facts(struct census *census, const struct container_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct known *known = map_get(&census->known, list->items[i].id);
        if (known && !known->error[0])
            known->facts = list->items[i].facts;
    }
}

static enum engine_outcome look_at_all(struct census *census, struct engine *engine, const struct container_list *list)
{
    struct slice *ids = wb_alloc((list->count + 1) * sizeof *ids);

    for (size_t i = 0; i < list->count; i++) {
        ids[i] = list->items[i].id;
        map_remove(&census->dirty, ids[i]);
        map_remove(&census->failed, ids[i]);
    }
    enum engine_outcome outcome = look_at(census, engine, ids, list->count);
    free(ids);
    return outcome;
}

static void look_for_changes(struct census *census, const struct container_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct known *known = map_get(&census->known, list->items[i].id);
        if (!known || known->facts != list->items[i].facts)
            map_put(&census->dirty, list->items[i].id, census);
    }
}

enum engine_outcome census_resync(struct census *census, struct engine *engine, bool all)
{
    struct container_list list;
    enum engine_outcome outcome = engine_list(engine, &list);

    if (outcome != ENGINE_OK)
        return outcome;
    census->networks_are_stale = true;
    if (all)
        forget_newcomers(census);
    if (all)
        outcome = look_at_all(census, engine, &list);
    else
        look_for_changes(census, &list);
    if (outcome == ENGINE_OK)
        outcome = census_refresh_networks(census, engine, engine_networks);
    if (outcome == ENGINE_OK) {
        note_facts(census, &list);
        follow_list(census, &list);
    }
    container_list_fini(&list);
    return outcome;
}

/* What events said of a task holds: its death for ever, since another one takes its place, and the Swarm may still list it
 * as running. */
static void take_over(struct known *known, struct inspected *item)
{
    if (known->container && item->container) {
        item->container->is_running = known->container->is_running;
        item->container->is_paused = known->container->is_paused;
        item->container->is_stopping = known->stays_ms > 0;
    }
    container_unref(&known->container);
    known->container = item->container;
    item->container = NULL;
    snprintf(known->error, sizeof known->error, "%s", item->error);
}

void census_replace(struct census *census, struct inspected *items, size_t count)
{
    struct map fresh;
    struct known **order = wb_alloc((count + 1) * sizeof *order);
    size_t placed = 0;

    map_init(&fresh);
    for (size_t i = 0; i < count; i++) {
        struct known *known = map_get(&census->known, items[i].id);
        if (!known)
            known = learn(census, items[i].id);
        if (map_put(&fresh, items[i].id, known)) {
            container_unref(&items[i].container); /* an id twice: the first one counts */
            continue;
        }
        take_over(known, &items[i]);
        order[placed++] = known;
    }
    for (size_t i = census->count; i-- > 0;) {
        if (!map_get(&fresh, census->order[i]->id))
            forget(census, census->order[i]);
    }
    free(census->order);
    census->order = order;
    census->count = placed;
    census->capacity = count + 1;
    map_fini(&fresh);
}

/* -- what becomes of them -- */

/* The inventory's first ones are the containers that were given. */
static void note_frontends(struct census *census, const struct inventory *inventory)
{
    size_t at = 0;

    for (size_t i = 0; i < census->count; i++) {
        struct known *known = census->order[i];
        known->has_frontends = known->container && inventory->items[at++].frontend_count > 0;
    }
}

/* Others have to be found by their ids only for the sake of these. */
static bool uses_network_of_another(const struct container *container)
{
    return container && slice_starts(container->network_mode, SLICE("container:"));
}

void census_build(struct census *census, const struct docker_options *options, const struct provider_sink *sink,
                  struct build_output *out_output)
{
    struct container **containers = wb_alloc((census->count + 1) * sizeof *containers);
    struct unreadable *unreadable = wb_alloc((census->count + 1) * sizeof *unreadable);
    struct gone *gone = ghosts_list(&census->ghosts);
    struct build_input input = {.options = options,
                                .sink = sink,
                                .containers = containers,
                                .networks = &census->networks,
                                .unreadable = unreadable,
                                .remember = census->ghosts.remember_ms > 0,
                                .gone = gone,
                                .gone_count = census->ghosts.count,
                                .ages = &census->ages};
    bool by_id_is_needed = uses_network_of_another(census->own);
    struct map by_id;

    map_init(&by_id);
    for (size_t i = 0; i < census->count; i++) {
        const struct known *known = census->order[i];
        if (known->container) {
            known->container->doubt = known->error[0] ? known->error : NULL;
            containers[input.count++] = known->container;
            by_id_is_needed |= uses_network_of_another(known->container);
        } else {
            unreadable[input.unreadable_count++] = (struct unreadable){known->id, known->error};
        }
    }
    for (size_t i = 0; by_id_is_needed && i < input.count; i++)
        map_put(&by_id, containers[i]->id, containers[i]);
    input.by_id = &by_id;
    input.own = census->own;
    build_fragment(&input, out_output);
    ghosts_lay(&census->ghosts, gone);
    note_frontends(census, out_output->inventory);
    map_fini(&by_id);
    free(gone);
    free(unreadable);
    free(containers);
}
