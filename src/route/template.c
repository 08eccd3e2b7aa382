/* SPDX-License-Identifier: MIT */
#include "template.h"
#include "rule_parts.h"
#include "waybill/base/text.h"
#include <ctype.h>

size_t brace_close(struct slice text, size_t open)
{
    size_t depth = 0;
    for (size_t i = open; i < text.len; i++) {
        if (text.ptr[i] == '{')
            depth++;
        else if (text.ptr[i] == '}' && --depth == 0)
            return i;
    }
    return text.len;
}

const struct regex *regex_add(struct arena *arena, struct regex_link **regexes, struct slice pattern, bool ignore_case,
                              struct slice *out_error)
{
    char error[REGEX_ERROR_SIZE];
    struct regex *made = regex_create(pattern.ptr, pattern.len, ignore_case, error);
    if (!made) {
        *out_error = slice_of(arena_format(arena,
                                           "`" SLICE_FMT "` is not a regular expression (%s): mend it, in the syntax of RE2",
                                           SLICE_SHOWN(pattern), error));
        return NULL;
    }
    struct regex_link *link = ARENA_NEW(arena, struct regex_link);
    *link = (struct regex_link){.next = *regexes, .regex = made};
    *regexes = link;
    return made;
}

static bool is_unreserved(int byte)
{
    return byte < 128 && (isalnum(byte) || byte == '-' || byte == '.' || byte == '_' || byte == '~');
}

/* %XX at `at` of a pattern: the byte itself if it is unreserved, else upper-case hex. False: not a %XX. */
static bool add_pattern_triple(struct text *out, struct slice pattern, size_t at)
{
    int high = at + 2 < pattern.len ? ascii_hex(pattern.ptr[at + 1]) : -1;
    int low = at + 2 < pattern.len ? ascii_hex(pattern.ptr[at + 2]) : -1;
    if (high < 0 || low < 0)
        return false;
    int byte = high * 16 + low;
    if (!is_unreserved(byte))
        text_addf(out, "(?:%%%02X)", (unsigned)byte);
    else
        text_addf(out, byte == '.' ? "\\%c" : "%c", byte);
    return true;
}

/* Length of a UTF-8 sequence by its first byte: the unit that a quantifier behind it means. */
static size_t sequence_len(struct slice text, size_t at)
{
    unsigned char c = (unsigned char)text.ptr[at];
    size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    return len > text.len - at ? text.len - at : len;
}

struct slice pattern_canonical(struct arena *arena, struct slice pattern)
{
    struct text out = TEXT_EMPTY;
    bool in_class = false;
    for (size_t i = 0; i < pattern.len; i++) {
        unsigned char c = (unsigned char)pattern.ptr[i];
        if (c == '\\' && i + 1 < pattern.len) {
            text_add(&out, slice_make(pattern.ptr + i++, 2));
        } else if (!in_class && c == '%' && add_pattern_triple(&out, pattern, i)) {
            i += 2;
        } else if (!in_class && (c >= 0x80 || c == ' ' || c == '"')) {
            size_t len = sequence_len(pattern, i);
            text_add(&out, SLICE("(?:"));
            for (size_t k = 0; k < len; k++)
                text_addf(&out, "%%%02X", (unsigned)(unsigned char)pattern.ptr[i + k]);
            text_add(&out, SLICE(")"));
            i += len - 1;
        } else {
            if (c == '[' && !in_class) {
                in_class = true;
                text_add_char(&out, '[');
                if (i + 1 < pattern.len && pattern.ptr[i + 1] == '^')
                    text_add_char(&out, pattern.ptr[++i]);
                if (i + 1 < pattern.len && pattern.ptr[i + 1] == ']') /* a first ] is a member */
                    text_add_char(&out, pattern.ptr[++i]);
                continue;
            }
            if (c == '[' && i + 1 < pattern.len && pattern.ptr[i + 1] == ':') { /* [:alpha:] */
                size_t end = i + 2 + slice_find(slice_from(pattern, i + 2), ']');
                end = end < pattern.len ? end : pattern.len - 1;
                text_add(&out, slice_make(pattern.ptr + i, end + 1 - i));
                i = end;
                continue;
            }
            if (c == ']')
                in_class = false;
            text_add_char(&out, (char)c);
        }
    }
    struct slice copy = arena_copy(arena, text_slice(&out));
    text_fini(&out);
    return copy;
}

enum { TEMPLATE_VARIABLES_MAX = 16 };

/* Work of one template_parse. */
struct template_build {
    struct arena *arena;
    enum template_kind kind;
    struct text pattern; /* of the whole template */
    struct slice names[TEMPLATE_VARIABLES_MAX];
    size_t variables;
    bool bare; /* the only variable has no regex of its own */
    struct slice head, tail;
};

static struct slice literal_form(struct template_build *build, struct slice literal)
{
    if (build->kind == TEMPLATE_PATH)
        return target_canonical_text(build->arena, literal);
    if (build->kind == TEMPLATE_QUERY)
        return literal;
    char *lower = arena_strndup(build->arena, literal.ptr, literal.len);
    for (size_t i = 0; i < literal.len; i++)
        lower[i] = ascii_lower(lower[i]);
    return slice_make(lower, literal.len);
}

static void add_literal(struct template_build *build, struct slice literal)
{
    struct slice form = literal_form(build, literal);
    for (size_t i = 0; i < form.len; i++) {
        char c = form.ptr[i];
        if ((unsigned char)c < 0x80 && !isalnum((unsigned char)c) && c != '_')
            text_add_char(&build->pattern, '\\');
        text_add_char(&build->pattern, c);
    }
    if (build->variables == 0)
        build->head = form;
    build->tail = build->variables ? form : SLICE("");
}

/* Behind the escape at `at`: punctuation is itself, anything else may stand for much. `*out_to` is behind what it may take. */
static bool is_literal_escape(struct slice pattern, size_t at, size_t *out_to)
{
    enum { ESCAPE_BYTES = 4 }; /* \x41, \123, \pN */
    unsigned char c = at + 1 < pattern.len ? (unsigned char)pattern.ptr[at + 1] : 'x';
    bool literal = c < 0x80 && !isalnum(c);
    *out_to = at + (literal ? 2 : ESCAPE_BYTES);
    return literal;
}

/* Behind the class that begins at `at`. */
static size_t class_end(struct slice pattern, size_t at)
{
    size_t i = at + 1;
    i += i < pattern.len && pattern.ptr[i] == '^';
    i += i < pattern.len && pattern.ptr[i] == ']';
    while (i < pattern.len && pattern.ptr[i] != ']') {
        struct slice rest = slice_from(pattern, i);
        if (slice_starts(rest, SLICE("[:")))
            i += slice_find(slice_from(rest, 2), ']') + 3;
        else
            i += pattern.ptr[i] == '\\' ? 2 : 1;
    }
    return i + 1;
}

/* Text that everything ends with that a whole host pattern matches; empty when there is none, or it is not seen at once. */
static struct slice literal_end(struct arena *arena, struct slice pattern)
{
    char *run = arena_bytes(arena, pattern.len + 1);
    size_t len = 0, depth = 0, to, taken = 0; /* taken: bytes up to there belong to an escape */
    for (size_t i = 0; i < pattern.len; i++) {
        char c = pattern.ptr[i];
        if (c == '\\' && is_literal_escape(pattern, i, &to)) {
            run[len++] = pattern.ptr[++i];
            len = depth || i < taken ? 0 : len;
            continue;
        }
        if (c == '\\' && slice_starts(slice_from(pattern, i), SLICE("\\Q")))
            return SLICE(""); /* from here on nothing means what it looks like */
        if (c == '\\')
            taken = to;
        else if (c == '[')
            i = class_end(pattern, i) - 1;
        else if (c == '{')
            i += slice_find(slice_from(pattern, i), '}');
        depth += c == '(';
        depth -= c == ')' && depth > 0;
        if (c == '|' && depth == 0)
            return SLICE("");
        if (depth == 0 && i >= taken && (isalnum((unsigned char)c) || c == '-' || c == '_'))
            run[len++] = ascii_lower(c);
        else if (c != '$' || i + 1 < pattern.len)
            len = 0;
    }
    return slice_make(run, len);
}

static struct slice default_pattern(enum template_kind kind)
{
    switch (kind) {
    case TEMPLATE_HOST:
        return SLICE("[^.]+");
    case TEMPLATE_PATH:
        return SLICE("[^/]+");
    case TEMPLATE_QUERY:
        return SLICE(".*");
    }
    WB_UNREACHABLE();
}

static const char *add_variable(struct template_build *build, struct slice inside, bool unique, struct slice *out_error)
{
    size_t colon = slice_find(inside, ':');
    struct slice name = slice_trim_space(slice_head(inside, colon));
    bool bare = colon == inside.len;
    struct slice pattern = bare ? default_pattern(build->kind) : slice_from(inside, colon + 1);
    char error[REGEX_ERROR_SIZE];

    if (name.len == 0 || pattern.len == 0)
        return "has a variable without a name or without a pattern: write {name} or {name:regex}";
    for (size_t i = 0; unique && i < build->variables; i++)
        if (slice_eq(build->names[i], name))
            return "has the same variable name twice: use each name once where a prefix is stripped";
    if (build->variables == TEMPLATE_VARIABLES_MAX)
        return "has more than 16 variables: use fewer";
    /* By itself, or `a)(b` would pass. */
    struct regex *check = regex_create(pattern.ptr, pattern.len, false, error);
    if (!check) {
        *out_error = slice_of(arena_format(build->arena,
                                           "has the pattern `" SLICE_FMT "`, which is not a regular expression (%s)",
                                           SLICE_SHOWN(pattern), error));
        return out_error->ptr;
    }
    regex_destroy(check);
    if (build->kind == TEMPLATE_PATH)
        pattern = pattern_canonical(build->arena, pattern);
    text_add(&build->pattern, SLICE("(?:"));
    text_add(&build->pattern, pattern);
    text_add(&build->pattern, SLICE(")"));
    build->names[build->variables++] = name;
    build->bare = bare && build->variables == 1 && build->kind != TEMPLATE_QUERY;
    /* Of a host the end tells most; a variable at the end has one, too, when it ends in plain text. */
    build->tail = build->kind == TEMPLATE_HOST ? literal_end(build->arena, pattern) : SLICE("");
    return NULL;
}

/* Cuts the text at its braces. Returns what is wrong, or NULL. */
static const char *build_parts(struct template_build *build, struct slice text, bool unique, struct slice *out_error)
{
    size_t at = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '}')
            return "has a `}` without its `{`: balance the braces";
        if (text.ptr[i] != '{')
            continue;
        size_t close = brace_close(text, i);
        if (close == text.len)
            return "has a `{` without its `}`: balance the braces";
        if (i > at || build->variables == 0)
            add_literal(build, slice_make(text.ptr + at, i - at));
        const char *wrong = add_variable(build, slice_make(text.ptr + i + 1, close - i - 1), unique, out_error);
        if (wrong)
            return wrong;
        at = close + 1;
        i = close;
    }
    if (at < text.len || build->variables == 0)
        add_literal(build, slice_from(text, at));
    return NULL;
}

enum template_error template_parse(struct arena *arena, struct slice text, enum template_kind kind, bool unique,
                                   struct regex_link **regexes, struct template *out, struct slice *out_error)
{
    struct template_build build = {.arena = arena, .kind = kind};
    const char *wrong = build_parts(&build, text, unique, out_error);

    *out = (struct template){.written = text, .head = build.head, .tail = build.tail, .has_variable = build.variables > 0};
    if (wrong) {
        *out_error = slice_of(arena_format(arena, "`" SLICE_FMT "` %s", SLICE_SHOWN(text), wrong));
    } else if (build.bare && build.variables == 1) {
        out->gap_stop = kind == TEMPLATE_HOST ? '.' : '/';
    } else if (build.variables > 0) {
        out->regex = regex_add(arena, regexes, text_slice(&build.pattern), kind == TEMPLATE_HOST, out_error);
        wrong = out->regex ? NULL : out_error->ptr;
    }
    text_fini(&build.pattern);
    return wrong ? TEMPLATE_BAD : TEMPLATE_OK;
}

bool template_match_whole(const struct template *t, struct slice text)
{
    if (!t->has_variable)
        return slice_eq(text, t->head);
    if (text.len < t->head.len + t->tail.len || !slice_starts(text, t->head) || !slice_ends(text, t->tail))
        return false;
    if (t->regex)
        return regex_find(t->regex, text.ptr, text.len, 0, REGEX_WHOLE, NULL, 0);
    size_t gap = text.len - t->head.len - t->tail.len;
    return gap > 0 && !memchr(text.ptr + t->head.len, t->gap_stop, gap);
}

/* head {name} tail as a prefix: the gap reaches as far as it can and still has the tail behind it, as a greedy match does. */
static bool match_gap_prefix(const struct template *t, struct slice text, size_t *out_len)
{
    size_t first = t->head.len, end = first;
    while (end < text.len && (unsigned char)text.ptr[end] != t->gap_stop)
        end++;
    for (; end > first; end--) {
        if (slice_starts(slice_from(text, end), t->tail)) {
            *out_len = end + t->tail.len;
            return true;
        }
    }
    return false;
}

bool template_match_prefix(const struct template *t, struct slice text, size_t *out_len)
{
    if (!slice_starts(text, t->head))
        return false;
    if (!t->has_variable) {
        *out_len = t->head.len;
        return true;
    }
    if (!t->regex)
        return match_gap_prefix(t, text, out_len);
    struct regex_span whole;
    if (!regex_find(t->regex, text.ptr, text.len, 0, REGEX_AT_START, &whole, 1))
        return false;
    *out_len = whole.len;
    return true;
}
