/* SPDX-License-Identifier: MIT */
#include "waybill/http/cookie.h"

static bool find_in(struct slice field, struct slice name, struct slice *out_value)
{
    struct slice pair;

    while (slice_cut(&field, ';', &pair)) {
        size_t equals = slice_find(pair, '=');
        if (equals == pair.len || !slice_eq(slice_trim(slice_head(pair, equals)), name))
            continue;
        struct slice value = slice_trim(slice_from(pair, equals + 1));
        if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
            value = slice_make(value.ptr + 1, value.len - 2);
        *out_value = value;
        return true;
    }
    return false;
}

bool cookie_find(const struct headers *headers, struct slice name, struct slice *out_value)
{
    if (!(headers->present & (1ull << HEADER_COOKIE)))
        return false;
    for (unsigned i = 0; i < headers->count; i++)
        if (headers->items[i].id == HEADER_COOKIE && !headers->items[i].gone &&
            find_in(headers->items[i].value, name, out_value))
            return true;
    return false;
}
