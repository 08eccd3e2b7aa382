/* SPDX-License-Identifier: MIT */
#include "rule_text.h"
#include "template.h"

/* First `separator` outside balanced braces, or text.len. A brace without its partner is an ordinary character. */
static size_t find_outside(struct slice text, char separator)
{
    bool unbalanced = false; /* no partner for one brace means none for the ones before it either: look only once */
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == separator)
            return i;
        if (text.ptr[i] != '{' || unbalanced)
            continue;
        size_t close = brace_close(text, i);
        if (close < text.len)
            i = close;
        else
            unbalanced = true;
    }
    return text.len;
}

static bool cut_outside(struct slice *rest, char separator, struct slice *out_piece)
{
    if (!rest->ptr)
        return false;
    size_t at = find_outside(*rest, separator);
    *out_piece = slice_head(*rest, at);
    *rest = at < rest->len ? slice_from(*rest, at + 1) : (struct slice){NULL, 0};
    return true;
}

struct slice *rule_text_split(struct arena *arena, struct slice text, char separator, size_t *out_count)
{
    size_t capacity = 1;
    for (size_t i = 0; i < text.len; i++)
        capacity += text.ptr[i] == separator;
    struct slice *pieces = ARENA_ARRAY(arena, struct slice, capacity);
    *out_count = 0;
    while (cut_outside(&text, separator, &pieces[*out_count]))
        ++*out_count;
    return pieces;
}

/* Behind the name, colons come together as one and a last one is lost. An IPv6 literal in brackets is left alone. */
static struct slice collapse_colons(struct arena *arena, struct slice text)
{
    char *out = arena_bytes(arena, text.len + 1);
    size_t len = 0, bracket_end = 0;
    bool unbalanced = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        size_t close = c == '{' && !unbalanced ? brace_close(text, i) : i;
        unbalanced |= close == text.len;
        if (close > i && close < text.len) {
            memcpy(out + len, text.ptr + i, close - i);
            len += close - i;
            i = close;
            c = '}';
        } else if (c == '[' && text.len - i > 2 && memchr(text.ptr + i, ']', text.len - i)) {
            bracket_end = i + slice_find(slice_from(text, i), ']');
        }
        if (c == ':' && i >= bracket_end && (len == 0 || out[len - 1] == ':'))
            continue;
        out[len++] = c;
    }
    if (len && out[len - 1] == ':')
        len--;
    return slice_make(out, len);
}

static void split_args(struct arena *arena, struct slice text, struct rule_part_text *out_part)
{
    size_t count = 0;
    struct slice *pieces = rule_text_split(arena, text, ',', &count);
    out_part->args = pieces;
    out_part->count = 0;
    for (size_t i = 0; i < count; i++)
        if (pieces[i].len)
            pieces[out_part->count++] = slice_trim_space(pieces[i]);
}

bool rule_text_next(struct arena *arena, struct slice *rest, struct rule_part_text *out_part)
{
    struct slice part;
    while (cut_outside(rest, ';', &part)) {
        part = slice_trim_space(part);
        while (part.len && part.ptr[0] == ':')
            part = slice_from(part, 1);
        if (part.len == 0)
            continue;
        size_t colon = slice_find(part, ':');
        out_part->written = part;
        out_part->name = slice_trim_space(slice_head(part, colon));
        split_args(arena, collapse_colons(arena, slice_from(part, colon + 1)), out_part);
        return true;
    }
    return false;
}
