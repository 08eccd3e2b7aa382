/* SPDX-License-Identifier: MIT */
#include "census.h"
#include "stop_signal.h"
#include "waybill/base/log.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    INSPECT_BATCH = 64,    /* answers held at a time */
    STOP_MARGIN_MS = 2000, /* beyond the stop timeout (decisions.md 17) */
};

void census_init(struct census *census)
{
    *census = (struct census){.networks_are_stale = true};
    map_init(&census->known);
    map_init(&census->dirty);
    map_init(&census->failed);
}

static void destroy_known(struct known *known)
{
    container_destroy(&known->container);
    free(known->id_text);
    free(known);
}

void census_fini(struct census *census)
{
    for (size_t i = 0; i < census->count; i++)
        destroy_known(census->order[i]);
    free(census->order);
    map_fini(&census->known);
    map_fini(&census->dirty);
    map_fini(&census->failed);
    network_list_fini(&census->networks);
}

static bool is_one_of(const char *action, const char *const *actions)
{
    while (*actions && strcmp(action, *actions) != 0)
        actions++;
    return *actions != NULL;
}

/* After these it may run, whatever it did before. */
static bool may_have_come(const char *action)
{
    static const char *const actions[] = {"start", "restart", "unpause", NULL};

    return is_one_of(action, actions) || strncmp(action, "health_status", 13) == 0;
}

/* Of interest only when it is known: while it is made or started, the engine would hold an inspect back. */
static bool may_have_changed(const char *action)
{
    static const char *const actions[] = {"die",     "stop",    "pause",      "rename", "update",
                                          "destroy", "connect", "disconnect", NULL};

    return is_one_of(action, actions);
}

/* The list of networks is only read for what compose calls them. */
static bool changes_networks(const struct docker_event *event)
{
    static const char *const actions[] = {"create", "destroy", "remove", "update", NULL};

    return event->about_network && is_one_of(event->action, actions);
}

/* A signal that ends it, its death, a pause. Until an inspect were answered, requests would be lost. */
static bool mark_leaving(struct known *known, const struct docker_event *event, uint64_t now_ms)
{
    struct container *container = known->container;

    if (!container || event->about_network)
        return false;
    if (strcmp(event->action, "kill") == 0 && signal_ends(event->signal, container->stop_signal)) {
        known->stays_ms = now_ms + container->stop_timeout_s * UINT64_C(1000) + STOP_MARGIN_MS;
        container->is_stopping = true;
    } else if (strcmp(event->action, "die") == 0) {
        container->is_running = false;
    } else if (strcmp(event->action, "pause") == 0) {
        container->is_paused = true;
    } else {
        return false;
    }
    return true;
}

static void make_dirty(struct census *census, struct slice id)
{
    map_put(&census->dirty, id, census);
}

enum census_change census_note(struct census *census, const struct docker_event *event, uint64_t now_ms)
{
    struct slice id = slice_of(event->container);
    struct known *known = id.len ? map_get(&census->known, id) : NULL;

    census->networks_are_stale |= changes_networks(event);
    if (id.len == 0)
        return CENSUS_SAME;
    bool leaves = known && mark_leaving(known, event, now_ms);
    bool look = may_have_come(event->action) || (known && may_have_changed(event->action));
    if (look)
        make_dirty(census, id);
    return leaves ? CENSUS_LEAVING : look ? CENSUS_LOOK : CENSUS_SAME;
}

uint64_t census_due_ms(const struct census *census)
{
    uint64_t due = UINT64_MAX;

    for (size_t i = 0; i < census->count; i++) {
        uint64_t stays_ms = census->order[i]->stays_ms;
        if (stays_ms && stays_ms < due)
            due = stays_ms;
    }
    return due;
}

/* Who outlived its signal is looked at, and is asked again if it runs. */
void census_expire(struct census *census, uint64_t now_ms)
{
    for (size_t i = 0; i < census->count; i++) {
        struct known *known = census->order[i];
        if (!known->stays_ms || known->stays_ms > now_ms)
            continue;
        known->stays_ms = 0;
        make_dirty(census, known->id);
    }
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
        container_destroy(&item->container);
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
        container_destroy(&known->container);
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
            container_destroy(&items[i].container);
        if (outcome != ENGINE_OK)
            return outcome;
    }
    return ENGINE_OK;
}

static enum engine_outcome refresh_networks(struct census *census, struct engine *engine)
{
    struct network_list fresh;

    if (!census->networks_are_stale)
        return ENGINE_OK;
    enum engine_outcome outcome = engine_networks(engine, &fresh);
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
        if (known)
            known->facts = 0; /* the next list is no older than this look, but may differ from the last one */
        map_remove(&census->dirty, ids[i]);
    }
    free(ids);
    return refresh_networks(census, engine);
}

bool census_settle(struct census *census, struct engine *engine)
{
    struct inspected item;
    bool any = false;

    while (engine_inspect_next(engine, &item)) {
        /* Something happened to it since it was asked for: the answer is old, and another look will come. */
        if (!map_get(&census->dirty, item.id)) {
            settle(census, &item);
            any = true;
        }
        container_destroy(&item.container);
    }
    return any;
}

void census_retry(struct census *census)
{
    struct map_entry *entry;

    for (size_t i = 0; (entry = map_next(&census->failed, &i));)
        make_dirty(census, entry->key);
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
            make_dirty(census, list->items[i].id);
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
        outcome = look_at_all(census, engine, &list);
    else
        look_for_changes(census, &list);
    if (outcome == ENGINE_OK)
        outcome = refresh_networks(census, engine);
    if (outcome == ENGINE_OK) {
        note_facts(census, &list);
        follow_list(census, &list);
    }
    container_list_fini(&list);
    return outcome;
}

/* -- what becomes of them -- */

void census_build(struct census *census, const struct docker_options *options, const struct provider_sink *sink,
                  struct build_output *out_output)
{
    struct container **containers = wb_alloc((census->count + 1) * sizeof *containers);
    struct unreadable *unreadable = wb_alloc((census->count + 1) * sizeof *unreadable);
    struct build_input input = {
        .options = options, .sink = sink, .containers = containers, .networks = &census->networks, .unreadable = unreadable};
    struct map by_id;

    map_init(&by_id);
    for (size_t i = 0; i < census->count; i++) {
        const struct known *known = census->order[i];
        if (known->container) {
            containers[input.count++] = known->container;
            map_put(&by_id, known->id, known->container);
        } else {
            unreadable[input.unreadable_count++] = (struct unreadable){known->id, known->error};
        }
    }
    input.by_id = &by_id;
    build_fragment(&input, out_output);
    map_fini(&by_id);
    free(unreadable);
    free(containers);
}
