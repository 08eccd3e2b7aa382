/* SPDX-License-Identifier: MIT */
/* The filters' side of the way back: heads from the innermost half outwards, payload pulled from the outermost inwards. */
#include "exchange_private.h"

void exchange_see_answer(struct exchange *x, struct response_half *half, const struct response_ops *ops)
{
    half->ops = ops;
    half->outer = x->halves;
    x->halves = half;
}

void response_halves_end(struct exchange *x, const struct response_half *outer)
{
    while (x->halves != outer) {
        struct response_half *half = x->halves;
        x->halves = half->outer;
        if (half->ops->ended)
            half->ops->ended(half, x);
    }
}

bool response_heads_pass(struct exchange *x)
{
    struct response_half *half = x->half_at ? x->half_at : x->halves;

    for (; half; half = half->outer) {
        x->half_at = half;
        switch (half->ops->head ? half->ops->head(half, x) : RESPONSE_PASS) {
        case RESPONSE_PASS:
            break;
        case RESPONSE_WAIT:
            return false;
        case RESPONSE_REPLACED:
            response_begins_anew(x);
            response_halves_end(x, half);
            return false;
        }
    }
    x->half_at = NULL;
    return true;
}

bool exchange_was_forwarded(const struct exchange *x)
{
    switch ((int)x->reason) {
    case REASON_SERVER_REFUSED:
    case REASON_SERVER_UNRESOLVED:
    case REASON_SERVER_CLOSED:
    case REASON_SERVER_MALFORMED:
    case REASON_SERVER_RESET:
    case REASON_SERVER_UPGRADE:
    case REASON_SERVER_WEBSOCKET:
    case REASON_SERVER_NOT_SWITCHED:
    case REASON_SERVER_TLS_UNTRUSTED:
    case REASON_SERVER_TLS_NAME:
    case REASON_SERVER_TLS_EXPIRED:
    case REASON_SERVER_TLS_REFUSED:
    case REASON_SERVER_TLS_BROKEN:
    case REASON_SERVER_TLS_TIMEOUT:
    case REASON_DIAL_TIMEOUT:
    case REASON_RESPONSE_TIMEOUT:
    case REASON_ANSWER_INCOMPLETE:
        return true;
    default:
        return x->state == EXCHANGE_FORWARD;
    }
}

void exchange_transform(struct exchange *x, struct response_half *half)
{
    half->source = x->transform;
    x->transform = half;
}

void exchange_stream(struct exchange *x, struct response_half *half)
{
    x->answer.length_known = x->answer.write_length = false;
    exchange_transform(x, half);
    leave_configuration(x);
}

/* An answer made here lies there whole. */
static enum body_result local_payload(const struct exchange *x, struct slice *out_payload)
{
    *out_payload = x->answer.has_body ? x->answer_body : SLICE("");
    return out_payload->len ? BODY_PAYLOAD : BODY_END;
}

enum body_result response_payload(struct response_half *half, struct exchange *x, struct headers *trailers,
                                  struct slice *out_payload)
{
    struct response_half *source = half->source;

    if (source)
        return source->ops->body(source, x, trailers, out_payload);
    return x->state == EXCHANGE_ANSWER ? local_payload(x, out_payload) : attempt_body(&x->attempt, trailers, out_payload);
}

void response_took(struct response_half *half, struct exchange *x, size_t count)
{
    struct response_half *source = half->source;

    if (source)
        source->ops->took(source, x, count);
    else if (x->state == EXCHANGE_ANSWER)
        x->answer_body = slice_from(x->answer_body, count);
    else {
        if (x->note)
            x->note->origin_bytes += count;
        attempt_took(&x->attempt, count);
    }
}

bool exchange_keep_head(struct exchange *x)
{
    struct response_head *head = &x->attempt.head;
    struct arena *arena = &x->arena;

    if (x->attempt.state != ATTEMPT_HEAD)
        return true;
    for (unsigned i = 0; i < head->headers.count; i++) {
        struct header *header = &head->headers.items[i];
        if (header->gone)
            continue;
        header->name = arena_copy(arena, header->name);
        header->value = arena_copy(arena, header->value);
    }
    head->phrase = x->answer.phrase = arena_copy(arena, head->phrase);
    if (arena->overflowed)
        return false;
    attempt_head_done(&x->attempt);
    return true;
}
