/* SPDX-License-Identifier: MIT */
#include "waybill/model/model.h"
#include "waybill/model/schema.h"
#include "waybill/model/sort.h"
#include <stdatomic.h>
#include <stdlib.h>

struct fragment *fragment_create(struct slice provider)
{
    struct fragment *fragment = wb_alloc(sizeof *fragment);

    arena_init(&fragment->arena, 0);
    atomic_init(&fragment->refs, 1);
    fragment->provider = arena_copy(&fragment->arena, provider);
    return fragment;
}

struct fragment *fragment_ref(struct fragment *fragment)
{
    /* Relaxed: who takes a reference already has one, so the fragment cannot end meanwhile. */
    unsigned before = atomic_fetch_add_explicit(&fragment->refs, 1, memory_order_relaxed);

    WB_REQUIRE(before > 0);
    return fragment;
}

void fragment_unref(struct fragment **fragment)
{
    struct fragment *old = *fragment;

    *fragment = NULL;
    if (!old)
        return;
    /* Release and acquire: what others read of it happened before it is freed here. */
    unsigned before = atomic_fetch_sub_explicit(&old->refs, 1, memory_order_acq_rel);
    WB_REQUIRE(before > 0);
    if (before > 1)
        return;
    keep_fini(&old->keep);
    arena_fini(&old->arena);
    free(old);
}

static void sort_group(const struct group *group, void *record)
{
    for (size_t i = 0; i < group->field_count; i++) {
        const struct field *field = &group->fields[i];

        if (field->type == FIELD_PAIRS) {
            struct model_pairs *pairs = field_at(field, record);
            sort_by_name(pairs->items, pairs->count, sizeof *pairs->items);
        }
        if (!field->group)
            continue;
        struct records records = field_records(field, record);
        if (field->type == FIELD_NAMED)
            sort_by_name(records.first, records.count, field->group->size);
        for (size_t k = 0; k < records.count; k++)
            sort_group(field->group, records.first + k * field->group->size);
    }
}

void fragment_sort(struct fragment *fragment)
{
    sort_group(&schema_fragment, fragment);
}

void fragment_sort_names(struct fragment *fragment)
{
    sort_by_name(fragment->frontends, fragment->frontend_count, sizeof *fragment->frontends);
    sort_by_name(fragment->backends, fragment->backend_count, sizeof *fragment->backends);
    sort_by_name(fragment->remembered, fragment->remembered_count, sizeof *fragment->remembered);
    for (size_t i = 0; i < fragment->backend_count; i++)
        sort_by_name(fragment->backends[i].servers, fragment->backends[i].server_count, sizeof(struct model_server));
}

void frontend_sort(struct model_frontend *frontend)
{
    sort_group(&schema_frontend, frontend);
}

void backend_sort(struct model_backend *backend)
{
    sort_group(&schema_backend, backend);
}

static bool texts_equal(const struct slices *a, const struct slices *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!slice_eq(a->items[i], b->items[i]))
            return false;
    }
    return true;
}

static bool pairs_equal(const struct model_pairs *a, const struct model_pairs *b)
{
    if (a->count != b->count || a->present != b->present)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!slice_eq(a->items[i].name, b->items[i].name) || !slice_eq(a->items[i].value, b->items[i].value))
            return false;
    }
    return true;
}

static bool group_equal(const struct group *group, const void *a, const void *b);

static bool records_equal(const struct field *field, const void *a, const void *b)
{
    struct records ra = field_records(field, a), rb = field_records(field, b);

    if (ra.count != rb.count)
        return false;
    for (size_t i = 0; i < ra.count; i++) {
        const void *one = ra.first + i * field->group->size, *other = rb.first + i * field->group->size;

        if (field->type == FIELD_NAMED && !slice_eq(*(const struct slice *)one, *(const struct slice *)other))
            return false;
        if (!group_equal(field->group, one, other))
            return false;
    }
    return true;
}

static bool field_equal(const struct field *field, const void *a, const void *b)
{
    const void *one = field_at_const(field, a), *other = field_at_const(field, b);

    switch (field->type) {
    case FIELD_TEXT:
        return slice_eq(*(const struct slice *)one, *(const struct slice *)other);
    case FIELD_BOOL:
        return *(const bool *)one == *(const bool *)other;
    case FIELD_INTEGER:
    case FIELD_DURATION:
        return *(const int64_t *)one == *(const int64_t *)other;
    case FIELD_TEXTS:
        return field_is_present(field, a) == field_is_present(field, b) && texts_equal(one, other);
    case FIELD_PAIRS:
        return pairs_equal(one, other);
    case FIELD_GROUP:
    case FIELD_NAMED:
        return records_equal(field, a, b);
    }
    WB_UNREACHABLE();
}

static bool group_equal(const struct group *group, const void *a, const void *b)
{
    for (size_t i = 0; i < group->field_count; i++) {
        if (!field_equal(&group->fields[i], a, b))
            return false;
    }
    return true;
}

/* The rows hold what is secret or not shown, too (users, keys, identity, closed_because, since). `origin` is left
 * out: a line that moved changes nothing but a message. */
static bool lists_equal(const struct slices *a, const struct slices *b)
{
    bool equal = a->count == b->count;

    for (size_t i = 0; equal && i < a->count; i++)
        equal = slice_eq(a->items[i], b->items[i]);
    return equal;
}

static bool certificates_equal(const struct fragment *a, const struct fragment *b)
{
    bool equal = a->certificate_count == b->certificate_count;

    for (size_t i = 0; equal && i < a->certificate_count; i++) {
        const struct model_certificate *one = &a->certificates[i], *other = &b->certificates[i];
        equal = slice_eq(one->cert, other->cert) && slice_eq(one->key, other->key) &&
                lists_equal(&one->entrypoints, &other->entrypoints);
    }
    return equal;
}

bool fragment_equal(const struct fragment *a, const struct fragment *b)
{
    return slice_eq(a->provider, b->provider) && group_equal(&schema_fragment, a, b) && certificates_equal(a, b);
}

/* Binary search in records sorted by name. */
static const void *find_named(const void *first, size_t count, size_t size, struct slice name)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const void *record = (const char *)first + middle * size;
        int order = slice_compare(*(const struct slice *)record, name);

        if (order == 0)
            return record;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct model_backend *fragment_backend(const struct fragment *fragment, struct slice name)
{
    return find_named(fragment->backends, fragment->backend_count, sizeof *fragment->backends, name);
}

const struct model_frontend *fragment_frontend(const struct fragment *fragment, struct slice name)
{
    return find_named(fragment->frontends, fragment->frontend_count, sizeof *fragment->frontends, name);
}
