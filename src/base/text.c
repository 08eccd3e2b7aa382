/* SPDX-License-Identifier: MIT */
#include "waybill/base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void text_reserve(struct text *text, size_t more)
{
    size_t wanted = text->len + more + 1;
    if (wanted <= text->capacity)
        return;
    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity < wanted)
        capacity *= 2;
    text->ptr = wb_realloc(text->ptr, capacity);
    text->capacity = capacity;
}

void text_fini(struct text *text)
{
    free(text->ptr);
    *text = TEXT_EMPTY;
}

void text_addf(struct text *text, const char *form, ...)
{
    va_list args, again;
    va_start(args, form);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, form, again);
    va_end(again);
    WB_REQUIRE(len >= 0);
    text_reserve(text, (size_t)len);
    vsnprintf(text->ptr + text->len, (size_t)len + 1, form, args);
    va_end(args);
    text->len += (size_t)len;
}

char *text_take(struct text *text)
{
    text_reserve(text, 0);
    text->ptr[text->len] = '\0';
    char *taken = text->ptr;
    *text = TEXT_EMPTY;
    return taken;
}

/* Room is made for what is left of `part` if all of it is plain, and for one character that is not. */
static void add_visible(struct text *text, struct slice part, bool quoted)
{
    do {
        char *at = pen_plain(text_room(text, part.len + PEN_ESCAPED_MAX), &part);
        text_end(text, part.len ? pen_special(at, &part, quoted) : at);
    } while (part.len);
}

void text_add_escaped(struct text *text, struct slice part)
{
    add_visible(text, part, true);
}

void text_add_visible(struct text *text, struct slice part)
{
    add_visible(text, part, false);
}

void text_add_json(struct text *text, struct slice part)
{
    do {
        char *at = pen_plain(text_room(text, part.len + PEN_JSON_MAX), &part);
        text_end(text, part.len ? pen_json_special(at, &part) : at);
    } while (part.len);
}
