/* SPDX-License-Identifier: MIT */
/* Another backend is asked in the place of the one that has answered, or could not. */
#include "exchange_private.h"

/* Neither who the client is, nor what is said of a body that is not sent, nor what makes a part or nothing of the answer. */
static bool stays_behind(const struct header *header)
{
    switch (header->id) {
    case HEADER_AUTHORIZATION:
    case HEADER_COOKIE:
    case HEADER_EXPECT:
    case HEADER_RANGE:
    case HEADER_TRAILER:
        return true;
    default:
        return slice_starts_nocase(header->name, SLICE("content-")) || slice_starts_nocase(header->name, SLICE("if-"));
    }
}

void drop_answer(struct exchange *x)
{
    struct slice rest;

    if (x->attempt.state == ATTEMPT_HEAD && x->attempt.head.status >= 200)
        attempt_head_done(&x->attempt);
    while (x->attempt.state == ATTEMPT_BODY && attempt_body(&x->attempt, NULL, &rest) == BODY_PAYLOAD)
        attempt_took(&x->attempt, rest.len);
    if (x->attempt.state == ATTEMPT_ENDED)
        attempt_finish(&x->attempt, exchange_was_taken(x));
    else
        attempt_cancel(&x->attempt);
}

static void make_request(struct exchange *x, struct slice path)
{
    struct request_head *request = &x->request;

    for (unsigned i = 0; i < request->headers.count; i++)
        request->headers.items[i].gone = request->headers.items[i].gone || stays_behind(&request->headers.items[i]);
    request->method = SLICE("GET");
    request->is_head = false;
    request->safe_to_repeat = true;
    request->body = BODY_NONE;
    x->upgrade = SLICE("");
    x->websocket = x->continue_wanted = false;
    x->upload = NULL;
    x->route.changes = (struct path_changes){.target = path};
    x->route.found.slash_redirect = false;
}

/* As if nothing had been sent or had come. */
static void begin_anew(struct exchange *x, size_t next_filter)
{
    if (x->upload_pending) {
        exchange_pin_upload(x, false);
        x->upload_pending = 0;
    }
    drop_answer(x);
    buffer_return(&x->out, &x->env->loop->stock);
    text_fini(&x->answer_text);
    x->answer_body = SLICE("");
    x->reason = x->attempt.reason = REASON_NONE;
    x->server = x->wanted = NULL;
    x->attempts = 0;
    x->repeated = x->head_sent = x->request_sent = x->upload_stopped = x->body_begun = false;
    x->next_filter = next_filter;
    x->filter_state = NULL;
    deadline_clear(&x->deadline);
    exchange_become(x, EXCHANGE_FILTERS);
}

void exchange_ask(struct exchange *x, const struct route_target *target, struct slice path)
{
    begin_anew(x, 0);
    make_request(x, path);
    x->tried_count = 0;
    x->earned = false;
    x->backend = target->backend;
    if (x->moved_to)
        lease_drop(&x->moved_to);
    x->filters = target->filters;
    x->filter_count = target->filter_count;
}

void exchange_repeat(struct exchange *x, size_t next_filter)
{
    begin_anew(x, next_filter);
    if (x->tried_count >= EXCHANGE_TRIES_MAX || (x->backend && x->tried_count >= x->backend->server_count))
        x->tried_count = 0;
}
