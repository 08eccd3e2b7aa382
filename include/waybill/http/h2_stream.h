/* SPDX-License-Identifier: MIT */
/*
 * h2_stream - one stream of an HTTP/2 session (h2_session.h): facts its owner reads, and what it may do.
 *
 * Thread: the session's. Owner: the session; who adopted it (`owner`) holds it until h2_stream_release.
 */
#pragma once
#include "waybill/base/arena.h"
#include "waybill/base/list.h"
#include "waybill/http/headers.h"

/* RFC 9113 7: those that are used by name. */
enum h2_code {
    H2_NO_ERROR = 0x0,
    H2_PROTOCOL_ERROR = 0x1,
    H2_INTERNAL_ERROR = 0x2,
    H2_REFUSED_STREAM = 0x7, /* nothing was done: it may be sent again */
    H2_CANCEL = 0x8,
    H2_CONNECT_ERROR = 0xa, /* what a tunnel leads to has failed */
    H2_ENHANCE_YOUR_CALM = 0xb,
    H2_HTTP_1_1_REQUIRED = 0xd,
};

/* Fields in their order, pseudo fields with their colon. Names and values are in the stream's arena. */
struct h2_head {
    struct header *fields;
    unsigned count;
    bool too_large; /* more than the limits allow: what is over them is missing */
};

struct h2_session;
struct h2_chunk;

struct h2_stream {
    struct h2_session *session;
    int32_t id;
    void *owner; /* whoever adopted it; NULL: new */

    /* Facts. */
    struct h2_head head;     /* the request's; or the answer's latest one: interim ones come first */
    unsigned heads;          /* how many have come */
    struct h2_head trailers; /* complete once `ended` */
    bool ended;              /* the peer sends no more; payload may still wait */
    bool closed;             /* nothing passes any more, either way; final */
    uint32_t code;           /* with closed: of the RST_STREAM that did it, whoever sent it, else H2_NO_ERROR */
    bool unprocessed;        /* with closed: the server says it did nothing of it (GOAWAY, REFUSED_STREAM) */
    size_t kept;             /* payload that came and was not taken */
    uint64_t received;       /* payload that came in all */
    struct slice unsent;     /* of the payload handed over: what is still to be drained */

    /* Of the session. */
    struct list link;    /* all of the session */
    struct list changed; /* those to be looked at */
    struct arena arena;
    struct h2_chunk *first, *last;
    void *trailers_out;
    size_t trailers_out_count;
    size_t head_kept; /* bytes of its heads */
    bool shown, released, out_last, out_done, reset_asked;
    struct h2_stream *next_spare;
};

/* Heads: what was composed in the session. */
void h2_stream_interim(struct h2_stream *stream);
void h2_stream_answer(struct h2_stream *stream, bool has_body);
/* Not while `unsent` holds something, nor after `last`. Payload stays where it is until then. */
void h2_stream_send(struct h2_stream *stream, struct slice payload, bool last);
/* The peer's windows let it send: if it does not, the connection is what it waits for. */
bool h2_stream_has_window(const struct h2_stream *stream);
/* The end, with what was composed as trailers. */
void h2_stream_send_trailers(struct h2_stream *stream);

/* What waits of the body, its first piece. Empty: nothing, for now or (`ended`) for good. It stays where it is until took. */
struct slice h2_stream_payload(const struct h2_stream *stream);
void h2_stream_took(struct h2_stream *stream, size_t count);

/* Ends it with RST_STREAM; payload handed over is the owner's again. */
void h2_stream_reset(struct h2_stream *stream, enum h2_code code);
/* The owner is done with it; nulls. What it has handed over to the end is still sent; what it has not, resets the stream. Heads and
 * payload are gone. */
void h2_stream_release(struct h2_stream **stream);
