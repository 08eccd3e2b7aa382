/* SPDX-License-Identifier: MIT */
#include "decode.h"
#include "waybill/base/clock.h"
#include "waybill/model/schema.h"

static void read_table(struct decode *decode, const struct group *group, const struct toml_value *table, void *record,
                       unsigned flags);

static struct slice place_of(struct decode *decode, const struct toml_value *value)
{
    return slice_of(toml_place_text(decode->document, value, decode->scratch));
}

static void report_mildly(struct decode *decode, const struct toml_value *value, enum severity severity, const char *what)
{
    if (decode->warnings++ < DECODE_WARNINGS_MAX)
        diagnostics_add(decode->diagnostics, severity, place_of(decode, value), "`%s` %s; it is ignored",
                        toml_path_text(value, decode->scratch), what);
    else if (decode->warnings == DECODE_WARNINGS_MAX + 1)
        diagnostics_add(decode->diagnostics, severity, place_of(decode, value),
                        "this and more is ignored: there are more than %d such things in this file", DECODE_WARNINGS_MAX);
}

/* Says what is wrong with `value`, and does what its flags ask for. */
static void report(struct decode *decode, const struct toml_value *value, unsigned flags, enum severity mild,
                   const char *what)
{
    if ((flags & FIELD_PROTECTS) && decode->closed) {
        const char *path = toml_path_text(value, decode->scratch);
        diagnostics_add(decode->diagnostics, DIAGNOSTIC_CLOSED, place_of(decode, value), "`%s` %s", path, what);
        if (!decode->closed->len)
            *decode->closed = slice_of(arena_format(decode->arena, "`%s` %s", path, what));
    } else if ((flags & FIELD_SELECTS) && decode->left_out) {
        const char *path = toml_path_text(value, decode->scratch);
        diagnostics_add(decode->diagnostics, DIAGNOSTIC_ERROR, place_of(decode, value), "`%s` %s; the frontend is left out",
                        path, what);
        if (!decode->left_out->len)
            *decode->left_out = slice_of(arena_format(decode->arena, "`%s` %s", path, what));
    } else {
        report_mildly(decode, value, mild, what);
    }
}

static const char *describe(enum field_type type)
{
    switch (type) {
    case FIELD_TEXT:
        return "text in quotes";
    case FIELD_BOOL:
        return "true or false";
    case FIELD_INTEGER:
        return "a whole number, without quotes";
    case FIELD_DURATION:
        return "a number of seconds, or a duration as \"1m30s\"";
    case FIELD_TEXTS:
        return "a list of texts";
    case FIELD_PAIRS:
        return "a table of texts";
    case FIELD_GROUP:
        return "a table";
    case FIELD_NAMED:
        return "a table of names";
    }
    WB_UNREACHABLE();
}

static void report_type(struct decode *decode, const struct toml_value *value, unsigned flags, enum field_type wanted)
{
    report(decode, value, flags, DIAGNOSTIC_WARNING,
           arena_format(decode->scratch, "is %s: write %s", toml_kind_name(value->kind), describe(wanted)));
}

static bool read_duration(const struct toml_value *value, int64_t *out_ns)
{
    if (value->kind == TOML_INTEGER)
        return !__builtin_mul_overflow(value->integer, INT64_C(1000000000), out_ns);
    return value->kind == TOML_TEXT && clock_parse_duration(value->text, out_ns);
}

/* A list with one bad entry keeps the good ones; only one that is left with none is not understood. */
static void read_texts(struct decode *decode, const struct field *field, const struct toml_value *array, void *record,
                       unsigned flags)
{
    struct slices *texts = field_at(field, record);

    if (array->kind != TOML_ARRAY) {
        report_type(decode, array, flags, FIELD_TEXTS);
        return;
    }
    if (field->present_offset)
        *(bool *)((char *)record + field->present_offset) = true;
    TOML_EACH(item, array)
    {
        if (item->kind == TOML_TEXT)
            slices_add(decode->arena, texts, item->text);
        else
            report_type(decode, item, 0, FIELD_TEXT);
    }
    if (!texts->count && toml_count(array))
        report(decode, array, flags, DIAGNOSTIC_WARNING, "holds no text at all: write a list of texts");
}

static bool pairs_have(const struct model_pairs *pairs, struct slice name)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (slice_eq(pairs->items[i].name, name))
            return true;
    }
    return false;
}

static void read_pairs(struct decode *decode, struct model_pairs *pairs, const struct toml_value *table, unsigned flags)
{
    struct model_pairs before = *pairs; /* not empty when the table is there in two spellings */

    if (table->kind != TOML_TABLE) {
        report_type(decode, table, flags, FIELD_PAIRS);
        return;
    }
    pairs->present = true;
    pairs->items = ARENA_ARRAY(decode->arena, struct model_pair, before.count + toml_count(table));
    if (before.count)
        memcpy(pairs->items, before.items, before.count * sizeof *pairs->items);
    TOML_EACH(item, table)
    {
        if (item->kind != TOML_TEXT)
            report_type(decode, item, flags, FIELD_TEXT);
        else if (pairs_have(&before, item->key))
            report(decode, item, flags, DIAGNOSTIC_ERROR, "is there twice: remove one");
        else
            pairs->items[pairs->count++] = (struct model_pair){arena_copy(decode->arena, item->key),
                                                               arena_copy(decode->arena, item->text)};
    }
}

static bool records_have(const struct group *group, struct records records, struct slice name)
{
    for (size_t i = 0; i < records.count; i++) {
        if (slice_eq(*(const struct slice *)(const void *)(records.first + i * group->size), name))
            return true;
    }
    return false;
}

/* Problems below belong to this frontend or backend. */
static void enter_record(struct decode *decode, const struct group *group, const struct toml_value *table, void *record)
{
    if (group == &schema_frontend) {
        struct model_frontend *frontend = record;
        frontend->origin = arena_copy(decode->arena, place_of(decode, table));
        decode->closed = &frontend->closed_because;
        decode->left_out = &frontend->left_out_because;
    } else if (group == &schema_backend) {
        struct model_backend *backend = record;
        backend->origin = arena_copy(decode->arena, place_of(decode, table));
        decode->closed = &backend->closed_because;
        decode->left_out = NULL;
    }
}

static void read_named(struct decode *decode, const struct field *field, const struct toml_value *table, void *record,
                       unsigned flags)
{
    const struct group *group = field->group;
    struct records before = field_records(field, record); /* not empty when the table is there in two spellings */
    struct records now = before;

    if (table->kind != TOML_TABLE) {
        report_type(decode, table, flags, FIELD_NAMED);
        return;
    }
    now.first = arena_alloc(decode->arena, (before.count + toml_count(table)) * group->size);
    if (before.count)
        memcpy(now.first, before.first, before.count * group->size);
    TOML_EACH(child, table)
    {
        void *element = now.first + now.count * group->size;

        if (child->kind != TOML_TABLE) {
            report(decode, child, flags, DIAGNOSTIC_ERROR,
                   arena_format(decode->scratch, "is %s: a %s is a table", toml_kind_name(child->kind), group->noun));
            continue;
        }
        if (records_have(group, before, child->key)) {
            report(decode, child, flags, DIAGNOSTIC_ERROR, "is there twice, under two spellings: remove one");
            continue;
        }
        now.count++;
        *(struct slice *)element = arena_copy(decode->arena, child->key);
        enter_record(decode, group, child, element);
        read_table(decode, group, child, element, flags);
    }
    field_set_records(field, record, now);
}

static void read_group(struct decode *decode, const struct field *field, const struct toml_value *table, void *record,
                       unsigned flags)
{
    struct records one = field_records(field, record); /* there already when the table is there in two spellings */

    if (table->kind != TOML_TABLE) {
        report_type(decode, table, flags | (group_protects(field->group) ? (unsigned)FIELD_PROTECTS : 0u), FIELD_GROUP);
        return;
    }
    if (!one.count) {
        one.first = arena_alloc(decode->arena, field->group->size);
        field_set_records(field, record, one);
    }
    read_table(decode, field->group, table, one.first, flags);
}

static void read_value(struct decode *decode, const struct field *field, const struct toml_value *value, void *record,
                       unsigned flags)
{
    void *at = field_at(field, record);

    switch (field->type) {
    case FIELD_TEXT:
        if (value->kind == TOML_TEXT)
            *(struct slice *)at = arena_copy(decode->arena, value->text);
        else
            report_type(decode, value, flags, FIELD_TEXT);
        return;
    case FIELD_BOOL:
        if (value->kind == TOML_BOOLEAN)
            *(bool *)at = value->truth;
        else
            report_type(decode, value, flags, FIELD_BOOL);
        return;
    case FIELD_INTEGER:
        if (value->kind == TOML_INTEGER)
            *(int64_t *)at = value->integer;
        else
            report_type(decode, value, flags, FIELD_INTEGER);
        return;
    case FIELD_DURATION:
        if (!read_duration(value, at))
            report_type(decode, value, flags, FIELD_DURATION);
        return;
    case FIELD_TEXTS:
        read_texts(decode, field, value, record, flags);
        return;
    case FIELD_PAIRS:
        read_pairs(decode, at, value, flags);
        return;
    case FIELD_GROUP:
        read_group(decode, field, value, record, flags);
        return;
    case FIELD_NAMED:
        read_named(decode, field, value, record, flags);
        return;
    }
    WB_UNREACHABLE();
}

/* TOML itself refuses a key that is there twice, so what is not empty any more was set under another spelling. Of
 * tables both count (file-provider.md 3.1), of anything else the first. */
static bool is_set_twice(const struct field *field, const void *record)
{
    bool unites = field->type == FIELD_NAMED || field->type == FIELD_PAIRS || field->type == FIELD_GROUP;

    return !unites && !field_is_empty(field, record);
}

/* Behind the head of a table nothing belongs to the frontend any more: examples of v1.7 itself have that, and it says nothing. */
static const struct field *field_of_frontend(const struct decode *decode, const struct group *group, struct slice key)
{
    return decode->closed && group != &schema_frontend ? group_field(&schema_frontend, key) : NULL;
}

/* In a group that protects it may be what was to protect, as with labels: the frontend is closed. */
static void report_unknown(struct decode *decode, const struct group *group, const struct toml_value *value, unsigned flags)
{
    const struct field *misplaced = field_of_frontend(decode, group, value->key);
    const char *suggestion = misplaced ? NULL : group_suggest(group, value->key), *what;

    if (misplaced)
        what = arena_format(decode->scratch,
                            "is an option of the frontend, not of a %s: move it up, before the head of this table",
                            group->noun);
    else if (suggestion)
        what = arena_format(decode->scratch, "is no option of a %s (did you mean `%s`?)", group->noun, suggestion);
    else
        what = arena_format(decode->scratch, "is no option of a %s", group->noun);
    if (misplaced && !(misplaced->flags & (FIELD_PROTECTS | FIELD_SELECTS)))
        flags = 0; /* `priority` was not to protect anything */
    report(decode, value, flags & FIELD_PROTECTS, DIAGNOSTIC_WARNING, what);
}

static void read_row(struct decode *decode, const struct field *field, const struct toml_value *value, void *record,
                     unsigned flags)
{
    flags |= field->flags & (FIELD_PROTECTS | FIELD_SELECTS);
    if (is_set_twice(field, record))
        report(decode, value, flags, DIAGNOSTIC_ERROR, "is there twice, in two spellings: remove one");
    else
        read_value(decode, field, value, record, flags);
}

static void read_table(struct decode *decode, const struct group *group, const struct toml_value *table, void *record,
                       unsigned flags)
{
    TOML_EACH(child, table)
    {
        const struct field *field = group_field(group, child->key);

        if (field)
            read_row(decode, field, child, record, flags);
        else
            report_unknown(decode, group, child, flags);
    }
}

void decode_document(struct decode *decode, struct fragment *part)
{
    TOML_EACH(child, decode->document->root)
    {
        const struct field *field = group_field(&schema_fragment, child->key);

        decode->closed = decode->left_out = NULL;
        if (field)
            read_row(decode, field, child, part, 0);
        else if (slice_eq_nocase(child->key, SLICE("tls")))
            decode_certificates(decode, child, part);
        else if (!decode->static_file)
            report_unknown(decode, &schema_fragment, child, 0);
    }
}
