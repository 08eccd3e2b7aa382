/* SPDX-License-Identifier: MIT */
#include "waybill/base/utf8.h"

static bool is_character(uint32_t point)
{
    return point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

size_t utf8_decode(struct slice text, uint32_t *out_point)
{
    /* By length: the least code point that needs it. What could be said shorter is no UTF-8. */
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)text.ptr;

    if (text.len == 0)
        return 0;
    if (bytes[0] < 0x80) {
        *out_point = bytes[0];
        return 1;
    }
    size_t len = bytes[0] < 0xc0 ? 0 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : bytes[0] < 0xf8 ? 4 : 0;
    if (len == 0 || text.len < len)
        return 0;
    uint32_t point = bytes[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (bytes[i] & 0x3fu);
    }
    if (point < least[len] || !is_character(point))
        return 0;
    *out_point = point;
    return len;
}

bool utf8_is_valid(struct slice text)
{
    uint32_t point;

    while (text.len) {
        size_t len = utf8_decode(text, &point);
        if (len == 0)
            return false;
        text = slice_from(text, len);
    }
    return true;
}

uint32_t utf8_next(struct slice *text)
{
    uint32_t point = 0xfffd;
    size_t len = utf8_decode(*text, &point);

    *text = slice_from(*text, len ? len : 1);
    return point;
}

size_t utf8_write(uint32_t point, char out[UTF8_MAX])
{
    if (!is_character(point))
        return 0;
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = len; --i > 0; point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(0xf00u >> len | point); /* as many leading ones as there are bytes */
    return len;
}
