/* SPDX-License-Identifier: MIT */
#include "waybill/base/text.h"
#include "waybill/base/utf8.h"
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

void text_add_u64(struct text *text, uint64_t number)
{
    static const char pairs[] =
        "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
        "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
    char digits[20];
    size_t at = sizeof digits;

    for (; number >= 100; number /= 100)
        memcpy(digits + (at -= 2), pairs + number % 100 * 2, 2);
    if (number >= 10)
        memcpy(digits + (at -= 2), pairs + number * 2, 2);
    else
        digits[--at] = (char)('0' + number);
    text_add(text, slice_make(digits + at, sizeof digits - at));
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

static bool is_hidden(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x061c || point == 0x200e || point == 0x200f ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

/* Length of the printable character at the start of `text`, or 0. C1 controls, line separators and the marks that turn the
 * direction of writing count as not printable: they could make a line look like another one. */
static size_t printable_length(struct slice text)
{
    uint32_t point;
    size_t len = utf8_decode(text, &point);

    return len == 0 || is_hidden(point) ? 0 : len;
}

static bool is_plain(char c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* None of eight bytes needs anything to be done. May be false where all are plain, never true where one is not. */
static bool eight_are_plain(const char *bytes)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t word, quote, slash, del;

    memcpy(&word, bytes, sizeof word);
    quote = word ^ ('"' * ones);
    slash = word ^ ('\\' * ones);
    del = word ^ (0x7f * ones);
    return ((word | (word - ' ' * ones) | (quote - ones) | (slash - ones) | (del - ones)) & highs) == 0;
}

/* How many bytes in front are plain ASCII. */
static size_t plain_length(struct slice part)
{
    size_t len = 0;

    while (part.len - len >= 8 && eight_are_plain(part.ptr + len))
        len += 8;
    if (part.len >= 8 && part.len - len < 8 && eight_are_plain(part.ptr + part.len - 8))
        return part.len; /* the last eight, some of them again */
    while (len < part.len && is_plain(part.ptr[len]))
        len++;
    return len;
}

static void cut_plain(struct text *text, struct slice *part)
{
    size_t plain = plain_length(*part);

    text_add(text, slice_head(*part, plain));
    *part = slice_from(*part, plain);
}

static void add_visible(struct text *text, struct slice part, bool quoted)
{
    for (cut_plain(text, &part); part.len; cut_plain(text, &part)) {
        size_t len = printable_length(part);
        if (quoted && len == 1 && (part.ptr[0] == '"' || part.ptr[0] == '\\')) {
            text_add_char(text, '\\');
            text_add_char(text, part.ptr[0]);
        } else if (len) {
            text_add(text, slice_head(part, len));
        } else {
            len = 1;
            if (part.ptr[0] == '\n')
                text_add(text, SLICE("\\n"));
            else if (part.ptr[0] == '\t')
                text_add(text, SLICE("\\t"));
            else
                text_addf(text, "\\x%02x", (unsigned)(unsigned char)part.ptr[0]);
        }
        part = slice_from(part, len);
    }
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
    for (cut_plain(text, &part); part.len; cut_plain(text, &part)) {
        uint32_t point;
        size_t len = utf8_decode(part, &point);
        if (len == 0) {
            len = 1;
            text_add(text, SLICE("\\ufffd"));
        } else if (point == '"' || point == '\\') {
            text_add_char(text, '\\');
            text_add_char(text, (char)point);
        } else if (is_hidden(point)) { /* none is past U+FFFF */
            text_addf(text, "\\u%04x", (unsigned)point);
        } else {
            text_add(text, slice_head(part, len));
        }
        part = slice_from(part, len);
    }
}
