/* SPDX-License-Identifier: MIT */
/* links: base http */
#include "waybill/base/error.h"
#include "waybill/http/target.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool has_dot_segment(struct slice path)
{
    struct slice segment;
    while (slice_cut(&path, '/', &segment))
        if (slice_eq(segment, SLICE(".")) || slice_eq(segment, SLICE("..")))
            return true;
    return false;
}

static void check_views(struct arena *arena, const struct target *target)
{
    struct target again;

    WB_REQUIRE(target->canonical.len > 0 && target->loose.len > 0);
    WB_REQUIRE(target->canonical.ptr[0] == '/' && target->loose.ptr[0] == '/');
    WB_REQUIRE(!has_dot_segment(target->canonical) && !has_dot_segment(target->loose));
    WB_REQUIRE(slice_find(target->loose, ';') == target->loose.len && slice_find(target->loose, '\\') == target->loose.len);
    for (size_t i = 1; i < target->loose.len; i++)
        WB_REQUIRE(target->loose.ptr[i] != '/' || target->loose.ptr[i - 1] != '/');
    WB_REQUIRE(target->loose_differs == !slice_eq(target->loose, target->canonical));
    /* Canonical of canonical is itself, and loosens to the same. */
    WB_REQUIRE(target_parse(arena, target->canonical, &again) == REASON_NONE);
    WB_REQUIRE(slice_eq(again.canonical, target->canonical) && slice_eq(again.loose, target->loose));
    if (!target->has_dots) {
        WB_REQUIRE(target_raw_offset(target, target->canonical.len) == target->raw_path.len);
        WB_REQUIRE(target_raw_offset(target, 1) == 1);
        struct slice text = target_canonical_text(arena, target->raw_path);
        WB_REQUIRE(slice_eq(text, target->canonical));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena arena;
    struct target target;
    struct slice host, port;

    if (size > 4096)
        return 0;
    char *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    struct slice text = {copy, size};
    arena_init(&arena, 0);
    if (target_parse(&arena, text, &target) == REASON_NONE && !slice_eq(text, SLICE("*")))
        check_views(&arena, &target);
    target_decode(&arena, text);
    target_canonical_text(&arena, text);
    if (authority_parse(text, &host, &port))
        WB_REQUIRE(host.len + port.len <= size && (host.len > 0 || size == 0) && port.len <= 5);
    arena_fini(&arena);
    arena_init(&arena, 64);
    target_parse(&arena, text, &target);
    arena_fini(&arena);
    free(copy);
    return 0;
}
