/* SPDX-License-Identifier: MIT */
/* Answers made here: from the reason table, by a filter, or by an internal route. */
#include "exchange_private.h"

/* For an answer made here: the table of the attempt, which is of no use any more. So a full arena cannot prevent an answer. */
static struct headers *fields(struct exchange *x)
{
    struct headers *headers = &x->attempt.head.headers;

    attempt_cancel(&x->attempt);
    headers_clear(headers);
    return headers;
}

static void begin_answer(struct exchange *x, unsigned status, struct headers *headers, struct slice body)
{
    attempt_cancel(&x->attempt);
    if (x->upload_pending) {
        exchange_pin_upload(x, false);
        x->upload_pending = 0;
    }
    buffer_return(&x->out, &x->env->loop->stock);
    x->continue_wanted = false;
    response_begins_anew(x);
    x->status = status;
    x->answer_body = body;
    x->answer = (struct answer_head){
        .status = status,
        .headers = headers,
        .has_body = !x->request.is_head && status != 204 && status != 304,
        .length_known = true,
        .content_length = body.len,
        .write_length = status != 204 && status != 304,
        .date = environment_date(x->env),
    };
    exchange_become(x, EXCHANGE_ANSWER);
}

void exchange_answer(struct exchange *x, enum reason reason)
{
    const struct reason_row *row = reason_row(reason);

    if (x->state == EXCHANGE_END)
        return;
    if (x->head_answered || row->status == 0) {
        exchange_end(x, reason, true);
        return;
    }
    struct headers *headers = fields(x);
    headers_add_id(headers, HEADER_CONTENT_TYPE, SLICE("text/plain; charset=utf-8"));
    if (row->retry_after.len)
        headers_add(headers, SLICE("Retry-After"), row->retry_after);
    if (row->status == 404)
        headers_add(headers, SLICE("X-Content-Type-Options"), SLICE("nosniff"));
    begin_answer(x, row->status, headers, row->body);
    x->reason = reason;
    x->answer.close = row->close;
}

void exchange_answer_with(struct exchange *x, unsigned status, struct headers *headers, struct text *body)
{
    text_fini(&x->answer_text);
    x->answer_text = *body;
    *body = TEXT_EMPTY;
    begin_answer(x, status, headers, text_slice(&x->answer_text));
    x->reason = REASON_LOCAL;
}

/* Payload that a half transforms, or makes. Only who does not take it is in a hurry. */
static bool answer_payload(struct exchange *x)
{
    if (pass_payload(x))
        return true;
    if (x->client_ops->is_writing(x->client))
        exchange_watch(x, exchange_client_progress(x), x->body_timeout_ms);
    else
        deadline_clear(&x->deadline);
    return false;
}

bool step_answer(struct exchange *x)
{
    const struct client_ops *ops = x->client_ops;

    if (ops->has_failed(x->client)) {
        exchange_end(x, REASON_CLIENT_GONE, true);
        return false;
    }
    if (ops->is_writing(x->client)) {
        exchange_watch(x, exchange_client_progress(x), x->body_timeout_ms);
        return false;
    }
    if (x->transform && x->head_answered)
        return answer_payload(x);
    if (!x->head_answered) {
        if (x->halves && !response_heads_pass(x))
            return x->half_at == NULL;
        exchange_send_head(x);
        if (x->transform)
            return true;
        struct slice body = x->answer.has_body ? x->answer_body : SLICE("");
        x->answer_bytes = body.len;
        ops->send_body(x->client, body, true, NULL);
        return true;
    }
    exchange_end(x, REASON_LOCAL, false);
    return false;
}

static bool ask_local(const struct exchange *x, bool filtered, struct local_answer *out_answer)
{
    const struct local_routes *local = &x->env->local;
    const struct local_request request = {
        .entrypoint = (size_t)(x->entrypoint - x->env->entrypoints),
        .method = x->request.method,
        .path = x->target.canonical,
        .query = x->target.query,
        .host = x->request.authority,
        .headers = &x->request.headers,
        .snapshot = x->lease        ? x->lease->snapshot
                    : x->env->lease ? x->env->lease->snapshot
                                    : NULL,
        .env = x->env,
        .draining = x->env->draining,
        .filtered = filtered,
        .has_body = x->state == EXCHANGE_LOCAL_BODY,
        .body = text_slice(&x->answer_text),
    };

    *out_answer = (struct local_answer){0};
    return local->answer && local->answer(local->arg, &request, out_answer);
}

bool exchange_is_internal(const struct exchange *x)
{
    struct local_answer answer;
    bool is_internal = ask_local(x, true, &answer);

    if (is_internal)
        text_fini(&answer.body);
    return is_internal;
}

/* False: the routes of this worker hold as much as they may, and that is answered. */
static bool hold_local(struct exchange *x, size_t bytes)
{
    struct environment *env = x->env;
    size_t others = env->local_bytes - x->local_bytes, own = x->local_bytes + bytes;

    if (own > LOCAL_BYTES_SHORT && others && others + own > LOCAL_BYTES_MAX) {
        exchange_answer(x, REASON_API_BUSY);
        return false;
    }
    env->local_bytes += bytes;
    x->local_bytes += bytes;
    return true;
}

static void give_local_answer(struct exchange *x, struct local_answer *answer)
{
    struct headers *headers;

    if (!hold_local(x, answer->body.len)) {
        text_fini(&answer->body);
        return;
    }
    headers = fields(x);
    if (answer->content_type.len)
        headers_add_id(headers, HEADER_CONTENT_TYPE, answer->content_type);
    if (answer->location.len)
        headers_add_id(headers, HEADER_LOCATION, arena_copy(&x->arena, answer->location));
    for (size_t i = 0; i < WB_COUNT(answer->extra_name) && answer->extra_name[i].len; i++)
        headers_add(headers, answer->extra_name[i], answer->extra_value[i]);
    exchange_answer_with(x, answer->status, headers, &answer->body);
    if (answer->fixed_body.len > 0) {
        x->answer_body = answer->fixed_body;
        x->answer.content_length = answer->fixed_body.len;
    }
    if (answer->stream)
        answer->stream(answer->stream_arg, x);
}

bool answer_locally(struct exchange *x, bool filtered)
{
    struct local_answer answer;

    if (!ask_local(x, filtered, &answer))
        return false;
    if (x->halves)
        response_halves_end(x,
                            NULL); /* what is on an entrypoint is for what is routed; white lists and auth hold here too */
    x->internal = true;
    if (exchange_asks_connect(x)) {
        text_fini(&answer.body);
        exchange_answer(x, REASON_UNKNOWN_PROTOCOL);
    } else if (answer.wants_body)
        exchange_become(x, EXCHANGE_LOCAL_BODY);
    else
        give_local_answer(x, &answer);
    return true;
}

bool step_local_body(struct exchange *x)
{
    struct local_answer answer;
    struct slice payload;

    switch (exchange_request_body(x, x->answer_text.len, &payload)) {
    case BODY_MORE:
        return false;
    case BODY_PAYLOAD:
        if (payload.len > LOCAL_BODY_MAX - x->answer_text.len) {
            exchange_answer(x, REASON_BODY_TOO_LARGE);
            return true;
        }
        if (!hold_local(x, payload.len))
            return true;
        text_add(&x->answer_text, payload);
        exchange_request_took(x, payload.len);
        return true;
    case BODY_INVALID:
        exchange_answer(x, REASON_BAD_BODY);
        return true;
    case BODY_END:
        deadline_clear(&x->deadline);
        WB_REQUIRE(ask_local(x, true, &answer) && !answer.wants_body); /* it wanted that body */
        give_local_answer(x, &answer);
        return true;
    }
    WB_UNREACHABLE();
}

static void add_escaped_html(struct text *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '&')
            text_add(out, SLICE("&amp;")); /* as v1.7 spells it */
        else if (c == '<' || c == '>' || c == '"' || c == '\'')
            text_addf(out, "&#%d;", c);
        else
            text_add_char(out, c);
    }
}

/* NULL: it does not fit, and that is answered. */
static struct headers *location_fields(struct exchange *x, struct slice *location)
{
    *location = arena_copy(&x->arena, *location);
    if (x->arena.overflowed) {
        exchange_answer(x, REASON_INTERNAL);
        return NULL;
    }
    struct headers *headers = fields(x);
    headers_add_id(headers, HEADER_LOCATION, *location);
    return headers;
}

void exchange_redirect_text(struct exchange *x, unsigned status, struct slice location)
{
    struct headers *headers = location_fields(x, &location);
    struct text body = TEXT_EMPTY;

    if (!headers)
        return;
    headers_add_id(headers, HEADER_CONTENT_TYPE, SLICE("text/plain; charset=utf-8"));
    text_addf(&body, "%s", status_phrase(status));
    exchange_answer_with(x, status, headers, &body);
}

void exchange_redirect(struct exchange *x, unsigned status, struct slice location)
{
    struct headers *headers = location_fields(x, &location);
    struct text body = TEXT_EMPTY;

    if (!headers)
        return;
    if (slice_eq(x->request.method, SLICE("GET")) || x->request.is_head) {
        headers_add_id(headers, HEADER_CONTENT_TYPE, SLICE("text/html; charset=utf-8"));
        text_add(&body, SLICE("<a href=\""));
        add_escaped_html(&body, location);
        text_addf(&body, "\">%s</a>.\n\n", status_phrase(status));
    }
    exchange_answer_with(x, status, headers, &body);
}

void answer_slash_redirect(struct exchange *x)
{
    struct slice path = x->target.raw_path, query = x->target.query;

    if (!x->route.found.add_slash && path.len > 1)
        path.len--;
    char *text = arena_format(&x->arena, SLICE_FMT "%s%s" SLICE_FMT, SLICE_ARG(path), x->route.found.add_slash ? "/" : "",
                              x->target.has_query ? "?" : "", SLICE_ARG(query));
    /* "//host" would leave this host (security case P11), and browsers read "/\host" so too. */
    if (!text || slice_starts(slice_of(text), SLICE("//")) || slice_starts(slice_of(text), SLICE("/\\"))) {
        exchange_answer(x, REASON_AMBIGUOUS_PATH);
        return;
    }
    exchange_redirect(x, 301, slice_of(text));
}
