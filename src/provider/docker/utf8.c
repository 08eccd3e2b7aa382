/* SPDX-License-Identifier: MIT */
#include "utf8.h"
#include "waybill/base/error.h"

/* RFC 3629: length of the well-formed sequence in front, 0 if there is none. */
static size_t sequence_length(struct slice text, uint32_t *out_point)
{
    const unsigned char *p = (const unsigned char *)text.ptr;

    if (text.len == 0)
        return 0;
    if (p[0] < 0x80) {
        *out_point = p[0];
        return 1;
    }
    size_t need = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;
    if (need == 0 || text.len < need)
        return 0;
    uint32_t point = p[0] & (0x7fu >> need);
    for (size_t i = 1; i < need; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        point = (point << 6) | (p[i] & 0x3fu);
    }
    if ((need == 3 && point < 0x800) || (need == 4 && point < 0x10000) || point > 0x10ffff ||
        (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *out_point = point;
    return need;
}

bool utf8_is_valid(struct slice text)
{
    uint32_t point;

    while (text.len) {
        size_t len = sequence_length(text, &point);
        if (len == 0)
            return false;
        text = slice_from(text, len);
    }
    return true;
}

uint32_t utf8_next(struct slice *text)
{
    uint32_t point = 0xfffd;
    size_t len = sequence_length(*text, &point);

    *text = slice_from(*text, len ? len : 1);
    return point;
}

size_t utf8_write(uint32_t point, char out[4])
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | (point >> 6));
        out[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | (point >> 12));
        out[1] = (char)(0x80 | ((point >> 6) & 0x3f));
        out[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | (point >> 18));
    out[1] = (char)(0x80 | ((point >> 12) & 0x3f));
    out[2] = (char)(0x80 | ((point >> 6) & 0x3f));
    out[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

static const struct {
    uint32_t first, last;
} letters_and_numbers[] = {
#include "unicode_ranges.inc"
};

bool unicode_is_letter_or_number(uint32_t point)
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
