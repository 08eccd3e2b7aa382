/* SPDX-License-Identifier: MIT */
/* links: base toml */
/* Any bytes: no crash, memory within the promised bound, every error with a place and one line, and
 * in what was accepted each key can be found again and has a path. */
#include "waybill/toml/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_children(const struct toml_value *container, struct arena *arena)
{
    size_t count = 0;

    TOML_EACH(child, container)
    {
        WB_REQUIRE(child->parent == container);
        WB_REQUIRE(child->place.line > 0 && child->place.column > 0);
        if (container->kind == TOML_TABLE)
            WB_REQUIRE(toml_find(container, child->key) == child);
        else
            WB_REQUIRE(child->position == count);
        check_children(child, arena);
        count++;
    }
    WB_REQUIRE(toml_count(container) == count);
    WB_REQUIRE(toml_path_text(container, arena)[0] != '\0' || !container->parent);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena arena, paths;
    struct toml_document document;
    struct toml_error error;

    arena_init(&arena, 0);
    arena_init(&paths, 0);
    bool ok = toml_parse(&arena, slice_make((const char *)bytes, size), SLICE("fuzz.toml"), &document, &error);
    WB_REQUIRE(arena.used <= 80 * size + 4096);
    if (ok)
        check_children(document.root, &paths);
    else
        WB_REQUIRE(error.place.line > 0 && error.place.column > 0 && !strchr(error.message, '\n'));
    arena_fini(&paths);
    arena_fini(&arena);
    return 0;
}
