/* SPDX-License-Identifier: MIT */
#include "reading.h"
#include "waybill/base/text.h"
#include "waybill/base/utf8.h"
#include <stdarg.h>
#include <stdio.h>

bool yaml_fail(struct reading *reading, struct yaml_place place, const char *form, ...)
{
    va_list args;
    char reason[400];

    va_start(args, form);
    vsnprintf(reason, sizeof reason, form, args);
    va_end(args);
    reading->error->place = place;
    reading->error->message = arena_format(reading->arena, SLICE_FMT ":%u:%u: %s", SLICE_ARG(reading->name), place.line,
                                           place.column, reason);
    return false;
}

const char *yaml_quote(struct reading *reading, struct slice text)
{
    enum { SHOWN_BYTES = 40 };
    struct slice shown = slice_head(text, SHOWN_BYTES);
    struct text quoted = TEXT_EMPTY;

    while (shown.len > 0 && shown.len < text.len && ((unsigned char)text.ptr[shown.len] & 0xc0) == 0x80)
        shown.len--; /* not inside a character */
    text_add_char(&quoted, '`');
    text_add_escaped(&quoted, shown);
    text_add(&quoted, shown.len < text.len ? SLICE("...`") : SLICE("`"));
    const char *copy = arena_copy(reading->arena, text_slice(&quoted)).ptr;
    text_fini(&quoted);
    return copy;
}

/* What libyaml says, and what a person can do about it. */
static const struct {
    const char *problem, *advice;
} advices[] = {
    {"mapping values are not allowed in this context", "found a second `: ` in one value, or a key indented otherwise than "
                                                       "its neighbours; put a value that has `: ` in quotes"},
    {"found a tab character that violates indentation", "found a tab in the indentation; use blanks"},
    {"found character that cannot start any token", "a value cannot begin like this; put it in quotes"},
    {"did not find expected key", "this line does not fit in with the lines above; indent it like its neighbours"},
    {"could not find expected ':'", "found a key without a colon; write `key: value`"},
    {"did not find expected '-' indicator", "this line is no item of the list above; begin it with `- ` or indent it less"},
    {"block sequence entries are not allowed in this context", "a list cannot begin here; put it on a line of its own"},
    {"found unexpected end of stream", "the quotes that open here are never closed"},
    {"found unknown escape character", "there is no such escape in double quotes; write \\\\ for a backslash, or use '...'"},
    {"did not find expected hexdecimal number", "this escape wants hexadecimal digits; write \\\\ for a backslash"},
    {"did not find expected ',' or ']'", "the list that opens with `[` goes on with `,` or ends with `]`"},
    {"did not find expected ',' or '}'", "the mapping that opens with `{` goes on with `,` or ends with `}`"},
    {"did not find expected <document start>", "this does not belong to the document above; begin a new one with `---`"},
    {"did not find expected node content", "there is no value here; give one, or quotes with nothing in them"},
    {"found undefined tag handle", "this tag has a handle nobody defined; take it away"},
    {"control characters are not allowed", "a control character cannot stand in YAML; take it away"},
    {"invalid leading UTF-8 octet", "this is not UTF-8; save the file as UTF-8"},
    {"invalid trailing UTF-8 octet", "this is not UTF-8; save the file as UTF-8"},
    {"incomplete UTF-8 octet sequence", "this is not UTF-8; save the file as UTF-8"},
};

static const char *advice_on(const char *problem)
{
    for (size_t i = 0; i < WB_COUNT(advices); i++)
        if (strcmp(problem, advices[i].problem) == 0)
            return advices[i].advice;
    return problem;
}

/* The reader of bytes knows an offset only. */
static struct yaml_place place_at(struct slice input, size_t offset)
{
    struct yaml_place place = {1, 1};

    for (size_t i = 0; i < offset && i < input.len; i++) {
        if (input.ptr[i] == '\n')
            place = (struct yaml_place){place.line + 1, 1};
        else if (((unsigned char)input.ptr[i] & 0xc0) != 0x80)
            place.column++;
    }
    return place;
}

/* A mark counts characters, so the place is looked for. */
static bool is_tab(struct slice input, yaml_mark_t mark)
{
    struct slice line = input;

    for (size_t i = 0; i < mark.line && line.len; i++)
        line = slice_from(line, slice_find(line, '\n') + 1);
    for (size_t column = 0; column < mark.column && line.len; column++) {
        uint32_t unused;
        size_t len = utf8_decode(line, &unused);
        line = slice_from(line, len ? len : 1);
    }
    return line.len > 0 && line.ptr[0] == '\t';
}

bool yaml_fail_syntax(struct reading *reading)
{
    const yaml_parser_t *parser = &reading->parser;
    const char *problem = parser->problem ? parser->problem : "it cannot be read";

    if (parser->error == YAML_READER_ERROR)
        return yaml_fail(reading, place_at(reading->input, parser->problem_offset), "%s", advice_on(problem));
    /* Quotes are to be closed where they open, not at the end of the file, and a key gets its colon on its own line. */
    bool at_start = strcmp(problem, "found unexpected end of stream") == 0 ||
                    strcmp(problem, "could not find expected ':'") == 0;
    if (!at_start && is_tab(reading->input, parser->problem_mark))
        problem = "found a tab character that violates indentation";
    return yaml_fail(reading, yaml_place_of(at_start ? parser->context_mark : parser->problem_mark), "%s",
                     advice_on(problem));
}
