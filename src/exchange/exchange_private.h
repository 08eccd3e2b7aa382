/* SPDX-License-Identifier: MIT */
/* The steps of an exchange, by file. Each returns true when the state changed or more can be done at once. */
#pragma once
#include "access_note.h"
#include "trace_note.h"
#include "waybill/exchange/exchange.h"

/* route.c */
bool step_start(struct exchange *x);
bool step_route(struct exchange *x);
bool step_filters(struct exchange *x);
bool step_pick(struct exchange *x);
/* By which it is asked. */
struct server_pool *exchange_pool(const struct exchange *x, const struct route_server *server);

/* forward.c */
bool step_connect(struct exchange *x);
bool step_forward(struct exchange *x);
/* May it be sent again once it was sent whole? Only what has no side effect may (RFC 9110 9.2.2). */
static inline bool exchange_may_repeat(const struct exchange *x)
{
    return x->request.safe_to_repeat && x->request.body == BODY_NONE;
}
/* The server is one of the configuration in force. One of an older snapshot may have gone, and its address may be another's by
 * now (security case K9). */
static inline bool exchange_server_is_there(const struct exchange *x, const struct route_server *server)
{
    const struct snapshot *now = x->env->lease->snapshot;
    return x->lease == x->env->lease ||
           (server->slot < now->server_slot_count && now->server_generations[server->slot] == server->generation);
}
/* Not one that a filter asks in its stead, for an error page. */
static inline bool exchange_asks_own_backend(const struct exchange *x)
{
    return x->backend == x->frontend->backend || x->moved_to;
}
/* Is the whole request gone, and did the server take it? One that was asked to say so before the body comes and never did may leave
 * the body where it is, and take it for the next request (RFC 9110 10.1.1 says no more than that it should tell). */
static inline bool exchange_was_taken(const struct exchange *x)
{
    return x->request_sent && !x->expects;
}
/* Tries again where that is safe; otherwise the exchange is answered with the attempt's reason. */
void attempt_has_failed(struct exchange *x);

/* replay.c: a piece of the body has gone to a server that may say that it did nothing of it. */
void replay_keep(struct exchange *x, struct slice payload);
/* It did. True: from now on the body begins anew. */
bool replay_begin(struct exchange *x);
void replay_drop(struct exchange *x);

/* request_head.c: false when it does not fit. */
bool request_head_write(struct exchange *x, struct head_out *out);
/* One hop more than the request came with. */
void write_hops(const struct exchange *x, struct head_out *out);

/* response.c */
bool answer_from_server(struct exchange *x);
/* Once the head has been answered nothing of the snapshot is needed: an answer or a tunnel may last for hours, and must not keep
 * a configuration alive (decisions.md 22). */
void leave_configuration(struct exchange *x);
/* Payload that has come goes out; false: nothing more can be done now. */
bool pass_payload(struct exchange *x);

/* response_halves.c. From where it waits, or from the innermost: true when all have passed; false: the answer was replaced, or
 * half_at waits. */
bool response_heads_pass(struct exchange *x);
/* The answer so far, whatever became of it, is no more. */
static inline void response_begins_anew(struct exchange *x)
{
    x->half_at = x->transform = NULL;
}
/* Those inside of `outer` are over; NULL: all. */
void response_halves_end(struct exchange *x, const struct response_half *outer);

/* ask.c: what is left of a server's answer is not wanted. Its connection goes on if all of it has come. */
void drop_answer(struct exchange *x);

/* answer.c */
bool step_answer(struct exchange *x);
/* Internal routes; false: not one. */
bool answer_locally(struct exchange *x, bool filtered);
bool step_local_body(struct exchange *x);
void answer_slash_redirect(struct exchange *x);

/* meter.c, when there are metrics: it is no internal route; it is known where it leads; it has ended. */
void meter_begin(struct exchange *x);
void meter_route(struct exchange *x);
/* Another server is tried; not for the page of an error. */
void meter_retry(struct exchange *x);
void meter_end(struct exchange *x, uint64_t duration_ns);

/* tunnel.c */
bool step_tunnel(struct exchange *x);
/* A tunnel may be idle for days: the request's head, which a log may want at its end, moves from its buffer to the arena, where it
 * takes no more than it is long. Whoever else holds slices of it has seen the last of them. */
void tunnel_keep_request(struct exchange *x);

/* exchange.c: the end. `cut`: what was sent must not look complete. */
void exchange_end(struct exchange *x, enum reason reason, bool cut);
/* A WebSocket that is asked for over HTTP/2 (RFC 8441): there any success would mean that it stands. */
static inline bool exchange_asks_connect(const struct exchange *x)
{
    return x->request.upgrade && x->request.version == HTTP_2;
}
/* Restarts the deadline when `progress` differs from what it watched before. */
void exchange_watch(struct exchange *x, uint64_t progress, uint64_t timeout_ms);

/* An empty table for the trailers of a body. A body comes in many steps: none may cost memory of the arena. */
static inline struct headers *exchange_trailers(struct exchange *x)
{
    headers_clear(&x->env->trailers);
    return &x->env->trailers;
}

/* What is being written to the server stays where it is: in the client's stream; what a filter collected does so anyway. */
static inline void exchange_pin_upload(struct exchange *x, bool pinned)
{
    if (!x->upload)
        x->client_ops->body_pin(x->client, pinned);
}

/* Differs when the server took some of the request (forward.c). */
uint64_t exchange_server_progress(struct exchange *x);

/* Differs when the client took some of the answer. */
static inline uint64_t exchange_client_progress(const struct exchange *x)
{
    return x->client_ops->bytes_left(x->client) + (x->answer_bytes << 20) + 1;
}

/* exchange->answer goes to the client. */
static inline void exchange_send_head(struct exchange *x)
{
    x->status = x->answer.status;
    x->head_answered = true;
    if (x->note)
        access_note_answer(x);
    x->client_ops->send_head(x->client, &x->answer);
}

static inline void exchange_become(struct exchange *x, enum exchange_state state)
{
    x->state = state;
}
