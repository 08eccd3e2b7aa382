/* SPDX-License-Identifier: MIT */
/*
 * tls - TLS over a stream: another stream, whose bytes are what the peer means.
 *
 *   owner --parts--> [encrypt] --out--> plain stream --> socket
 *   owner <---in---- [decrypt] <--in--- plain stream <-- socket
 *
 * The library reads from the plain stream's own buffer and writes to one that is lent while bytes wait for the socket; an idle
 * connection holds none. `connected` is set when the peer has been verified; until then nothing can be written. What the peer
 * sends is complete only if it says so: an end without close_notify is an error, not eof.
 *
 * Thread: its loop's. Owner: as any stream's.
 */
#pragma once
#include "waybill/net/stream.h"

struct tls_credentials;
struct tls_context;
struct tls_peer;

enum { TLS_HANDSHAKE_MS = 10000 };

/* Why a stream over TLS failed; with stream->error or write_error. */
enum tls_failure {
    TLS_FINE,       /* it did not, or not for a reason of TLS's */
    TLS_UNTRUSTED,  /* nobody we trust has signed the peer's certificate */
    TLS_WRONG_NAME, /* it is a certificate for somebody else */
    TLS_EXPIRED,    /* it is not valid any more, or not yet */
    TLS_REFUSED,    /* the peer sent an alert: it wants a certificate, has no such name, ... */
    TLS_BROKEN,     /* it speaks no TLS that we do, or breaks its rules */
    TLS_TOO_SLOW,   /* no handshake within TLS_HANDSHAKE_MS */
    TLS_CUT,        /* it ended without saying so */
};

/* What the connections of one loop by the same credentials share. Counted, by its thread only. */
struct tls_context *tls_context_create(struct tls_credentials *credentials);
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context **context);
/* By which credentials; for finding one. */
const struct tls_credentials *tls_context_credentials(const struct tls_context *context);

/* One to call: how it is named (SNI, and what its certificate must be for), and the session it may be resumed by. `host` is a
 * name or an address. Holds on to the context. It outlives the streams to it. */
struct tls_peer *tls_peer_create(struct tls_context *context, struct slice host);
void tls_peer_destroy(struct tls_peer **peer);
struct tls_context *tls_peer_context(const struct tls_peer *peer);

/* The name that the client asked for; empty: none, or no handshake of a client's is done. Valid as long as the stream. */
struct slice tls_stream_server_name(const struct stream *stream);

/* A stream to the peer, over one that is connected or on its way, which it takes over. */
struct stream *tls_dial(struct tls_peer *peer, struct stream **plain);
/* Of a stream that tls_dial made, before it is connected: HTTP/2 is offered too, and stream_protocol says what was agreed on. */
void tls_offer_h2(struct stream *stream);
/* Of a stream over TLS, whoever began it. */
enum tls_failure tls_stream_failure(const struct stream *stream);
/* The library's words for it, constant; "" when there are none. */
const char *tls_stream_detail(const struct stream *stream);
