/* SPDX-License-Identifier: MIT */
/* links: base http */
/* Accept-Encoding: weights stay weights, and two fields mean what one list does. */
#include "waybill/base/error.h"
#include "waybill/http/accept_encoding.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct accept_encoding read_fields(struct slice first, struct slice second)
{
    struct headers headers;

    headers_clear(&headers);
    headers_add(&headers, SLICE("Accept-Encoding"), first);
    headers_add(&headers, SLICE("Accept-Encoding"), second);
    return accept_encoding_read(&headers);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct slice text = slice_make((const char *)bytes, size);
    struct accept_encoding whole = read_fields(text, SLICE(""));
    size_t comma = slice_find(text, ',');

    WB_REQUIRE(whole.gzip <= ACCEPT_WEIGHT_MAX && whole.brotli <= ACCEPT_WEIGHT_MAX);
    if (comma < text.len) {
        struct accept_encoding parts = read_fields(slice_head(text, comma), slice_from(text, comma + 1));
        WB_REQUIRE(parts.gzip == whole.gzip && parts.brotli == whole.brotli);
    }
    return 0;
}
