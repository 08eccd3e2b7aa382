/* SPDX-License-Identifier: MIT */
/* $NAME and ${NAME...} of compose files, and the .env file that gives values to them. */
#include "compose_private.h"
#include "waybill/base/text.h"

enum { EXPANSION_DEPTH_MAX = 8, EXPANSION_MAX = 1024 * 1024, BRACES_OPEN_MAX = 32 };

struct expansion {
    struct compose_reader *reader;
    struct source at;
    struct text out;
    unsigned depth; /* of defaults within defaults */
};

static void expand_into(struct expansion *expansion, struct slice text);

static bool is_name_char(char c, bool first)
{
    char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || c == '_' || (!first && c >= '0' && c <= '9');
}

static struct slice take_name(struct slice *rest)
{
    size_t len = 0;

    while (len < rest->len && is_name_char(rest->ptr[len], len == 0))
        len++;
    struct slice name = slice_head(*rest, len);
    *rest = slice_from(*rest, len);
    return name;
}

static void warn_unset(struct expansion *expansion, struct slice name)
{
    struct compose_reader *reader = expansion->reader;

    if (map_put(&reader->unset, name, reader) == NULL)
        problems_add(reader->problems, PROBLEM_WARNING, expansion->at,
                     "the variable " SLICE_FMT " is not set, so it is taken as empty: set it, or write ${" SLICE_FMT
                     ":-default}",
                     SLICE_ARG(name), SLICE_ARG(name));
}

static void put_variable(struct expansion *expansion, struct slice name)
{
    const struct compose_input *input = expansion->reader->input;
    struct slice value;

    if (input->find_variable(input->arg, name, &value))
        text_add(&expansion->out, value);
    else
        warn_unset(expansion, name);
}

/* What may stand behind the name in ${...}; `:` counts empty as not set. */
static bool put_with_operator(struct expansion *expansion, struct slice name, struct slice rest)
{
    const struct compose_input *input = expansion->reader->input;
    struct slice value = SLICE("");
    bool counts_empty = slice_starts(rest, SLICE(":"));
    struct slice word = slice_from(rest, counts_empty ? 2 : 1);
    char operator= rest.len> counts_empty ? rest.ptr[counts_empty] : '\0';
    bool is_set = input->find_variable(input->arg, name, &value) && (value.len || !counts_empty);

    switch (operator) {
    case '-':
        if (is_set)
            text_add(&expansion->out, value);
        else
            expand_into(expansion, word);
        return true;
    case '+':
        if (is_set)
            expand_into(expansion, word);
        return true;
    case '?':
        text_add(&expansion->out, value);
        if (!is_set)
            problems_add(expansion->reader->problems, PROBLEM_ERROR, expansion->at,
                         "the variable " SLICE_FMT " must be set: " SLICE_FMT, SLICE_ARG(name), SLICE_ARG(word));
        return true;
    }
    return false;
}

/* `*rest` is behind "${": takes up to the brace that closes it. With very many open ones it is not looked for: the end of a text
 * that only opens them would be gone to from each of them. */
static bool expand_braces(struct expansion *expansion, struct slice *rest)
{
    size_t open = 1, at = 0;

    for (; at < rest->len && open <= BRACES_OPEN_MAX; at++) {
        if (rest->ptr[at] == '{' && at > 0 && rest->ptr[at - 1] == '$')
            open++;
        else if (rest->ptr[at] == '}' && --open == 0)
            break;
    }
    if (open)
        return false;
    struct slice inside = slice_head(*rest, at), name = take_name(&inside);
    if (name.len == 0)
        return false;
    if (inside.len == 0)
        put_variable(expansion, name);
    else if (!put_with_operator(expansion, name, inside))
        return false;
    *rest = slice_from(*rest, at + 1);
    return true;
}

/* `*rest` is behind a dollar sign. */
static bool expand_one(struct expansion *expansion, struct slice *rest)
{
    if (slice_starts(*rest, SLICE("$"))) {
        text_add_char(&expansion->out, '$');
        *rest = slice_from(*rest, 1);
        return true;
    }
    if (slice_starts(*rest, SLICE("{"))) {
        *rest = slice_from(*rest, 1);
        return expand_braces(expansion, rest);
    }
    struct slice name = take_name(rest);
    if (name.len)
        put_variable(expansion, name);
    return name.len > 0;
}

static void expand_into(struct expansion *expansion, struct slice text)
{
    if (++expansion->depth > EXPANSION_DEPTH_MAX)
        problems_add(expansion->reader->problems, PROBLEM_ERROR, expansion->at,
                     "defaults of variables are nested more than %d deep; use fewer levels", EXPANSION_DEPTH_MAX);
    while (text.len && expansion->depth <= EXPANSION_DEPTH_MAX && expansion->out.len < EXPANSION_MAX) {
        size_t dollar = slice_find(text, '$');
        text_add(&expansion->out, slice_head(text, dollar));
        if (dollar == text.len)
            break;
        struct slice rest = slice_from(text, dollar + 1);
        if (!expand_one(expansion, &rest)) {
            problems_add(expansion->reader->problems, PROBLEM_ERROR, expansion->at,
                         "`" SLICE_FMT
                         "`: a dollar sign begins a variable in a compose file, and this is none; write $$ for "
                         "a dollar sign",
                         SLICE_ARG(slice_head(slice_from(text, dollar), 20)));
            text_add_char(&expansion->out, '$');
            rest = slice_from(text, dollar + 1);
        }
        text = rest;
    }
    expansion->depth--;
}

struct slice compose_expand(struct compose_reader *reader, struct slice text, struct source at)
{
    struct expansion expansion = {.reader = reader, .at = at};

    if (slice_find(text, '$') == text.len)
        return text;
    expand_into(&expansion, text);
    bool fits = compose_count_text(reader, expansion.out.len, at);
    struct slice copy = fits ? arena_copy(reader->arena, text_slice(&expansion.out)) : SLICE("");
    text_fini(&expansion.out);
    return copy;
}

/* -- .env -- */

static struct slice unquote(struct arena *arena, struct slice value)
{
    char quote = value.len ? value.ptr[0] : '\0';
    size_t end = slice_from(value, 1).len, len = 0;

    if (quote != '"' && quote != '\'') {
        for (size_t i = 1; i < value.len; i++) {
            if (value.ptr[i] == '#' && (value.ptr[i - 1] == ' ' || value.ptr[i - 1] == '\t'))
                return slice_trim_space(slice_head(value, i));
        }
        return value;
    }
    char *out = arena_bytes(arena, value.len + 1);
    for (size_t i = 1; i <= end && value.ptr[i] != quote; i++) {
        if (quote == '"' && value.ptr[i] == '\\' && i < end)
            i++;
        out[len++] = value.ptr[i];
    }
    return slice_make(out, len);
}

void compose_read_env(struct arena *arena, struct slice text, void (*put)(void *arg, struct slice name, struct slice value),
                      void *arg)
{
    struct slice line;

    while (slice_cut(&text, '\n', &line)) {
        line = slice_trim_space(line);
        if (slice_starts(line, SLICE("export ")))
            line = slice_trim_space(slice_from(line, 7));
        size_t equals = slice_find(line, '=');
        struct slice rest = slice_trim_space(slice_head(line, equals)), name = take_name(&rest);
        if (equals == line.len || name.len == 0 || rest.len)
            continue;
        put(arg, name, unquote(arena, slice_trim_space(slice_from(line, equals + 1))));
    }
}
