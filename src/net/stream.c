/* SPDX-License-Identifier: MIT */
#include "waybill/net/stream.h"

/* With less room than this a buffer whose front is free is compacted before the next read. */
enum { STREAM_ROOM_WORTHWHILE = 4096 };

void stream_init(struct stream *stream, const struct stream_ops *ops, struct loop *loop)
{
    stream->ops = ops;
    stream->loop = loop;
    stream->protocol = SLICE("");
    loop->stream_count++;
}

void stream_set_owner(struct stream *stream, void (*poke)(void *owner), void *owner)
{
    stream->poke = poke;
    stream->owner = owner;
}

void stream_poke(struct stream *stream)
{
    if (stream->poke)
        stream->poke(stream->owner);
}

static bool may_read(const struct stream *stream)
{
    return stream->want_read && !stream->eof && !stream->error && stream->connected;
}

static void apply_wants(struct stream *stream)
{
    bool should = may_read(stream) &&
                  (!stream->in.base || buffer_room(&stream->in) > 0 || (stream->in.start > 0 && !stream->pinned));
    if (should == stream->reading)
        return;
    stream->reading = should;
    if (should)
        stream->ops->start_reading(stream);
    else
        stream->ops->stop_reading(stream);
}

void stream_want_read(struct stream *stream, bool want)
{
    stream->want_read = want;
    apply_wants(stream);
}

struct slice stream_room(struct stream *stream)
{
    struct buffer *in = &stream->in;

    if (!stream->pinned && in->base && buffer_len(in) == 0 && stream->filled && in->capacity < BUFFER_LARGE) {
        buffer_return(in, &stream->loop->stock);
        buffer_borrow(in, &stream->loop->stock, BUFFER_LARGE);
    }
    buffer_borrow(in, &stream->loop->stock, BUFFER_SIZE);
    if (buffer_room(in) < STREAM_ROOM_WORTHWHILE && in->start > 0 && !stream->pinned)
        buffer_compact(in);
    return slice_make(in->base + in->end, buffer_room(in));
}

void stream_received(struct stream *stream, size_t count)
{
    stream->in.end += count;
    stream->bytes_read += count;
    stream->filled = buffer_room(&stream->in) == 0;
    if (stream->filled)
        apply_wants(stream);
}

void stream_write(struct stream *stream, const struct slice *parts, unsigned count)
{
    WB_REQUIRE(!stream->writing && count <= STREAM_PARTS_MAX);
    if (stream->write_error || stream->error)
        return;
    stream->ops->write(stream, parts, count);
}

size_t stream_write_now(struct stream *stream, struct slice bytes)
{
    WB_REQUIRE(!stream->writing);
    return stream->write_error || stream->error ? 0 : stream->ops->write_now(stream, bytes);
}

void stream_shut_down(struct stream *stream)
{
    if (!stream->write_error && !stream->error)
        stream->ops->shut_down(stream);
}

void stream_consume(struct stream *stream, size_t count)
{
    buffer_consume(&stream->in, count);
    apply_wants(stream);
}

void stream_take_head(struct stream *stream, size_t count, struct buffer *out_taken)
{
    struct buffer *in = &stream->in;
    struct slice behind = slice_from(buffer_slice(in), count);
    struct buffer fresh = {0};

    WB_REQUIRE(!stream->pinned);
    if (behind.len) {
        buffer_borrow(&fresh, &stream->loop->stock, behind.len);
        buffer_append(&fresh, behind.ptr, behind.len);
        in->end -= behind.len;
    }
    *out_taken = *in;
    *in = fresh;
    apply_wants(stream);
}

bool stream_grow(struct stream *stream)
{
    struct buffer *in = &stream->in;

    WB_REQUIRE(!stream->pinned);
    if (!in->base || buffer_room(in) > 0)
        return true;
    if (in->start > 0) {
        buffer_compact(in);
    } else {
        if (in->capacity >= BUFFER_LARGE)
            return false;
        buffer_grow(in, &stream->loop->stock);
    }
    apply_wants(stream);
    return true;
}

void stream_release(struct stream *stream)
{
    if (stream->in.base && buffer_len(&stream->in) == 0 && !stream->pinned)
        buffer_return(&stream->in, &stream->loop->stock);
    stream->filled = false;
}

static void let_go(struct stream *stream)
{
    stream->poke = NULL;
    stream->want_read = stream->reading = false;
    buffer_return(&stream->in, &stream->loop->stock);
}

void stream_close(struct stream **stream)
{
    struct stream *closing = *stream;

    *stream = NULL;
    if (!closing)
        return;
    let_go(closing);
    closing->ops->close(closing);
}

void stream_reset(struct stream **stream)
{
    struct stream *closing = *stream;

    *stream = NULL;
    if (!closing)
        return;
    let_go(closing);
    closing->ops->reset(closing);
}
