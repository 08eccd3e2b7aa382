/* SPDX-License-Identifier: MIT */
/*
 * exchange - one request and its answer, as named steps:
 *
 *   START -> ENTRY_FILTERS -> ROUTE -> FILTERS -> PICK -> CONNECT -> FORWARD -> END
 *                \______________\_________\________\__> ANSWER (made here) -^
 *                                                          FORWARD -> TUNNEL -^
 *
 * Filters that want to see the answer hang their response halves on it (route/filter.h); without any, an answer goes the
 * straight way.
 *
 * Callbacks only record and poke; exchange_step decides. Body bytes are never copied: they wait in the stream they
 * came by, and are written from there. Thread: its worker. Owner: the client (which is told by `ended`).
 */
#pragma once
#include "waybill/exchange/client.h"
#include "waybill/exchange/environment.h"
#include "waybill/http/target.h"
#include "waybill/route/decide.h"
#include "waybill/http/h1_writer.h"
#include "waybill/upstream/attempt.h"

enum exchange_state {
    EXCHANGE_START,
    EXCHANGE_ENTRY_FILTERS,
    EXCHANGE_ROUTE,
    EXCHANGE_LOCAL_BODY, /* an internal route wants the request's body */
    EXCHANGE_FILTERS,
    EXCHANGE_PICK,
    EXCHANGE_CONNECT,
    EXCHANGE_FORWARD,
    EXCHANGE_ANSWER,
    EXCHANGE_TUNNEL,
    EXCHANGE_END,
};

enum { EXCHANGE_TRIES_MAX = 8, EXCHANGE_ARENA_BYTES = 256 * 1024, EXCHANGE_HOPS_MAX = 8 };

struct trace_note;
struct traffic_flow;

/* A request's body that a filter has collected. Owner: the filter, until its response half is told of the end. */
struct body_source {
    enum body_result (*body)(struct body_source *source, struct slice *out_payload); /* stays where it is until took */
    void (*took)(struct body_source *source, size_t count);
};

struct exchange {
    struct environment *env;
    const struct client_ops *client_ops;
    void *client;
    const struct entrypoint *entrypoint;
    struct address peer;
    bool trusted; /* forwarding fields of this client are believed */
    enum exchange_state state;
    bool stepping, poked;
    enum reason reason; /* how it ended */
    uint64_t started_ns;
    struct deadline deadline;
    uint64_t progress;                                  /* what the deadline watches: differs when something moved */
    uint64_t body_timeout_ms, response_body_timeout_ms; /* the environment's, or the frontend's */

    /* Request. */
    struct buffer head_bytes; /* what `request` points into */
    struct request_head request;
    bool te_trailers;     /* the client asks for trailers, and so the server is asked */
    bool websocket;       /* it asks for WebSocket (RFC 6455) */
    struct slice upgrade; /* what it asks to switch to; empty: nothing */
    struct arena arena;
    struct target target;

    /* Route. */
    struct lease *lease;
    struct lease *moved_to; /* `backend` and `server` are of this one, since all servers of the first have gone; or NULL */
    struct slice alias;     /* what the host's CNAME records lead to; empty: nobody asked, or nowhere */
    const struct route_frontend *frontend;
    struct route_decision route;
    const struct route_filter *filters;
    size_t filter_count, next_filter;
    void *filter_state;              /* of the filter that waits; in the arena */
    struct response_half *halves;    /* who sees the answer, innermost first; NULL: nobody */
    struct response_half *half_at;   /* whose head() waits */
    struct response_half *transform; /* the outermost that changes the payload; NULL: it goes out as it comes */

    /* Server. */
    const struct route_backend *backend; /* the frontend's, or one that a filter asks instead */
    const struct route_server *wanted;   /* is asked first, if it can be; NULL: whose turn it is */
    const struct route_server *server;
    struct access_note *note;   /* for the access log, as the next three; NULL: there is none */
    struct slice user;          /* who logged in; empty: nobody */
    struct slice frontend_name; /* a frontend's, "backend not found", or which filter has answered */
    char server_url[256];       /* the snapshot may be gone by then */
    uint32_t tried[EXCHANGE_TRIES_MAX];
    size_t tried_count;
    unsigned attempts; /* at connecting to a server */
    bool earned;       /* its share of a repeat was counted */
    bool repeated;     /* the one repeat after a stale pooled connection was used */
    struct attempt attempt;
    struct buffer out;     /* head for the server, until it is written */
    size_t upload_pending; /* payload bytes being written to the server */
    uint64_t sent_ms;      /* when the server had all of the request; 0: it never had */
    bool head_sent, request_sent, upload_stopped, body_begun;
    bool continue_wanted;       /* the client waits for 100 */
    bool expects;               /* Expect was sent along with a body, and the server has not said 100 */
    struct body_source *upload; /* where the request's body is taken from; NULL: the client */
    struct body_source replay;  /* what was sent before, from `kept` */
    struct buffer kept;         /* all that was sent of the body, while it can be sent again (replay.c) */
    size_t replayed;            /* of it */
    bool kept_lost;             /* it was too much */

    /* Answer. */
    unsigned status;
    bool head_answered;      /* something was sent to the client */
    size_t download_pending; /* payload bytes being written to the client */
    uint64_t answer_bytes;
    struct answer_head answer;
    struct slice answer_body;
    size_t local_bytes;      /* its part of env->local_bytes */
    struct text answer_text; /* owns answer_body when it is not static; before that, what an internal route gets as body */
    bool tunnel_client_shut, tunnel_server_shut;
    bool cut;                                        /* what was sent must not look complete */
    struct traffic_flow *at_entrypoint, *at_backend; /* what it counts as; NULL: nothing yet, or without metrics */
    struct trace_note *trace;                        /* NULL: its trace is not recorded, or there is no tracing */
    bool internal; /* an internal route, or a head that could not be read: not counted as a request, not logged */

    struct exchange *next_spare;
};

/* Takes over the head's buffer; `request` was read from it. The client sets the ops first. */
struct exchange *exchange_create(struct environment *env, const struct client_ops *ops, void *client);
void exchange_begin(struct exchange *exchange, size_t entrypoint, const struct address *peer);
/* Something changed. Safe from anywhere on the thread, also from inside a step. */
void exchange_poke(struct exchange *exchange);
/* The client is gone, or its connection must end: no more is sent; `ended` is not called. Frees it. */
void exchange_abandon(struct exchange *exchange, enum reason reason);
/* Ends with an answer from the reason table, as far as nothing was sent yet. */
void exchange_answer(struct exchange *exchange, enum reason reason);
/* The same by a deadline, outside of any step: a filter that waits for somebody is called off first. */
void exchange_give_up(struct exchange *exchange, enum reason reason);
/* Ends with an answer of the caller's: fields in `headers` (in the exchange's arena), text taken over. */
void exchange_answer_with(struct exchange *exchange, unsigned status, struct headers *headers, struct text *body);
/* Ends with a redirection; the location is copied. A GET gets a body that says it in HTML. */
void exchange_redirect(struct exchange *exchange, unsigned status, struct slice location);
/* The same with nothing but the name of the status. */
void exchange_redirect_text(struct exchange *exchange, unsigned status, struct slice location);
/* Does the client's side speak https? By how it came, or by X-Forwarded-Proto: who is not believed has none left when filters
 * look (decisions.md 7). */
bool exchange_is_https(const struct exchange *exchange);
/* It is for the API or another internal route here, if the filters let it. */
bool exchange_is_internal(const struct exchange *exchange);
/* A request that could not be read: refused with `reason`, neither counted nor logged as a request. */
void exchange_refuse(struct exchange *exchange, size_t entrypoint, const struct address *peer, enum reason reason);
/* Created but not begun: goes back. */
void exchange_discard(struct exchange *exchange);

/* For filters (route/filter.h). In request(): the half sees the answer. */
void exchange_see_answer(struct exchange *exchange, struct response_half *half, const struct response_ops *ops);
/* In head(): the answer is a server's, or made in its stead because it could not be asked (502, 504). */
bool exchange_was_forwarded(const struct exchange *exchange);
/* In head(): from now on payload goes through the half's body and took. */
void exchange_transform(struct exchange *exchange, struct response_half *half);
/* In head(), of an answer that is made here: the half gives all of its payload, of which nobody knows how long it will be. With
 * BODY_MORE it is silent as long as it likes, and pokes the exchange. */
void exchange_stream(struct exchange *exchange, struct response_half *half);
/* In body(): payload as it comes to the half. */
enum body_result response_payload(struct response_half *half, struct exchange *exchange, struct headers *trailers,
                                  struct slice *out_payload);
void response_took(struct response_half *half, struct exchange *exchange, size_t count);
/* In request(), by who collects the body: what has come of it. With BODY_MORE the filter waits; `progress` differs from the last
 * time when something had come. The client is told to go on. */
enum body_result exchange_request_body(struct exchange *exchange, uint64_t progress, struct slice *out_payload);
void exchange_request_took(struct exchange *exchange, size_t count);
/* From now on the body comes from there, and is so long. Trailers are left out. */
void exchange_replace_body(struct exchange *exchange, struct body_source *source, uint64_t length);
/* In head(): the answer is dropped, and the request sent again, by way of the filters from number `next_filter` on: servers that
 * were not tried come first. The body's source is at its begin again. */
void exchange_repeat(struct exchange *exchange, size_t next_filter);
/* In head(), when the half has all of the server's answer: the server is let go. */
void exchange_release_server(struct exchange *exchange);
/* In head(): the answer is dropped, and another backend asked with a GET; its answer comes to the half too. The request's fields
 * go along, but for what tells who the client is (security case F9) and what belongs to its body or to a cache. Whoever asks
 * keeps request.method and is_head, and gives them back. */
void exchange_ask(struct exchange *exchange, const struct route_target *target, struct slice path);
/* In head(), once, before RESPONSE_WAIT: a server's head is copied to the arena, so that response_payload can give what is behind
 * it. False: it does not fit. */
bool exchange_keep_head(struct exchange *exchange);
