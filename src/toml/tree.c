/* SPDX-License-Identifier: MIT */
#include "waybill/toml/toml.h"
#include "parser.h"
#include "waybill/base/map.h"

/* Up to here, comparing is cheaper than hashing. */
enum { SMALL_TABLE = 8 };

static struct toml_value **find_slot(const struct toml_group *group, struct slice name)
{
    size_t mask = group->index_capacity - 1, at = (size_t)hash_bytes(name) & mask;

    while (group->index[at] && !slice_eq(group->index[at]->key, name))
        at = (at + 1) & mask;
    return &group->index[at];
}

struct toml_value *toml_child(const struct toml_value *table, struct slice name)
{
    if (table->group->index)
        return *find_slot(table->group, name);
    for (struct toml_value *child = table->first; child; child = child->next) {
        if (slice_eq(child->key, name))
            return child;
    }
    return NULL;
}

/* The outgrown index stays in the arena; as each is twice the last one, all together are linear. */
static void grow_index(struct arena *arena, struct toml_value *table)
{
    struct toml_group *group = table->group;

    group->index_capacity = group->index ? group->index_capacity * 2 : 4 * SMALL_TABLE;
    group->index = ARENA_ARRAY(arena, struct toml_value *, group->index_capacity);
    for (struct toml_value *child = table->first; child; child = child->next)
        *find_slot(group, child->key) = child;
}

static void index_child(struct arena *arena, struct toml_value *table, struct toml_value *child)
{
    struct toml_group *group = table->group;

    if (group->count <= SMALL_TABLE)
        return;
    if (2 * group->count > group->index_capacity)
        grow_index(arena, table); /* the child is in the list already */
    else
        *find_slot(group, child->key) = child;
}

struct toml_value *toml_add(struct toml_parser *p, struct toml_value *parent, const struct toml_key *key)
{
    struct toml_value *child = ARENA_NEW(p->arena, struct toml_value);
    struct toml_group *group = parent->group;

    child->parent = parent;
    child->position = group->count++;
    if (group->last)
        group->last->next = child;
    else
        parent->first = child;
    group->last = child;
    child->place = toml_here(p);
    if (key) {
        child->key = arena_copy(p->arena, key->name);
        child->place = child->key_place = key->place;
        index_child(p->arena, parent, child);
    }
    return child;
}

bool toml_open_group(struct toml_parser *p, struct toml_value *value, enum toml_kind kind, enum toml_origin origin)
{
    uint32_t depth = value->parent ? value->parent->group->depth + 1 : 0;

    if (depth > TOML_DEPTH_MAX)
        return toml_fail(p, value->place, "nested more than %d deep; use fewer levels", TOML_DEPTH_MAX);
    value->kind = kind;
    value->first = NULL;
    value->group = ARENA_NEW(p->arena, struct toml_group);
    value->group->depth = depth;
    value->group->origin = origin;
    return true;
}

const struct toml_value *toml_find(const struct toml_value *table, struct slice key)
{
    return table && table->kind == TOML_TABLE ? toml_child(table, key) : NULL;
}

const struct toml_value *toml_find_nocase(const struct toml_value *table, struct slice key)
{
    const struct toml_value *exact = toml_find(table, key);

    if (exact || !table || table->kind != TOML_TABLE)
        return exact;
    TOML_EACH(child, table)
    {
        if (slice_eq_nocase(child->key, key))
            return child;
    }
    return NULL;
}

size_t toml_count(const struct toml_value *value)
{
    return value->kind == TOML_TABLE || value->kind == TOML_ARRAY ? value->group->count : 0;
}

const char *toml_kind_name(enum toml_kind kind)
{
    static const char *const names[] = {
        [TOML_TABLE] = "table",
        [TOML_ARRAY] = "array",
        [TOML_TEXT] = "text",
        [TOML_INTEGER] = "integer",
        [TOML_FLOAT] = "float",
        [TOML_BOOLEAN] = "boolean",
        [TOML_OFFSET_DATETIME] = "date-time",
        [TOML_LOCAL_DATETIME] = "local date-time",
        [TOML_LOCAL_DATE] = "local date",
        [TOML_LOCAL_TIME] = "local time",
    };
    return names[kind];
}

uint32_t toml_source_line(const struct toml_document *document, uint32_t line)
{
    if (!document->line_count)
        return line;
    return document->lines[line <= document->line_count ? line - 1 : document->line_count - 1];
}

const char *toml_place_text(const struct toml_document *document, const struct toml_value *value, struct arena *arena)
{
    return arena_format(arena, SLICE_FMT ":%u", SLICE_ARG(document->file), toml_source_line(document, value->place.line));
}

static bool is_bare(struct slice key)
{
    for (size_t i = 0; i < key.len; i++) {
        char c = ascii_lower(key.ptr[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return key.len > 0;
}

static void add_step(struct text *path, const struct toml_value *value)
{
    if (value->parent->kind == TOML_ARRAY) {
        text_addf(path, "[%u]", value->position);
        return;
    }
    if (path->len)
        text_add_char(path, '.');
    if (is_bare(value->key)) {
        text_add(path, value->key);
        return;
    }
    text_add_char(path, '"');
    text_add_escaped(path, value->key);
    text_add_char(path, '"');
}

const char *toml_path_text(const struct toml_value *value, struct arena *arena)
{
    const struct toml_value *steps[TOML_DEPTH_MAX + 1]; /* a value lies in a group of at most that depth */
    size_t count = 0;
    struct text path = TEXT_EMPTY;

    for (; value->parent; value = value->parent)
        steps[count++] = value;
    while (count > 0)
        add_step(&path, steps[--count]);
    const char *copy = arena_copy(arena, text_slice(&path)).ptr;
    text_fini(&path);
    return copy;
}
