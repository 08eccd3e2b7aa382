/* SPDX-License-Identifier: MIT */
/*
 * forward auth - asks another server whether a request may pass (spec/proxy.md 15, decisions.md 26).
 *
 * The question carries the request's fields but nothing of its body; 2xx lets it pass, with the fields the
 * configuration names copied from the reply (and removed from the request in any case, so that nobody brings his own);
 * any other reply goes back to the client. A server that cannot be asked, is slow, or says too much denies.
 */
#include "filters_private.h"
#include "auth_server.h"
#include "exchange_private.h"
#include <stdlib.h>

enum { AUTH_TIMEOUT_MS = 30000, AUTH_REPLY_BYTES = 1 << 20, AUTH_CONNECTIONS = 512 };

struct forward_auth {
    struct auth_server server;
    bool trust;
    struct slices copied; /* names of reply fields for the request */
};

struct question {
    struct exchange *exchange;
    struct attempt attempt;
    struct deadline deadline;
    struct buffer out;
    struct text body; /* of the reply, in case it goes to the client */
    unsigned status;
    struct headers *reply; /* fields for the client, in the exchange's arena */
    bool repeated, overdue;
};

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    const struct model_frontend *frontend = from->frontend;
    const struct model_auth_forward *model = frontend->auth ? frontend->auth->forward : NULL;
    struct forward_auth *auth;

    /* basic, then digest, come before forward when several are given. */
    if (!model || frontend->auth->basic || frontend->auth->digest)
        return FILTER_ABSENT;
    auth = ARENA_NEW(from->arena, struct forward_auth);
    if (!auth_server_compile(from, model, &auth->server))
        return FILTER_CLOSED;
    auth->trust = model->trust_forward_header;
    for (size_t i = 0; i < model->auth_response_headers.count; i++) {
        struct slice name = slice_trim_space(model->auth_response_headers.items[i]);
        if (header_name_is_valid(name)) {
            slices_add(from->arena, &auth->copied, name);
            continue;
        }
        diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place,
                        "auth.forward.authResponseHeaders: `" SLICE_FMT "` is not a header name", SLICE_SHOWN(name));
        return FILTER_CLOSED;
    }
    *out_config = auth;
    return FILTER_MADE;
}

/* What the question does not carry, or carries in our words (security case F5). */
static bool is_left_out(const struct header *header)
{
    switch (header->id) {
    case HEADER_HOST:
    case HEADER_CONTENT_LENGTH:
    case HEADER_EXPECT:
    case HEADER_RANGE:
    case HEADER_TRAILER:
    case HEADER_X_FORWARDED_FOR:
    case HEADER_X_FORWARDED_METHOD:
    case HEADER_X_FORWARDED_PROTO:
    case HEADER_X_FORWARDED_PORT:
    case HEADER_X_FORWARDED_HOST:
    case HEADER_X_FORWARDED_URI:
    case HEADER_WAYBILL_HOPS:
        return true;
    default:
        return header->gone;
    }
}

static void write_told(struct exchange *x, const struct forward_auth *auth, struct head_out *out, enum header_id id,
                       struct slice ours)
{
    struct slice theirs = auth->trust ? headers_value(&x->request.headers, id) : SLICE("");
    head_out_field(out, header_name(id), theirs.len ? theirs : ours);
}

/* Path and query as rules and the backend understand them. */
static struct slice uri_of(struct exchange *x)
{
    struct slice raw = x->route.changes.target.len ? x->route.changes.target : x->request.target;
    struct target target;

    if (target_parse(&x->arena, raw, &target) != REASON_NONE)
        return raw;
    if (!target.has_query)
        return target.canonical;
    char *text = arena_format(&x->arena, SLICE_FMT "?" SLICE_FMT, SLICE_ARG(target.canonical), SLICE_ARG(target.query));
    return text ? slice_of(text) : raw;
}

static void write_forwarded_for(struct exchange *x, const struct forward_auth *auth, struct head_out *out)
{
    char ip[ADDRESS_TEXT_SIZE];
    size_t len = address_format_ip(&x->peer, ip);

    head_out_raw(out, SLICE("X-Forwarded-For: "));
    for (unsigned i = 0; auth->trust && i < x->request.headers.count; i++) {
        const struct header *header = &x->request.headers.items[i];
        if (header->id == HEADER_X_FORWARDED_FOR && !header->gone) {
            head_out_raw(out, header->value);
            head_out_raw(out, SLICE(", "));
        }
    }
    head_out_raw(out, slice_make(ip, len));
    head_out_raw(out, SLICE("\r\n"));
}

static bool compose(struct question *q, const struct forward_auth *auth)
{
    struct exchange *x = q->exchange;
    struct slice port = x->request.port.len ? x->request.port : x->entrypoint->tls ? SLICE("443") : SLICE("80");
    struct head_out out;

    buffer_borrow(&q->out, &x->env->loop->stock, buffer_len(&x->head_bytes) + 2048);
    head_out_init(&out, q->out.base, q->out.capacity);
    head_out_request_line(&out, SLICE("GET"), auth->server.target);
    head_out_field(&out, SLICE("Host"), auth->server.host_port);
    for (unsigned i = 0; i < x->request.headers.count; i++)
        if (!is_left_out(&x->request.headers.items[i]))
            head_out_field(&out, x->request.headers.items[i].name, x->request.headers.items[i].value);
    write_forwarded_for(x, auth, &out);
    write_told(x, auth, &out, HEADER_X_FORWARDED_METHOD, x->request.method);
    write_told(x, auth, &out, HEADER_X_FORWARDED_PROTO, x->entrypoint->tls ? SLICE("https") : SLICE("http"));
    write_told(x, auth, &out, HEADER_X_FORWARDED_PORT, port);
    write_told(x, auth, &out, HEADER_X_FORWARDED_HOST, x->request.authority);
    write_told(x, auth, &out, HEADER_X_FORWARDED_URI, uri_of(x));
    write_hops(x, &out); /* the way to the auth server may lead through here, and through this filter again */
    head_out_end(&out);
    q->out.end = out.len;
    return head_out_ok(&out);
}

static void poke_exchange_of(void *owner)
{
    struct question *q = owner;
    exchange_poke(q->exchange);
}

static void on_overdue(struct deadline *deadline)
{
    struct question *q = WB_CONTAINER_OF(deadline, struct question, deadline);
    q->overdue = true;
    exchange_poke(q->exchange);
}

static void drop_question(struct question *q)
{
    struct loop *loop = q->exchange->env->loop;

    attempt_cancel(&q->attempt);
    loop_remove_deadline(loop, &q->deadline);
    buffer_return(&q->out, &loop->stock);
    text_fini(&q->body);
}

static enum filter_verdict deny(struct exchange *x, struct question *q)
{
    drop_question(q);
    x->filter_state = NULL;
    exchange_answer(x, REASON_AUTH_UNREACHABLE);
    return FILTER_ANSWERED;
}

static void start_attempt(struct question *q, const struct forward_auth *auth, bool fresh)
{
    struct server_pool *pool = upstream_named_pool(q->exchange->env->upstream, auth->server.host, auth->server.port,
                                                   POOL_HTTP_1, auth_server_tls(&auth->server));

    attempt_init(&q->attempt, q->exchange->env->upstream, poke_exchange_of, q);
    if (pool->lent_count >= AUTH_CONNECTIONS) {
        q->attempt.state = ATTEMPT_FAILED;
        return;
    }
    attempt_start(&q->attempt, pool, false, fresh ? ATTEMPT_ON_NEW : ATTEMPT_ON_POOLED);
}

static struct question *begin(struct exchange *x, const struct forward_auth *auth)
{
    struct question *q = ARENA_NEW(&x->arena, struct question);

    if (!q)
        return NULL;
    q->exchange = x;
    deadline_init(&q->deadline, on_overdue);
    x->filter_state = q;
    loop_set_deadline_in(x->env->loop, &q->deadline, AUTH_TIMEOUT_MS);
    start_attempt(q, auth, false);
    return q;
}

static bool has_scheme(struct slice reference)
{
    for (size_t i = 0; i < reference.len; i++)
        if (strchr("/?#:", reference.ptr[i]))
            return i > 0 && reference.ptr[i] == ':';
    return false;
}

/* A Location that is relative is meant against the address that was asked (RFC 3986 5.2), which is not the one the
 * client knows. Dot segments stay for the client to remove. */
static struct slice absolute_location(struct arena *arena, const struct forward_auth *auth, struct slice location)
{
    struct slice base = slice_head(auth->server.target, slice_find(auth->server.target, '?'));

    if (location.len == 0 || has_scheme(location))
        return arena_copy(arena, location);
    if (slice_starts(location, SLICE("//")))
        return slice_of(arena_format(arena, SLICE_FMT ":" SLICE_FMT, SLICE_ARG(auth->server.scheme), SLICE_ARG(location)));
    if (location.ptr[0] == '/')
        base.len = 0;
    else if (location.ptr[0] != '?' && location.ptr[0] != '#')
        base.len = slice_find_last(base, '/') + 1;
    return slice_of(arena_format(arena, SLICE_FMT "://" SLICE_FMT SLICE_FMT SLICE_FMT, SLICE_ARG(auth->server.scheme),
                                 SLICE_ARG(auth->server.host_port), SLICE_ARG(base), SLICE_ARG(location)));
}

/* Fields of the reply that outlive it: those for the request, or all of them for the client. */
static bool keep_head(struct exchange *x, struct question *q, const struct forward_auth *auth)
{
    struct headers *from = &q->attempt.head.headers;
    bool passes = q->status >= 200 && q->status < 300;

    q->reply = ARENA_NEW(&x->arena, struct headers);
    if (!q->reply)
        return false;
    headers_remove_hop_by_hop(from, false); /* framing of the reply is not the request's, whatever is to be copied */
    for (unsigned i = 0; i < from->count; i++) {
        const struct header *header = &from->items[i];
        bool wanted = !passes && header->id != HEADER_CONTENT_LENGTH && header->id != HEADER_DATE;
        for (size_t c = 0; passes && c < auth->copied.count; c++)
            wanted = wanted || slice_eq_nocase(auth->copied.items[c], header->name);
        if (header->gone || !wanted)
            continue;
        struct slice value = !passes && header->id == HEADER_LOCATION ? absolute_location(&x->arena, auth, header->value)
                                                                      : arena_copy(&x->arena, header->value);
        headers_add(q->reply, arena_copy(&x->arena, header->name), value);
    }
    return !x->arena.overflowed;
}

static enum filter_verdict let_pass(struct exchange *x, struct question *q, const struct forward_auth *auth)
{
    struct headers *request = &x->request.headers;

    for (size_t i = 0; i < auth->copied.count; i++)
        headers_remove_class(request, auth->copied.items[i]); /* also when the reply has none (security case F4) */
    for (unsigned i = 0; i < q->reply->count; i++)
        if (!headers_add(request, q->reply->items[i].name, q->reply->items[i].value))
            return deny(x, q);
    drop_question(q);
    return FILTER_PASS;
}

static enum filter_verdict pass_on_refusal(struct exchange *x, struct question *q)
{
    /* A server that is itself in trouble says nothing about the client (security case F6). */
    unsigned status = q->status >= 500 && q->status != 500 ? 503 : q->status;
    struct headers *reply = q->reply;
    struct text body = q->body;

    q->body = TEXT_EMPTY;
    drop_question(q);
    exchange_answer_with(x, status, reply, &body);
    return FILTER_ANSWERED;
}

/* BODY_MORE: wait; BODY_END: all there; BODY_INVALID: cut off or too large. */
static enum body_result gather_body(struct question *q)
{
    for (;;) {
        struct slice bytes;
        enum body_result result = attempt_body(&q->attempt, NULL, &bytes);
        if (result != BODY_PAYLOAD)
            return result;
        if (q->body.len + bytes.len > AUTH_REPLY_BYTES)
            return BODY_INVALID;
        text_add(&q->body, bytes);
        attempt_took(&q->attempt, bytes.len);
    }
}

static enum filter_verdict judge(struct exchange *x, struct question *q, const struct forward_auth *auth)
{
    switch (gather_body(q)) {
    case BODY_MORE:
    case BODY_PAYLOAD:
        return FILTER_WAIT;
    case BODY_INVALID:
        return deny(x, q);
    case BODY_END:
        break;
    }
    attempt_finish(&q->attempt, true);
    return q->status >= 200 && q->status < 300 ? let_pass(x, q, auth) : pass_on_refusal(x, q);
}

static bool may_ask_again(const struct question *q)
{
    return q->attempt.reused && !q->attempt.received && !q->repeated && q->attempt.reason == REASON_SERVER_CLOSED;
}

static enum filter_verdict request(struct exchange *x, const void *config)
{
    const struct forward_auth *auth = config;
    struct question *q = x->filter_state ? x->filter_state : begin(x, auth);

    if (!q) {
        exchange_answer(x, REASON_INTERNAL);
        return FILTER_ANSWERED;
    }
    for (;;) {
        if (q->overdue)
            return deny(x, q);
        switch (q->attempt.state) {
        case ATTEMPT_NONE:
        case ATTEMPT_TUNNEL:
            return deny(x, q);
        case ATTEMPT_CONNECTING:
        case ATTEMPT_AWAITING:
            return FILTER_WAIT;
        case ATTEMPT_READY:
            buffer_return(&q->out, &x->env->loop->stock);
            if (!compose(q, auth))
                return deny(x, q);
            attempt_send(&q->attempt, &(struct request_part){.head = slice_make(q->out.base, q->out.end), .last = true});
            attempt_expect_answer(&q->attempt);
            break;
        case ATTEMPT_HEAD:
            q->status = q->attempt.head.status;
            if (q->status == 101 || (q->status >= 200 && !keep_head(x, q, auth)))
                return deny(x, q);
            attempt_head_done(&q->attempt);
            break;
        case ATTEMPT_BODY:
        case ATTEMPT_ENDED:
            return judge(x, q, auth);
        case ATTEMPT_FAILED:
            if (!may_ask_again(q))
                return deny(x, q);
            q->repeated = true;
            attempt_cancel(&q->attempt);
            start_attempt(q, auth, true);
            break;
        }
    }
}

static void cancel(struct exchange *x)
{
    drop_question(x->filter_state);
    x->filter_state = NULL;
}

static bool owns(const void *config, struct slice name)
{
    const struct forward_auth *auth = config;

    for (size_t i = 0; i < auth->copied.count; i++)
        if (header_same_class(name, auth->copied.items[i]))
            return true;
    return false;
}

const struct filter_ops filter_forward_auth = {.name = "auth.forward",
                                               .compile = compile,
                                               .request = request,
                                               .cancel = cancel,
                                               .owns = owns,
                                               .answers_as = "Auth for",
                                               .answers_as_entrypoint = "Auth for entrypoint"};
