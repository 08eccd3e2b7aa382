/* SPDX-License-Identifier: MIT */
/*
 * attempt - one try to get a request answered by one server.
 *
 * Its owner (an exchange, or a filter that asks somebody) starts it, sends through it and reads the answer from it; it
 * is poked when something changed, looks at `state`, and decides. The attempt knows connections and heads; what
 * is sent and when is the owner's.
 *
 *   NONE -> CONNECTING -> READY -> AWAITING -> HEAD -> BODY -> ENDED
 *                 \________\___________\________\_______\-> FAILED (reason)
 *
 * Thread: its worker. Owner: the embedding object; attempt_cancel before that is freed.
 */
#pragma once
#include "waybill/http/body.h"
#include "waybill/http/h1_reader.h"
#include "waybill/http/h1_writer.h"
#include "waybill/upstream/upstream.h"

enum attempt_state {
    ATTEMPT_NONE,
    ATTEMPT_CONNECTING, /* resolving and dialling */
    ATTEMPT_READY,      /* a connection is there, nothing was sent */
    ATTEMPT_AWAITING,   /* something was sent, the head of the answer has not come */
    ATTEMPT_HEAD,       /* `head` is filled and stays until attempt_head_done */
    ATTEMPT_BODY,       /* attempt_body gives the payload */
    ATTEMPT_TUNNEL,     /* after 101: bytes as they come in the stream */
    ATTEMPT_ENDED,      /* the answer is complete */
    ATTEMPT_FAILED,     /* `reason` says why; nothing more will come */
};

/* A part of the request on its way. The first brings the head, and it goes out with what is behind it. */
struct request_part {
    struct slice head; /* as HTTP/1 has it, whole; empty: it has gone */
    struct slice payload;
    bool chunked;                   /* the body's length is not known before its end */
    bool last;                      /* nothing comes behind it */
    const struct headers *trailers; /* with the last one, if it is chunked; copied. NULL: none */
};

/* On which connection. */
enum attempt_conn {
    ATTEMPT_ON_POOLED,  /* an idle one, else a new one */
    ATTEMPT_ON_CHECKED, /* the same, but none that the server has closed as far as the kernel knows */
    ATTEMPT_ON_NEW,
    ATTEMPT_ALONE, /* a new one that serves nobody else, and is closed behind it */
};

struct h2_call;

struct attempt {
    enum attempt_state state;
    struct upstream *upstream;
    struct server_pool *pool;
    struct list in_pool; /* pool->attempts */
    struct server_conn *conn;
    struct h2_call *call; /* over HTTP/2, instead of `conn` */
    struct list waiting;  /* in pool->waiting: another attempt dials */
    struct lookup lookup;
    size_t next_address;
    struct deadline deadline;
    uint64_t dial_timeout_ms, response_timeout_ms; /* 0: no limit; those of the upstream, or the owner's */
    struct h1_reader reader;
    struct response_head head;
    size_t head_len;
    struct body_reader body;
    enum reason reason; /* with FAILED */
    bool request_is_head;
    bool http_1_only; /* the owner's wish, before it starts: only there can the protocol be switched */
    bool alone;
    bool reused;            /* the connection had carried an exchange before */
    bool sent;              /* at least one byte of the request was given to the socket */
    bool refused;           /* over HTTP/2: the server says that it did nothing of it. Not `sent`, then */
    bool received;          /* at least one byte of the answer came */
    unsigned interim_count; /* 1xx heads seen */
    char chunk_head[CHUNK_HEAD_MAX];
    struct buffer trailers; /* that are being written */
    void (*poke)(void *owner);
    void *owner;
};

enum { ATTEMPT_INTERIM_MAX = 16 };

void attempt_init(struct attempt *attempt, struct upstream *upstream, void (*poke)(void *owner), void *owner);
/* May be READY or FAILED at once; otherwise a poke tells. */
void attempt_start(struct attempt *attempt, struct server_pool *pool, bool request_is_head, enum attempt_conn conn);
/* Its bytes stay where they are until attempt_is_writing is false. Not while it is true. */
void attempt_send(struct attempt *attempt, const struct request_part *part);
/* The request is whole: from now on the server has the response timeout to begin its answer. */
void attempt_expect_answer(struct attempt *attempt);
bool attempt_call_is_writing(const struct attempt *attempt); /* over HTTP/2 */
static inline bool attempt_is_writing(const struct attempt *attempt)
{
    return attempt->conn ? attempt->conn->stream->writing : attempt_call_is_writing(attempt);
}
/* The server can say that it did nothing of what was sent. */
static inline bool attempt_may_be_refused(const struct attempt *attempt)
{
    return attempt->call != NULL;
}
/* The server takes no more bytes (it may still answer). */
bool attempt_write_failed(const struct attempt *attempt);
/* The head was used: its slices end. After a 1xx the next head is awaited; after 101 it is a tunnel. */
void attempt_head_done(struct attempt *attempt);
/* Payload that waits. BODY_END: complete, the state is ENDED then; BODY_INVALID: the state is FAILED then. */
enum body_result attempt_body(struct attempt *attempt, struct headers *trailers, struct slice *out_payload);
void attempt_took(struct attempt *attempt, size_t count);
/* While on, payload handed out by attempt_body must not move. */
void attempt_pin(struct attempt *attempt, bool pinned);
/* The stream, for tunnels. */
struct stream *attempt_stream(const struct attempt *attempt);
/* Differs when the server took some of the request; when some of its answer came. */
uint64_t attempt_bytes_sent(const struct attempt *attempt);
uint64_t attempt_bytes_received(const struct attempt *attempt);
/* Gives the connection back; it is used again only if the answer ended cleanly and `request_sent` whole. */
void attempt_finish(struct attempt *attempt, bool request_sent);
/* From now on its connection, if it has one to itself, ends with a reset: what the server got must not look like all of it. */
void attempt_break_off(struct attempt *attempt);
/* Ends it in whatever state; a connection in use is closed. */
void attempt_cancel(struct attempt *attempt);
