/* SPDX-License-Identifier: MIT */
/*
 * shared_conn - a connection to a server over HTTP/2, and the calls that share it: each is an attempt's stream.
 *
 *   attempts --send--> session --[flush]--> stream         once a turn, for all of them together
 *   attempts <--told-- session <---feed---- stream
 *
 * Nothing is written or told inside an attempt's own calls: those note what is wanted, and the connection's step does it, at
 * the latest at the end of the loop's turn. A stream that its client does not read holds up nobody else: it has a window of
 * its own. Once the connection is over no call is added, and those there are told after what had come whole.
 *
 * Thread: its worker. Owner: its server_conn, which ends with the last call unless the pool keeps it; a call is its attempt's.
 */
#pragma once
#include "waybill/http/h2_session.h"
#include "waybill/upstream/attempt.h"

struct shared_conn {
    struct server_conn *conn;
    struct h2_session *session;
    struct list calls;
    unsigned call_count, unsent_count; /* of which nothing was sent yet: they have a place all the same */
    struct buffer out;                 /* frames for the server */
    size_t writing;                    /* so much of its front the stream has not taken yet */
    struct later later;
    bool stepping;
    bool settled; /* the server's SETTINGS have come */
    bool over;    /* nothing comes or goes any more */
    bool silent;  /* an answer did not come in time, nor did anything else */
    uint64_t heard_ms;
    unsigned cancelled; /* calls that were broken off, less those that were not */
};

struct h2_call {
    struct shared_conn *h2;
    struct attempt *attempt;
    struct list link;         /* in h2->calls */
    struct h2_stream *stream; /* NULL: nothing was sent */
    unsigned heads_seen;
    uint64_t sent;   /* payload handed over */
    uint64_t length; /* of all that will be; UINT64_MAX: not known */
    bool ended;      /* nothing comes behind what was handed over */
    bool refused;    /* the request cannot be put in HTTP/2 */
};

/* The connection stands, and the server has agreed. */
struct shared_conn *shared_conn_create(struct server_conn *conn);
/* No calls any more. */
void shared_conn_destroy(struct shared_conn **h2);
/* Calls may be added, if there is room: it is neither silent nor worn out. */
bool shared_conn_serves_on(const struct shared_conn *h2);
bool shared_conn_has_room(const struct shared_conn *h2);
/* Facts of its stream changed. It may be gone afterwards. */
void shared_conn_step(struct shared_conn *h2);
/* Something is to be written or told, or it may be over: at the end of the turn. */
void shared_conn_step_later(struct shared_conn *h2);

/* While shared_conn_has_room. */
struct h2_call *h2_call_open(struct shared_conn *h2, struct attempt *attempt);
/* What is not complete is reset. Nulls. */
void h2_call_close(struct h2_call **call);
void h2_call_send(struct h2_call *call, const struct request_part *part);
/* Its answer did not come in time. If nothing at all came, the connection may be dead: no call is added until it is heard of. */
void h2_call_note_timeout(struct h2_call *call);
bool h2_call_is_writing(const struct h2_call *call);
bool h2_call_write_failed(const struct h2_call *call);
/* The latest head that was not seen yet, as attempt->head; REASON_NONE with `*out_came` false: none yet. */
enum reason h2_call_head(struct h2_call *call, bool *out_came);
/* As attempt_body; BODY_INVALID: cut off. */
enum body_result h2_call_body(struct h2_call *call, struct headers *trailers, struct slice *out_payload);
