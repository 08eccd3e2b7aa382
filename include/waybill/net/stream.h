/* SPDX-License-Identifier: MIT */
/*
 * stream - a byte connection: facts its owner reads, and wants its owner sets.
 *
 * Whatever happens is recorded in the facts, then the owner is poked, once; it decides. Bytes received wait in
 * `in` until they are consumed; while it is full the stream stops reading, which is the whole back-pressure.
 * Writing is "try first, queue the rest" with one writer: what the socket did not take stays where it is, in the
 * writer's memory, and must not move until `writing` is false again.
 *
 * Thread: its loop's. Owner: whoever got it from dial or accept, until stream_close, which nulls. After that nothing is
 * called any more and memory given to stream_write is free to go.
 */
#pragma once
#include "waybill/net/loop.h"

struct stream_ops {
    void (*start_reading)(struct stream *stream);
    void (*stop_reading)(struct stream *stream);
    void (*write)(struct stream *stream, const struct slice *parts, unsigned count);
    size_t (*write_now)(struct stream *stream, struct slice bytes); /* NULL: not over a socket */
    size_t (*bytes_left)(const struct stream *stream);
    bool (*has_news)(const struct stream *stream);
    bool (*find_local)(const struct stream *stream, struct address *out_address);
    void (*shut_down)(struct stream *stream);
    void (*close)(struct stream *stream);
    void (*reset)(struct stream *stream);
};

struct stream {
    const struct stream_ops *ops;
    struct loop *loop;
    void (*poke)(void *owner);
    void *owner;
    struct address peer;

    /* Wants and what is so. */
    bool want_read, reading;
    bool pinned; /* somebody writes from `in`: it must not be compacted or exchanged */

    /* Facts. */
    bool connected;     /* dialled streams: the connection stands */
    bool is_secure;     /* over TLS, and the handshake is done (net/tls.h tells more) */
    bool eof;           /* the peer will send no more */
    bool writing;       /* bytes of the last stream_write are still to go; so is a shut_down */
    bool filled;        /* the last read filled the buffer: a larger one would help */
    wb_err error;       /* connecting or reading failed; final */
    wb_err write_error; /* writing failed; reading may still go on */
    struct buffer in;   /* received and not consumed */
    uint64_t bytes_read, bytes_written;
    struct slice protocol; /* what ALPN has chosen, a constant text; empty: nothing */
};

enum { STREAM_PARTS_MAX = 8 };

void stream_set_owner(struct stream *stream, void (*poke)(void *owner), void *owner);
void stream_want_read(struct stream *stream, bool want);
/* Not while `writing`. At most STREAM_PARTS_MAX parts. */
void stream_write(struct stream *stream, const struct slice *parts, unsigned count);
/* Not while `writing`; over a socket. How many bytes it took at once: the others are still the caller's, none is waited for. */
size_t stream_write_now(struct stream *stream, struct slice bytes);
/* Of the last write: what the socket has not taken yet. */
static inline size_t stream_bytes_left(const struct stream *stream)
{
    return stream->writing ? stream->ops->bytes_left(stream) : 0;
}
/* Something came that was not read yet: bytes, the end, an error. Asks the kernel. */
static inline bool stream_has_news(const struct stream *stream)
{
    return stream->ops->has_news(stream);
}
/* Our end's address. Asks the kernel; false: the connection has gone. */
static inline bool stream_find_local(const struct stream *stream, struct address *out_address)
{
    return stream->ops->find_local(stream, out_address);
}
/* No more will be written: sends FIN after what is queued. */
void stream_shut_down(struct stream *stream);
/* `count` bytes of `in` are done with: there is room to read again. An empty buffer goes back by stream_release. */
void stream_consume(struct stream *stream, size_t count);
/* Hands the buffer over: *out_taken gets it with its first `count` bytes, what is behind them is copied to a new `in`. */
void stream_take_head(struct stream *stream, size_t count, struct buffer *out_taken);
/* Room for a head larger than a small buffer; false when it is as large as can be. */
bool stream_grow(struct stream *stream);
/* Gives `in` back if it is empty: idle connections hold no buffer. */
void stream_release(struct stream *stream);
void stream_close(struct stream **stream);
/* As close, with RST: the peer must not take what it got for complete. */
void stream_reset(struct stream **stream);

/* For the implementations: where the next bytes go, and that they came. An empty slice: no room. */
struct slice stream_room(struct stream *stream);
void stream_received(struct stream *stream, size_t count);
void stream_poke(struct stream *stream);
void stream_init(struct stream *stream, const struct stream_ops *ops, struct loop *loop);

/* The protocol that both sides agreed on by ALPN: "h2", "http/1.1"; empty: none, or in clear. Known with the first byte read. */
static inline struct slice stream_protocol(const struct stream *stream)
{
    return stream->protocol;
}
static inline struct slice stream_bytes(const struct stream *stream)
{
    return buffer_slice(&stream->in);
}
static inline struct stream *stream_dial(struct loop *loop, const struct address *address)
{
    return loop->ops->dial(loop, address);
}
