/* SPDX-License-Identifier: MIT */
#include "parser.h"
#include "waybill/base/utf8.h"
#include <stdarg.h>
#include <stdio.h>

static size_t character_length(const struct toml_parser *p)
{
    uint32_t point;
    return utf8_decode(slice_make(p->at, (size_t)(p->end - p->at)), &point);
}

static bool is_allowed_control(const char *at, const char *end)
{
    return *at == '\t' || *at == '\n' || (*at == '\r' && end - at > 1 && at[1] == '\n');
}

bool toml_check_bytes(struct toml_parser *p, struct slice input)
{
    if (input.len > TOML_INPUT_MAX)
        return toml_fail(p, toml_here(p), "the file has %zu bytes; split it, %d are allowed", input.len, TOML_INPUT_MAX);
    while (p->at < p->end) {
        unsigned char c = (unsigned char)*p->at;
        size_t len = character_length(p);
        if (len == 0)
            return toml_fail(p, toml_here(p), "byte 0x%02x is not UTF-8; save the file as UTF-8", c);
        if ((c < 0x20 || c == 0x7f) && !is_allowed_control(p->at, p->end))
            return toml_fail(p, toml_here(p), "found control character 0x%02x; write it as \"\\u%04X\"", c, c);
        if (!toml_skip_line_end(p))
            p->at += len;
    }
    return true;
}

void toml_skip_blanks(struct toml_parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t'))
        p->at++;
}

bool toml_skip_line_end(struct toml_parser *p)
{
    if (toml_is_next(p, '\r'))
        p->at++; /* toml_check_bytes saw the \n behind it */
    if (!toml_is_next(p, '\n'))
        return false;
    p->at++;
    p->line++;
    p->line_start = p->at;
    return true;
}

void toml_skip_comment(struct toml_parser *p)
{
    if (!toml_is_next(p, '#'))
        return;
    while (p->at < p->end && *p->at != '\n' && *p->at != '\r')
        p->at++;
}

void toml_skip_gap(struct toml_parser *p)
{
    do {
        toml_skip_blanks(p);
        toml_skip_comment(p);
    } while (toml_skip_line_end(p));
}

struct slice toml_peek_token(const struct toml_parser *p)
{
    const char *stop = p->at;

    for (; stop < p->end; stop++) {
        char c = ascii_lower(*stop);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && (c == '\0' || !strchr("_+-.:", c)))
            break;
    }
    return slice_make(p->at, (size_t)(stop - p->at));
}

bool toml_fail(struct toml_parser *p, struct toml_place place, const char *form, ...)
{
    va_list args;
    char reason[400];

    va_start(args, form);
    vsnprintf(reason, sizeof reason, form, args);
    va_end(args);
    p->error->place = place;
    p->error->reason = arena_strdup(p->arena, reason);
    p->error->message = arena_format(p->arena, SLICE_FMT ":%u:%u: %s", SLICE_ARG(p->file), place.line, place.column, reason);
    return false;
}

const char *toml_quote(struct toml_parser *p, struct slice text)
{
    enum { SHOWN_BYTES = 40 };
    struct slice shown = slice_head(text, SHOWN_BYTES);
    struct text quoted = TEXT_EMPTY;

    if (shown.len < text.len) {
        while (shown.len > 0 && ((unsigned char)text.ptr[shown.len] & 0xc0) == 0x80)
            shown.len--; /* not inside a character */
    }
    text_add_char(&quoted, '\'');
    text_add_escaped(&quoted, shown);
    text_add(&quoted, shown.len < text.len ? SLICE("...'") : SLICE("'"));
    const char *copy = arena_copy(p->arena, text_slice(&quoted)).ptr;
    text_fini(&quoted);
    return copy;
}

const char *toml_found(struct toml_parser *p)
{
    if (p->at == p->end)
        return "the end of the file";
    if (*p->at == '\n' || *p->at == '\r')
        return "the end of the line";
    struct slice token = toml_peek_token(p);
    return toml_quote(p, token.len ? token : slice_make(p->at, character_length(p)));
}
