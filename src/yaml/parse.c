/* SPDX-License-Identifier: MIT */
/*
 * Events to values. Each read_* function is given the event its item begins with, and takes the events up to the item's
 * end; false when the error is filled. Depth is limited, so they may call each other.
 */
#include "reading.h"

/* A container while its children come. */
struct gathering {
    struct yaml_value *container, *last;
    struct map keys; /* of a mapping, to its values */
};

static bool read_value(struct reading *reading, const yaml_event_t *event, unsigned depth, struct yaml_value *value);

static bool next_event(struct reading *reading, yaml_event_t *out_event)
{
    return yaml_parser_parse(&reading->parser, out_event) ? true : yaml_fail_syntax(reading);
}

static struct slice text_of(const yaml_char_t *text)
{
    return slice_of((const char *)text);
}

static bool count_values(struct reading *reading, struct yaml_place place, uint32_t more)
{
    if (more > YAML_VALUES_MAX - reading->values)
        return yaml_fail(reading, place, "there are more than %d values up to here, aliases counted in full; split the file",
                         YAML_VALUES_MAX);
    reading->values += more;
    return true;
}

static bool check_depth(struct reading *reading, struct yaml_place place, unsigned depth)
{
    return depth <= YAML_DEPTH_MAX ||
           yaml_fail(reading, place, "nested more than %d deep; use fewer levels", YAML_DEPTH_MAX);
}

static void remember_anchor(struct reading *reading, const yaml_char_t *name, struct yaml_value *value)
{
    if (name)
        map_put(&reading->anchors, text_of(name), value);
}

/* NULL when it has failed. */
static const struct yaml_value *follow_alias(struct reading *reading, const yaml_event_t *event)
{
    struct slice name = text_of(event->data.alias.anchor);
    const struct yaml_value *anchored = map_get(&reading->anchors, name);
    struct yaml_place place = yaml_place_of(event->start_mark);

    if (anchored == &reading->unfinished) {
        yaml_fail(reading, place, "the alias %s stands within the value it means; a value cannot hold itself",
                  yaml_quote(reading, name));
        return NULL;
    }
    if (!anchored)
        yaml_fail(reading, place, "there is no anchor %s above; write &" SLICE_FMT " before the value that is meant",
                  yaml_quote(reading, name), SLICE_ARG(slice_head(name, 40)));
    return anchored;
}

static bool read_alias(struct reading *reading, const yaml_event_t *event, unsigned depth, struct yaml_value *value)
{
    const struct yaml_value *anchored = follow_alias(reading, event);
    struct yaml_value here = *value;

    if (!anchored || !check_depth(reading, here.place, depth + anchored->height) ||
        !count_values(reading, here.place, anchored->weight - 1))
        return false;
    *value = *anchored;
    value->place = here.place;
    value->key = here.key;
    value->key_place = here.key_place;
    value->next = NULL;
    return true;
}

/* What a tag says of a scalar; false: nothing. */
static bool kind_of_tag(struct slice tag, enum yaml_kind *out_kind)
{
    static const struct {
        const char *tag;
        enum yaml_kind kind;
    } tags[] = {{YAML_STR_TAG, YAML_TEXT},     {"!", YAML_TEXT},
                {YAML_INT_TAG, YAML_NUMBER},   {YAML_FLOAT_TAG, YAML_NUMBER},
                {YAML_BOOL_TAG, YAML_BOOLEAN}, {YAML_NULL_TAG, YAML_NULL}};

    for (size_t i = 0; i < WB_COUNT(tags); i++) {
        if (slice_eq(tag, slice_of(tags[i].tag))) {
            *out_kind = tags[i].kind;
            return true;
        }
    }
    return false;
}

static void keep_tag(struct reading *reading, const yaml_char_t *tag, struct yaml_value *value)
{
    if (tag && !slice_starts(text_of(tag), SLICE("tag:yaml.org,2002:")))
        value->tag = arena_copy(reading->arena, text_of(tag));
}

static void read_scalar(struct reading *reading, const yaml_event_t *event, struct yaml_value *value)
{
    const yaml_char_t *tag = event->data.scalar.tag;

    value->text = arena_copy(reading->arena, slice_make((const char *)event->data.scalar.value, event->data.scalar.length));
    value->kind = YAML_TEXT;
    if (!tag || !kind_of_tag(text_of(tag), &value->kind)) {
        keep_tag(reading, tag, value);
        value->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        if (value->is_plain)
            value->kind = yaml_resolve(value->text);
    }
    remember_anchor(reading, event->data.scalar.anchor, value);
}

static void append(struct gathering *into, struct yaml_value *child)
{
    if (into->last)
        into->last->next = child;
    else
        into->container->first = child;
    into->last = child;
    into->container->count++;
    if (child->height >= into->container->height)
        into->container->height = child->height + 1;
}

/* -- sequences -- */

static bool read_items(struct reading *reading, unsigned depth, struct gathering *into)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(reading, &event))
            return false;
        bool ended = event.type == YAML_SEQUENCE_END_EVENT, ok = true;
        if (!ended) {
            struct yaml_value *item = ARENA_NEW(reading->arena, struct yaml_value);
            ok = read_value(reading, &event, depth, item);
            append(into, item);
        }
        yaml_event_delete(&event);
        if (ended || !ok)
            return ok;
    }
}

/* -- mappings -- */

/* The key's text: of a scalar, or of an alias to one. */
static bool read_key(struct reading *reading, const yaml_event_t *event, struct slice *out_key)
{
    if (event->type == YAML_SCALAR_EVENT) {
        struct yaml_value key = {0};
        read_scalar(reading, event, &key);
        if (event->data.scalar.anchor) { /* what was remembered is gone soon */
            struct yaml_value *kept = ARENA_NEW(reading->arena, struct yaml_value);
            *kept = key;
            kept->weight = 1;
            remember_anchor(reading, event->data.scalar.anchor, kept);
        }
        *out_key = key.text;
        return true;
    }
    if (event->type == YAML_ALIAS_EVENT) {
        const struct yaml_value *anchored = follow_alias(reading, event);
        if (!anchored)
            return false;
        if (yaml_is_scalar(anchored)) {
            *out_key = anchored->text;
            return true;
        }
    }
    return yaml_fail(reading, yaml_place_of(event->start_mark), "a list or mapping cannot be a key; write a text");
}

static bool is_merge_key(const yaml_event_t *event)
{
    return event->type == YAML_SCALAR_EVENT && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           slice_eq(text_of(event->data.scalar.value), SLICE("<<"));
}

static bool check_new_key(struct reading *reading, struct gathering *into, struct yaml_value *child)
{
    const struct yaml_value *before = map_put(&into->keys, child->key, child);

    return !before || yaml_fail(reading, child->key_place, "%s is already set in line %u; give it once only",
                                yaml_quote(reading, child->key), before->key_place.line);
}

/* Keys that are there hold; those of an earlier mapping hold over a later one's. */
static bool merge_mapping(struct reading *reading, struct gathering *into, const struct yaml_value *from,
                          struct yaml_place place)
{
    if (from->kind != YAML_MAPPING)
        return yaml_fail(reading, place, "`<<` merges mappings, and this is a %s; write <<: *anchor or <<: [*one, *other]",
                         yaml_kind_name(from->kind));
    YAML_EACH(child, from)
    {
        if (map_get(&into->keys, child->key))
            continue;
        if (!count_values(reading, place, child->weight))
            return false;
        struct yaml_value *copy = ARENA_NEW(reading->arena, struct yaml_value);
        *copy = *child;
        copy->next = NULL;
        map_put(&into->keys, copy->key, copy);
        append(into, copy);
    }
    return true;
}

static bool merge(struct reading *reading, struct gathering *into, const struct yaml_value *from)
{
    if (from->kind != YAML_SEQUENCE)
        return merge_mapping(reading, into, from, from->place);
    YAML_EACH(item, from)
    {
        if (!merge_mapping(reading, into, item, item->place))
            return false;
    }
    return true;
}

/* A key and its value. A merge key's value goes to *merged, to be looked at when all keys are known. */
static bool read_pair(struct reading *reading, const yaml_event_t *key_event, unsigned depth, struct gathering *into,
                      struct yaml_value **merged)
{
    struct yaml_value *child = ARENA_NEW(reading->arena, struct yaml_value);
    bool is_merge = is_merge_key(key_event);
    yaml_event_t event;

    child->key_place = yaml_place_of(key_event->start_mark);
    if (!read_key(reading, key_event, &child->key))
        return false;
    if (is_merge && *merged)
        return yaml_fail(reading, child->key_place, "`<<` is already set in line %u; write <<: [*one, *other]",
                         (*merged)->key_place.line);
    if (!(is_merge || check_new_key(reading, into, child)) || !next_event(reading, &event))
        return false;
    bool ok = read_value(reading, &event, depth, child);
    yaml_event_delete(&event);
    if (is_merge)
        *merged = child;
    else
        append(into, child);
    return ok;
}

static bool read_pairs(struct reading *reading, unsigned depth, struct gathering *into)
{
    struct yaml_value *merged = NULL;

    for (;;) {
        yaml_event_t event;
        if (!next_event(reading, &event))
            return false;
        bool ended = event.type == YAML_MAPPING_END_EVENT;
        bool ok = ended || read_pair(reading, &event, depth, into, &merged);
        yaml_event_delete(&event);
        if (!ok)
            return false;
        if (ended)
            return !merged || merge(reading, into, merged);
    }
}

static bool read_container(struct reading *reading, const yaml_event_t *event, unsigned depth, struct yaml_value *value)
{
    bool is_mapping = event->type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *anchor = is_mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    struct gathering into = {.container = value};
    uint32_t before = reading->values;

    if (!check_depth(reading, value->place, depth + 1))
        return false;
    value->kind = is_mapping ? YAML_MAPPING : YAML_SEQUENCE;
    value->height = 1;
    keep_tag(reading, is_mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag, value);
    remember_anchor(reading, anchor, &reading->unfinished);
    map_init(&into.keys);
    bool ok = is_mapping ? read_pairs(reading, depth + 1, &into) : read_items(reading, depth + 1, &into);
    map_fini(&into.keys);
    value->weight = 1 + reading->values - before;
    remember_anchor(reading, anchor, value);
    return ok;
}

/* `value` is zeroed but for its key. */
static bool read_value(struct reading *reading, const yaml_event_t *event, unsigned depth, struct yaml_value *value)
{
    value->place = yaml_place_of(event->start_mark);
    if (!count_values(reading, value->place, 1))
        return false;
    value->weight = 1;
    switch ((int)event->type) {
    case YAML_ALIAS_EVENT:
        return read_alias(reading, event, depth, value);
    case YAML_SCALAR_EVENT:
        read_scalar(reading, event, value);
        return true;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return read_container(reading, event, depth, value);
    }
    WB_UNREACHABLE();
}

/* -- documents -- */

static void add_document(struct reading *reading, struct yaml_file *file, const struct yaml_value *root)
{
    if ((file->count & (file->count - 1)) == 0) { /* full: its room is the next power of two */
        const struct yaml_value **old = file->documents;
        file->documents = ARENA_ARRAY(reading->arena, const struct yaml_value *, file->count ? 2 * file->count : 1);
        if (old)
            memcpy(file->documents, old, file->count * sizeof *old);
    }
    file->documents[file->count++] = root;
}

static bool read_documents(struct reading *reading, struct yaml_file *file)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(reading, &event))
            return false;
        yaml_event_type_t type = event.type;
        bool ok = true;
        if (type == YAML_DOCUMENT_START_EVENT) {
            map_fini(&reading->anchors);
            map_init(&reading->anchors);
        } else if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_END_EVENT && type != YAML_STREAM_END_EVENT) {
            struct yaml_value *root = ARENA_NEW(reading->arena, struct yaml_value);
            ok = read_value(reading, &event, 0, root);
            add_document(reading, file, root);
        }
        yaml_event_delete(&event);
        if (!ok || type == YAML_STREAM_END_EVENT)
            return ok;
    }
}

bool yaml_parse(struct arena *arena, struct slice input, struct slice name, struct yaml_file *out_file,
                struct yaml_error *out_error)
{
    struct reading reading = {.arena = arena, .name = name, .input = input, .error = out_error};
    struct yaml_file file = {0};

    WB_REQUIRE(arena->limit == 0); /* else an allocation may fail */
    if (input.len > YAML_INPUT_MAX)
        return yaml_fail(&reading, (struct yaml_place){1, 1}, "the file has %zu bytes; split it, %d are allowed", input.len,
                         YAML_INPUT_MAX);
    WB_REQUIRE(yaml_parser_initialize(&reading.parser)); /* fails for want of memory only */
    yaml_parser_set_input_string(&reading.parser, (const unsigned char *)input.ptr, input.len);
    map_init(&reading.anchors);
    bool ok = read_documents(&reading, &file);
    map_fini(&reading.anchors);
    yaml_parser_delete(&reading.parser);
    if (ok) {
        file.name = arena_copy(arena, name);
        *out_file = file;
    }
    return ok;
}
