/* SPDX-License-Identifier: MIT */
/* What a person reads: containers, frontends, backends, then the problems as compilers print them. */
#include "lint.h"

static void add_state(const struct lint *lint, const struct inventory_item *item, int width, struct text *out)
{
    struct source at = lint_container_source(lint, item->name);

    text_addf(out, "  %-*.*s  %s", width, (int)item->name.len, item->name.ptr,
              container_state_name(container_why_state(item->why)));
    if (item->why != WHY_ROUTED)
        text_addf(out, " (%s): " SLICE_FMT, container_why_name(item->why), SLICE_ARG(item->sentence));
    if (item->why == WHY_ROUTED && at.line)
        text_addf(out, "  " SLICE_FMT ":%u", SLICE_ARG(at.file), at.line);
    text_add_char(out, '\n');
}

static void add_states(const struct lint *lint, struct text *out)
{
    const struct inventory *inventory = lint->output.inventory;
    int width = 0;

    for (size_t i = 0; i < inventory->count; i++) {
        int len = (int)inventory->items[i].name.len;
        if (lint_is_shown(lint, &inventory->items[i]) && len > width && len <= 40)
            width = len;
    }
    text_addf(out, "%s\n", lint->options->container ? "Container" : "Services");
    for (size_t i = 0; i < inventory->count; i++) {
        if (lint_is_shown(lint, &inventory->items[i]))
            add_state(lint, &inventory->items[i], width, out);
    }
}

static void add_list(struct text *out, const struct slices *items)
{
    for (size_t i = 0; i < items->count; i++)
        text_addf(out, "%s" SLICE_FMT, i ? ", " : "", SLICE_ARG(items->items[i]));
    text_add(out, items->count ? SLICE("\n") : SLICE("none\n"));
}

static void add_filters(const struct route_frontend *route, struct text *out)
{
    if (route->filter_count == 0)
        return;
    text_addf(out, "    filters      ");
    for (size_t i = 0; i < route->filter_count; i++)
        text_addf(out, "%s%s", i ? ", " : "", route->filters[i].ops->name);
    text_add_char(out, '\n');
}

static void add_frontend(const struct lint *lint, const struct model_frontend *frontend, struct text *out)
{
    const struct route_frontend *route = lint_route(lint, frontend->name);

    text_addf(out, "  " SLICE_FMT "\n", SLICE_ARG(frontend->name));
    for (size_t i = 0; i < frontend->route_count; i++)
        text_addf(out, "    rule         " SLICE_FMT "\n", SLICE_ARG(frontend->routes[i].rule));
    if (route)
        text_addf(out, "    priority     %lld\n", (long long)route->priority);
    text_addf(out, "    entrypoints  ");
    add_list(out, &frontend->entrypoints);
    if (route)
        add_filters(route, out);
    text_addf(out, "    backend      " SLICE_FMT "\n", SLICE_ARG(frontend->backend));
    if (!route)
        text_addf(out, "    not routed: see below\n");
    else if (route->closed)
        text_addf(out, "    closed, answers 503: " SLICE_FMT "\n", SLICE_ARG(route->closed_because));
}

static void add_backend(const struct lint *lint, const struct model_backend *backend, struct text *out)
{
    text_addf(out, "  " SLICE_FMT " (" SLICE_FMT ")\n", SLICE_ARG(backend->name),
              SLICE_ARG(backend->load_balancer ? backend->load_balancer->method : SLICE("wrr")));
    for (size_t i = 0; i < backend->server_count; i++) {
        const struct model_server *server = &backend->servers[i];
        struct slice shown = lint_server_text(lint->problems.arena, lint, server->url);
        text_addf(out, "    " SLICE_FMT, SLICE_ARG(shown));
        if (server->weight != 1)
            text_addf(out, "  weight %lld", (long long)server->weight);
        text_add_char(out, '\n');
    }
    if (backend->server_count == 0)
        text_addf(out, "    no server\n");
}

static void add_routes(const struct lint *lint, struct text *out)
{
    const struct fragment *fragment = lint->output.fragment;
    bool any = false;

    for (size_t i = 0; i < fragment->frontend_count; i++) {
        if (!lint_frontend_is_shown(lint, fragment->frontends[i].name))
            continue;
        text_addf(out, "%s", any ? "" : "\nFrontends\n");
        add_frontend(lint, &fragment->frontends[i], out);
        any = true;
    }
    any = false;
    for (size_t i = 0; i < fragment->backend_count; i++) {
        if (!lint_backend_is_shown(lint, fragment->backends[i].name))
            continue;
        text_addf(out, "%s", any ? "" : "\nBackends\n");
        add_backend(lint, &fragment->backends[i], out);
        any = true;
    }
}

static void add_problems(const struct problems *problems, struct text *out)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        text_add(out, problem->at.file);
        if (problem->at.line)
            text_addf(out, ":%u:%u", problem->at.line, problem->at.column);
        text_addf(out, ": %s: %s\n", problem_level_name(problem->level), problem->text);
    }
}

static void add_count(struct text *out, size_t count, const char *noun, const char *separator)
{
    text_addf(out, "%zu %s%s%s", count, noun, count == 1 ? "" : "s", separator);
}

void lint_show_text(const struct lint *lint, struct text *out)
{
    if (lint->snapshot) {
        add_states(lint, out);
        add_routes(lint, out);
        text_add(out, lint->problems.count ? SLICE("\nProblems\n") : SLICE("\n"));
    }
    add_problems(&lint->problems, out);
    text_add(out, lint->problems.count && lint->snapshot ? SLICE("\n") : SLICE(""));
    add_count(out, problems_count(&lint->problems, PROBLEM_ERROR), "error", ", ");
    add_count(out, problems_count(&lint->problems, PROBLEM_WARNING), "warning", ", ");
    add_count(out, problems_count(&lint->problems, PROBLEM_NOTICE), "notice", "\n");
}
