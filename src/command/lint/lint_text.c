/* SPDX-License-Identifier: MIT */
/* What a person reads: containers, frontends, backends, then the problems as compilers print them. What came from the file is one line,
 * with nothing in it that disturbs a terminal. */
#include "lint.h"

static void add_line(struct text *out, const char *key, struct slice value)
{
    text_addf(out, "    %-12s ", key);
    text_add_visible(out, value);
    text_add_char(out, '\n');
}

static void add_state(const struct lint *lint, const struct inventory_item *item, int width, struct text *out)
{
    struct source at = lint_container_source(lint, item->name);

    text_addf(out, "  ");
    text_add_visible(out, item->name);
    text_addf(out, "%*s  %s", width > (int)item->name.len ? width - (int)item->name.len : 0, "",
              container_state_name(container_why_state(item->why)));
    if (item->why != WHY_ROUTED) {
        text_addf(out, " (%s): ", container_why_name(item->why));
        text_add_visible(out, item->sentence);
    } else if (at.line) {
        text_addf(out, "  ");
        text_add_visible(out, at.file);
        text_addf(out, ":%u", at.line);
    }
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

static void add_list(struct text *out, const char *key, const struct slices *items)
{
    text_addf(out, "    %-12s ", key);
    for (size_t i = 0; i < items->count; i++) {
        text_addf(out, "%s", i ? ", " : "");
        text_add_visible(out, items->items[i]);
    }
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

    text_addf(out, "  ");
    text_add_visible(out, frontend->name);
    text_add_char(out, '\n');
    for (size_t i = 0; i < frontend->route_count; i++)
        add_line(out, "rule", frontend->routes[i].rule);
    if (route)
        text_addf(out, "    priority     %lld\n", (long long)route->priority);
    add_list(out, "entrypoints", &frontend->entrypoints);
    if (route)
        add_filters(route, out);
    add_line(out, "backend", frontend->backend);
    if (!route)
        add_line(out, "left out", SLICE("see the problems"));
    else if (route->closed)
        add_line(out, "answers 503", route->closed_because);
}

static void add_backend(const struct lint *lint, const struct model_backend *backend, struct text *out)
{
    text_addf(out, "  ");
    text_add_visible(out, backend->name);
    text_addf(out, " (");
    text_add_visible(out, backend->load_balancer ? backend->load_balancer->method : SLICE("wrr"));
    text_addf(out, ")\n");
    for (size_t i = 0; i < backend->server_count; i++) {
        const struct model_server *server = &backend->servers[i];
        text_addf(out, "    ");
        text_add_visible(out, lint_server_text(lint->problems.arena, lint, server->url));
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
        text_add_visible(out, problem->at.file);
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
    if (lint->snapshot && !lint->problems.unreadable) {
        add_states(lint, out);
        add_routes(lint, out);
        text_add(out, lint->problems.count ? SLICE("\nProblems\n") : SLICE("\n"));
    }
    add_problems(&lint->problems, out);
    text_add(out, lint->problems.count && lint->snapshot && !lint->problems.unreadable ? SLICE("\n") : SLICE(""));
    add_count(out, problems_count(&lint->problems, PROBLEM_ERROR), "error", ", ");
    add_count(out, problems_count(&lint->problems, PROBLEM_WARNING), "warning", ", ");
    add_count(out, problems_count(&lint->problems, PROBLEM_NOTICE), "notice", "");
    text_addf(out, "%s\n", lint->problems.count == PROBLEMS_MAX ? "; no more are shown" : "");
}
