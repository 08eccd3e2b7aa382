/* SPDX-License-Identifier: MIT */
#include "waybill/model/inventory.h"
#include "waybill/base/map.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    enum container_state state;
    const char *meaning;
} codes[WHY_COUNT] = {
#define CODE_ROW(code, state, meaning) {#code, CONTAINER_##state, meaning},
    CONTAINER_CODES(CODE_ROW)
#undef CODE_ROW
};

const char *container_why_name(enum container_why why)
{
    return codes[why].name;
}

enum container_state container_why_state(enum container_why why)
{
    return codes[why].state;
}

const char *container_why_meaning(enum container_why why)
{
    return codes[why].meaning;
}

const char *container_state_name(enum container_state state)
{
    static const char *const names[] = {"routed", "ignored", "waiting", "rejected"};

    return names[state];
}

/* -- life -- */

struct inventory *inventory_create(struct slice provider, size_t capacity)
{
    struct inventory *inventory = wb_alloc(sizeof *inventory);

    arena_init(&inventory->arena, 0);
    atomic_init(&inventory->refs, 1);
    inventory->provider = arena_copy(&inventory->arena, provider);
    inventory->items = ARENA_ARRAY(&inventory->arena, struct inventory_item, capacity + 1);
    inventory->capacity = capacity;
    return inventory;
}

/* How many of a list have room when it holds `count`. */
static size_t room_for(size_t count)
{
    size_t room = 1;

    while (room < count)
        room *= 2;
    return room;
}

struct inventory *inventory_revise(struct inventory *inventory)
{
    struct inventory *copy = inventory_create(inventory->provider, inventory->count);

    copy->base = inventory_ref(inventory);
    copy->count = inventory->count;
    for (size_t i = 0; i < copy->count; i++) {
        struct inventory_item *item = &copy->items[i];
        const struct inventory_problem *problems = inventory->items[i].problems;
        *item = inventory->items[i];
        item->arena = &copy->arena;
        if (item->problem_count == 0)
            continue;
        /* The one list that a revision appends to. */
        item->problems = ARENA_ARRAY(&copy->arena, struct inventory_problem, room_for(item->problem_count));
        memcpy(item->problems, problems, item->problem_count * sizeof *problems);
    }
    return copy;
}

struct inventory *inventory_ref(struct inventory *inventory)
{
    /* Relaxed: who takes a reference already has one, so it cannot end meanwhile. */
    unsigned before = atomic_fetch_add_explicit(&inventory->refs, 1, memory_order_relaxed);

    WB_REQUIRE(before > 0);
    return inventory;
}

void inventory_unref(struct inventory **inventory)
{
    struct inventory *old = *inventory;

    *inventory = NULL;
    if (!old)
        return;
    /* Release and acquire: what others read of it happened before it is freed here. */
    unsigned before = atomic_fetch_sub_explicit(&old->refs, 1, memory_order_acq_rel);
    WB_REQUIRE(before > 0);
    if (before > 1)
        return;
    inventory_unref(&old->base);
    keep_fini(&old->keep);
    arena_fini(&old->arena);
    free(old);
}

/* -- building -- */

struct inventory_item *inventory_add(struct inventory *inventory, struct slice id, struct slice name)
{
    WB_REQUIRE(inventory->count < inventory->capacity);
    struct inventory_item *item = &inventory->items[inventory->count++];
    item->arena = &inventory->arena;
    item->id = arena_copy(item->arena, id);
    item->name = arena_copy(item->arena, name);
    return item;
}

struct inventory_item *inventory_add_draft(struct inventory *inventory, const struct inventory_item *draft)
{
    WB_REQUIRE(inventory->count < inventory->capacity);
    struct inventory_item *item = &inventory->items[inventory->count++];
    *item = *draft;
    item->arena = &inventory->arena;
    return item;
}

void inventory_decide(struct inventory_item *item, enum container_why why, const char *form, ...)
{
    va_list arguments, again;

    va_start(arguments, form);
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, form, again);
    va_end(again);
    WB_REQUIRE(len > 0);
    char *text = arena_bytes(item->arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, form, arguments);
    va_end(arguments);
    inventory_settle(item, why, slice_make(text, (size_t)len));
}

void inventory_settle(struct inventory_item *item, enum container_why why, struct slice sentence)
{
    WB_REQUIRE(sentence.len > 0);
    item->why = why;
    item->sentence = sentence;
    item->values = NULL;
    item->value_count = 0;
}

/* Room for one more at the end of a list of `count`; the list, maybe elsewhere. */
static void *make_room(struct arena *arena, void *items, size_t count, size_t size)
{
    if (count & (count - 1)) /* the room is a power of two: it is used up when the count is one */
        return items;
    void *larger = arena_alloc(arena, size * room_for(count + 1));
    if (count)
        memcpy(larger, items, size * count);
    return larger;
}

void inventory_add_value(struct inventory_item *item, const char *name, struct slice value)
{
    item->values = make_room(item->arena, item->values, item->value_count, sizeof *item->values);
    item->values[item->value_count++] = (struct inventory_value){arena_copy(item->arena, slice_of(name)),
                                                                 arena_copy(item->arena, value)};
}

void inventory_add_frontend(struct inventory_item *item, const struct inventory_frontend *frontend)
{
    item->frontends = make_room(item->arena, item->frontends, item->frontend_count, sizeof *item->frontends);
    item->frontends[item->frontend_count++] = (struct inventory_frontend){
        .name = arena_copy(item->arena, frontend->name),
        .rule = arena_copy(item->arena, frontend->rule),
        .backend = arena_copy(item->arena, frontend->backend),
    };
}

void inventory_add_server(struct inventory_item *item, const struct inventory_server *server)
{
    item->servers = make_room(item->arena, item->servers, item->server_count, sizeof *item->servers);
    item->servers[item->server_count++] = (struct inventory_server){
        .backend = arena_copy(item->arena, server->backend),
        .name = arena_copy(item->arena, server->name),
        .url = arena_copy(item->arena, server->url),
    };
}

/* "container web, label traefik.port" to "web" and "traefik.port". */
static bool split_place(struct slice place, struct slice *out_name, struct slice *out_label)
{
    static const struct slice before_name = {"container ", 10}, before_label = {", label ", 8};

    if (!slice_starts(place, before_name))
        return false;
    place = slice_from(place, before_name.len);
    size_t comma = slice_find(place, ',');
    *out_name = slice_head(place, comma);
    *out_label = slice_from(place, comma);
    *out_label = slice_from(*out_label, slice_starts(*out_label, before_label) ? before_label.len : out_label->len);
    return true;
}

static void add_problem(struct inventory_item *item, const struct diagnostic *said, struct slice label)
{
    item->problems = make_room(item->arena, item->problems, item->problem_count, sizeof *item->problems);
    item->problems[item->problem_count++] = (struct inventory_problem){said->severity, arena_copy(item->arena, label),
                                                                       arena_copy(item->arena, slice_of(said->text))};
}

void inventory_add_problems(struct inventory *inventory, const struct diagnostics *list)
{
    struct slice name, label;
    struct map by_name;

    if (list->count == 0)
        return;
    map_init(&by_name);
    for (size_t i = 0; i < inventory->count; i++)
        map_put(&by_name, inventory->items[i].name, &inventory->items[i]);
    for (size_t i = 0; i < list->count; i++) {
        if (!split_place(slice_of(list->items[i].place), &name, &label))
            continue;
        struct inventory_item *item = map_get(&by_name, name);
        if (item)
            add_problem(item, &list->items[i], label);
    }
    map_fini(&by_name);
}

/* -- questions -- */

static bool values_equal(const struct inventory_item *a, const struct inventory_item *b)
{
    if (a->value_count != b->value_count)
        return false;
    for (size_t i = 0; i < a->value_count; i++) {
        if (!slice_eq(a->values[i].name, b->values[i].name) || !slice_eq(a->values[i].value, b->values[i].value))
            return false;
    }
    return true;
}

static bool frontends_equal(const struct inventory_item *a, const struct inventory_item *b)
{
    if (a->frontend_count != b->frontend_count)
        return false;
    for (size_t i = 0; i < a->frontend_count; i++) {
        const struct inventory_frontend *one = &a->frontends[i], *other = &b->frontends[i];
        if (!slice_eq(one->name, other->name) || !slice_eq(one->rule, other->rule) ||
            !slice_eq(one->backend, other->backend))
            return false;
    }
    return true;
}

static bool servers_equal(const struct inventory_item *a, const struct inventory_item *b)
{
    if (a->server_count != b->server_count)
        return false;
    for (size_t i = 0; i < a->server_count; i++) {
        const struct inventory_server *one = &a->servers[i], *other = &b->servers[i];
        if (!slice_eq(one->backend, other->backend) || !slice_eq(one->name, other->name) || !slice_eq(one->url, other->url))
            return false;
    }
    return true;
}

static bool problems_equal(const struct inventory_item *a, const struct inventory_item *b)
{
    if (a->problem_count != b->problem_count)
        return false;
    for (size_t i = 0; i < a->problem_count; i++) {
        const struct inventory_problem *one = &a->problems[i], *other = &b->problems[i];
        if (one->severity != other->severity || !slice_eq(one->label, other->label) || !slice_eq(one->text, other->text))
            return false;
    }
    return true;
}

static bool items_equal(const struct inventory_item *a, const struct inventory_item *b)
{
    return slice_eq(a->id, b->id) && slice_eq(a->name, b->name) && slice_eq(a->service, b->service) && a->why == b->why &&
           slice_eq(a->sentence, b->sentence) && values_equal(a, b) && frontends_equal(a, b) && servers_equal(a, b) &&
           problems_equal(a, b);
}

bool inventory_equal(const struct inventory *a, const struct inventory *b)
{
    if (!slice_eq(a->provider, b->provider) || a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!items_equal(&a->items[i], &b->items[i]))
            return false;
    }
    return true;
}

const struct inventory_item *inventory_find(const struct inventory *inventory, struct slice name_or_id)
{
    const struct inventory_item *found = NULL;
    size_t begins = 0;

    for (size_t i = 0; i < inventory->count; i++) {
        const struct inventory_item *item = &inventory->items[i];
        if (slice_eq(item->name, name_or_id))
            return item;
        if (name_or_id.len && slice_starts(item->id, name_or_id)) {
            found = item;
            begins++;
        }
    }
    return begins == 1 ? found : NULL;
}
