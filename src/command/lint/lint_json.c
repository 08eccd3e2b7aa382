/* SPDX-License-Identifier: MIT */
/* What a program reads: one object, whose keys stay. */
#include "lint.h"
#include "waybill/model/json.h"

static void add_key(struct text *out, const char *separator, const char *key)
{
    text_addf(out, "%s\"%s\":", separator, key);
}

static void add_text(struct text *out, const char *separator, const char *key, struct slice value)
{
    add_key(out, separator, key);
    json_string(out, value);
}

static void add_number(struct text *out, const char *separator, const char *key, long long value)
{
    add_key(out, separator, key);
    text_addf(out, "%lld", value);
}

static void add_texts(struct text *out, const char *separator, const char *key, const struct slices *values)
{
    add_key(out, separator, key);
    text_add_char(out, '[');
    for (size_t i = 0; i < values->count; i++) {
        text_addf(out, "%s", i ? "," : "");
        json_string(out, values->items[i]);
    }
    text_add_char(out, ']');
}

static void add_source(struct text *out, const char *separator, struct source at)
{
    add_text(out, separator, "file", at.file);
    add_number(out, ",", "line", at.line);
    add_number(out, ",", "column", at.column);
}

static void add_item(const struct lint *lint, const struct inventory_item *item, struct text *out)
{
    struct slices frontends = {0}, servers = {0};
    struct arena arena;

    arena_init(&arena, 0);
    for (size_t i = 0; i < item->frontend_count; i++)
        slices_add(&arena, &frontends, item->frontends[i].name);
    for (size_t i = 0; i < item->server_count; i++)
        slices_add(&arena, &servers, lint_server_text(&arena, lint, item->servers[i].url));
    add_text(out, "{", "name", item->name);
    add_source(out, ",", lint_container_source(lint, item->name));
    add_text(out, ",", "state", slice_of(container_state_name(container_why_state(item->why))));
    add_text(out, ",", "code", slice_of(container_why_name(item->why)));
    add_text(out, ",", "reason", item->sentence);
    add_texts(out, ",", "frontends", &frontends);
    add_texts(out, ",", "servers", &servers);
    text_add_char(out, '}');
    arena_fini(&arena);
}

static void add_frontend(const struct lint *lint, const struct model_frontend *frontend, struct text *out)
{
    const struct route_frontend *route = lint_route(lint, frontend->name);

    add_text(out, "{", "name", frontend->name);
    add_text(out, ",", "rule", frontend->route_count ? frontend->routes[0].rule : SLICE(""));
    add_number(out, ",", "priority", route ? (long long)route->priority : (long long)frontend->priority);
    add_texts(out, ",", "entrypoints", &frontend->entrypoints);
    add_text(out, ",", "backend", frontend->backend);
    add_text(out, ",", "state", !route ? SLICE("left out") : route->closed ? SLICE("closed") : SLICE("routed"));
    add_key(out, ",", "filters");
    text_add_char(out, '[');
    for (size_t i = 0; route && i < route->filter_count; i++) {
        text_addf(out, "%s", i ? "," : "");
        json_string(out, slice_of(route->filters[i].ops->name));
    }
    text_addf(out, "]}");
}

static void add_backend(const struct lint *lint, const struct model_backend *backend, struct text *out)
{
    add_text(out, "{", "name", backend->name);
    add_text(out, ",", "method", backend->load_balancer ? backend->load_balancer->method : SLICE("wrr"));
    add_key(out, ",", "servers");
    text_add_char(out, '[');
    for (size_t i = 0; i < backend->server_count; i++) {
        add_text(out, i ? ",{" : "{", "server", lint_server_text(lint->problems.arena, lint, backend->servers[i].url));
        add_number(out, ",", "weight", backend->servers[i].weight);
        text_add_char(out, '}');
    }
    text_addf(out, "]}");
}

static void add_outcome(const struct lint *lint, struct text *out)
{
    const struct inventory *inventory = lint->output.inventory;
    const struct fragment *fragment = lint->output.fragment;
    const char *separator = "";

    add_key(out, "", "containers");
    text_add_char(out, '[');
    for (size_t i = 0; i < inventory->count; i++) {
        if (!lint_is_shown(lint, &inventory->items[i]))
            continue;
        text_addf(out, "%s", separator);
        add_item(lint, &inventory->items[i], out);
        separator = ",";
    }
    add_key(out, "],", "frontends");
    text_add_char(out, '[');
    separator = "";
    for (size_t i = 0; i < fragment->frontend_count; i++) {
        if (!lint_frontend_is_shown(lint, fragment->frontends[i].name))
            continue;
        text_addf(out, "%s", separator);
        add_frontend(lint, &fragment->frontends[i], out);
        separator = ",";
    }
    add_key(out, "],", "backends");
    text_add_char(out, '[');
    separator = "";
    for (size_t i = 0; i < fragment->backend_count; i++) {
        if (!lint_backend_is_shown(lint, fragment->backends[i].name))
            continue;
        text_addf(out, "%s", separator);
        add_backend(lint, &fragment->backends[i], out);
        separator = ",";
    }
    text_addf(out, "],");
}

void lint_show_json(const struct lint *lint, struct text *out)
{
    const struct problems *problems = &lint->problems;

    text_add_char(out, '{');
    if (lint->snapshot && !lint->problems.unreadable)
        add_outcome(lint, out);
    add_key(out, "", "problems");
    text_add_char(out, '[');
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        add_text(out, i ? ",{" : "{", "level", slice_of(problem_level_name(problem->level)));
        add_source(out, ",", problem->at);
        add_text(out, ",", "text", slice_of(problem->text));
        text_add_char(out, '}');
    }
    add_number(out, "],", "errors", (long long)problems_count(problems, PROBLEM_ERROR));
    add_number(out, ",", "warnings", (long long)problems_count(problems, PROBLEM_WARNING));
    add_number(out, ",", "notices", (long long)problems_count(problems, PROBLEM_NOTICE));
    text_addf(out, "}\n");
}
