/* SPDX-License-Identifier: MIT */
#include "waybill/http/target.h"
#include "chars.h"
#include "waybill/base/error.h"
#include "waybill/base/utf8.h"

/* What the one look at the raw path found. */
struct path_facts {
    size_t len;          /* up to the first '?' */
    size_t illegal;      /* bytes that are written as %XX in the canonical view */
    bool changes;        /* some byte is spelled differently in the canonical view */
    bool dots;           /* there may be dot segments */
    bool loosens;        /* loose may differ from canonical */
    bool has_high_bytes; /* must be UTF-8 */
};

static bool is_escape(struct slice text, size_t at)
{
    return text.len - at >= 3 && text.ptr[at] == '%' && char_is(text.ptr[at + 1], CHAR_HEX) &&
           char_is(text.ptr[at + 2], CHAR_HEX);
}

static char escape_value(const char *escape)
{
    return (char)(hex_value(escape[1]) << 4 | hex_value(escape[2]));
}

/* What a server that decodes a whole path sees here: a slash, or one of the delimiters that stand for themselves in a path. */
static bool is_loose_escape(char value)
{
    return value == '/' || value == '\\' || char_is(value, CHAR_PLAIN);
}

/* "/." at `at`: ".name" is plain, all else may be a dot segment. */
static bool may_be_dots(struct slice raw, size_t at)
{
    char third = at + 2 < raw.len ? raw.ptr[at + 2] : '?';
    return third == '.' || !char_is(third, CHAR_PLAIN);
}

static bool note_escape(struct slice raw, size_t at, struct path_facts *facts)
{
    if (!is_escape(raw, at))
        return false;
    char value = escape_value(raw.ptr + at);
    facts->changes = true;
    facts->dots |= value == '.';
    facts->loosens |= is_loose_escape(value) && !char_is(value, CHAR_UNRESERVED);
    return true;
}

/* A byte that is not CHAR_PLAIN, at `at` of `raw`. False: the target is malformed. */
static bool note_special_byte(struct slice raw, size_t at, struct path_facts *facts)
{
    char byte = raw.ptr[at];

    if (byte == '/') {
        char next = at + 1 < raw.len ? raw.ptr[at + 1] : '?';
        facts->loosens |= next == '/';
        facts->dots |= next == '.' && may_be_dots(raw, at);
        return true;
    }
    if (byte == ';') {
        facts->loosens = true;
        return true;
    }
    if (byte == '%')
        return note_escape(raw, at, facts);
    facts->changes = true;
    facts->loosens |= byte == '\\';
    facts->illegal++;
    facts->has_high_bytes |= (unsigned char)byte >= 0x80;
    return char_is(byte, CHAR_TARGET);
}

static bool look_at_path(struct slice raw, struct path_facts *out_facts)
{
    size_t at = 0;

    *out_facts = (struct path_facts){0};
    for (; at < raw.len; at++) {
        if (char_is(raw.ptr[at], CHAR_PLAIN))
            continue;
        if (raw.ptr[at] == '?')
            break;
        if (!note_special_byte(raw, at, out_facts))
            return false;
    }
    out_facts->len = at;
    return !out_facts->has_high_bytes || utf8_is_valid(slice_head(raw, at));
}

static bool query_is_fine(struct slice query)
{
    unsigned high = 0;

    for (size_t i = 0; i < query.len; i++) {
        if (!char_is(query.ptr[i], CHAR_TARGET))
            return false;
        high |= (unsigned char)query.ptr[i];
    }
    return high < 0x80 || utf8_is_valid(query);
}

static size_t put_escape(char *out, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";

    out[0] = '%';
    out[1] = digits[byte >> 4];
    out[2] = digits[byte & 15];
    return 3;
}

/* `out` has room for text.len and two more for each byte that has to be escaped. */
static size_t write_canonical(struct slice text, char *out)
{
    size_t len = 0;

    for (size_t at = 0; at < text.len; at++) {
        char byte = text.ptr[at];
        if (is_escape(text, at)) {
            char value = escape_value(text.ptr + at);
            at += 2;
            if (char_is(value, CHAR_UNRESERVED))
                out[len++] = value;
            else
                len += put_escape(out + len, (unsigned char)value);
        } else if (char_is(byte, CHAR_PATH)) {
            out[len++] = byte;
        } else {
            len += put_escape(out + len, (unsigned char)byte);
        }
    }
    return len;
}

/* RFC 3986 5.2.4, in place, for a path that begins with '/'. Returns the new length. */
static size_t remove_dot_segments(char *path, size_t len, bool *has_dots)
{
    size_t kept = 0;

    for (size_t at = 0, end; at < len; at = end) {
        struct slice rest = {path + at + 1, len - at - 1};
        size_t segment_len = slice_find(rest, '/');
        struct slice segment = slice_head(rest, segment_len);
        bool one = slice_eq(segment, SLICE(".")), two = slice_eq(segment, SLICE(".."));

        end = at + 1 + segment_len;
        if (!one && !two) {
            memmove(path + kept, path + at, end - at);
            kept += end - at;
            continue;
        }
        *has_dots = true;
        if (two)
            while (kept > 0 && path[--kept] != '/')
                continue;
        if (end == len)
            path[kept++] = '/';
    }
    if (kept == 0)
        path[kept++] = '/';
    return kept;
}

/* Loose text of `path`, dot segments still there. `out` has room for path.len, and may be path's own bytes. */
static size_t write_loose(struct slice path, bool merge_slashes, char *out)
{
    size_t len = 0;
    bool in_parameter = false;

    for (size_t at = 0; at < path.len; at++) {
        char byte = path.ptr[at];
        if (is_escape(path, at) && is_loose_escape(escape_value(path.ptr + at))) {
            byte = escape_value(path.ptr + at);
            at += 2;
        }
        if (byte == '\\')
            byte = '/';
        if (byte == '/') {
            in_parameter = false;
            if (merge_slashes && len > 0 && out[len - 1] == '/')
                continue;
        }
        in_parameter |= byte == ';';
        if (!in_parameter)
            out[len++] = byte;
    }
    return len;
}

/* The loose view of `path`: slashes merged before dot segments are removed, or after. Empty when the arena is full. */
static struct slice loosen(struct arena *arena, struct slice path, bool merge_first, bool *has_dots)
{
    char *bytes = arena_bytes(arena, path.len);

    if (!bytes)
        return SLICE("");
    size_t len = remove_dot_segments(bytes, write_loose(path, merge_first, bytes), has_dots);
    return slice_make(bytes, merge_first ? len : write_loose(slice_make(bytes, len), true, bytes));
}

/* `text` is the path with unreserved %XX decoded, dot segments still there. */
static enum reason make_canonical(struct arena *arena, struct slice text, struct target *target)
{
    char *bytes = arena_bytes(arena, text.len);

    if (!bytes)
        return REASON_INTERNAL;
    memcpy(bytes, text.ptr, text.len);
    target->canonical = slice_make(bytes, remove_dot_segments(bytes, text.len, &target->has_dots));
    return REASON_NONE;
}

/* Whether the order in which slashes are merged and dot segments removed makes no difference to `path`. */
static bool loosens_alike(struct arena *arena, struct slice path, const struct target *target)
{
    bool has_dots;
    struct slice merged_first = loosen(arena, path, true, &has_dots);
    struct slice merged_last = loosen(arena, path, false, &has_dots);
    return slice_eq(merged_first, target->loose) && slice_eq(merged_last, target->loose);
}

/* With dot segments beside empty or encoded ones there is more than one loose view: /a//../b is /b to who
 * merges slashes first and /a/b to who does not. No honest client sends such a path, so it is refused instead
 * of guessed. */
static enum reason make_loose(struct arena *arena, struct slice text, struct target *target)
{
    target->loose = loosen(arena, target->canonical, true, &target->has_dots);
    if (target->has_dots && !(loosens_alike(arena, target->canonical, target) && loosens_alike(arena, text, target)))
        return arena->overflowed ? REASON_INTERNAL : REASON_AMBIGUOUS_PATH;
    target->loose_differs = !slice_eq(target->loose, target->canonical);
    return target->loose.len > 0 && !arena->overflowed ? REASON_NONE : REASON_INTERNAL;
}

static enum reason make_views(struct arena *arena, const struct path_facts *facts, struct target *target)
{
    struct slice text = target->raw_path;
    enum reason reason = REASON_NONE;

    if (facts->changes) {
        char *bytes = arena_bytes(arena, facts->len + 2 * facts->illegal);
        if (!bytes)
            return REASON_INTERNAL;
        text = slice_make(bytes, write_canonical(target->raw_path, bytes));
        target->canonical = text;
    }
    if (facts->dots)
        reason = make_canonical(arena, text, target);
    target->loose = target->canonical;
    return reason == REASON_NONE && facts->loosens ? make_loose(arena, text, target) : reason;
}

enum reason target_parse(struct arena *arena, struct slice raw, struct target *out)
{
    struct path_facts facts;

    *out = (struct target){.raw = raw, .raw_path = raw, .canonical = raw, .loose = raw, .query = SLICE("")};
    if (slice_eq(raw, SLICE("*")))
        return REASON_NONE;
    if (raw.len == 0 || raw.ptr[0] != '/' || !look_at_path(raw, &facts))
        return REASON_BAD_TARGET;
    out->raw_path = slice_head(raw, facts.len);
    out->has_query = facts.len < raw.len;
    out->query = slice_from(raw, facts.len + 1);
    if (!query_is_fine(out->query))
        return REASON_BAD_TARGET;
    out->canonical = out->loose = out->raw_path;
    return facts.changes || facts.dots || facts.loosens ? make_views(arena, &facts, out) : REASON_NONE;
}

size_t target_raw_offset(const struct target *target, size_t canonical_len)
{
    struct slice raw = target->raw_path;
    size_t at = 0, made = 0;

    if (target->canonical.ptr == raw.ptr)
        return canonical_len < raw.len ? canonical_len : raw.len;
    while (at < raw.len && made < canonical_len) {
        bool escape = is_escape(raw, at);
        char byte = escape ? escape_value(raw.ptr + at) : raw.ptr[at];
        made += char_is(byte, escape ? CHAR_UNRESERVED : CHAR_PATH) ? 1 : 3;
        at += escape ? 3 : 1;
    }
    return at;
}

struct slice target_canonical_text(struct arena *arena, struct slice text)
{
    size_t illegal = 0;

    for (size_t at = 0; at < text.len; at++)
        illegal += !char_is(text.ptr[at], CHAR_PATH) && !is_escape(text, at);
    char *bytes = arena_bytes(arena, text.len + 2 * illegal);
    return bytes ? slice_make(bytes, write_canonical(text, bytes)) : SLICE("");
}

struct slice target_decode(struct arena *arena, struct slice text)
{
    char *bytes = arena_bytes(arena, text.len);
    size_t len = 0;

    if (!bytes)
        return SLICE("");
    for (size_t at = 0; at < text.len; at++) {
        bool escape = is_escape(text, at);
        bytes[len++] = escape ? escape_value(text.ptr + at) : text.ptr[at];
        at += escape ? 2 : 0;
    }
    return slice_make(bytes, len);
}
