/* SPDX-License-Identifier: MIT */
/*
 * client_conn - one HTTP/1 connection of a client; until its first bytes have come, one of any.
 *
 *   [READING_PROXY] -> [GREETING -> SHAKING_HANDS] -> READING_HEAD -> ..., once
 *   IDLE -> READING_HEAD -> EXCHANGING -> [DRAINING_BODY] -> IDLE ...
 *     \__________\______________\_____________\--> FLUSHING -> [LINGERING] -> CLOSING
 */
#pragma once
#include "waybill/entry/entry.h"
#include "waybill/http/h1_writer.h"
#include "waybill/http/h2_session.h"
#include "waybill/net/tls_server.h"

enum client_state {
    CLIENT_READING_PROXY, /* a PROXY header may come first */
    CLIENT_GREETING,      /* it is to speak TLS, and has said nothing yet */
    CLIENT_SHAKING_HANDS, /* of TLS; `stream` is the one over the socket's from here on */
    CLIENT_IDLE,          /* no byte of a further request has come */
    CLIENT_READING_HEAD,
    CLIENT_EXCHANGING,
    CLIENT_DRAINING_BODY, /* answered before the body had come: the rest is discarded, up to a limit */
    CLIENT_FLUSHING,      /* the last bytes are on their way, then it closes */
    CLIENT_LINGERING,     /* our side is shut; what still comes is discarded, so that the answer is not lost to a reset */
    CLIENT_HANDED_OVER,   /* it speaks HTTP/2: h2_conn goes on */
    CLIENT_CLOSING,
    CLIENT_STATE_COUNT
};

struct client_conn {
    struct entry *entry;
    struct list link; /* in entry->clients */
    struct stream *stream;
    struct address peer; /* who the exchanges are for: the stream's, or as a believed PROXY header says */
    size_t entrypoint;
    enum client_state state;
    bool stepping, poked;
    bool gone;        /* to be reset rather than closed */
    bool proxy_begun; /* the first byte of what may be a PROXY header has come */
    bool was_used;    /* a request has come: it is HTTP/1 for good */
    struct deadline deadline;
    struct h1_reader reader;
    struct body_reader body;
    struct exchange *exchange;

    /* Of the current request, which the exchange owns: what is needed when it has ended. */
    enum http_version version;
    bool keep;         /* the connection goes on after this answer */
    bool linger;       /* the client may still be sending */
    bool continue_due; /* a 100 waits for its turn to be written */
    bool continue_sent, expects_continue;
    bool tunnelling;
    size_t drained_bytes;

    /* The answer being written. */
    struct buffer out; /* composed head, or last chunk with trailers */
    bool out_waits;    /* composed and not handed to the stream */
    bool chunked, until_close, overflowed;
    bool borrowed; /* the last write was of the exchange's memory, which goes when it ends */
    char chunk_head[CHUNK_HEAD_MAX];
};

struct entry {
    struct environment *env;
    struct entry_options options;
    struct list clients;
    struct list h2_conns;
    struct h2_pool h2_pool;
    size_t count; /* of both */
    bool draining;
    struct tls_acceptor **acceptors; /* by entrypoint; NULL: it has no TLS */
    bool told_of_proxy;              /* the first PROXY header that was not believed was logged */
    bool told_of_refusals;           /* as was that streams are refused */
};

extern const struct client_ops client_conn_ops;

void client_become(struct client_conn *c, enum client_state state);
void client_poke(struct client_conn *c);
void client_set_deadline(struct client_conn *c, uint64_t after_ms);

/* A connection of either kind has ended. */
void entry_closed_one(struct entry *entry);

/* The exchange has ended and is gone. */
void client_conn_ended(void *client, bool cut);

/* It is owned from now on, and read. */
void client_set_stream(struct client_conn *c, struct stream *stream);
/* A request is to come. */
void client_read_head(struct client_conn *c);
/* An answer from the reason table to what could not be read as a request; then it closes. */
void client_refuse(struct client_conn *c, enum reason reason);
/* It closes without an answer. Between exchanges a connection ends with a reason too; NONE: not worth counting. */
void client_end_unread(struct client_conn *c, enum reason reason);

/* client_begin.c: what comes before the first request. */
enum client_state client_first_state(const struct client_conn *c);
bool client_step_begin(struct client_conn *c);

/* client_answer.c: a new request was read. */
void client_answer_begin(struct client_conn *c);
