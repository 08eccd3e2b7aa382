/* SPDX-License-Identifier: MIT */
/* The steps before a server is asked: who sent it, where it leads, what the filters say. */
#include "exchange_private.h"
#include "waybill/exchange/unserved.h"
#include "waybill/http/websocket.h"
#include "waybill/net/tls.h"
#include "waybill/net/tls_credentials.h"
#include "waybill/net/tls_server.h"

static bool hops_exceeded(struct exchange *x)
{
    struct header *hops = headers_find(&x->request.headers, HEADER_WAYBILL_HOPS);
    uint64_t count = 0;

    return hops && (!slice_to_u64(hops->value, 1000, &count) || count >= EXCHANGE_HOPS_MAX);
}

/* Protocols that carry HTTP again: behind such a switch requests would go past every rule and filter, so it is not to be had, nor
 * is what is asked for together with it (defects B9). */
static bool asks_for_more_http(struct slice upgrade)
{
    struct slice part;

    while (slice_cut(&upgrade, ',', &part)) {
        struct slice name = slice_trim(slice_head(part, slice_find(part, '/')));
        if (slice_starts_nocase(name, SLICE("h2c")) || slice_eq_nocase(name, SLICE("TLS")) ||
            slice_eq_nocase(name, SLICE("HTTP")))
            return true;
    }
    return false;
}

/* RFC 9110 10.1.4, 7.8: what is hop by hop but has a meaning on the next hop too is noted before it goes. */
static void note_hop_by_hop(struct exchange *x)
{
    struct headers *headers = &x->request.headers;
    const uint64_t looked_at = (1ull << HEADER_TE) | (1ull << HEADER_UPGRADE) | (1ull << HEADER_EXPECT);

    if (headers->present & looked_at) {
        x->te_trailers = slice_list_has(headers_value(headers, HEADER_TE), SLICE("trailers"));
        x->continue_wanted = x->request.expect_continue && x->request.body != BODY_NONE;
        if (x->request.upgrade) {
            struct slice wanted = headers_value(headers, HEADER_UPGRADE);
            x->websocket = websocket_is_wanted(wanted);
            if (x->websocket)
                x->upgrade = SLICE("websocket"); /* of several nothing else may be chosen, which would go unchecked */
            else if (!asks_for_more_http(wanted))
                x->upgrade = wanted;
        }
    }
    headers_remove_hop_by_hop(headers, x->request.body == BODY_CHUNKED);
}

/* The handshake was for one name, the request is for another, and that one would not have been let in. */
static bool is_misdirected(const struct exchange *x)
{
    const struct stream *stream = x->client_ops->connection(x->client);
    struct slice host = x->request.host;

    return !slice_eq_nocase(host, tls_stream_server_name(stream)) && !tls_server_admits(x->entrypoint->tls, host);
}

bool step_start(struct exchange *x)
{
    struct environment *env = x->env;
    enum reason reason;

    x->trusted = x->entrypoint->trust_all || networks_have(x->entrypoint->trusted, x->entrypoint->trusted_count, &x->peer);
    if (!x->trusted)
        headers_remove_forwarding(&x->request.headers);
    note_hop_by_hop(x);
    reason = target_parse(&x->arena, x->request.target, &x->target);
    if (reason != REASON_NONE) {
        exchange_answer(x, reason);
        return true;
    }
    if (x->entrypoint->tls && is_misdirected(x)) {
        exchange_answer(x, REASON_MISDIRECTED);
        return true;
    }
    if (x->entrypoint->has_local && answer_locally(x, false))
        return true;
    if (env->traffic && !x->entrypoint->has_local)
        meter_begin(x); /* else it may be for an internal route yet */
    if (env->tracer)
        trace_begin(x);
    if (hops_exceeded(x)) {
        exchange_answer(x, REASON_LOOP);
        return true;
    }
    if (x->entrypoint->closed) {
        exchange_answer(x, REASON_FRONTEND_CLOSED);
        return true;
    }
    if (env->access_log)
        access_note_create(x);
    if (env->lease)
        x->lease = lease_use(env->lease);
    x->filters = x->entrypoint->filters;
    x->filter_count = x->entrypoint->filter_count;
    exchange_become(x, EXCHANGE_ENTRY_FILTERS);
    return true;
}

static enum reason decide(struct exchange *x, const struct snapshot *snapshot, struct route_decision *out_decision)
{
    size_t number = (size_t)(x->entrypoint - x->env->entrypoints);
    const struct match_table *table = number < snapshot->entrypoint_count ? snapshot->entrypoints[number].table : NULL;
    const struct route_request request = {.method = x->request.method,
                                          .host = x->request.host,
                                          .alias = x->alias,
                                          .target = &x->target,
                                          .headers = &x->request.headers};

    return route_decide(table, &request, &x->arena, out_decision);
}

/* In the place of whatever somebody who is believed said. Filters see it: an authentication server is told, custom headers may
 * put another value there. */
static bool tell_change(struct exchange *x, enum header_id id, struct slice value)
{
    if (value.len == 0)
        return true;
    headers_remove(&x->request.headers, id);
    return headers_add_id(&x->request.headers, id, value);
}

bool step_route(struct exchange *x)
{
    enum reason reason;

    if (x->entrypoint->has_local && answer_locally(x, true))
        return true;
    if (!x->lease) {
        exchange_answer(x, REASON_NOT_READY);
        return true;
    }
    reason = decide(x, x->lease->snapshot, &x->route);
    x->frontend = x->route.frontend;
    if (x->env->traffic)
        meter_route(x);
    if (x->note)
        access_note_route(x);
    if (reason != REASON_NONE) {
        if (reason == REASON_NO_FRONTEND && x->env->unserved)
            unserved_note(x->env->unserved, x);
        exchange_answer(x, reason);
        return true;
    }
    if (x->frontend->changes_path && (!tell_change(x, HEADER_X_FORWARDED_PREFIX, x->route.changes.prefix) ||
                                      !tell_change(x, HEADER_X_REPLACED_PATH, x->route.changes.replaced))) {
        exchange_answer(x, REASON_HEAD_TOO_LARGE);
        return true;
    }
    x->backend = x->frontend->backend;
    x->filters = x->frontend->filters;
    x->filter_count = x->frontend->filter_count;
    x->next_filter = 0;
    exchange_become(x, EXCHANGE_FILTERS);
    return true;
}

/* RFC 6455 4.2.2: with the version that would have been understood. */
static void refuse_websocket(struct exchange *x)
{
    exchange_answer(x, REASON_BAD_WEBSOCKET);
    headers_add_id(x->answer.headers, HEADER_SEC_WEBSOCKET_VERSION, SLICE("13"));
}

bool step_filters(struct exchange *x)
{
    while (x->next_filter < x->filter_count) {
        const struct route_filter *filter = &x->filters[x->next_filter];
        enum exchange_state before = x->state;
        switch (filter->ops->request(x, filter->config)) {
        case FILTER_WAIT:
            return false;
        case FILTER_ANSWERED:
            WB_REQUIRE(x->state != before);
            if (x->note)
                access_note_answered_by(x, filter->ops, before == EXCHANGE_ENTRY_FILTERS);
            x->filter_state = NULL;
            return true;
        case FILTER_PASS:
            x->filter_state = NULL;
            x->next_filter++;
            break;
        }
    }
    if (x->state == EXCHANGE_ENTRY_FILTERS) {
        exchange_become(x, EXCHANGE_ROUTE);
    } else if (x->route.found.slash_redirect) {
        answer_slash_redirect(x); /* only who may see the route learns its spelling (defects A5) */
    } else if (x->websocket && !websocket_request_is_valid(x->request.method, &x->request.headers)) {
        refuse_websocket(x);
    } else {
        exchange_become(x, EXCHANGE_PICK);
    }
    return true;
}

static bool was_tried(const struct exchange *x, const struct route_server *server)
{
    for (size_t i = 0; i < x->tried_count; i++)
        if (x->tried[i] == server->slot)
            return true;
    return false;
}

/* Whom a filter wants goes before whose turn it is, once: a request that is repeated goes to another one (defects B33). */
static const struct route_server *take_wanted(struct exchange *x)
{
    const struct route_server *server = x->wanted;

    x->wanted = NULL;
    if (was_tried(x, server) || !upstream_may_ask(x->env->upstream, server) || !exchange_server_is_there(x, server))
        return NULL;
    x->tried[x->tried_count++] = server->slot;
    return server;
}

/* Those that have gone since the exchange began are passed over. */
static const struct route_server *next_server(struct exchange *x)
{
    const struct route_server *wanted = x->wanted ? take_wanted(x) : NULL;

    if (wanted)
        return wanted;
    while (x->tried_count < EXCHANGE_TRIES_MAX) {
        const struct route_server *server = upstream_pick(x->env->upstream, x->backend, x->tried, x->tried_count);
        if (!server)
            return NULL;
        x->tried[x->tried_count++] = server->slot;
        if (exchange_server_is_there(x, server))
            return server;
    }
    return NULL;
}

/* --retry.attempts: fewer than there are servers, or more, and then it is the first one's turn again. */
static const struct route_server *next_attempt(struct exchange *x)
{
    unsigned max = x->env->attempts_max;
    const struct route_server *server;

    if (max && x->attempts >= max)
        return NULL;
    server = next_server(x);
    if (server || !max || x->attempts == 0)
        return server;
    x->tried_count = 0;
    return next_server(x);
}

static bool is_own_backend(const struct exchange *x, const struct route_frontend *now)
{
    return exchange_asks_own_backend(x) && x->backend && now->backend && slice_eq(now->provider, x->frontend->provider) &&
           slice_eq(now->backend->name, x->backend->name);
}

/* A body may take so long to be collected that all servers have been replaced. Who would get the request now is its server too,
 * if that is the same backend; the frontend, and what its filters have decided, stay those that it began with. False: nobody else
 * than before. */
static bool move_on(struct exchange *x)
{
    struct lease *now = x->env->lease;
    struct route_decision decision;

    if (now == x->lease || now == x->moved_to || decide(x, now->snapshot, &decision) != REASON_NONE ||
        !is_own_backend(x, decision.frontend))
        return false;
    lease_drop(&x->moved_to);
    x->moved_to = lease_use(now);
    x->backend = decision.frontend->backend;
    x->server = x->wanted = NULL; /* they were of the other one */
    return true;
}

/* passTLSCert: the server is called as the entrypoint that the request came by. Those that are called so are few: they have pools
 * by name. */
static struct server_pool *pool_as_entrypoint(const struct exchange *x, const struct route_server *server)
{
    struct tls_credentials *caller = tls_server_caller(x->entrypoint->tls);
    struct server_pool *pool = caller
                                   ? upstream_named_pool(x->env->upstream, server->host, server->port, POOL_BY_ALPN, caller)
                                   : upstream_pool(x->env->upstream, server);

    tls_credentials_unref(&caller);
    return pool;
}

struct server_pool *exchange_pool(const struct exchange *x, const struct route_server *server)
{
    if (x->frontend->pass_tls_cert && server->is_secure && x->entrypoint->tls)
        return pool_as_entrypoint(x, server);
    return upstream_pool(x->env->upstream, server);
}

static void earn_repeat(struct exchange *x)
{
    if (!x->earned)
        upstream_earn_repeat(x->env->upstream);
    x->earned = true;
}

bool step_pick(struct exchange *x)
{
    const struct route_server *server = next_attempt(x);

    if (!server && move_on(x))
        server = next_attempt(x);
    if (!server) {
        exchange_answer(x, x->attempt.reason == REASON_NONE ? upstream_why_none(x->backend) : x->attempt.reason);
        return true;
    }
    earn_repeat(x);
    if (x->attempts++ && x->env->traffic)
        meter_retry(x);
    x->server = server;
    if (x->note)
        access_note_server(x);
    if (x->trace)
        trace_server(x);
    exchange_become(x, EXCHANGE_CONNECT);
    /* What may not be repeated must not meet an end of which the kernel knows already: that would cost it an error. */
    x->attempt.http_1_only = x->upgrade.len > 0;
    attempt_start(&x->attempt, exchange_pool(x, server), x->request.is_head,
                  exchange_may_repeat(x) ? ATTEMPT_ON_POOLED : ATTEMPT_ON_CHECKED);
    return true;
}
