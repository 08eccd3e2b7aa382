/* SPDX-License-Identifier: MIT */
/* links: provider */
/* Any bytes as the body of a PUT: never a crash; either a reason in one line and nothing delivered, or a document that, put again,
 * is the same one. */
#include "waybill/provider/rest.h"
#include "waybill/model/diagnostic.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void on_delivered(void *arg, struct slice provider, struct delivery *delivery)
{
    (void)provider;
    ++*(unsigned *)arg;
    fragment_unref(&delivery->fragment);
    diagnostics_fini(delivery->diagnostics);
    free(delivery->diagnostics);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct slice names[] = {SLICE("http"), SLICE("https")};
    static const struct slices known = {names, 2}, defaults = {names, 1};
    unsigned deliveries = 0;
    struct provider_sink sink = {
        .deliver = on_delivered, .arg = &deliveries, .default_entrypoints = &defaults, .known_entrypoints = &known};
    struct rest *rest = rest_create(&sink);
    struct text one = TEXT_EMPTY, other = TEXT_EMPTY;

    if (rest_update(rest, slice_make((const char *)bytes, size), &one)) {
        WB_REQUIRE(rest_update(rest, text_slice(&one), &other) && deliveries == 2);
        WB_REQUIRE(slice_eq(text_slice(&one), text_slice(&other)));
    } else {
        WB_REQUIRE(one.len && !strchr(one.ptr, '\n') && deliveries == 0);
    }
    text_fini(&one);
    text_fini(&other);
    rest_destroy(&rest);
    return 0;
}
