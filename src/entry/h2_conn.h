/* SPDX-License-Identifier: MIT */
/*
 * h2_conn - one HTTP/2 connection of a client (RFC 9113), and the exchanges on its streams.
 *
 *   OPEN -> FLUSHING -> [LINGERING] -> CLOSING
 *
 * Bytes go through the session (http/h2_session.h); each of its streams is the client of one exchange. What they have to say gathers
 * in `out` during a turn of the loop, and goes to the socket in one write at its end. While the socket has not taken all of it, nothing
 * is added: payload stays with the servers it came from.
 *
 * Thread: its worker. Owner: the entry.
 */
#pragma once
#include "client_conn.h"
#include "waybill/http/h2_session.h"

enum h2_conn_state {
    H2_CONN_OPEN,
    H2_CONN_FLUSHING,  /* no exchange is left; the last bytes are on their way */
    H2_CONN_LINGERING, /* our side is shut; what still comes is discarded, so that a GOAWAY is not lost to a reset */
    H2_CONN_CLOSING,
};

/* What the deadline is for. */
enum h2_conn_watch { H2_WATCH_NOTHING, H2_WATCH_HEAD, H2_WATCH_WRITE, H2_WATCH_IDLE, H2_WATCH_DRAIN, H2_WATCH_END };

struct h2_conn {
    struct entry *entry;
    struct list link; /* in entry->h2_conns */
    struct stream *stream;
    struct address peer; /* as client_conn's */
    size_t entrypoint;
    enum h2_conn_state state;
    bool stepping, poked;
    bool flush_due; /* what waits is to be written now, not at the end of the turn */
    bool was_used;  /* a request has come */
    bool announced, went_away;
    struct h2_session *session;
    struct list requests; /* of struct client_stream */
    size_t request_count;
    size_t tunnels;     /* of them, that stand: they may be silent for days */
    struct buffer out;  /* frames */
    bool out_sent;      /* all of `out` was handed to the stream: it must not change */
    bool out_large;     /* the last one was filled */
    struct later later; /* writes what waits */
    struct deadline deadline;
    enum h2_conn_watch watched;
    size_t watched_bytes; /* with H2_WATCH_WRITE: that were left */
};

/* The client of one exchange. In its stream's arena. */
struct client_stream {
    struct h2_conn *conn;
    struct list link; /* in conn->requests */
    struct h2_stream *stream;
    struct exchange *exchange;
    bool length_known, continue_sent;
    bool asks_tunnel; /* it is a CONNECT for a WebSocket */
    bool tunnelling;  /* which stands */
    bool out_ended;   /* the end of the answer was handed over */
    bool failed;      /* the answer cannot be sent */
    uint64_t left;    /* of an answer whose length is known */
};

/* Does the connection speak HTTP/2? By ALPN, or by the preface that comes first. */
enum h2_sign { H2_ABSENT, H2_MORE, H2_PRESENT };
enum h2_sign h2_conn_sign(const struct stream *stream);
/* Takes over the stream, with what has come by it. */
void h2_conn_begin(struct entry *entry, size_t entrypoint, const struct address *peer, struct stream **stream);
void h2_conn_poke(struct h2_conn *c);
/* Exchanges that are under way end, then no more come. */
void h2_conn_drain(struct h2_conn *c);
void h2_conn_cut(struct h2_conn *c);

/* For client_stream.c: frames into `out`, as far as they may; they are written at the end of the turn. */
void h2_conn_gather(struct h2_conn *c);

/* client_stream.c */
void client_stream_begin(struct h2_conn *c, struct h2_stream *stream);
/* Facts of its stream have changed. */
void client_stream_step(struct client_stream *request);
/* No more can be sent; the exchange ends with `reason`. */
void client_stream_drop(struct client_stream *request, enum reason reason);
