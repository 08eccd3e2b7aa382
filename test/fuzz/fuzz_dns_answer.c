/* SPDX-License-Identifier: MIT */
/* links: base net */
/* A DNS message for some name: what it gives is a host that could be asked for next, and bytes behind it change nothing. */
#include "../../src/net/dns_answer.h"
#include "waybill/base/error.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *longer = wb_alloc(size + 32);
    struct dns_alias alias, again;

    memcpy(longer, bytes, size);
    enum dns_outcome outcome = dns_read_alias(slice_make((const char *)bytes, size), SLICE("b.test"), &alias);
    enum dns_outcome other = dns_read_alias(slice_make(longer, size + 32), SLICE("b.test"), &again);
    if (outcome == DNS_ALIAS) {
        size_t len = strlen(alias.target);
        WB_REQUIRE(len > 0 && len < sizeof alias.target);
        WB_REQUIRE(other == DNS_ALIAS && again.ttl_s == alias.ttl_s && memcmp(again.target, alias.target, len + 1) == 0);
        WB_REQUIRE(alias.ttl_s <= INT32_MAX);
    }
    if (outcome == DNS_NO_ALIAS)
        WB_REQUIRE(other == DNS_NO_ALIAS);
    free(longer);
    return 0;
}
