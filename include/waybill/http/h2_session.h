/* SPDX-License-Identifier: MIT */
/*
 * h2_session - one HTTP/2 connection as a pure transform (RFC 9113), for either side of it: bytes go in, facts about streams
 * come out, and frames are written into a buffer of the caller's.
 *
 *   feed -> next_changed ... (the owner acts on each) -> drain -> next_changed ... -> write what was drained
 *
 * Nothing is called back. Streams that changed are asked for, and have facts to read, as net/stream.h has. What came of a body
 * waits in its stream until the owner took it; the stream's window is given back then, the connection's at once (decision 31),
 * unless all streams together keep more than `kept_max`. Payload to send stays the owner's until `unsent` is empty: it is copied
 * once, into the caller's buffer.
 *
 * nghttp2 does frames, HPACK, windows and the rules of RFC 9113 8.1 to 8.3. What a peer can make grow, or have us do for
 * nothing, is limited here: a connection that goes too far ends with ENHANCE_YOUR_CALM.
 *
 * Thread: one worker. Owner: who created it. Streams belong to the session; who adopted one (`owner`) holds it until
 * h2_stream_release. Times are milliseconds of the loop's clock, lengths bytes.
 */
#pragma once
#include "waybill/base/buffer.h"
#include "waybill/http/h2_stream.h"

enum h2_side { H2_SERVER, H2_CLIENT }; /* which of the two we are */

struct h2_limits {
    unsigned streams;     /* that the peer may have open at once */
    size_t head_bytes;    /* of names and values, decoded, 32 added for each as RFC 9113 6.5.2 counts */
    unsigned fields;      /* of a head, pseudo fields not counted; at most HEADERS_MAX */
    size_t stream_window; /* what a stream may send before any of it was taken */
    size_t kept_max;      /* of the payload of all streams, before the connection's window is held back */
};
extern const struct h2_limits h2_default_limits;

struct h2_composer;

/* What the sessions of a worker share: memory for reuse, and the one place where heads are composed. */
struct h2_pool {
    struct stock *stock;
    struct h2_composer *composer;
    struct h2_stream *spare;
    unsigned spare_count;
};
void h2_pool_init(struct h2_pool *pool, struct stock *stock);
void h2_pool_fini(struct h2_pool *pool);

/* What a client sends first (RFC 9113 3.4). */
extern const struct slice h2_preface;

/* Its preface and SETTINGS wait to be drained. The pool outlives it. */
struct h2_session *h2_session_create(enum h2_side side, const struct h2_limits *limits, struct h2_pool *pool);
/* Streams that are still held are closed before: release them first. */
void h2_session_destroy(struct h2_session **session);

/* Takes all of the bytes. What is wrong with them shows as closed streams, and as is_over after the next drain. */
void h2_session_feed(struct h2_session *session, struct slice bytes, uint64_t now_ms);
/* The next stream whose facts changed since it was asked for; NULL: no more. A server's new ones have no owner and a head:
 * adopt (set owner) or release each. */
struct h2_stream *h2_session_next_changed(struct h2_session *session);
/* Frames behind what `out` holds, as far as there is room. */
void h2_session_drain(struct h2_session *session, struct buffer *out);
/* Something can be drained now. */
bool h2_session_has_output(const struct h2_session *session);
/* Neither reads nor writes any more: the connection is to be closed once what was drained is written. */
bool h2_session_is_over(const struct h2_session *session);
/* The peer went too far, and was told so. */
bool h2_session_is_flooded(const struct h2_session *session);
/* It broke the protocol; why, in a few words, constant; NULL: it did not. */
const char *h2_session_fault(const struct h2_session *session);
/* A head has begun and is not complete: nothing else can come before. */
bool h2_session_is_reading_head(const struct h2_session *session);
/* Streams that are not closed. */
size_t h2_session_count(const struct h2_session *session);

/* A server's first step of going away: clients shall open no more streams here, but those under way are still taken. */
void h2_session_announce(struct h2_session *session);
/* No new streams; those there are go on. is_over when the last has closed. */
void h2_session_go_away(struct h2_session *session, enum h2_code code);
/* A client: new streams may be opened, if there is room: not after the server's GOAWAY. */
bool h2_session_is_welcome(const struct h2_session *session);
/* A client: how many more streams the server takes now. */
size_t h2_session_room(const struct h2_session *session);
/* A client: the server's SETTINGS have come, and allow so many streams. */
bool h2_session_is_settled(const struct h2_session *session);
uint32_t h2_session_streams_max(const struct h2_session *session);

/* A head, or trailers, to be sent: begun, filled, then sent by h2_session_request or one of h2_stream's; one at a time in a worker. Names are
 * sent in lower case. Bytes that no field may hold make it fail. */
void h2_compose(struct h2_session *session);
void h2_compose_field(struct h2_session *session, struct slice name, struct slice value);
/* ":status", of three digits. */
void h2_compose_status(struct h2_session *session, const char digits[3]);
void h2_compose_u64(struct h2_session *session, struct slice name, uint64_t value);
bool h2_compose_ok(const struct h2_session *session);

/* A client: sends what was composed. Never NULL; one that cannot be sent is closed and unprocessed. */
struct h2_stream *h2_session_request(struct h2_session *session, void *owner, bool has_body);
