/* SPDX-License-Identifier: MIT */
#include "lint.h"

const struct route_frontend *lint_route(const struct lint *lint, struct slice frontend)
{
    return map_get(&lint->routes, frontend);
}

struct slice lint_server_text(struct arena *arena, const struct lint *lint, struct slice url)
{
    static const struct slice http = {"http://", 7};
    size_t colon = slice_find_last(url, ':');
    struct slice shown = slice_starts(url, http) ? slice_from(url, http.len) : url;
    struct slice host = slice_make(shown.ptr, (size_t)(url.ptr + colon - shown.ptr));
    const struct compose_service *service = lint_service(lint, host);

    if (!service || service->ports.count || !slice_eq(slice_from(url, colon + 1), SLICE("1")))
        return shown;
    return slice_of(arena_format(arena, SLICE_FMT ":EXPOSE", SLICE_ARG(host)));
}

bool lint_frontend_is_shown(const struct lint *lint, struct slice frontend)
{
    const struct inventory *inventory = lint->output.inventory;

    if (!lint->options->container)
        return true;
    for (size_t i = 0; i < inventory->count; i++) {
        const struct inventory_item *item = &inventory->items[i];
        for (size_t k = 0; k < item->frontend_count && lint_is_shown(lint, item); k++) {
            if (slice_eq(item->frontends[k].name, frontend))
                return true;
        }
    }
    return false;
}

bool lint_backend_is_shown(const struct lint *lint, struct slice backend)
{
    const struct fragment *fragment = lint->output.fragment;

    if (!lint->options->container)
        return true;
    for (size_t i = 0; i < fragment->frontend_count; i++) {
        if (slice_eq(fragment->frontends[i].backend, backend) && lint_frontend_is_shown(lint, fragment->frontends[i].name))
            return true;
    }
    return false;
}
