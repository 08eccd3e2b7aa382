/* SPDX-License-Identifier: MIT */
/* Both spellings of an entrypoint to options. */
#include "entrypoint.h"

void entrypoint_options_add(struct arena *arena, struct entrypoint_options *options, struct entrypoint_option option)
{
    if (options->count == options->capacity) {
        size_t capacity = options->capacity ? 2 * options->capacity : 8;
        struct entrypoint_option *items = ARENA_ARRAY(arena, struct entrypoint_option, capacity);
        for (size_t i = 0; i < options->count; i++)
            items[i] = options->items[i];
        options->items = items;
        options->capacity = capacity;
    }
    options->items[options->count++] = option;
}

struct slice entrypoint_option_key(struct arena *arena, struct slice written)
{
    char *key = arena_bytes(arena, written.len + 1);
    for (size_t i = 0; i < written.len; i++)
        key[i] = written.ptr[i] == '.' ? '_' : ascii_lower(written.ptr[i]);
    key[written.len] = '\0';
    return slice_make(key, written.len);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool cut_word(struct slice *rest, struct slice *out_word)
{
    *rest = slice_trim_space(*rest);
    size_t len = 0;
    while (len < rest->len && !is_blank(rest->ptr[len]))
        len++;
    *out_word = slice_head(*rest, len);
    *rest = slice_from(*rest, len);
    return len > 0;
}

/* "TLS:a.crt,a.key;b.crt,b.key" is what TOML's tables of certificates say; "TLS" alone is an empty table. */
static void read_certificates(struct arena *arena, struct entrypoint_option *option)
{
    option->items = (struct slices){0};
    option->form = option->text.len ? OPTION_PAIRS : OPTION_TABLE;
    if (!option->text.len)
        return;
    option->key = SLICE("tls_certificates");
    for (struct slice rest = option->text, pair; slice_cut(&rest, ';', &pair);) {
        size_t comma = slice_find(pair, ',');
        if (pair.len == 0)
            continue;
        slices_add(arena, &option->items, slice_head(pair, comma));
        slices_add(arena, &option->items, slice_from(pair, comma + 1));
    }
}

void entrypoint_split_words(struct arena *arena, struct slice text, struct entrypoint_options *out_options)
{
    *out_options = (struct entrypoint_options){0};
    for (struct slice rest = text, word; cut_word(&rest, &word);) {
        size_t colon = slice_find(word, ':');
        struct entrypoint_option option = {
            .key = entrypoint_option_key(arena, slice_head(word, colon)),
            .form = OPTION_WORD,
            .text = slice_from(word, colon + 1),
        };
        for (struct slice parts = option.text, part; slice_cut(&parts, ',', &part);)
            if (part.len)
                slices_add(arena, &option.items, part);
        if (slice_eq(option.key, SLICE("tls")))
            read_certificates(arena, &option);
        entrypoint_options_add(arena, out_options, option);
    }
}

bool entrypoint_add_words(struct reading *reading, struct slice text)
{
    struct entrypoint_options options;
    struct slice name = SLICE("");
    entrypoint_split_words(&reading->settings.arena, arena_copy(&reading->settings.arena, text), &options);
    for (size_t i = 0; i < options.count; i++)
        if (slice_eq(options.items[i].key, SLICE("name")))
            name = options.items[i].text;
    if (name.len == 0)
        reading_note(reading, LOG_ERROR, "an entrypoint has no name: write --entryPoints=\"Name:http Address::80\"");
    return entrypoint_add(reading, name, &options);
}

static struct slice text_of(const struct toml_value *table, struct slice key)
{
    const struct toml_value *value = toml_find_nocase(table, key);
    return value && value->kind == TOML_TEXT ? value->text : SLICE("");
}

/* Everything in an array must be text for it to be a list, or a table for it to be one of certificates. */
static void read_items(struct arena *arena, const struct toml_value *array, struct entrypoint_option *option)
{
    option->form = OPTION_LIST;
    TOML_EACH(item, array)
    {
        enum option_form form = item->kind == TOML_TEXT    ? OPTION_LIST
                                : item->kind == TOML_TABLE ? OPTION_PAIRS
                                                           : OPTION_OTHER;
        option->form = item == array->first || option->form == form ? form : OPTION_OTHER;
        if (item->kind == TOML_TEXT)
            slices_add(arena, &option->items, item->text);
        if (item->kind != TOML_TABLE)
            continue;
        slices_add(arena, &option->items, text_of(item, SLICE("certFile")));
        slices_add(arena, &option->items, text_of(item, SLICE("keyFile")));
    }
}

void entrypoint_options_read(struct arena *arena, const struct toml_value *table, struct slice prefix,
                             struct entrypoint_options *options)
{
    TOML_EACH(value, table)
    {
        struct slice written = value->key;
        if (prefix.len)
            written = slice_of(arena_format(arena, SLICE_FMT "_" SLICE_FMT, SLICE_ARG(prefix), SLICE_ARG(written)));
        struct entrypoint_option option = {.key = entrypoint_option_key(arena, written), .form = OPTION_OTHER};
        if (value->kind == TOML_TEXT) {
            option.form = OPTION_TEXT;
            option.text = value->text;
        } else if (value->kind == TOML_BOOLEAN) {
            option.form = OPTION_TRUTH;
            option.text = value->truth ? SLICE("true") : SLICE("false");
        } else if (value->kind == TOML_ARRAY) {
            read_items(arena, value, &option);
        } else if (value->kind == TOML_TABLE) {
            option.form = OPTION_TABLE;
        }
        entrypoint_options_add(arena, options, option);
        if (value->kind == TOML_TABLE)
            entrypoint_options_read(arena, value, option.key, options);
    }
}

bool entrypoint_add_tables(struct reading *reading, const struct toml_document *document, const struct toml_value *table)
{
    struct arena *arena = &reading->settings.arena;
    TOML_EACH(value, table)
    {
        struct entrypoint_options options = {0};
        if (value->kind != TOML_TABLE)
            return reading_fail(reading, "%s: entryPoints.%s is to be a table: write [entryPoints.%s]",
                                toml_place_text(document, value, arena), reading_shown(reading, value->key),
                                reading_shown(reading, value->key));
        entrypoint_options_read(arena, value, SLICE(""), &options);
        if (!entrypoint_add(reading, value->key, &options))
            return false;
    }
    return true;
}
