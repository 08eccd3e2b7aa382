/* SPDX-License-Identifier: MIT */
/* links: provider */
/* Bytes of a rules file to the document: never a crash, the same document twice, and sorted names. */
#include "../../src/provider/file/rules.h"
#include "waybill/base/text.h"
#include "waybill/model/json.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct fragment *read_bytes(const uint8_t *bytes, size_t size, struct text *out_document)
{
    static struct slice items[] = {SLICE("http"), SLICE("https")};
    static const struct slices known = {items, 2}, defaults = {items, 1};
    struct rules_options options = {.static_file = size % 2 == 1,
                                    .always_defaults = size % 3 == 0,
                                    .default_entrypoints = &defaults,
                                    .known_entrypoints = &known};
    struct rules_text file = {SLICE("rules.toml"), slice_make((const char *)bytes, size)};
    struct diagnostics diagnostics;
    char *problem;

    diagnostics_init(&diagnostics);
    struct fragment *fragment = rules_read(&file, 1, &options, &diagnostics, &problem);
    WB_REQUIRE((fragment == NULL) == (problem != NULL));
    if (fragment)
        json_fragment(out_document, fragment);
    diagnostics_fini(&diagnostics);
    free(problem);
    return fragment;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct text one = TEXT_EMPTY, other = TEXT_EMPTY;
    struct fragment *first = read_bytes(bytes, size, &one), *second = read_bytes(bytes, size, &other);

    WB_REQUIRE((first == NULL) == (second == NULL));
    if (first) {
        WB_REQUIRE(fragment_equal(first, second));
        WB_REQUIRE(slice_eq(text_slice(&one), text_slice(&other)));
        for (size_t i = 1; i < first->frontend_count; i++)
            WB_REQUIRE(slice_compare(first->frontends[i - 1].name, first->frontends[i].name) < 0);
    }
    fragment_unref(&first);
    fragment_unref(&second);
    text_fini(&one);
    text_fini(&other);
    return 0;
}
