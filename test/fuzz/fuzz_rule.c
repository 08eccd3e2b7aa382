/* SPDX-License-Identifier: MIT */
/* links: route */
/*
 * Any text as a rule; then a request made of the rest of the input is matched and its path changed. What comes out
 * must be a target that a request could have, without dot segments, and the same each time.
 */
#include "../../src/route/table.h"
#include "waybill/route/rule.h"
#include "waybill/route/snapshot.h"
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_change(const struct route_frontend *frontend, const struct target *target, struct arena *arena)
{
    struct path_changes changes, again;
    enum reason reason;
    struct target made;
    enum path_change change = rule_change_path(frontend, target, arena, &(size_t){MATCH_STEPS_MAX}, &changes, &reason);

    if ((change == PATH_REFUSED) != (reason != REASON_NONE))
        abort();
    if (rule_change_path(frontend, target, arena, &(size_t){MATCH_STEPS_MAX}, &again, &reason) != change)
        abort();
    if (change != PATH_CHANGED)
        return;
    if (!slice_eq(changes.target, again.target) || target_parse(arena, changes.target, &made) != REASON_NONE ||
        made.has_dots)
        abort();
    if (!slice_eq(made.query, target->query) || made.has_query != target->has_query)
        abort();
}

static void try_request(struct route_frontend *frontend, struct slice request, struct arena *arena)
{
    struct slice host, raw;
    struct target target;
    struct headers *headers = arena_alloc(arena, sizeof *headers);

    slice_cut(&request, ' ', &host);
    raw = request.ptr ? request : SLICE("/");
    if (target_parse(arena, raw, &target) != REASON_NONE)
        return;
    headers_add(headers, SLICE("X-A"), host);
    for (int keep = 0; keep < 2; keep++) {
        struct match_table *table = match_table_create(&frontend, 1, keep);
        struct match_input input = {.method = SLICE("GET"),
                                    .host = host,
                                    .path = target.canonical,
                                    .query = target.query,
                                    .has_query = target.has_query,
                                    .headers = headers};
        struct match_found found = match_table_find(table, &input);
        if (found.slash_redirect && (keep || !found.frontend))
            abort();
        input.path = target.loose;
        match_table_find(table, &input);
        match_table_destroy(&table);
    }
    check_change(frontend, &target, arena);
}

/* The rule's line, then a line "host /path?query". */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct slice text, error, rest = slice_make((const char *)bytes, size < 4096 ? size : 4096);
    struct arena arena;

    if (size == 0)
        return 0;
    arena_init(&arena, 0);
    slice_cut(&rest, '\n', &text);
    struct route_frontend frontend = {.rule = rule_parse(&arena, &text, 1, &error)};
    if (frontend.rule)
        try_request(&frontend, rest.ptr ? rest : SLICE(""), &arena);
    else if (error.len == 0)
        abort();
    rule_release(frontend.rule);
    arena_fini(&arena);
    return 0;
}
