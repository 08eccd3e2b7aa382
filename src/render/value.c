/* SPDX-License-Identifier: MIT */
#include "value.h"
#include "waybill/base/utf8.h"
#include <inttypes.h>

const char *value_kind_name(enum value_kind kind)
{
    switch (kind) {
    case VALUE_TEXT:
        return "text";
    case VALUE_NUMBER:
        return "a number";
    case VALUE_TRUTH:
        return "true or false";
    case VALUE_LIST:
        return "a list";
    }
    WB_UNREACHABLE();
}

bool value_is_true(const struct value *value)
{
    switch (value->kind) {
    case VALUE_TEXT:
        return value->text.len > 0;
    case VALUE_NUMBER:
        return value->number != 0;
    case VALUE_TRUTH:
        return value->truth;
    case VALUE_LIST:
        return value->count > 0;
    }
    WB_UNREACHABLE();
}

static bool print_list(struct text *out, const struct value *list, size_t len_max)
{
    text_add_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i)
            text_add_char(out, ' ');
        if (!value_print(out, &list->items[i], len_max))
            return false;
    }
    text_add_char(out, ']');
    return out->len <= len_max;
}

bool value_print(struct text *out, const struct value *value, size_t len_max)
{
    switch (value->kind) {
    case VALUE_TEXT:
        text_add(out, value->text);
        break;
    case VALUE_NUMBER:
        text_addf(out, "%" PRId64, value->number);
        break;
    case VALUE_TRUTH:
        text_add(out, value->truth ? SLICE("true") : SLICE("false"));
        break;
    case VALUE_LIST:
        return print_list(out, value, len_max);
    }
    return out->len <= len_max;
}

/* What is not seen: controls, blanks other than the space, marks of direction, private and unassigned planes. */
static bool is_seen(uint32_t point)
{
    if (point < 0x80)
        return point >= ' ' && point < 0x7f;
    return point > 0xa0 && point != 0xad && point != 0x1680 && point != 0x3000 && point != 0xfeff && point != 0xfffe &&
           !(point >= 0x2000 && point <= 0x200f) && !(point >= 0x2028 && point <= 0x202f) &&
           !(point >= 0x205f && point <= 0x206f) && !(point >= 0xe000 && point <= 0xf8ff) && point < 0xe0000;
}

static void quote_character(struct text *out, uint32_t point, struct slice bytes)
{
    static const char named[] = "\aa\bb\ff\nn\rr\tt\vv\\\\\"\"";

    for (const char *name = named; *name; name += 2) {
        if (point == (unsigned char)name[0]) {
            text_add_char(out, '\\');
            text_add_char(out, name[1]);
            return;
        }
    }
    if (is_seen(point))
        text_add(out, bytes);
    else
        text_addf(out, point < 0x80 ? "\\x%02x" : point < 0x10000 ? "\\u%04x" : "\\U%08x", point);
}

void value_quote(struct text *out, struct slice text)
{
    text_add_char(out, '"');
    while (text.len) {
        uint32_t point;
        size_t width = utf8_decode(text, &point);
        if (width)
            quote_character(out, point, slice_head(text, width));
        else
            text_addf(out, "\\x%02x", (unsigned char)text.ptr[0]);
        text = slice_from(text, width ? width : 1);
    }
    text_add_char(out, '"');
}
