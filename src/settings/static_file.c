/* SPDX-License-Identifier: MIT */
#include "static_file.h"
#include "entrypoint.h"
#include "web.h"
#include "waybill/base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The name after a `$`, cut off with its braces. */
static struct slice cut_variable(struct slice *rest)
{
    struct slice name;
    if (rest->len && rest->ptr[0] == '{') {
        size_t end = slice_find(*rest, '}');
        name = slice_from(slice_head(*rest, end), 1);
        *rest = slice_from(*rest, end + 1);
        return name;
    }
    size_t len = 0;
    while (len < rest->len && is_name_byte(rest->ptr[len]))
        len++;
    name = slice_head(*rest, len);
    *rest = slice_from(*rest, len);
    return name;
}

struct slice static_file_expand(struct arena *arena, struct slice text)
{
    struct text expanded = TEXT_EMPTY;
    while (text.len) {
        size_t dollar = slice_find(text, '$');
        text_add(&expanded, slice_head(text, dollar));
        bool found = dollar < text.len;
        text = slice_from(text, dollar + 1);
        if (!found)
            break;
        struct slice name = cut_variable(&text);
        if (name.len == 0)
            text_add_char(&expanded, '$');
        else
            text_add(&expanded, slice_of(getenv(arena_strndup(arena, name.ptr, name.len))));
    }
    struct slice copy = arena_copy(arena, text_slice(&expanded));
    text_fini(&expanded);
    return copy;
}

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISDIR(status.st_mode);
}

static bool take_if_file(struct reading *reading, const char *path)
{
    if (!is_file(path))
        return false;
    reading->settings.static_file = slice_of(path);
    return true;
}

bool static_file_find(struct reading *reading)
{
    static const char *const places[] = {"/etc/traefik/traefik.toml", "$HOME/.traefik/traefik.toml", "./traefik.toml"};
    struct arena *arena = &reading->settings.arena;
    if (reading->config_file.len) {
        struct slice named = static_file_expand(arena, reading->config_file);
        if (take_if_file(reading, arena_strndup(arena, named.ptr, named.len)) ||
            take_if_file(reading, arena_format(arena, SLICE_FMT "/traefik.toml", SLICE_ARG(named))))
            return true;
        return reading_fail(reading, "the file of --configFile is not there: %s", reading_shown(reading, named));
    }
    for (size_t i = 0; i < WB_COUNT(places); i++)
        if (take_if_file(reading, static_file_expand(arena, slice_of(places[i])).ptr))
            return true;
    return true;
}

static bool read_whole(const char *path, struct text *out_text)
{
    char part[16 * 1024];
    ssize_t got = -1;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    while (out_text->len <= TOML_INPUT_MAX && (got = read(file, part, sizeof part)) > 0)
        text_add(out_text, slice_make(part, (size_t)got));
    int error = errno;
    close(file);
    errno = error;
    return got >= 0;
}

bool static_file_read(struct reading *reading)
{
    struct slice path = reading->settings.static_file;
    struct text content = TEXT_EMPTY;
    bool good = read_whole(path.ptr, &content);
    reading_note(reading, LOG_INFO, "Using TOML configuration file " SLICE_FMT, SLICE_ARG(path));
    if (good)
        good = static_file_apply(reading, path, text_slice(&content));
    else
        reading_fail(reading, "Error reading TOML config file " SLICE_FMT " : %s", SLICE_ARG(path), strerror(errno));
    text_fini(&content);
    return good;
}

struct file_walk {
    struct reading *reading;
    const struct toml_document *document;
};

static bool fail_at(struct file_walk *walk, const struct toml_value *value, const char *reason)
{
    struct arena *arena = &walk->reading->settings.arena;
    const char *place = toml_place_text(walk->document, value, arena), *path = toml_path_text(value, arena);
    struct slice file = walk->document->file;
    walk->reading->failure = NULL; /* what flag_set said is told again, with its place */
    return reading_fail(walk->reading, "Error reading TOML config file " SLICE_FMT " : %s: %s: %s", SLICE_ARG(file), place,
                        reading_shown(walk->reading, slice_of(path)), reason);
}

/* The text that the command line would have for it; false when there is none. */
static bool scalar_text(struct arena *arena, const struct toml_value *value, struct slice *out_text)
{
    if (value->kind == TOML_TEXT)
        *out_text = value->text;
    else if (value->kind == TOML_BOOLEAN)
        *out_text = value->truth ? SLICE("true") : SLICE("false");
    else if (value->kind == TOML_FLOAT)
        *out_text = slice_of(arena_format(arena, "%.17g", value->number));
    else if (value->kind == TOML_INTEGER)
        *out_text = slice_of(arena_format(arena, "%lld", (long long)value->integer));
    else
        return false;
    return true;
}

/* NULL, or what it is to be. The command line's spelling of a number or a truth is not TOML's. */
static const char *kind_wanted(const struct flag *flag, enum toml_kind kind)
{
    bool text = kind == TOML_TEXT;
    switch (flag->kind) {
    case FLAG_SWITCH:
        return kind == TOML_BOOLEAN ? NULL : "true or false";
    case FLAG_NUMBER:
    case FLAG_INTEGER:
        return kind == TOML_INTEGER ? NULL : "a whole number";
    case FLAG_FRACTION:
        return kind == TOML_INTEGER || kind == TOML_FLOAT ? NULL : "a number from 0 to 1";
    case FLAG_DURATION:
        return text || kind == TOML_INTEGER ? NULL : "a duration: seconds, or text as \"500ms\"";
    case FLAG_TEXT:
    case FLAG_LEVEL:
        return text ? NULL : "text";
    case FLAG_BUCKETS:
        return text || kind == TOML_ARRAY ? NULL : "a list of numbers";
    case FLAG_LIST:
    case FLAG_CONSTRAINTS:
        return text || kind == TOML_ARRAY ? NULL : "a list of texts";
    case FLAG_HEADING:
    case FLAG_GROUP:
    case FLAG_ENTRYPOINT:
    case FLAG_MODES:
        break;
    }
    return "a table";
}

static bool apply_list(struct file_walk *walk, const struct flag *flag, const struct toml_value *array)
{
    struct arena *arena = &walk->reading->settings.arena;
    struct slices items = {0};
    TOML_EACH(item, array)
    {
        if (item->kind != TOML_TEXT)
            return fail_at(walk, item, "it is to be text");
        slices_add(arena, &items, item->text);
    }
    if (!flag_set_items(walk->reading, flag, items.items, items.count))
        return fail_at(walk, array, walk->reading->failure);
    return true;
}

static bool apply_numbers(struct file_walk *walk, const struct flag *flag, const struct toml_value *array)
{
    struct text numbers = TEXT_EMPTY;
    bool good = true;
    TOML_EACH(item, array)
    {
        text_addf(&numbers, "%s", numbers.len ? "," : "");
        if (item->kind == TOML_FLOAT)
            text_addf(&numbers, "%.17g", item->number);
        else if (item->kind == TOML_INTEGER)
            text_addf(&numbers, "%lld", (long long)item->integer);
        else
            good = good && fail_at(walk, item, "it is to be a number");
    }
    if (good && !flag_set(walk->reading, flag, text_slice(&numbers)))
        good = fail_at(walk, array, walk->reading->failure);
    text_fini(&numbers);
    return good;
}

static bool apply_value(struct file_walk *walk, const struct flag *flag, const struct toml_value *value)
{
    struct reading *reading = walk->reading;
    struct slice text = SLICE("");
    if (!scalar_text(&reading->settings.arena, value, &text) && flag->state == FLAG_NOT_YET && toml_count(value))
        text = SLICE("..."); /* a table or a list with something in it: enough to be refused */
    if (flag->state != FLAG_NOT_YET) {
        const char *wanted = kind_wanted(flag, value->kind);
        if (wanted)
            return fail_at(
                walk, value,
                arena_format(&reading->settings.arena, "it is to be %s, not %s", wanted, toml_kind_name(value->kind)));
    }
    flag_switch_groups_on(reading, flag);
    if (value->kind == TOML_ARRAY && flag->kind == FLAG_BUCKETS)
        return apply_numbers(walk, flag, value);
    if (value->kind == TOML_ARRAY && flag->state != FLAG_NOT_YET)
        return apply_list(walk, flag, value);
    if (!flag_set(reading, flag, text))
        return fail_at(walk, value, reading->failure) || flag_postpone(reading, flag);
    return true;
}

/* A header's name may have a dot in it: that reaches no other option here. */
static bool apply_modes(struct file_walk *walk, const struct flag *flag, const struct toml_value *table)
{
    struct arena *arena = &walk->reading->settings.arena;
    struct slices items = {0};

    TOML_EACH(item, table)
    {
        if (item->kind != TOML_TEXT)
            return fail_at(walk, item, "it is to be text");
        slices_add(arena, &items,
                   slice_of(arena_format(arena, SLICE_FMT "=" SLICE_FMT, SLICE_ARG(item->key), SLICE_ARG(item->text))));
    }
    flag_switch_groups_on(walk->reading, flag);
    return flag_set_items(walk->reading, flag, items.items, items.count);
}

/* Tables that are no options but routes: the file provider's business. */
static bool is_dynamic(const struct toml_value *value)
{
    static const char *const names[] = {"frontends", "backends", "tls"};
    for (size_t i = 0; i < WB_COUNT(names); i++)
        if (slice_eq_nocase(value->key, slice_of(names[i])))
            return true;
    return false;
}

static void note_unknown(struct file_walk *walk, const struct toml_value *value, struct slice name)
{
    struct arena *arena = &walk->reading->settings.arena;
    const char *close = flag_suggest(name);
    reading_note(walk->reading, LOG_ERROR, "%s: there is no option %s, it is ignored%s%s",
                 toml_place_text(walk->document, value, arena), toml_path_text(value, arena), close ? ": did you mean " : "",
                 close ? close : "");
}

static bool walk_table(struct file_walk *walk, const struct toml_value *table, struct slice prefix);

static bool walk_value(struct file_walk *walk, const struct toml_value *value, struct slice name)
{
    const struct flag *flag = flag_find(name);
    if (flag && flag->kind == FLAG_ENTRYPOINT && value->kind == TOML_TABLE) {
        if (entrypoint_add_tables(walk->reading, walk->document, value))
            return true;
        return fail_at(walk, value, walk->reading->failure);
    }
    if (slice_eq_nocase(name, SLICE("web.auth")) && value->kind == TOML_TABLE) {
        web_take_auth(walk->reading, value);
        return true;
    }
    bool is_group = value->kind == TOML_TABLE && flag && flag->kind == FLAG_GROUP && flag->state != FLAG_NOT_YET;
    if (is_group) {
        flag_switch_groups_on(walk->reading, flag);
        if (!flag_set(walk->reading, flag, SLICE("true")))
            return fail_at(walk, value, walk->reading->failure);
        return walk_table(walk, value, name);
    }
    if (flag && flag->kind == FLAG_MODES && value->kind == TOML_TABLE)
        return apply_modes(walk, flag, value);
    if (flag)
        return apply_value(walk, flag, value);
    if (value->kind == TOML_TABLE && flag_is_prefix(name))
        return walk_table(walk, value, name);
    note_unknown(walk, value, name);
    return true;
}

static bool walk_table(struct file_walk *walk, const struct toml_value *table, struct slice prefix)
{
    struct arena *arena = &walk->reading->settings.arena;
    TOML_EACH(value, table)
    {
        struct slice name = value->key;
        if (prefix.len == 0 && is_dynamic(value)) {
            walk->reading->routes_in_static_file = true;
            continue;
        }
        if (prefix.len)
            name = slice_of(arena_format(arena, SLICE_FMT "." SLICE_FMT, SLICE_ARG(prefix), SLICE_ARG(name)));
        /* A dot inside a quoted key must not reach another option: `"docker.domain" = 1` is no option. */
        if (slice_find(value->key, '.') < value->key.len)
            note_unknown(walk, value, name);
        else if (!walk_value(walk, value, name))
            return false;
    }
    return true;
}

bool static_file_apply(struct reading *reading, struct slice path, struct slice text)
{
    struct toml_document document;
    struct toml_error error;
    reading->source = SOURCE_FILE;
    if (!toml_parse(&reading->settings.arena, text, path, &document, &error))
        return reading_fail(reading, "Error reading TOML config file " SLICE_FMT " : %s", SLICE_ARG(path), error.message);
    struct file_walk walk = {.reading = reading, .document = &document};
    return walk_table(&walk, document.root, SLICE(""));
}
