/* SPDX-License-Identifier: MIT */
/* links: entry */
/* What a header is does not depend on how its bytes come, nor on what follows it. */
#include "waybill/base/error.h"
#include "waybill/entry/proxy_header.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static enum proxy_read read_head(const uint8_t *bytes, size_t len, struct proxy_header *out)
{
    char *exact = malloc(len ? len : 1); /* ASan sees a look past its bytes */
    memcpy(exact, bytes, len);
    enum proxy_read outcome = proxy_header_read(slice_make(exact, len), out);
    free(exact);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct proxy_header whole, part;

    if (size > 2 * PROXY_BLOCK_MAX)
        return 0;
    enum proxy_read outcome = read_head(bytes, size, &whole);
    WB_REQUIRE(outcome != PROXY_HEADER || (whole.len > 0 && whole.len <= size && whole.len <= PROXY_BLOCK_MAX));
    WB_REQUIRE(outcome != PROXY_MORE || size < PROXY_BLOCK_MAX);
    size_t step = size > 256 ? size / 64 : 1;
    for (size_t cut = 0; cut < size; cut += step) {
        enum proxy_read earlier = read_head(bytes, cut, &part);
        if (earlier == PROXY_MORE)
            continue;
        WB_REQUIRE(earlier == outcome && part.len == whole.len && part.names_client == whole.names_client);
        WB_REQUIRE(!part.names_client || memcmp(part.client.ip, whole.client.ip, sizeof part.client.ip) == 0);
    }
    return 0;
}
