/* SPDX-License-Identifier: MIT */
/* The grammar above single values: lines, keys, headers, arrays, inline tables; and which table may
 * be extended by what. */
#include "waybill/toml/toml.h"
#include "parser.h"

static bool is_bare_char(char c)
{
    c = ascii_lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* One part of a dotted key, and the blanks around it. */
static bool read_key(struct toml_parser *p, struct toml_key *out_key)
{
    toml_skip_blanks(p);
    out_key->place = toml_here(p);
    if (toml_is_next(p, '"') || toml_is_next(p, '\'')) {
        if (!toml_read_string(p, false))
            return false;
        out_key->name = text_slice(&p->decoded);
    } else {
        const char *from = p->at;
        while (p->at < p->end && is_bare_char(*p->at))
            p->at++;
        out_key->name = slice_make(from, (size_t)(p->at - from));
        if (out_key->name.len == 0)
            return toml_fail(p, out_key->place,
                             "found %s where a key belongs; put a key of other than A-Z a-z 0-9 _ - in quotes",
                             toml_found(p));
    }
    toml_skip_blanks(p);
    return true;
}

static bool fail_taken(struct toml_parser *p, const struct toml_key *key, const struct toml_value *there)
{
    return toml_fail(p, key->place, "%s is already set in line %u (%s); give it once only", toml_quote(p, key->name),
                     there->key_place.line, toml_kind_name(there->kind));
}

static struct toml_value *add_table(struct toml_parser *p, struct toml_value *parent, const struct toml_key *key,
                                    enum toml_origin origin)
{
    struct toml_value *table = toml_add(p, parent, key);
    return toml_open_group(p, table, TOML_TABLE, origin) ? table : NULL;
}

/* From `table` to its sub-table on the way of a dotted key. A table from elsewhere is out of reach,
 * so that all keys of a table stand in one place; one that a longer header only implied is taken
 * over. */
static struct toml_value *enter_dotted(struct toml_parser *p, struct toml_value *table, const struct toml_key *key)
{
    struct toml_value *there = toml_child(table, key->name);

    if (!there)
        return add_table(p, table, key, TOML_DOTTED);
    if (there->kind == TOML_TABLE && there->group->origin == TOML_IMPLICIT)
        there->group->origin = TOML_DOTTED;
    if (there->kind == TOML_TABLE && there->group->origin == TOML_DOTTED)
        return there;
    toml_fail(p, key->place, "a dotted key cannot add to %s, the %s of line %u; write its keys there",
              toml_quote(p, key->name), toml_kind_name(there->kind), there->key_place.line);
    return NULL;
}

/* From `table` to its sub-table on the way of a header; of an array of tables the last one. */
static struct toml_value *enter_for_header(struct toml_parser *p, struct toml_value *table, const struct toml_key *key)
{
    struct toml_value *there = toml_child(table, key->name);

    if (!there)
        return add_table(p, table, key, TOML_IMPLICIT);
    if (there->kind == TOML_TABLE && there->group->origin != TOML_CLOSED)
        return there;
    if (there->kind == TOML_ARRAY && there->group->origin == TOML_HEADER)
        return there->group->last;
    toml_fail(p, key->place, "a header cannot add to %s, the %s of line %u; write its keys there", toml_quote(p, key->name),
              toml_kind_name(there->kind), there->key_place.line);
    return NULL;
}

/* [a.b]: new, or once for a table that a longer header implied. */
static struct toml_value *open_table(struct toml_parser *p, struct toml_value *parent, const struct toml_key *key)
{
    struct toml_value *there = toml_child(parent, key->name);

    if (!there)
        return add_table(p, parent, key, TOML_HEADER);
    if (there->kind != TOML_TABLE || there->group->origin != TOML_IMPLICIT) {
        fail_taken(p, key, there);
        return NULL;
    }
    there->group->origin = TOML_HEADER;
    there->place = there->key_place = key->place;
    return there;
}

/* [[a.b]]: one more element. */
static struct toml_value *open_element(struct toml_parser *p, struct toml_value *parent, const struct toml_key *key)
{
    struct toml_value *array = toml_child(parent, key->name);

    if (!array) {
        array = toml_add(p, parent, key);
        if (!toml_open_group(p, array, TOML_ARRAY, TOML_HEADER))
            return NULL;
    } else if (array->kind != TOML_ARRAY || array->group->origin != TOML_HEADER) {
        fail_taken(p, key, array);
        return NULL;
    }
    struct toml_value *element = toml_add(p, array, NULL);
    element->place = key->place;
    return toml_open_group(p, element, TOML_TABLE, TOML_HEADER) ? element : NULL;
}

/* Takes the whole dotted key but for its last part. */
static bool read_key_path(struct toml_parser *p, struct toml_value **table, struct toml_key *out_last,
                          struct toml_value *(*enter)(struct toml_parser *, struct toml_value *, const struct toml_key *))
{
    for (;;) {
        if (!read_key(p, out_last))
            return false;
        if (!toml_is_next(p, '.'))
            return true;
        p->at++;
        *table = enter(p, *table, out_last);
        if (!*table)
            return false;
    }
}

static bool read_header(struct toml_parser *p, struct toml_value *root, struct toml_value **out_table)
{
    struct toml_value *parent = root;
    struct toml_key key;

    p->at++;
    bool is_element = toml_is_next(p, '[');
    if (is_element)
        p->at++;
    if (!read_key_path(p, &parent, &key, enter_for_header))
        return false;
    struct slice close = is_element ? SLICE("]]") : SLICE("]");
    if (!slice_starts(slice_make(p->at, (size_t)(p->end - p->at)), close))
        return toml_fail(p, toml_here(p), "found %s in a header; end it with %s", toml_found(p), close.ptr);
    p->at += close.len;
    *out_table = is_element ? open_element(p, parent, &key) : open_table(p, parent, &key);
    return *out_table != NULL;
}

bool toml_read_pair(struct toml_parser *p, struct toml_value *table)
{
    struct toml_key key;

    if (!read_key_path(p, &table, &key, enter_dotted))
        return false;
    const struct toml_value *there = toml_child(table, key.name);
    if (there)
        return fail_taken(p, &key, there);
    if (!toml_is_next(p, '='))
        return toml_fail(p, toml_here(p), "found %s after a key; write key = value", toml_found(p));
    p->at++;
    struct toml_value *value = toml_add(p, table, &key);
    toml_skip_blanks(p);
    return toml_read_value(p, value);
}

static bool read_array(struct toml_parser *p, struct toml_value *array)
{
    if (!toml_open_group(p, array, TOML_ARRAY, TOML_CLOSED))
        return false;
    p->at++;
    toml_skip_gap(p);
    while (!toml_is_next(p, ']')) {
        if (!toml_read_value(p, toml_add(p, array, NULL)))
            return false;
        toml_skip_gap(p);
        if (toml_is_next(p, ',')) {
            p->at++;
            toml_skip_gap(p);
        } else if (!toml_is_next(p, ']')) {
            return toml_fail(p, toml_here(p), "found %s in the array of line %u; go on with , or ]", toml_found(p),
                             array->place.line);
        }
    }
    p->at++;
    return true;
}

static bool read_inline_table(struct toml_parser *p, struct toml_value *table)
{
    if (!toml_open_group(p, table, TOML_TABLE, TOML_CLOSED))
        return false;
    p->at++;
    toml_skip_blanks(p);
    if (toml_is_next(p, '}')) {
        p->at++;
        return true;
    }
    for (;;) {
        if (!toml_read_pair(p, table))
            return false;
        toml_skip_blanks(p);
        bool more = toml_is_next(p, ',');
        if (!more && !toml_is_next(p, '}'))
            return toml_fail(p, toml_here(p), "found %s in a table in braces; go on with , or } on this line",
                             toml_found(p));
        p->at++;
        if (!more)
            return true;
    }
}

bool toml_read_value(struct toml_parser *p, struct toml_value *value)
{
    value->place = toml_here(p);
    if (toml_is_next(p, '[')) {
        return read_array(p, value);
    } else if (toml_is_next(p, '{')) {
        return read_inline_table(p, value);
    } else if (toml_is_next(p, '"') || toml_is_next(p, '\'')) {
        if (!toml_read_string(p, true))
            return false;
        value->kind = TOML_TEXT;
        value->text = arena_copy(p->arena, text_slice(&p->decoded));
        return true;
    }
    return toml_read_scalar(p, value);
}

static bool read_lines(struct toml_parser *p, struct toml_value *root)
{
    struct toml_value *table = root;

    for (;;) {
        toml_skip_gap(p);
        if (p->at == p->end)
            return true;
        if (toml_is_next(p, '[') ? !read_header(p, root, &table) : !toml_read_pair(p, table))
            return false;
        toml_skip_blanks(p);
        toml_skip_comment(p);
        if (p->at < p->end && !toml_skip_line_end(p))
            return toml_fail(p, toml_here(p), "found %s after the end of the setting; start a new line", toml_found(p));
    }
}

static void rewind_to(struct toml_parser *p, struct slice input)
{
    p->at = p->line_start = input.ptr;
    p->end = input.ptr + input.len;
    p->line = 1;
}

bool toml_parse(struct arena *arena, struct slice input, struct slice file, struct toml_document *out_document,
                struct toml_error *out_error)
{
    const struct slice byte_order_mark = SLICE("\xef\xbb\xbf");
    WB_REQUIRE(arena->limit == 0); /* else an allocation may fail */
    struct toml_value *root = ARENA_NEW(arena, struct toml_value);
    struct toml_parser p = {.arena = arena, .file = file, .error = out_error};

    if (slice_starts(input, byte_order_mark))
        input = slice_from(input, byte_order_mark.len);
    root->place = (struct toml_place){1, 1};
    rewind_to(&p, input);
    bool ok = toml_check_bytes(&p, input) && toml_open_group(&p, root, TOML_TABLE, TOML_HEADER);
    if (ok) {
        rewind_to(&p, input);
        ok = read_lines(&p, root);
    }
    text_fini(&p.decoded);
    if (ok)
        *out_document = (struct toml_document){.file = arena_copy(arena, file), .root = root};
    return ok;
}
