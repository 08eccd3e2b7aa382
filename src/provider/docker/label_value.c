/* SPDX-License-Identifier: MIT */
#include "label_value.h"
#include "waybill/base/utf8.h"
#include "waybill/model/sort.h"

static const char *const escape_is_bad = "a backslash begins an escape here as in v1.7: write \\\\ for one backslash "
                                         "(known: \\\\ \\\" \\b \\t \\n \\f \\r \\uXXXX)";
static const char *const quote_is_bad = "a double quote ends the text in v1.7: write \\\"";
static const char *const line_is_bad = "a line break ends the text in v1.7: write \\n";

static bool read_hex(struct slice *rest, size_t digits, uint32_t *out_point)
{
    uint32_t point = 0;

    if (rest->len < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        int digit = ascii_hex(rest->ptr[i]);
        if (digit < 0)
            return false;
        point = point << 4 | (uint32_t)digit;
    }
    *rest = slice_from(*rest, digits);
    *out_point = point;
    return true;
}

/* `rest` is behind the backslash. Writes up to UTF8_MAX bytes; 0 for no escape. */
static size_t read_escape(struct slice *rest, char out[UTF8_MAX])
{
    static const char from[] = "\\\"btnfr", to[] = "\\\"\b\t\n\f\r";
    uint32_t point;

    if (rest->len == 0)
        return 0;
    char c = rest->ptr[0];
    *rest = slice_from(*rest, 1);
    if (c == 'u' || c == 'U')
        return read_hex(rest, c == 'u' ? 4 : 8, &point) ? utf8_write(point, out) : 0;
    const char *found = c ? strchr(from, c) : NULL;
    if (!found)
        return 0;
    out[0] = to[found - from];
    return 1;
}

bool label_text(struct arena *arena, struct slice value, bool multiline, struct slice *out_text, const char **out_because)
{
    char *out = arena_bytes(arena, value.len + UTF8_MAX);
    size_t len = 0;

    while (value.len) {
        char c = value.ptr[0];
        value = slice_from(value, 1);
        if (c == '"' || ((c == '\n' || c == '\r') && !multiline)) {
            *out_because = c == '"' ? quote_is_bad : line_is_bad;
            return false;
        }
        if (c != '\\') {
            out[len++] = c;
            continue;
        }
        size_t written = read_escape(&value, out + len); /* an escape is never shorter than what it stands for */
        if (written == 0) {
            *out_because = escape_is_bad;
            return false;
        }
        len += written;
    }
    *out_text = slice_make(out, len);
    return true;
}

bool label_integer(struct slice value, int64_t *out_value)
{
    bool negative = slice_starts(value, SLICE("-"));
    uint64_t magnitude, limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);

    if (negative || slice_starts(value, SLICE("+")))
        value = slice_from(value, 1);
    if (!slice_to_u64(value, limit, &magnitude))
        return false;
    *out_value = (int64_t)(negative ? 0 - magnitude : magnitude);
    return true;
}

bool label_list(struct arena *arena, struct slice value, struct slices *out_list, const char **out_because)
{
    struct slice part, text;

    *out_list = (struct slices){0};
    while (slice_cut(&value, ',', &part)) {
        part = slice_trim_space(part);
        if (part.len == 0)
            continue;
        if (!label_text(arena, part, false, &text, out_because))
            return false;
        slices_add(arena, out_list, text);
    }
    return true;
}

/* As Go's net/textproto: each word capitalised; a name with other than token characters stays as it is. */
static struct slice canonical_name(struct arena *arena, struct slice name)
{
    char *out = arena_bytes(arena, name.len + 1);
    bool start = true;

    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return arena_copy(arena, name);
        out[i] = !letter ? c : start ? (char)(c & ~0x20) : (char)(c | 0x20);
        start = c == '-';
    }
    return slice_make(out, name.len);
}

/* What can be the name of a field, and could be written in v1.7. */
static bool name_is_usable(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return name.len > 0;
}

/* Of several with one name the last one stays; a value may be long, and hold thousands. */
static void sort_pairs(struct model_pairs *pairs)
{
    size_t kept = 0;

    sort_by_name(pairs->items, pairs->count, sizeof *pairs->items);
    for (size_t i = 0; i < pairs->count; i++) {
        bool again = i + 1 < pairs->count && slice_eq(pairs->items[i].name, pairs->items[i + 1].name);
        if (!again)
            pairs->items[kept++] = pairs->items[i];
    }
    pairs->count = kept;
}

/* Cuts at two bars. */
static bool cut_entry(struct slice *rest, struct slice *out_entry)
{
    if (!rest->ptr)
        return false;
    for (size_t i = 0; i + 1 < rest->len; i++) {
        if (rest->ptr[i] == '|' && rest->ptr[i + 1] == '|') {
            *out_entry = slice_head(*rest, i);
            *rest = slice_from(*rest, i + 2);
            return true;
        }
    }
    *out_entry = *rest;
    rest->ptr = NULL;
    return true;
}

bool label_pairs(struct arena *arena, struct slice value, struct model_pairs *out_pairs, size_t *out_dropped,
                 const char **out_because)
{
    struct slice entry, text;
    size_t entries = 1;

    *out_pairs = (struct model_pairs){0};
    *out_dropped = 0;
    for (size_t i = 0; i + 1 < value.len; i++)
        entries += value.ptr[i] == '|' && value.ptr[i + 1] == '|';
    out_pairs->items = ARENA_ARRAY(arena, struct model_pair, entries + 1);
    while (cut_entry(&value, &entry)) {
        size_t colon = slice_find(entry, ':');
        struct slice name = slice_trim_space(slice_head(entry, colon));
        if (colon == entry.len || !name_is_usable(name)) {
            *out_dropped += slice_trim_space(entry).len > 0;
            continue;
        }
        if (!label_text(arena, slice_trim_space(slice_from(entry, colon + 1)), false, &text, out_because))
            return false;
        out_pairs->items[out_pairs->count++] = (struct model_pair){canonical_name(arena, name), text};
    }
    sort_pairs(out_pairs);
    out_pairs->present = out_pairs->count > 0;
    return true;
}
