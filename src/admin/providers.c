/* SPDX-License-Identifier: MIT */
/* /api, /api/providers and below: the model of the snapshot that the request came with. */
#include "admin_private.h"
#include "reply.h"
#include "waybill/model/json.h"
#include "waybill/route/snapshot.h"

/* Each returns whether there is such a thing; the document is written then. */

static bool write_all(struct text *out, const struct snapshot *snapshot)
{
    text_add_char(out, '{');
    for (size_t i = 0; snapshot && i < snapshot->model.count; i++) {
        const struct fragment *fragment = snapshot->model.fragments[i];
        if (i)
            text_add_char(out, ',');
        json_string(out, fragment->provider);
        text_add_char(out, ':');
        json_fragment(out, fragment);
    }
    text_add_char(out, '}');
    return true;
}

static bool write_server(struct text *out, const struct model_backend *backend, struct slice name)
{
    for (size_t i = 0; i < backend->server_count; i++) {
        if (slice_eq(backend->servers[i].name, name)) {
            json_server(out, &backend->servers[i]);
            return true;
        }
    }
    return false;
}

static bool write_route(struct text *out, const struct model_frontend *frontend, struct slice name)
{
    for (size_t i = 0; i < frontend->route_count; i++) {
        if (slice_eq(frontend->routes[i].name, name)) {
            json_route(out, &frontend->routes[i]);
            return true;
        }
    }
    return false;
}

/* `parts`: providers / PROVIDER / backends / BACKEND / servers / SERVER */
static bool write_in_backends(struct text *out, const struct fragment *fragment, const struct path_parts *parts)
{
    const struct model_backend *backend;

    if (parts->count == 3) {
        json_backends(out, fragment);
        return true;
    }
    backend = fragment_backend(fragment, parts->items[3]);
    if (!backend)
        return false;
    if (parts->count == 6)
        return write_server(out, backend, parts->items[5]);
    if (parts->count == 5)
        json_servers(out, backend);
    else
        json_backend(out, backend);
    return true;
}

/* `parts`: providers / PROVIDER / frontends / FRONTEND / routes / ROUTE */
static bool write_in_frontends(struct text *out, const struct fragment *fragment, const struct path_parts *parts)
{
    const struct model_frontend *frontend;

    if (parts->count == 3) {
        json_frontends(out, fragment);
        return true;
    }
    frontend = fragment_frontend(fragment, parts->items[3]);
    if (!frontend)
        return false;
    if (parts->count == 6)
        return write_route(out, frontend, parts->items[5]);
    if (parts->count == 5)
        json_routes(out, frontend);
    else
        json_frontend(out, frontend);
    return true;
}

static bool write_in_provider(struct text *out, const struct fragment *fragment, const struct path_parts *parts)
{
    if (parts->count == 2) {
        json_fragment(out, fragment);
        return true;
    }
    if (slice_eq(parts->items[2], SLICE("backends")))
        return write_in_backends(out, fragment, parts);
    return write_in_frontends(out, fragment, parts);
}

/* Is it a path of the table in spec/api-json.md 2, whatever the names in it? */
static bool is_route(const struct path_parts *parts)
{
    bool backends, frontends;

    if (parts->count == 0)
        return true;
    if (!slice_eq(parts->items[0], SLICE("providers")) || parts->count > 6)
        return false;
    for (size_t i = 1; i < parts->count; i++) {
        if (parts->items[i].len == 0)
            return false;
    }
    if (parts->count <= 2)
        return true;
    backends = slice_eq(parts->items[2], SLICE("backends"));
    frontends = slice_eq(parts->items[2], SLICE("frontends"));
    if (parts->count <= 4)
        return backends || frontends;
    return (backends && slice_eq(parts->items[4], SLICE("servers"))) ||
           (frontends && slice_eq(parts->items[4], SLICE("routes")));
}

static const struct fragment *find_fragment(const struct snapshot *snapshot, struct slice provider)
{
    if (!snapshot)
        return NULL;
    if (slice_eq(provider, SLICE("rest")))
        provider = SLICE("web"); /* the name it had before */
    return model_fragment(&snapshot->model, provider);
}

bool providers_answer(const struct path_parts *parts, const struct snapshot *snapshot, struct local_answer *out_answer)
{
    struct text document = TEXT_EMPTY;
    const struct fragment *fragment;
    bool found;

    if (!is_route(parts))
        return false;
    if (parts->count <= 1) {
        found = write_all(&document, snapshot);
    } else {
        fragment = find_fragment(snapshot, parts->items[1]);
        found = fragment && write_in_provider(&document, fragment, parts);
    }
    if (found)
        reply_json(out_answer, &document);
    else
        reply_not_found(out_answer);
    text_fini(&document);
    return true;
}
