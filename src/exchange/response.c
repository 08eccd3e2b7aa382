/* SPDX-License-Identifier: MIT */
/* The way back: interim answers, the head, the payload as it comes. */
#include "exchange_private.h"
#include <stdio.h>
#include "waybill/http/websocket.h"

/* The fields that go back to the client. The attempt's table is used as it stands: it is ours until the head is done. */
static void make_answer(struct exchange *x)
{
    struct response_head *head = &x->attempt.head;
    struct answer_head *answer = &x->answer;

    headers_remove_hop_by_hop(&head->headers, head->body == BODY_CHUNKED);
    if (head->body != BODY_LENGTH && !x->request.is_head && head->status != 304)
        headers_remove(&head->headers, HEADER_CONTENT_LENGTH);
    *answer = (struct answer_head){
        .status = head->status,
        .phrase = head->phrase,
        .headers = &head->headers,
        .has_body = head->body != BODY_NONE,
        .length_known = head->body == BODY_LENGTH,
        .content_length = head->content_length,
        /* Over HTTP/2 an answer that ends with its head says so without the field. */
        .write_length = head->body == BODY_LENGTH && !(head->headers.present & (1ull << HEADER_CONTENT_LENGTH)),
    };
    if (!headers_find(&head->headers, HEADER_DATE))
        answer->date = environment_date(x->env);
    if (x->note)
        access_note_origin(x);
    if (x->trace)
        trace_origin(x);
}

/* Names that are said at the end, of who is to be forgotten before. */
static void keep_names(struct exchange *x)
{
    if (x->frontend && x->frontend_name.len == 0)
        x->frontend_name = arena_copy(&x->arena, x->frontend->short_name);
    if (x->server && x->server_url[0] == '\0')
        snprintf(x->server_url, sizeof x->server_url, SLICE_FMT, SLICE_ARG(x->server->url));
}

void leave_configuration(struct exchange *x)
{
    if (x->status >= 400 && x->env->recent)
        keep_names(x);
    if (x->note)
        access_note_keep_request(x);
    x->filter_state = NULL;
    x->filters = NULL;
    x->frontend = NULL;
    x->backend = NULL;
    x->server = x->wanted = NULL;
    lease_drop(&x->lease);
    if (x->moved_to)
        lease_drop(&x->moved_to);
}

/* A 101 that nobody asked for, or from who did not understand what it agrees to, opens nothing. */
static enum reason judge_switch(const struct exchange *x)
{
    if (x->upgrade.len == 0)
        return REASON_SERVER_UPGRADE;
    if (x->websocket && !websocket_answer_is_valid(&x->request.headers, &x->attempt.head.headers))
        return REASON_SERVER_WEBSOCKET;
    return REASON_NONE;
}

/* 101: from now on bytes pass both ways (security case S7: not before). */
static void switch_protocols(struct exchange *x)
{
    struct slice chosen = headers_value(&x->attempt.head.headers, HEADER_UPGRADE);
    enum reason fault = judge_switch(x);

    if (fault != REASON_NONE) {
        attempt_cancel(&x->attempt);
        exchange_answer(x, fault);
        return;
    }
    chosen = arena_copy(&x->arena, chosen.len ? chosen : x->upgrade);
    make_answer(x);
    x->answer.upgrade = chosen;
    x->answer.has_body = false;
    if (x->halves && !response_heads_pass(x)) {
        WB_REQUIRE(!x->half_at); /* there is nothing to wait for */
        return;
    }
    exchange_send_head(x);
    x->client_ops->flush(x->client);
    attempt_head_done(&x->attempt);
    leave_configuration(x);
    tunnel_keep_request(x);
    deadline_clear(&x->deadline); /* of who was waited for before; a tunnel may be silent for long */
    exchange_become(x, EXCHANGE_TUNNEL);
}

/* The head is as it shall be: it goes out, and the payload may follow. */
static void answer_head(struct exchange *x)
{
    x->answer.close = x->answer.close || (!x->request_sent && x->upload_stopped);
    exchange_send_head(x);
    if (x->attempt.state == ATTEMPT_HEAD)
        attempt_head_done(&x->attempt);
    if (x->kept.base)
        replay_drop(x);
    leave_configuration(x);
}

/* Filters see the head first. True: the state changed, or more can be done at once. */
static bool filter_head(struct exchange *x)
{
    if (!response_heads_pass(x))
        return x->half_at == NULL;
    answer_head(x);
    if (!x->answer.has_body && x->attempt.head.body != BODY_NONE) {
        x->client_ops->flush(x->client);
        drop_answer(x);
        exchange_end(x, REASON_DONE, false);
    }
    return true;
}

/* True when there was a head to act on. */
static bool take_head(struct exchange *x)
{
    unsigned status = x->attempt.head.status;

    if (status == 101) {
        switch_protocols(x);
        return true;
    }
    if (status < 200) {
        x->expects = x->expects && status != 100;
        if (status == 100 && x->continue_wanted) {
            x->continue_wanted = false;
            x->client_ops->send_continue(x->client);
        }
        attempt_head_done(&x->attempt);
        return true;
    }
    x->continue_wanted = false;
    if (x->backend->is_dynamic)
        upstream_note_reply(x->env->upstream, x->backend, x->server, status);
    if (status < 300 && x->websocket && exchange_asks_connect(x)) {
        exchange_answer(x, REASON_SERVER_NOT_SWITCHED);
        return true;
    }
    make_answer(x);
    if (x->halves)
        return filter_head(x);
    answer_head(x);
    return true;
}

static void finish(struct exchange *x)
{
    attempt_finish(&x->attempt, exchange_was_taken(x));
    exchange_end(x, REASON_DONE, false);
}

static enum body_result next_payload(struct exchange *x, struct headers *trailers, struct slice *out_payload)
{
    return x->transform ? x->transform->ops->body(x->transform, x, trailers, out_payload)
                        : attempt_body(&x->attempt, trailers, out_payload);
}

/* What has been written to the client needs not stay where it is any longer. */
static void payload_went(struct exchange *x, size_t count)
{
    if (x->transform)
        x->transform->ops->took(x->transform, x, count);
    else
        attempt_took(&x->attempt, count);
}

static void pin_payload(struct exchange *x, bool pinned)
{
    if (!x->transform)
        attempt_pin(&x->attempt, pinned);
}

bool pass_payload(struct exchange *x)
{
    struct slice payload;
    struct headers *trailers = exchange_trailers(x);

    if (x->client_ops->is_writing(x->client))
        return false;
    if (x->download_pending) {
        pin_payload(x, false);
        payload_went(x, x->download_pending);
        x->download_pending = 0;
    }
    switch (next_payload(x, trailers, &payload)) {
    case BODY_PAYLOAD:
        x->answer_bytes += payload.len;
        x->client_ops->send_body(x->client, payload, false, NULL);
        if (x->client_ops->is_writing(x->client)) {
            x->download_pending = payload.len;
            pin_payload(x, true);
            return false;
        }
        payload_went(x, payload.len);
        return true;
    case BODY_END:
        x->client_ops->send_body(x->client, SLICE(""), true, trailers);
        finish(x);
        return true;
    case BODY_MORE:
        x->client_ops->flush(x->client);
        return false;
    case BODY_INVALID:
        x->client_ops->flush(x->client);
        exchange_end(x, REASON_RESPONSE_CUT, true);
        return false;
    }
    WB_UNREACHABLE();
}

bool answer_from_server(struct exchange *x)
{
    if (x->half_at) /* it has the head, and wants what is behind it */
        return filter_head(x);
    switch (x->attempt.state) {
    case ATTEMPT_READY:
    case ATTEMPT_AWAITING:
        return false;
    case ATTEMPT_HEAD:
        return !x->client_ops->is_writing(x->client) && take_head(x);
    case ATTEMPT_BODY:
    case ATTEMPT_ENDED:
        return pass_payload(x);
    case ATTEMPT_FAILED:
        if (x->head_answered)
            exchange_end(x, REASON_RESPONSE_CUT, true);
        else
            attempt_has_failed(x);
        return true;
    case ATTEMPT_NONE: /* let go: a filter has all of it */
        return pass_payload(x);
    case ATTEMPT_CONNECTING:
    case ATTEMPT_TUNNEL:
        break;
    }
    WB_UNREACHABLE();
}
