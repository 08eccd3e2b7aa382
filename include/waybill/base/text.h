/* SPDX-License-Identifier: MIT */
/* text - a growing string on the heap, always NUL-terminated. Thread: its holder. Owner: its holder, until text_fini or
 * text_take. */
#pragma once
#include "waybill/base/error.h"
#include "waybill/base/pen.h"

struct text {
    char *ptr; /* NULL while empty and never grown */
    size_t len, capacity;
};

#define TEXT_EMPTY ((struct text){0})

void text_fini(struct text *text);
/* Room for `more` bytes without growing again. */
void text_reserve(struct text *text, size_t more);
/* The same, and where it begins: for a pen, which is told to have ended there by text_end. */
static inline char *text_room(struct text *text, size_t most)
{
    if (text->capacity - text->len <= most)
        text_reserve(text, most);
    return text->ptr + text->len;
}
static inline void text_end(struct text *text, char *end)
{
    *end = '\0';
    text->len = (size_t)(end - text->ptr);
}
static inline void text_add(struct text *text, struct slice part)
{
    if (text->capacity - text->len <= part.len)
        text_reserve(text, part.len);
    if (part.len)
        memcpy(text->ptr + text->len, part.ptr, part.len);
    text->len += part.len;
    text->ptr[text->len] = '\0';
}
static inline void text_add_char(struct text *text, char c)
{
    text_add(text, slice_make(&c, 1));
}
/* In decimal: quicker than text_addf. */
static inline void text_add_u64(struct text *text, uint64_t number)
{
    text_end(text, pen_u64(text_room(text, PEN_U64_MAX), number));
}
void text_addf(struct text *text, const char *form, ...) WB_PRINTF(2, 3);
static inline struct slice text_slice(const struct text *text)
{
    return (struct slice){text->ptr ? text->ptr : "", text->len};
}
/* The string itself, to be freed by the caller; the text is empty after. Never NULL. */
char *text_take(struct text *text);
/* With control bytes, quotes, backslashes and bytes of bad UTF-8 as \n \" \\ \xHH: safe in any log. */
void text_add_escaped(struct text *text, struct slice part);
/* As the inside of a JSON string. What must not be seen by a terminal is \uXXXX, and a byte of bad UTF-8 is U+FFFD: so it reads back
 * as what came, but for such bytes. */
void text_add_json(struct text *text, struct slice part);
/* As text_add_escaped, but quotes and backslashes stay: for a terminal, where nothing is quoted. */
void text_add_visible(struct text *text, struct slice part);
