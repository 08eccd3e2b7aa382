/* SPDX-License-Identifier: MIT */
/* routes - frontends made of rule texts, and requests to try on them. */
#pragma once
#include "rule_parts.h"
#include "table.h"
#include "waybill/route/snapshot.h"
#include <stdlib.h>

enum { ROUTES_MAX = 64 };

/* The order in which rules are added is the order in which they are tried. */
struct routes {
    struct arena arena;
    struct route_frontend frontends[ROUTES_MAX];
    struct route_frontend *list[ROUTES_MAX];
    size_t count;
    struct match_table *table;
    bool keep_slash;
};

static inline const char *routes_add(struct routes *routes, const char *text)
{
    struct slice one = slice_of(text), error;
    struct route_frontend *frontend = &routes->frontends[routes->count];
    *frontend = (struct route_frontend){.name = one, .rule = rule_parse(&routes->arena, &one, 1, &error)};
    if (!frontend->rule)
        return error.ptr;
    routes->list[routes->count++] = frontend;
    return NULL;
}

static inline void routes_fini(struct routes *routes)
{
    match_table_destroy(&routes->table);
    for (size_t i = 0; i < routes->count; i++)
        rule_release(routes->frontends[i].rule);
    arena_fini(&routes->arena);
}

/* "GET a.test/path?query"; the canonical view is what rules see. */
static inline struct match_input routes_input(struct arena *arena, const char *line, const struct headers *headers)
{
    const char *space = strchr(line, ' '), *slash = strchr(space + 1, '/');
    struct target target;
    struct match_input input = {.method = slice_make(line, (size_t)(space - line)),
                                .host = slice_make(space + 1, (size_t)(slash - space - 1)),
                                .headers = headers};
    if (target_parse(arena, slice_of(slash), &target) != REASON_NONE)
        abort();
    input.path = target.canonical;
    input.query = target.query;
    input.has_query = target.has_query;
    return input;
}

static inline struct match_found routes_find(struct routes *routes, const char *line, const struct headers *headers)
{
    struct match_input input = routes_input(&routes->arena, line, headers);
    if (!routes->table)
        routes->table = match_table_create(routes->list, routes->count, routes->keep_slash);
    return match_table_find(routes->table, &input);
}

/* One rule against one request. */
static inline bool rule_accepts(const char *rule, const char *line)
{
    struct routes routes = {.count = 0};
    if (routes_add(&routes, rule))
        abort();
    bool found = routes_find(&routes, line, NULL).frontend != NULL;
    routes_fini(&routes);
    return found;
}
