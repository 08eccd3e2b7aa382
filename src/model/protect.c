/* SPDX-License-Identifier: MIT */
#include "waybill/model/diagnostic.h"
#include "waybill/model/model.h"

/* Each returns what is missing, in words that say what to do, or NULL. */

static const char *find_gap_in_users(const struct model_auth_users *users)
{
    return users->users.count || users->users_file.len ? NULL : "auth has no users: add users or usersFile";
}

static const char *find_gap_in_auth(const struct model_auth *auth)
{
    if (auth->basic)
        return find_gap_in_users(auth->basic);
    if (auth->digest)
        return find_gap_in_users(auth->digest);
    if (auth->forward)
        return auth->forward->address.len ? NULL : "auth.forward has no address: write the URL of the auth server";
    return "auth says nothing: add auth.basic, auth.digest or auth.forward, or remove it";
}

static const char *find_gap_in_rate_limit(const struct model_rate_limit *limit)
{
    if (!limit->rate_count) /* nothing is limited, as in v1.7 */
        return NULL;
    if (!limit->extractor_func.len)
        return "ratelimit has no extractorFunc: write client.ip, request.host or request.header.NAME";
    for (size_t i = 0; i < limit->rate_count; i++) {
        const struct model_rate *rate = &limit->rates[i];

        if (rate->period_ns <= 0 || rate->average <= 0 || rate->burst <= 0)
            return "a rate of ratelimit is not above zero: write period, average and burst";
    }
    return NULL;
}

static const char *find_gap_in_frontend(const struct model_frontend *frontend)
{
    const struct model_redirect *redirect = frontend->redirect;
    const char *gap = NULL;

    if (frontend->auth)
        gap = find_gap_in_auth(frontend->auth);
    if (!gap && frontend->basic_auth_present && !frontend->basic_auth.count)
        gap = "basicAuth is an empty list: add a user, or remove it";
    if (!gap && frontend->white_list && !frontend->white_list->source_range.count && !frontend->whitelist_source_range.count)
        gap = "whiteList has no sourceRange: add the addresses that may pass, or remove it";
    if (!gap && frontend->rate_limit)
        gap = find_gap_in_rate_limit(frontend->rate_limit);
    if (!gap && redirect && !redirect->entrypoint.len && !redirect->regex.len && redirect->replacement.len)
        gap = "redirect has a replacement and no regex: add it, or entryPoint, or remove it";
    return gap;
}

static const char *find_gap_in_backend(const struct model_backend *backend)
{
    if (backend->circuit_breaker && !backend->circuit_breaker->expression.len)
        return "circuitBreaker has no expression: write one, or remove it";
    if (backend->max_conn && backend->max_conn->amount < 0)
        return "maxConn.amount is below zero: write how many connections may be open";
    if (backend->max_conn && backend->max_conn->amount > 0 && !backend->max_conn->extractor_func.len)
        return "maxConn has no extractorFunc: write request.host, client.ip or request.header.NAME";
    return NULL;
}

static void close_backend(struct fragment *fragment, struct model_backend *backend, struct diagnostics *diagnostics)
{
    const char *gap = find_gap_in_backend(backend);
    struct slice place = backend->origin.len ? backend->origin : backend->name;

    if (!gap || backend->closed_because.len)
        return;
    backend->closed_because = slice_of(
        arena_format(&fragment->arena, "backend `" SLICE_FMT "`: %s", SLICE_SHOWN(backend->name), gap));
    diagnostics_add(diagnostics, DIAGNOSTIC_CLOSED, place, "backend `" SLICE_FMT "`: %s; its frontends are closed",
                    SLICE_SHOWN(backend->name), gap);
}

/* The backend's own diagnostic says it once for all of its frontends. */
static void close_frontend(const struct fragment *fragment, struct model_frontend *frontend, struct diagnostics *diagnostics)
{
    const char *gap = find_gap_in_frontend(frontend);
    struct slice place = frontend->origin.len ? frontend->origin : frontend->name;
    const struct model_backend *backend;

    if (gap) {
        diagnostics_add(diagnostics, DIAGNOSTIC_CLOSED, place, "frontend `" SLICE_FMT "`: %s", SLICE_SHOWN(frontend->name),
                        gap);
        if (!frontend->closed_because.len)
            frontend->closed_because = slice_of(gap);
    }
    backend = fragment_backend(fragment, frontend->backend);
    if (backend && backend->closed_because.len && !frontend->closed_because.len)
        frontend->closed_because = backend->closed_because;
}

void fragment_close(struct fragment *fragment, struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < fragment->backend_count; i++)
        close_backend(fragment, &fragment->backends[i], diagnostics);
    for (size_t i = 0; i < fragment->frontend_count; i++)
        close_frontend(fragment, &fragment->frontends[i], diagnostics);
}
