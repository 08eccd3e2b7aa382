/* SPDX-License-Identifier: MIT */
/*
 * Both directions at once:
 *
 *   client stream `in` --body--> attempt_send --> server          step: send_request
 *   client  <-- send_body <--attempt_body-- server stream `in`    step: answer_from_server
 *
 * Payload is written from where it came in; while a socket has not taken it all, that memory is pinned and the
 * direction rests until the write is done. Each side's full buffer stops its own reading, so memory is bounded
 * by the two buffers whatever the body.
 */
#include "exchange_private.h"

enum { CONTINUE_WAIT_MS = 1000 };

/* Nothing that was answered or half-sent is ever sent again. */
static bool is_untouched(const struct exchange *x)
{
    return !x->body_begun && !x->head_answered && !x->attempt.received;
}

static void forget_attempt(struct exchange *x)
{
    buffer_return(&x->out, &x->env->loop->stock);
    x->head_sent = x->request_sent = x->upload_stopped = false;
    if (x->upload_pending) {
        x->upload_pending = 0;
        exchange_pin_upload(x, false);
    }
}

/* The server closed a pooled connection while we took it. Another server gets it if there is one: this one may be gone for
 * good, and in a container network nobody says so. Else the same one, on a new connection, once. */
static void repeat_after_stale(struct exchange *x)
{
    struct attempt *attempt = &x->attempt;
    enum reason reason = attempt->reason;
    enum attempt_conn conn = attempt->refused ? ATTEMPT_ON_CHECKED : ATTEMPT_ON_NEW;
    bool may_move = x->backend->cookie_name.len == 0; /* a client that belongs to a server does not for a stale connection */

    x->repeated = true;
    x->attempts--; /* it is the one attempt, on another connection */
    if ((may_move && x->backend->server_count > x->tried_count) || !exchange_server_is_there(x, x->server)) {
        exchange_become(x, EXCHANGE_PICK);
        return;
    }
    attempt_cancel(attempt);
    attempt->reason = reason;
    exchange_become(x, EXCHANGE_CONNECT);
    attempt_start(attempt, exchange_pool(x, x->server), x->request.is_head, conn);
}

/* Another server may take it: for free when nothing was sent, else within the budget (decisions.md 29). */
static bool may_try_another(const struct exchange *x)
{
    const struct attempt *attempt = &x->attempt;

    if (!attempt->sent)
        return true;
    return attempt->reason == REASON_SERVER_CLOSED && exchange_may_repeat(x) && x->backend->server_count > x->tried_count &&
           upstream_spend_repeat(x->env->upstream);
}

/* A stale connection says nothing of the server. */
static void rate_failure(struct exchange *x)
{
    if (x->backend->is_dynamic)
        upstream_note_reply(x->env->upstream, x->backend, x->server, reason_row(x->attempt.reason)->status);
}

/* A pooled connection may have been closed before it got the request. Or not, and then the repeat is one of a request that was
 * sent: within the budget (decisions.md 29, security case D13). */
static bool may_repeat_stale(const struct exchange *x)
{
    const struct attempt *attempt = &x->attempt;

    if (!attempt->reused || x->repeated)
        return false;
    return !attempt->sent ||
           (attempt->reason == REASON_SERVER_CLOSED && exchange_may_repeat(x) && upstream_spend_repeat(x->env->upstream));
}

void attempt_has_failed(struct exchange *x)
{
    struct attempt *attempt = &x->attempt;

    if (attempt->refused && replay_begin(x))
        x->body_begun = false;
    forget_attempt(x);
    if (is_untouched(x) && may_repeat_stale(x)) {
        repeat_after_stale(x);
        return;
    }
    rate_failure(x);
    if (is_untouched(x) && may_try_another(x))
        exchange_become(x, EXCHANGE_PICK);
    else
        exchange_answer(x, attempt->reason);
}

bool step_connect(struct exchange *x)
{
    switch (x->attempt.state) {
    case ATTEMPT_CONNECTING:
        return false;
    case ATTEMPT_READY:
        exchange_become(x, EXCHANGE_FORWARD);
        return true;
    case ATTEMPT_FAILED:
        attempt_has_failed(x);
        return true;
    case ATTEMPT_NONE:
    case ATTEMPT_AWAITING:
    case ATTEMPT_HEAD:
    case ATTEMPT_BODY:
    case ATTEMPT_TUNNEL:
    case ATTEMPT_ENDED:
        break;
    }
    WB_UNREACHABLE();
}

static bool compose_head(struct exchange *x)
{
    struct head_out out;

    x->expects = x->request.body != BODY_NONE && headers_find(&x->request.headers, HEADER_EXPECT);
    buffer_borrow(&x->out, &x->env->loop->stock, buffer_len(&x->head_bytes) + 2048);
    head_out_init(&out, x->out.base, x->out.capacity);
    if (!request_head_write(x, &out)) {
        /* Filters may have added more than a small buffer holds. */
        buffer_return(&x->out, &x->env->loop->stock);
        buffer_borrow(&x->out, &x->env->loop->stock, BUFFER_LARGE);
        head_out_init(&out, x->out.base, x->out.capacity);
        if (!request_head_write(x, &out))
            return false;
    }
    x->out.end = out.len;
    return true;
}

static void upload_took(struct exchange *x)
{
    if (x->upload_pending) {
        exchange_pin_upload(x, false);
        if (x->upload)
            x->upload->took(x->upload, x->upload_pending);
        else
            exchange_request_took(x, x->upload_pending);
        x->upload_pending = 0;
    }
    if (x->head_sent)
        buffer_return(&x->out, &x->env->loop->stock);
}

/* One piece of the request on its way; `payload` empty and `last`: the end of it. */
static void send_piece(struct exchange *x, struct slice payload, bool last, const struct headers *trailers)
{
    const struct request_part part = {
        .head = x->head_sent ? SLICE("") : slice_make(x->out.base, x->out.end),
        .payload = payload,
        .chunked = x->request.body == BODY_CHUNKED,
        .last = last,
        .trailers = trailers,
    };

    x->body_begun = x->body_begun || payload.len > 0;
    x->head_sent = true;
    x->request_sent = last;
    x->upload_pending = payload.len;
    if (payload.len && attempt_may_be_refused(&x->attempt))
        replay_keep(x, payload);
    attempt_send(&x->attempt, &part);
    if (last) {
        x->sent_ms = x->env->loop->now_ms;
        attempt_expect_answer(&x->attempt);
    }
    if (attempt_is_writing(&x->attempt))
        exchange_pin_upload(x, payload.len > 0);
    else
        upload_took(x);
}

/* The client's body is broken, or a collected one cannot be read: nothing of it may look complete to the server. */
static void refuse_body(struct exchange *x)
{
    enum reason reason = x->upload ? REASON_NO_ROOM_FOR_BODY : REASON_BAD_BODY;

    attempt_cancel(&x->attempt);
    if (x->head_answered)
        exchange_end(x, reason, true);
    else
        exchange_answer(x, reason);
}

static bool is_owned(const struct route_filter *filters, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++)
        if (!filters[i].ops->owns || filters[i].ops->owns(filters[i].config, name))
            return true;
    return false;
}

/* Behind a filter the fields of a request are what the filter made of them: a trailer named like one of them, which many
 * servers take for a field, would go past it (security case F4). Where the configuration is gone, since the head has been
 * answered already, nobody can say which these are. */
static void drop_owned(struct exchange *x, struct headers *trailers)
{
    for (unsigned i = 0; i < trailers->count; i++) {
        struct header *trailer = &trailers->items[i];
        trailer->gone = (x->filter_count && !x->filters) || is_owned(x->filters, x->filter_count, trailer->name) ||
                        is_owned(x->entrypoint->filters, x->entrypoint->filter_count, trailer->name);
    }
}

/* True when the exchange changed its state. */
static bool send_request(struct exchange *x)
{
    struct headers *trailers = exchange_trailers(x);

    while (x->state == EXCHANGE_FORWARD && x->attempt.state != ATTEMPT_FAILED && !attempt_is_writing(&x->attempt)) {
        struct slice payload = SLICE("");
        enum body_result result;
        upload_took(x);
        if (x->request_sent || x->upload_stopped)
            return false;
        if (x->attempt.state != ATTEMPT_READY && attempt_write_failed(&x->attempt)) {
            x->upload_stopped = true; /* it may still have answered: reading decides */
            x->client_ops->body_want(x->client, true);
            return false;
        }
        if (!x->head_sent && !compose_head(x)) {
            attempt_cancel(&x->attempt);
            exchange_answer(x, REASON_HEAD_TOO_LARGE);
            return true;
        }
        if (x->request.body == BODY_NONE) {
            send_piece(x, payload, true, NULL);
            continue;
        }
        result = x->upload ? x->upload->body(x->upload, &payload) : x->client_ops->body(x->client, trailers, &payload);
        if (result == BODY_INVALID) {
            refuse_body(x);
            return true;
        }
        if (result == BODY_MORE) {
            x->client_ops->body_want(x->client, true);
            if (x->head_sent)
                return false;
            send_piece(x, payload, false, NULL);
            continue;
        }
        x->continue_wanted = false;
        if (trailers->count)
            drop_owned(x, trailers);
        send_piece(x, payload, result == BODY_END, trailers);
    }
    return false;
}

uint64_t exchange_server_progress(struct exchange *x)
{
    return (attempt_bytes_sent(&x->attempt) << 3) + 5;
}

/* Who is waited for decides the deadline. The server has its own (attempt). */
static void watch(struct exchange *x)
{
    if (x->client_ops->is_writing(x->client))
        exchange_watch(x, exchange_client_progress(x), x->body_timeout_ms);
    else if (x->continue_wanted && x->head_sent)
        exchange_watch(x, 2, CONTINUE_WAIT_MS);
    else if (attempt_is_writing(&x->attempt)) /* the server takes nothing */
        exchange_watch(x, exchange_server_progress(x), x->body_timeout_ms);
    else if (!x->request_sent && x->head_sent && !x->upload_stopped)
        exchange_watch(x, (attempt_bytes_sent(&x->attempt) << 2) + 3, x->body_timeout_ms);
    else if (x->attempt.state == ATTEMPT_BODY)
        exchange_watch(x, (attempt_bytes_received(&x->attempt) << 2) + 4, x->response_body_timeout_ms);
    else
        deadline_clear(&x->deadline);
}

bool step_forward(struct exchange *x)
{
    if (x->client_ops->has_failed(x->client)) {
        exchange_end(x, REASON_CLIENT_GONE, true);
        return false;
    }
    if (send_request(x))
        return true;
    if (x->state == EXCHANGE_FORWARD && answer_from_server(x))
        return true;
    if (x->state == EXCHANGE_FORWARD)
        watch(x);
    return false;
}
