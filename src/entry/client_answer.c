/* SPDX-License-Identifier: MIT */
/* The HTTP/1 side of an exchange: its request body, and how the answer is framed (RFC 9112 6, 9.3). */
#include "client_conn.h"

enum { DRAIN_WORTHWHILE = 256 * 1024, COPY_WORTHWHILE = 4096 };

void client_answer_begin(struct client_conn *c)
{
    c->linger = c->continue_due = c->continue_sent = c->tunnelling = false;
    c->chunked = c->until_close = c->overflowed = c->borrowed = false;
}

static struct stock *stock_of(const struct client_conn *c)
{
    return &c->entry->env->loop->stock;
}

static enum body_result body(void *client, struct headers *trailers, struct slice *out_payload)
{
    struct client_conn *c = client;
    size_t skip = 0;
    enum body_result result;

    *out_payload = SLICE("");
    if (body_ended(&c->body))
        return BODY_END;
    result = body_read(&c->body, stream_bytes(c->stream), c->stream->eof, trailers, &skip, out_payload);
    /* Trailers are slices of what would be consumed: nothing moves before the next read, and they are written at once. */
    stream_consume(c->stream, skip);
    if (result == BODY_MORE && !stream_grow(c->stream))
        return BODY_INVALID;
    return result;
}

static void body_taken(void *client, size_t count)
{
    struct client_conn *c = client;
    body_took(&c->body, count);
    stream_consume(c->stream, count);
}

static void body_pin(void *client, bool pinned)
{
    ((struct client_conn *)client)->stream->pinned = pinned;
}

static void body_want(void *client, bool want)
{
    struct client_conn *c = client;
    if (c->stream->want_read != want)
        stream_want_read(c->stream, want);
}

static void send_continue(void *client)
{
    struct client_conn *c = client;
    struct slice text = SLICE("HTTP/1.1 100 Continue\r\n\r\n");

    if (c->continue_sent || c->version != HTTP_1_1)
        return;
    c->continue_due = c->stream->writing;
    if (c->continue_due)
        return;
    c->continue_sent = true;
    stream_write(c->stream, &text, 1);
}

/* Can the connection go on after an answer that comes before the end of the request body? */
static bool body_can_be_drained(const struct client_conn *c)
{
    if (body_ended(&c->body) || c->body.kind == BODY_NONE)
        return true;
    if (c->expects_continue && !c->continue_sent)
        return false; /* it may or may not send it now (RFC 9110 10.1.1) */
    return c->body.kind != BODY_LENGTH || c->body.remaining <= DRAIN_WORTHWHILE;
}

static void write_connection(struct client_conn *c, struct head_out *out, const struct answer_head *head)
{
    if (head->status == 101) {
        head_out_raw(out, SLICE("Connection: Upgrade\r\n"));
        head_out_field(out, SLICE("Upgrade"), head->upgrade);
        return;
    }
    if (c->chunked)
        head_out_raw(out, SLICE("Transfer-Encoding: chunked\r\n"));
    if (!c->keep)
        head_out_raw(out, SLICE("Connection: close\r\n"));
    else if (c->version == HTTP_1_0)
        head_out_raw(out, SLICE("Connection: keep-alive\r\n"));
}

static bool compose(struct client_conn *c, const struct answer_head *head, size_t size)
{
    struct head_out out;

    buffer_return(&c->out, stock_of(c));
    buffer_borrow(&c->out, stock_of(c), size);
    head_out_init(&out, c->out.base, c->out.capacity);
    head_out_status_line(&out, head->status, head->phrase);
    if (head->date.len)
        head_out_field(&out, SLICE("Date"), head->date);
    if (head->headers)
        head_out_fields(&out, head->headers);
    if (head->write_length)
        head_out_field_u64(&out, SLICE("Content-Length"), head->content_length);
    write_connection(c, &out, head);
    head_out_end(&out);
    c->out.end = out.len;
    return head_out_ok(&out);
}

static void send_head(void *client, const struct answer_head *head)
{
    struct client_conn *c = client;
    bool unknown = head->has_body && !head->length_known;

    WB_REQUIRE(!c->stream->writing);
    c->tunnelling = head->status == 101;
    c->chunked = unknown && c->version == HTTP_1_1;
    c->until_close = unknown && c->version == HTTP_1_0;
    if (head->close || c->until_close || c->entry->env->draining || !body_can_be_drained(c))
        c->keep = false;
    /* Over TLS the end itself is bytes, and what the socket does not take at once is lost to a close. */
    if (head->close || (c->until_close && c->stream->is_secure))
        c->linger = true;
    c->overflowed = !compose(c, head, BUFFER_SIZE) && !compose(c, head, BUFFER_LARGE);
    c->out_waits = true;
}

/* The end of a chunked answer; trailers are written behind what waits in `out`. */
static struct slice last_chunk(struct client_conn *c, const struct headers *trailers)
{
    struct head_out out;

    if (!trailers || trailers->count == 0)
        return SLICE("0\r\n\r\n");
    if (!c->out_waits)
        buffer_return(&c->out, stock_of(c));
    buffer_borrow(&c->out, stock_of(c), BUFFER_SIZE);
    head_out_init(&out, c->out.base + c->out.end, buffer_room(&c->out));
    head_out_raw(&out, SLICE("0\r\n"));
    head_out_fields(&out, trailers);
    head_out_end(&out);
    return head_out_ok(&out) ? slice_make(out.base, out.len) : SLICE("0\r\n\r\n");
}

/* A small payload rides in the head's buffer: one plain write costs the kernel less than a gathering one. */
static bool payload_fits_behind_head(const struct client_conn *c, struct slice payload)
{
    return c->out_waits && !c->chunked && payload.len <= COPY_WORTHWHILE && payload.len <= buffer_room(&c->out);
}

static void send_body(void *client, struct slice payload, bool last, const struct headers *trailers)
{
    struct client_conn *c = client;
    struct slice parts[5];
    unsigned count = 0;

    if (payload_fits_behind_head(c, payload)) {
        buffer_append(&c->out, payload.ptr, payload.len);
        payload.len = 0;
    }
    if (c->out_waits)
        parts[count++] = buffer_slice(&c->out);
    if (payload.len) {
        if (c->chunked)
            parts[count++] = slice_make(c->chunk_head, chunk_head_write(c->chunk_head, payload.len));
        parts[count++] = payload;
        if (c->chunked)
            parts[count++] = SLICE("\r\n");
    }
    if (last && c->chunked)
        parts[count++] = last_chunk(c, trailers);
    c->out_waits = false;
    c->borrowed = payload.len > 0;
    if (count)
        stream_write(c->stream, parts, count);
    if (!c->stream->writing)
        buffer_return(&c->out, stock_of(c));
}

static void flush(void *client)
{
    struct client_conn *c = client;
    if (c->out_waits)
        send_body(c, SLICE(""), false, NULL);
}

static bool is_writing(void *client)
{
    return ((struct client_conn *)client)->stream->writing;
}

static bool has_failed(void *client)
{
    struct client_conn *c = client;
    return c->overflowed || c->stream->write_error || c->stream->error;
}

static size_t bytes_left(void *client)
{
    return stream_bytes_left(((struct client_conn *)client)->stream);
}

static const struct stream *connection(const void *client)
{
    return ((const struct client_conn *)client)->stream;
}

static struct stream *tunnel(void *client)
{
    return ((struct client_conn *)client)->stream;
}

const struct client_ops client_conn_ops = {
    .body = body,
    .body_took = body_taken,
    .body_pin = body_pin,
    .body_want = body_want,
    .send_continue = send_continue,
    .send_head = send_head,
    .send_body = send_body,
    .flush = flush,
    .is_writing = is_writing,
    .has_failed = has_failed,
    .bytes_left = bytes_left,
    .connection = connection,
    .tunnel = tunnel,
    .ended = client_conn_ended,
};
