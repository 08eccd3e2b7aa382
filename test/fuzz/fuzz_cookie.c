/* SPDX-License-Identifier: MIT */
/* links: base http */
#include "waybill/base/error.h"
#include "waybill/http/cookie.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct headers headers;

/* The first line is the name that is looked for; what follows is the field. A value lies in it, behind its name. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *copy = malloc(size ? size : 1);
    struct slice all = slice_make(copy, size), value, again;

    if (size)
        memcpy(copy, bytes, size);
    struct slice name = slice_head(all, slice_find(all, '\n')), field = slice_from(all, name.len + 1);
    headers_clear(&headers);
    headers_add(&headers, SLICE("Cookie"), field);
    if (cookie_find(&headers, name, &value)) {
        WB_REQUIRE(value.ptr >= field.ptr + name.len && value.ptr + value.len <= field.ptr + field.len);
        WB_REQUIRE(slice_find(value, ';') == value.len);
        headers_clear(&headers); /* the same cookie in the second of two fields */
        headers_add(&headers, SLICE("Cookie"), SLICE(";"));
        headers_add(&headers, SLICE("Cookie"), field);
        WB_REQUIRE(cookie_find(&headers, name, &again) && slice_eq(again, value));
    }
    free(copy);
    return 0;
}
