/* SPDX-License-Identifier: MIT */
#include "waybill/exchange/span_record.h"

void span_record_add(struct text *out, const struct span_record *record)
{
    struct span_record copy = *record;
    size_t bytes = sizeof copy;

    for (size_t i = 0; i < SPAN_TEXT_COUNT; i++) {
        copy.texts[i] = slice_head(record->texts[i], SPAN_TEXT_MAX);
        bytes += copy.texts[i].len;
    }
    text_reserve(out, bytes);
    text_add(out, slice_make((const char *)&copy, sizeof copy));
    for (size_t i = 0; i < SPAN_TEXT_COUNT; i++)
        text_add(out, copy.texts[i]);
}

bool span_record_take(struct slice *rest, struct span_record *out_record)
{
    if (rest->len < sizeof *out_record)
        return false;
    memcpy(out_record, rest->ptr, sizeof *out_record);
    *rest = slice_from(*rest, sizeof *out_record);
    for (size_t i = 0; i < SPAN_TEXT_COUNT; i++) {
        out_record->texts[i].ptr = rest->ptr;
        *rest = slice_from(*rest, out_record->texts[i].len);
    }
    return true;
}
