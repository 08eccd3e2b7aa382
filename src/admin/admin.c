/* SPDX-License-Identifier: MIT */
#include "admin_private.h"
#include "errors.h"
#include "reply.h"
#include "waybill/base/clock.h"
#include "waybill/http/headers.h"
#include "waybill/http/target.h"
#include "waybill/route/snapshot.h"
#include <stdlib.h>
#include <unistd.h>

static bool is_api_entrypoint(const struct admin *admin, const struct local_request *request)
{
    return admin->options.api && request->entrypoint == admin->options.api_entrypoint;
}

/* Where it was asked for; without that, where the API is. */
static bool has_ping(const struct admin *admin, const struct local_request *request)
{
    if (admin->options.ping)
        return request->entrypoint == admin->options.ping_entrypoint;
    return is_api_entrypoint(admin, request);
}

static bool answer_ping(const struct admin *admin, const struct local_request *request, struct local_answer *answer)
{
    if (!has_ping(admin, request) || !slice_eq(request->path, SLICE("/ping")))
        return false;
    if (!slice_eq(request->method, SLICE("GET")) && !slice_eq(request->method, SLICE("HEAD")))
        return false;
    if (request->draining)
        reply_text(answer, 503, SLICE("Service Unavailable"));
    else
        reply_text(answer, 200, SLICE("OK"));
    return true;
}

/* What is still waited for; empty: nothing. */
static struct slice find_unready(const struct admin *admin, const struct snapshot *snapshot)
{
    for (size_t i = 0; i < admin->options.ready_provider_count; i++) {
        struct slice name = admin->options.ready_providers[i];
        if (!snapshot || !model_fragment(&snapshot->model, name))
            return name;
    }
    return snapshot ? SLICE("") : SLICE("a configuration");
}

/* Beside /ping, which only says that the router lives: whether it knows where requests lead (a difference: docs/migration.md). */
static bool answer_ready(const struct admin *admin, const struct local_request *request, struct local_answer *answer)
{
    if (!has_ping(admin, request) || !slice_eq(request->path, SLICE("/ready")))
        return false;
    if (!slice_eq(request->method, SLICE("GET")) && !slice_eq(request->method, SLICE("HEAD")))
        return false;
    struct slice unready = find_unready(admin, request->snapshot);
    struct text words = TEXT_EMPTY;
    if (request->draining)
        text_add(&words, SLICE("shutting down\n"));
    else if (unready.len)
        text_addf(&words, "waiting for " SLICE_FMT "\n", SLICE_ARG(unready));
    else
        text_add(&words, SLICE("OK\n"));
    reply_lines(answer, request->draining || unready.len ? 503 : 200, &words);
    return true;
}

static bool has_metrics(const struct admin *admin, const struct local_request *request)
{
    return admin->options.metrics_write && request->entrypoint == admin->options.metrics_entrypoint;
}

static bool answer_metrics(const struct admin *admin, const struct local_request *request, struct local_answer *answer)
{
    if (!has_metrics(admin, request) || !slice_eq(request->method, SLICE("GET")) ||
        !slice_eq(request->path, SLICE("/metrics")))
        return false;
    admin->options.metrics_write(admin->options.metrics_arg, &answer->body);
    answer->status = 200;
    answer->content_type = SLICE("text/plain; version=0.0.4");
    return true;
}

static void answer_health(struct admin *admin, struct local_answer *answer)
{
    uint64_t now_ns = clock_monotonic_ns();
    struct health_facts facts = {.pid = (long)getpid(), .uptime_ns = now_ns - admin->started_ns, .wall_ns = clock_wall_ns()};
    struct text document = TEXT_EMPTY;

    health_window_read(&admin->window, now_ns, admin->options.counters, admin->options.counter_count, &facts);
    health_write(&document, &facts);
    if (admin->options.recent_errors_shown) {
        document.len--; /* within the braces */
        errors_write_recent(&document, &admin->options, admin->options.recent_errors_shown);
        text_add_char(&document, '}');
    }
    reply_json(answer, &document);
}

static void answer_version(struct local_answer *answer)
{
    struct text document = TEXT_EMPTY;

    text_addf(&document, "{\"Version\":\"%s\",\"Codename\":\"cheddar\"}", WB_VERSION);
    reply_json(answer, &document);
}

/* False: more parts than any route has. */
static bool split_path(struct arena *arena, struct slice path, struct path_parts *out_parts)
{
    struct slice part;

    *out_parts = (struct path_parts){0};
    path = slice_from(path, 1);
    while (slice_cut(&path, '/', &part)) {
        if (out_parts->count == PATH_PARTS_MAX)
            return false;
        out_parts->items[out_parts->count++] = target_decode(arena, part);
    }
    return true;
}

static bool answer_api_parts(struct admin *admin, const struct path_parts *parts, const struct local_request *request,
                             struct local_answer *answer)
{
    struct path_parts rest = {.count = parts->count - 1};

    if (slice_eq(parts->items[0], SLICE("health")) && parts->count == 1) {
        answer_health(admin, answer);
        return true;
    }
    if (!slice_eq(parts->items[0], SLICE("api")))
        return false;
    memcpy(rest.items, parts->items + 1, rest.count * sizeof rest.items[0]);
    if (rest.count == 1 && slice_eq(rest.items[0], SLICE("version"))) {
        answer_version(answer);
        return true;
    }
    if (rest.count && slice_eq(rest.items[0], SLICE("overview")))
        return overview_answer(admin, &rest, request, answer);
    if (rest.count && slice_eq(rest.items[0], SLICE("containers")))
        return containers_answer(admin, &rest, request, answer);
    if (rest.count == 1 && slice_eq(rest.items[0], SLICE("unserved"))) {
        unserved_answer(admin, answer);
        return true;
    }
    if (rest.count == 1 && slice_eq(rest.items[0], SLICE("diagnostics"))) {
        diagnostics_answer(admin, request, answer);
        return true;
    }
    if (rest.count == 1 && slice_eq(rest.items[0], SLICE("errors"))) {
        errors_answer(admin, answer);
        return true;
    }
    if (rest.count == 1 && slice_eq(rest.items[0], SLICE("events")))
        return feed_answer(admin->feed, request, answer);
    if (rest.count == 1 && slice_eq(rest.items[0], SLICE("explain")))
        return explain_answer(admin, request, answer);
    return providers_answer(&rest, request->snapshot, answer);
}

static bool answer_api(struct admin *admin, struct slice path, const struct local_request *request,
                       struct local_answer *answer)
{
    struct path_parts parts;
    struct arena arena;
    bool answered;

    if (!slice_starts(path, SLICE("/")) || path.len == 1)
        return false;
    arena_init(&arena, 0);
    answered = split_path(&arena, path, &parts) && answer_api_parts(admin, &parts, request, answer);
    arena_fini(&arena);
    return answered;
}

static bool has_route(struct admin *admin, const struct local_request *request, struct slice path)
{
    struct local_answer there = {0};

    if (has_ping(admin, request) && slice_eq(path, SLICE("/ping")))
        return true;
    if (!slice_eq(request->method, SLICE("GET"))) /* HEAD is answered by /ping only */
        return false;
    bool is_route = (has_metrics(admin, request) && slice_eq(path, SLICE("/metrics"))) ||
                    (is_api_entrypoint(admin, request) && answer_api(admin, path, request, &there));
    text_fini(&there.body);
    return is_route;
}

/* /api/ to /api. Only what is a route without its last slash is sent there. */
static bool answer_slash(struct admin *admin, const struct local_request *request, struct local_answer *answer)
{
    struct slice path = slice_head(request->path, request->path.len - 1);
    struct text location = TEXT_EMPTY;

    if (!has_route(admin, request, path))
        return false;
    text_add(&location, admin->options.path);
    text_add(&location, path);
    if (request->query.len) {
        text_add_char(&location, '?');
        text_add(&location, request->query);
    }
    reply_redirect(answer, 301, text_slice(&location));
    text_fini(&location);
    return true;
}

/* A path that a proxy before us has cut off. Anything that could leave this host or end the field is not believed
 * (security case P11). */
static bool is_path_prefix(struct slice prefix)
{
    if (!slice_starts(prefix, SLICE("/")))
        return false;
    for (size_t i = 0; i < prefix.len; i++) {
        char c = prefix.ptr[i];
        if (c <= ' ' || c > '~' || strchr("\\\"<>?#", c) || (c == '/' && i && prefix.ptr[i - 1] == '/'))
            return false;
    }
    return true;
}

/* To the dashboard, below what a proxy before us has cut off. */
static void answer_root(const struct admin *admin, struct slice prefix, struct local_answer *answer)
{
    struct text location = TEXT_EMPTY;

    if (is_path_prefix(prefix))
        text_add(&location, slice_head(prefix, prefix.len - slice_ends(prefix, SLICE("/"))));
    text_add(&location, admin->options.path);
    text_add(&location, SLICE("/dashboard/"));
    reply_redirect(answer, 302, text_slice(&location));
    text_fini(&location);
}

static bool answer_dashboard(const struct admin *admin, const struct local_request *request, bool is_get,
                             struct local_answer *answer)
{
    if (is_get && slice_eq(request->path, SLICE("/"))) {
        answer_root(admin, headers_value(request->headers, HEADER_X_FORWARDED_PREFIX), answer);
        return true;
    }
    if (is_get && slice_eq(request->path, SLICE("/dashboard/status"))) {
        answer_root(admin, SLICE(""), answer);
        return true;
    }
    return (is_get || slice_eq(request->method, SLICE("HEAD"))) && dashboard_answer(request->path, answer);
}

static bool answer(void *arg, const struct local_request *request, struct local_answer *out_answer)
{
    struct admin *admin = arg;
    bool is_get = slice_eq(request->method, SLICE("GET"));

    *out_answer = (struct local_answer){0};
    if (answer_ping(admin, request, out_answer) || answer_ready(admin, request, out_answer))
        return true;
    if (!request->filtered)
        return false;
    if (rest_answer(admin, request, out_answer) || answer_metrics(admin, request, out_answer))
        return true;
    if (is_api_entrypoint(admin, request)) {
        if (admin->options.dashboard && answer_dashboard(admin, request, is_get, out_answer))
            return true;
        if (is_get && answer_api(admin, request->path, request, out_answer))
            return true;
    }
    return (is_get || slice_eq(request->method, SLICE("HEAD"))) && !admin->options.keep_trailing_slash &&
           slice_ends(request->path, SLICE("/")) && answer_slash(admin, request, out_answer);
}

/* What the request asks for below options.path, which begins with a slash; false: it is elsewhere. */
static bool cut_path(const struct admin *admin, struct slice *path)
{
    struct slice below = slice_from(*path, admin->options.path.len);

    if (!slice_starts(*path, admin->options.path) || (below.len && below.ptr[0] != '/'))
        return false;
    *path = below.len ? below : SLICE("/");
    return true;
}

static bool answer_below(void *arg, const struct local_request *request, struct local_answer *out_answer)
{
    struct local_request below = *request;

    *out_answer = (struct local_answer){0};
    return cut_path(arg, &below.path) && answer(arg, &below, out_answer);
}

struct admin *admin_create(const struct admin_options *options)
{
    struct admin *admin = wb_alloc(sizeof *admin);

    admin->options = *options;
    admin->started_ns = clock_monotonic_ns();
    admin->started_wall_ns = clock_wall_ns();
    health_window_init(&admin->window, admin->started_ns);
    admin->feed = feed_create(&admin->options, admin->started_wall_ns);
    return admin;
}

void admin_destroy(struct admin **admin)
{
    if (!*admin)
        return;
    health_window_fini(&(*admin)->window);
    feed_destroy(&(*admin)->feed);
    free(*admin);
    *admin = NULL;
}

void admin_drain(struct admin *admin)
{
    feed_end(admin->feed);
}

struct local_routes admin_routes(struct admin *admin)
{
    return (struct local_routes){admin->options.path.len ? answer_below : answer, admin};
}
