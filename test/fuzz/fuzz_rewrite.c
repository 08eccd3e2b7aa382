/* SPDX-License-Identifier: MIT */
/* links: route */
/* A line of pattern, a line of replacement, and a subject: whatever they are, there is a reason or a bounded result. */
#include "waybill/route/match.h"
#include "waybill/route/rewrite.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const items[] = {".A", ".B"};
    static const struct slice values[] = {{"one", 3}, {"", 0}};
    const struct rewrite_names names = {items, 2};
    struct slice pattern = SLICE(""), replacement = SLICE(""), error = SLICE("");
    struct rewrite rewrite;
    struct arena arena;
    struct text made = TEXT_EMPTY;

    if (size > 4096)
        return 0;
    char *exact = wb_strndup((const char *)bytes, size); /* no bytes may have no address */
    struct slice rest = slice_make(exact, size);
    slice_cut(&rest, '\n', &pattern);
    slice_cut(&rest, '\n', &replacement);
    arena_init(&arena, 0);
    if (rewrite_compile(&arena, pattern, replacement, &names, &rewrite, &error)) {
        enum rewrite_outcome outcome = rewrite_apply(&rewrite, rest, values, &(size_t){MATCH_STEPS_MAX}, &made);
        WB_REQUIRE(outcome == REWRITE_TOO_COSTLY || made.len <= REWRITE_BYTES_MAX);
        WB_REQUIRE(outcome != REWRITE_NONE || slice_eq(text_slice(&made), rest));
        WB_REQUIRE(rewrite_head(&rewrite).len <= replacement.len);
    } else {
        WB_REQUIRE(error.len > 0);
    }
    text_fini(&made);
    arena_fini(&arena);
    free(exact);
    return 0;
}
