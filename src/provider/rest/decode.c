/* SPDX-License-Identifier: MIT */
#include "decode.h"
#include "waybill/base/clock.h"
#include "waybill/base/map.h"
#include "waybill/base/text.h"
#include "waybill/base/utf8.h"
#include "waybill/model/schema.h"
#include <cjson/cJSON.h>
#include <stdlib.h>

enum { UNKNOWN_SAID_MAX = 50, STEPS_MAX = 16 };

struct reading {
    struct arena *arena;
    struct diagnostics *diagnostics;
    struct slice steps[STEPS_MAX]; /* keys and names on the way to the value */
    size_t step_count;
    unsigned unknown; /* so many were said */
    char *problem;    /* NULL: none yet */
};

static bool read_table(struct reading *reading, const struct group *group, const cJSON *table, void *record);

static void add_path(struct text *out, const struct reading *reading)
{
    for (size_t i = 0; i < reading->step_count; i++) {
        if (i)
            text_add_char(out, '.');
        text_add_escaped(out, slice_head(reading->steps[i], 100));
    }
}

/* Always false. */
static bool fail(struct reading *reading, const char *what)
{
    struct text path = TEXT_EMPTY;

    add_path(&path, reading);
    if (!reading->problem)
        reading->problem = wb_format("%s %s", path.len ? path.ptr : "the document", what);
    text_fini(&path);
    return false;
}

static const char *kind_of(const cJSON *value)
{
    if (cJSON_IsString(value))
        return "text";
    if (cJSON_IsNumber(value))
        return "a number";
    if (cJSON_IsBool(value))
        return "true or false";
    return cJSON_IsArray(value) ? "a list" : "an object";
}

static bool fail_type(struct reading *reading, const cJSON *value, const char *wanted)
{
    char *what = wb_format("is %s: write %s", kind_of(value), wanted);

    fail(reading, what);
    free(what);
    return false;
}

static bool enter(struct reading *reading, struct slice step)
{
    WB_REQUIRE(reading->step_count < STEPS_MAX); /* the schema is not that deep */
    reading->steps[reading->step_count++] = step;
    return true;
}

static bool read_text(struct reading *reading, const cJSON *value, struct slice *out_text)
{
    if (!cJSON_IsString(value))
        return fail_type(reading, value, "text");
    *out_text = arena_copy(reading->arena, slice_of(value->valuestring));
    return true;
}

static bool read_integer(struct reading *reading, const cJSON *value, int64_t *out_number)
{
    const double limit = 9223372036854775808.0;

    if (!cJSON_IsNumber(value))
        return fail_type(reading, value, "a whole number");
    double number = value->valuedouble;
    if (!(number >= -limit && number < limit) || (double)(int64_t)number != number)
        return fail(reading, "is no whole number of 64 bits");
    *out_number = (int64_t)number;
    return true;
}

/* A number is nanoseconds, as the document has it; text is a duration with its unit. */
static bool read_duration(struct reading *reading, const cJSON *value, int64_t *out_ns)
{
    if (cJSON_IsNumber(value))
        return read_integer(reading, value, out_ns);
    if (!cJSON_IsString(value))
        return fail_type(reading, value, "a number of nanoseconds, or a duration as \"1m30s\"");
    return clock_parse_duration(slice_of(value->valuestring), out_ns) ||
           fail(reading, "is no duration: write it as \"1m30s\"");
}

static bool read_texts(struct reading *reading, const cJSON *list, struct slices *texts)
{
    const cJSON *item;

    if (!cJSON_IsArray(list))
        return fail_type(reading, list, "a list of texts");
    cJSON_ArrayForEach(item, list)
    {
        struct slice text = SLICE("");

        if (!cJSON_IsNull(item) && !read_text(reading, item, &text))
            return false;
        slices_add(reading->arena, texts, text);
    }
    return true;
}

/* A name that comes twice would leave it open which one counts. */
static bool check_name(struct reading *reading, struct map *names, const cJSON *item)
{
    return !map_put(names, slice_of(item->string), reading) || fail(reading, "is there twice: remove one");
}

static bool read_pair(struct reading *reading, struct map *names, const cJSON *item, struct model_pair *pair)
{
    pair->name = arena_copy(reading->arena, slice_of(item->string));
    pair->value = SLICE("");
    return enter(reading, pair->name) && check_name(reading, names, item) &&
           (cJSON_IsNull(item) || read_text(reading, item, &pair->value));
}

static bool read_pairs(struct reading *reading, const cJSON *table, struct model_pairs *pairs)
{
    struct map names;
    const cJSON *item;
    bool good = true;

    if (!cJSON_IsObject(table))
        return fail_type(reading, table, "an object of texts");
    pairs->present = true;
    pairs->items = ARENA_ARRAY(reading->arena, struct model_pair, (size_t)cJSON_GetArraySize(table) + 1);
    map_init(&names);
    cJSON_ArrayForEach(item, table)
    {
        good = good && read_pair(reading, &names, item, &pairs->items[pairs->count++]);
        reading->step_count -= good;
    }
    map_fini(&names);
    return good;
}

static void set_origin(const struct group *group, void *record)
{
    if (group == &schema_frontend)
        ((struct model_frontend *)record)->origin = SLICE("rest");
    else if (group == &schema_backend)
        ((struct model_backend *)record)->origin = SLICE("rest");
}

/* A record that is null is there, and empty: for a backend that is one without servers. */
static bool read_record(struct reading *reading, const struct group *group, struct map *names, const cJSON *item,
                        void *record)
{
    struct slice name = arena_copy(reading->arena, slice_of(item->string));

    *(struct slice *)record = name;
    set_origin(group, record);
    return enter(reading, name) && check_name(reading, names, item) &&
           (cJSON_IsNull(item) || read_table(reading, group, item, record));
}

static bool read_named(struct reading *reading, const struct field *field, const cJSON *table, void *record)
{
    struct records records = {NULL, 0};
    struct map names;
    const cJSON *item;
    bool good = true;

    if (!cJSON_IsObject(table))
        return fail_type(reading, table, "an object of names");
    records.first = arena_alloc(reading->arena, ((size_t)cJSON_GetArraySize(table) + 1) * field->group->size);
    map_init(&names);
    cJSON_ArrayForEach(item, table)
    {
        good = good &&
               read_record(reading, field->group, &names, item, records.first + records.count++ * field->group->size);
        reading->step_count -= good;
    }
    map_fini(&names);
    field_set_records(field, record, records);
    return good;
}

static bool read_group(struct reading *reading, const struct field *field, const cJSON *table, void *record)
{
    struct records one = {arena_alloc(reading->arena, field->group->size), 1};

    field_set_records(field, record, one);
    return read_table(reading, field->group, table, one.first);
}

static bool read_bool(struct reading *reading, const cJSON *value, bool *out_truth)
{
    if (!cJSON_IsBool(value))
        return fail_type(reading, value, "true or false");
    *out_truth = cJSON_IsTrue(value);
    return true;
}

static bool read_value(struct reading *reading, const struct field *field, const cJSON *value, void *record)
{
    void *at = field_at(field, record);

    switch (field->type) {
    case FIELD_TEXT:
        return read_text(reading, value, at);
    case FIELD_BOOL:
        return read_bool(reading, value, at);
    case FIELD_INTEGER:
        return read_integer(reading, value, at);
    case FIELD_DURATION:
        return read_duration(reading, value, at);
    case FIELD_TEXTS:
        if (field->present_offset)
            *(bool *)((char *)record + field->present_offset) = true;
        return read_texts(reading, value, at);
    case FIELD_PAIRS:
        return read_pairs(reading, value, at);
    case FIELD_GROUP:
        return read_group(reading, field, value, record);
    case FIELD_NAMED:
        return read_named(reading, field, value, record);
    }
    WB_UNREACHABLE();
}

static const char *key_of(const struct field *field)
{
    return field->shown ? field->shown : field->key;
}

static const struct field *find_field(const struct group *group, struct slice key)
{
    for (size_t i = 0; i < group->field_count; i++) {
        const char *own = key_of(&group->fields[i]);
        if (own && slice_eq_nocase(key, slice_of(own)))
            return &group->fields[i];
    }
    return NULL;
}

/* v1.7 takes no certificates from a document either, and says nothing of it. */
static void report_certificates(struct reading *reading)
{
    diagnostics_add(reading->diagnostics, DIAGNOSTIC_WARNING, SLICE("rest"),
                    "`tls` is ignored: name certificates under [[tls]] in a file of rules, or at the entrypoint");
}

static void report_unknown(struct reading *reading, const struct group *group, struct slice key)
{
    struct text path = TEXT_EMPTY;
    const char *suggestion = group_suggest(group, key);

    if (reading->unknown++ >= UNKNOWN_SAID_MAX)
        return;
    if (group == &schema_fragment && slice_eq_nocase(key, SLICE("tls"))) {
        report_certificates(reading);
        return;
    }
    add_path(&path, reading);
    diagnostics_add(reading->diagnostics, DIAGNOSTIC_WARNING, SLICE("rest"), "there is no `%s` in a %s%s%s%s: it is ignored",
                    path.ptr, group->noun, suggestion ? " (did you mean `" : "", suggestion ? suggestion : "",
                    suggestion ? "`?)" : "");
    text_fini(&path);
}

static bool read_member(struct reading *reading, const struct group *group, uint64_t *seen, const cJSON *item, void *record)
{
    struct slice key = slice_of(item->string);
    const struct field *field = find_field(group, key);
    uint64_t bit;

    enter(reading, key);
    if (!field) {
        report_unknown(reading, group, key);
        return true;
    }
    bit = UINT64_C(1) << (field - group->fields);
    if (*seen & bit)
        return fail(reading, "is there twice: remove one");
    *seen |= bit;
    return cJSON_IsNull(item) || read_value(reading, field, item, record);
}

static bool read_table(struct reading *reading, const struct group *group, const cJSON *table, void *record)
{
    uint64_t seen = 0; /* by row */
    const cJSON *item;

    WB_REQUIRE(group->field_count <= 64);
    if (!cJSON_IsObject(table))
        return fail_type(reading, table, "an object");
    cJSON_ArrayForEach(item, table)
    {
        if (!read_member(reading, group, &seen, item, record))
            return false;
        reading->step_count--;
    }
    return true;
}

static char *describe_place(struct slice body, size_t offset, const char *what)
{
    unsigned line = 1, column = 1;

    for (size_t i = 0; i < offset && i < body.len; i++) {
        column = body.ptr[i] == '\n' ? 1 : column + 1;
        line += body.ptr[i] == '\n';
    }
    return wb_format("line %u, column %u: %s", line, column, what);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What the parser would take for something else than it says. NULL, or what is wrong (a text to free). */
static char *check_bytes(struct slice body)
{
    const char *escape = memmem(body.ptr, body.len, "\\u0000", 6);

    if (slice_trim_space(body).len == 0)
        return wb_strdup("the body is empty: send the configuration as JSON");
    if (!utf8_is_valid(body) || memchr(body.ptr, '\0', body.len))
        return wb_strdup("the body is no UTF-8 text: send the configuration as JSON");
    return escape ? describe_place(body, (size_t)(escape - body.ptr), "\\u0000 can stand in no option") : NULL;
}

/* NULL: *out_problem says why. */
static cJSON *parse(struct slice body, char **out_problem)
{
    const char *end = NULL;
    cJSON *root;

    *out_problem = check_bytes(body);
    if (*out_problem)
        return NULL;
    root = cJSON_ParseWithLengthOpts(body.ptr, body.len, &end, 0);
    if (!root) {
        *out_problem = describe_place(body, end ? (size_t)(end - body.ptr) : 0, "this is no JSON, or it ends too early");
        return NULL;
    }
    while (end < body.ptr + body.len && is_blank(*end))
        end++;
    if (end == body.ptr + body.len)
        return root;
    *out_problem = describe_place(body, (size_t)(end - body.ptr), "something stands behind the document: remove it");
    cJSON_Delete(root);
    return NULL;
}

static bool has_frontends(const cJSON *root)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, root)
    {
        if (cJSON_IsObject(item) && slice_eq_nocase(slice_of(item->string), SLICE("frontends")))
            return true;
    }
    return false;
}

bool rest_decode(struct slice body, struct fragment *fragment, struct diagnostics *diagnostics, bool *out_has_frontends,
                 char **out_problem)
{
    struct reading reading = {.arena = &fragment->arena, .diagnostics = diagnostics};
    cJSON *root = parse(body, out_problem);

    if (!root)
        return false;
    if (!cJSON_IsNull(root)) /* v1.7 takes it for an empty one */
        read_table(&reading, &schema_fragment, root, fragment);
    *out_has_frontends = has_frontends(root);
    *out_problem = reading.problem;
    cJSON_Delete(root);
    return !reading.problem;
}
