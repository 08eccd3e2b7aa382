/* SPDX-License-Identifier: MIT */
#include "waybill/base/unicode.h"
#include "waybill/base/arena.h"
#include "waybill/base/utf8.h"

static const struct {
    uint32_t first, last;
} letters_and_numbers[] = {
#include "unicode_ranges.inc"
};

struct case_run {
    uint32_t first, last, step;
    int32_t add;
};

#include "unicode_case.inc"

/* Unicode categories L and N. */
static bool is_letter_or_number(uint32_t point)
{
    size_t low = 0, high = WB_COUNT(letters_and_numbers);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (point > letters_and_numbers[middle].last)
            low = middle + 1;
        else if (point < letters_and_numbers[middle].first)
            high = middle;
        else
            return true;
    }
    return false;
}

bool unicode_is_space(uint32_t point)
{
    switch (point) {
    case ' ':
    case 0x85:
    case 0xa0:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x202f:
    case 0x205f:
    case 0x3000:
        return true;
    default:
        return (point >= '\t' && point <= '\r') || (point >= 0x2000 && point <= 0x200a);
    }
}

static uint32_t change_case(const struct case_run *runs, size_t count, uint32_t point)
{
    for (size_t i = 0; i < count && runs[i].first <= point; i++) {
        if (point <= runs[i].last && (point - runs[i].first) % runs[i].step == 0)
            return (uint32_t)((int32_t)point + runs[i].add);
    }
    return point;
}

static uint32_t upper_of(uint32_t point)
{
    if (point < 0x80)
        return point >= 'a' && point <= 'z' ? point - 0x20 : point;
    return change_case(to_upper, WB_COUNT(to_upper), point);
}

static uint32_t lower_of(uint32_t point)
{
    if (point < 0x80)
        return point >= 'A' && point <= 'Z' ? point + 0x20 : point;
    return change_case(to_lower, WB_COUNT(to_lower), point);
}

static struct slice map_characters(struct arena *arena, struct slice text, uint32_t (*map)(uint32_t point))
{
    /* A few characters need one byte more in the other case, at most three for two. */
    char *out = arena_bytes(arena, text.len * 2 + 1);
    size_t len = 0;

    while (text.len) {
        uint32_t point;
        size_t width = utf8_decode(text, &point);
        if (width)
            len += utf8_write(map(point), out + len);
        else
            out[len++] = text.ptr[0];
        text = slice_from(text, width ? width : 1);
    }
    out[len] = '\0';
    return slice_make(out, len);
}

struct slice unicode_lower(struct arena *arena, struct slice text)
{
    return map_characters(arena, text, lower_of);
}

struct slice unicode_upper(struct arena *arena, struct slice text)
{
    return map_characters(arena, text, upper_of);
}

struct slice unicode_normalise(struct arena *arena, struct slice text)
{
    char *out = arena_bytes(arena, text.len + 1);
    size_t len = 0;
    bool gap = false;

    while (text.len) {
        const char *start = text.ptr;
        uint32_t point = utf8_next(&text);
        size_t width = (size_t)(text.ptr - start);
        if (!is_letter_or_number(point)) {
            gap = len > 0;
            continue;
        }
        if (gap)
            out[len++] = '-'; /* stands for at least one byte that was left out */
        gap = false;
        memcpy(out + len, start, width);
        len += width;
    }
    return slice_make(out, len);
}
