/* SPDX-License-Identifier: MIT */
#include "waybill/exchange/exchange.h"
#include "exchange_private.h"
#include "waybill/base/clock.h"
#include "waybill/exchange/access_log.h"
#include "waybill/exchange/recent.h"
#include <stdlib.h>

enum { SPARE_KEPT = 256, STEP_LIMIT = 100000 };

static void on_too_late(struct deadline *deadline);

struct slice environment_date(struct environment *env)
{
    if (env->date[0] == '\0' || env->loop->now_ms - env->date_at_ms >= 1000) {
        clock_http_date(clock_wall_ns(), env->date);
        env->date_at_ms = env->loop->now_ms;
    }
    return slice_make(env->date, CLOCK_HTTP_DATE_SIZE - 1);
}

void environment_fini(struct environment *env)
{
    while (env->spare) {
        struct exchange *x = env->spare;
        env->spare = x->next_spare;
        arena_fini(&x->arena);
        free(x);
    }
}

static void poke_exchange(void *owner)
{
    exchange_poke(owner);
}

/* Only what the steps rely on is cleared: the header tables are large and are filled anew. */
static void clear(struct exchange *x)
{
    x->reason = REASON_NONE;
    x->stepping = x->poked = false;
    x->progress = 0;
    x->te_trailers = x->websocket = false;
    x->upgrade = SLICE("");
    x->lease = x->moved_to = NULL;
    x->alias = SLICE("");
    x->frontend = NULL;
    x->route = (struct route_decision){0};
    x->filters = NULL;
    x->filter_count = x->next_filter = 0;
    x->filter_state = NULL;
    x->halves = x->half_at = x->transform = NULL;
    x->upload = NULL;
    x->kept_lost = false;
    x->note = NULL;
    x->server = x->wanted = NULL;
    x->server_url[0] = '\0';
    x->frontend_name = x->user = SLICE("");
    x->tried_count = 0;
    x->attempts = 0;
    x->earned = x->repeated = false;
    x->upload_pending = x->download_pending = 0;
    x->sent_ms = 0;
    x->head_sent = x->request_sent = x->upload_stopped = x->body_begun = x->continue_wanted = x->expects = false;
    x->status = 0;
    x->head_answered = false;
    x->answer_bytes = 0;
    x->answer_body = SLICE("");
    x->answer_text = TEXT_EMPTY;
    x->local_bytes = 0;
    x->tunnel_client_shut = x->tunnel_server_shut = false;
    x->at_entrypoint = x->at_backend = NULL;
    x->trace = NULL;
    x->internal = x->cut = false;
}

struct exchange *exchange_create(struct environment *env, const struct client_ops *ops, void *client)
{
    struct exchange *x = env->spare;

    if (x) {
        env->spare = x->next_spare;
        env->spare_count--;
    } else {
        x = wb_alloc(sizeof *x);
        arena_init(&x->arena, EXCHANGE_ARENA_BYTES);
    }
    clear(x);
    x->env = env;
    x->body_timeout_ms = env->body_timeout_ms;
    x->response_body_timeout_ms = env->response_body_timeout_ms;
    x->client_ops = ops;
    x->client = client;
    deadline_init(&x->deadline, on_too_late);
    attempt_init(&x->attempt, env->upstream, poke_exchange, x);
    return x;
}

void exchange_begin(struct exchange *x, size_t entrypoint, const struct address *peer)
{
    x->entrypoint = &x->env->entrypoints[entrypoint];
    x->peer = *peer;
    x->started_ns = clock_monotonic_ns();
    x->state = EXCHANGE_START;
    cell_add(&x->env->counters->active, 1);
    exchange_poke(x);
}

void exchange_refuse(struct exchange *x, size_t entrypoint, const struct address *peer, enum reason reason)
{
    x->internal = true;
    x->entrypoint = &x->env->entrypoints[entrypoint];
    x->peer = *peer;
    x->started_ns = clock_monotonic_ns();
    x->state = EXCHANGE_START;
    x->request.is_head = false;
    x->request.body = BODY_NONE;
    headers_clear(&x->request.headers);
    cell_add(&x->env->counters->active, 1);
    exchange_answer(x, reason);
    exchange_poke(x);
}

static bool step_once(struct exchange *x)
{
    switch (x->state) {
    case EXCHANGE_START:
        return step_start(x);
    case EXCHANGE_ENTRY_FILTERS:
    case EXCHANGE_FILTERS:
        return step_filters(x);
    case EXCHANGE_ROUTE:
        return step_route(x);
    case EXCHANGE_LOCAL_BODY:
        return step_local_body(x);
    case EXCHANGE_PICK:
        return step_pick(x);
    case EXCHANGE_CONNECT:
        return step_connect(x);
    case EXCHANGE_FORWARD:
        return step_forward(x);
    case EXCHANGE_ANSWER:
        return step_answer(x);
    case EXCHANGE_TUNNEL:
        return step_tunnel(x);
    case EXCHANGE_END:
        return false;
    }
    WB_UNREACHABLE();
}

static void count_and_log(struct exchange *x)
{
    struct exchange_counters *counters = x->env->counters;
    uint64_t now_ns, duration_ns;

    cell_sub(&counters->active, 1);
    cell_add(&counters->ended[x->reason], 1);
    if (x->internal)
        return;
    now_ns = clock_monotonic_ns();
    cell_add(&counters->requests, 1);
    cell_add(&counters->status[x->status < 600 ? x->status : 0], 1);
    duration_ns = now_ns - x->started_ns;
    cell_add(&counters->response_ns, duration_ns);
    cell_add(&counters->response_bytes, x->answer_bytes);
    if (x->status >= 400 && x->env->recent)
        recent_note(x->env->recent, x, duration_ns);
    if (x->env->traffic)
        meter_end(x, duration_ns);
    if (x->trace)
        trace_end(x, now_ns);
    if (x->env->access_log)
        access_log_add(x->env->access_log, x, now_ns);
}

static void keep_for_reuse(struct exchange *x)
{
    struct environment *env = x->env;

    if (env->spare_count >= SPARE_KEPT) {
        arena_fini(&x->arena);
        free(x);
        return;
    }
    x->next_spare = env->spare;
    env->spare = x;
    env->spare_count++;
}

void exchange_discard(struct exchange *x)
{
    keep_for_reuse(x);
}

/* What it asked of somebody is of no more use. */
static void call_off_filter(struct exchange *x)
{
    if (x->filter_state && x->next_filter < x->filter_count && x->filters[x->next_filter].ops->cancel)
        x->filters[x->next_filter].ops->cancel(x);
    x->filter_state = NULL;
}

/* Everything it holds goes back; the struct is kept for the next one. */
static void release(struct exchange *x)
{
    struct environment *env = x->env;

    call_off_filter(x);
    attempt_cancel(&x->attempt);
    if (x->halves)
        response_halves_end(x, NULL);
    count_and_log(x);
    if (x->note)
        access_note_end(x);
    loop_remove_deadline(env->loop, &x->deadline);
    buffer_return(&x->out, &env->loop->stock);
    buffer_return(&x->head_bytes, &env->loop->stock);
    if (x->kept.base)
        replay_drop(x);
    text_fini(&x->answer_text);
    env->local_bytes -= x->local_bytes;
    lease_drop(&x->lease);
    if (x->moved_to)
        lease_drop(&x->moved_to);
    arena_reset(&x->arena);
    keep_for_reuse(x);
}

void exchange_poke(struct exchange *x)
{
    unsigned steps = 0;

    x->poked = true;
    if (x->stepping)
        return; /* the loop below will see it */
    x->stepping = true;
    while (x->poked) {
        x->poked = false;
        while (step_once(x))
            WB_REQUIRE(++steps < STEP_LIMIT);
    }
    x->stepping = false;
    if (x->state == EXCHANGE_END) {
        const struct client_ops *ops = x->client_ops;
        void *client = x->client;
        bool cut = x->cut;
        release(x);
        ops->ended(client, cut);
    }
}

void exchange_give_up(struct exchange *x, enum reason reason)
{
    call_off_filter(x);
    exchange_answer(x, reason);
}

void exchange_end(struct exchange *x, enum reason reason, bool cut)
{
    if (x->state == EXCHANGE_END)
        return;
    x->state = EXCHANGE_END;
    x->cut = cut;
    if (x->upload_pending) {
        /* Answered while a piece of the body was on its way to the server, whose connection ends with the exchange. */
        x->upload_pending = 0;
        exchange_pin_upload(x, false);
    }
    if (cut || x->reason == REASON_NONE)
        x->reason = reason;
    deadline_clear(&x->deadline);
}

void exchange_abandon(struct exchange *x, enum reason reason)
{
    WB_REQUIRE(!x->stepping);
    if (x->state == EXCHANGE_TUNNEL && reason == REASON_CLIENT_GONE)
        attempt_break_off(&x->attempt); /* no end of the tunnel has come (RFC 8441 5) */
    x->state = EXCHANGE_END;
    x->reason = reason;
    if (x->status == 0)
        x->status = 499; /* nobody got it: v1.7's code for a client that went away */
    release(x);
}

void exchange_watch(struct exchange *x, uint64_t progress, uint64_t timeout_ms)
{
    if (timeout_ms == 0) {
        deadline_clear(&x->deadline);
        return;
    }
    if (x->deadline.at_ms != DEADLINE_NEVER && x->progress == progress)
        return;
    x->progress = progress;
    loop_set_deadline_in(x->env->loop, &x->deadline, timeout_ms);
}

/* One write may take a slow peer longer than the time allowed, and nobody is poked in its course: true when it moved. */
static bool moves_on(struct exchange *x, uint64_t progress)
{
    if (progress == x->progress)
        return false;
    exchange_watch(x, progress, x->body_timeout_ms);
    return true;
}

/* Nothing moved for the time allowed. Who is waited for? */
static void give_up_waiting(struct exchange *x)
{
    if (x->continue_wanted && !x->head_answered) {
        /* The server says nothing: the client may send its body (RFC 9110 10.1.1 leaves the time to us). */
        x->continue_wanted = false;
        x->client_ops->send_continue(x->client);
    } else if (x->client_ops->is_writing(x->client)) {
        if (!moves_on(x, exchange_client_progress(x)))
            exchange_end(x, REASON_CLIENT_STALLED, true);
    } else if (attempt_is_writing(&x->attempt)) {
        if (!moves_on(x, exchange_server_progress(x)))
            exchange_give_up(x, REASON_RESPONSE_TIMEOUT);
    } else if (x->head_answered) {
        exchange_end(x, x->request_sent || x->upload_stopped ? REASON_SERVER_STALLED : REASON_BODY_TIMEOUT, true);
    } else if (x->half_at && x->attempt.state == ATTEMPT_BODY) {
        exchange_give_up(x, REASON_ANSWER_INCOMPLETE); /* a filter collects it */
    } else {
        exchange_give_up(x, REASON_BODY_TIMEOUT);
    }
}

static void on_too_late(struct deadline *deadline)
{
    struct exchange *x = WB_CONTAINER_OF(deadline, struct exchange, deadline);

    give_up_waiting(x);
    exchange_poke(x);
}
