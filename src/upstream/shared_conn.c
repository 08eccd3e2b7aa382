/* SPDX-License-Identifier: MIT */
#include "shared_conn.h"
#include "upstream_private.h"
#include <stdlib.h>

/* At most so many share one connection, whatever the server allows: a lost packet stops all of them. */
enum { CALLS_MAX = 100, STREAM_WINDOW = 64 * 1024 };
/* Servers count the streams that are reset, and end a connection that has too many: with it the calls of clients that did not leave.
 * Those that are open then may be reset too. */
enum { CANCELLED_MAX = 100 };

/* Each stream's window bounds what its client leaves lying; together they never hold up the others. */
static const struct h2_limits limits = {
    .streams = CALLS_MAX,
    .head_bytes = 64 * 1024,
    .fields = HEADERS_REQUEST_MAX,
    .stream_window = STREAM_WINDOW,
    .kept_max = (CALLS_MAX + 1) * STREAM_WINDOW,
};

static struct loop *loop_of(const struct shared_conn *h2)
{
    return upstream_loop(h2->conn->pool->upstream);
}

static void on_later(struct later *later)
{
    shared_conn_step(WB_CONTAINER_OF(later, struct shared_conn, later));
}

struct shared_conn *shared_conn_create(struct server_conn *conn)
{
    struct shared_conn *h2 = wb_alloc(sizeof *h2);

    h2->conn = conn;
    h2->session = h2_session_create(H2_CLIENT, &limits, upstream_h2_pool(conn->pool->upstream));
    list_init(&h2->calls);
    list_init(&h2->later.link);
    h2->later.run = on_later;
    return h2;
}

/* Frames go out until there are none, or the socket takes no more. */
static void flush(struct shared_conn *h2)
{
    struct stream *stream = h2->conn->stream;
    struct stock *stock = &loop_of(h2)->stock;

    while (!stream->writing && !stream->write_error && !h2->over) {
        buffer_consume(&h2->out, h2->writing);
        h2->writing = 0;
        if (h2_session_has_output(h2->session)) {
            buffer_borrow(&h2->out, stock, BUFFER_LARGE);
            h2_session_drain(h2->session, &h2->out);
        }
        struct slice bytes = buffer_slice(&h2->out);
        if (bytes.len == 0) {
            buffer_return(&h2->out, stock);
            return;
        }
        h2->writing = bytes.len;
        stream_write(stream, &bytes, 1);
    }
}

/* So that the server does not wonder (RFC 9113 6.8). Best effort: what the socket does not take at once is dropped. */
static void say_goodbye(struct shared_conn *h2)
{
    if (h2->over)
        return;
    h2_session_go_away(h2->session, H2_NO_ERROR);
    flush(h2);
}

void shared_conn_destroy(struct shared_conn **h2)
{
    struct shared_conn *closing = *h2;

    *h2 = NULL;
    if (!closing)
        return;
    WB_REQUIRE(list_empty(&closing->calls) && !closing->stepping);
    list_remove(&closing->later.link);
    say_goodbye(closing);
    h2_session_destroy(&closing->session);
    buffer_return(&closing->out, &loop_of(closing)->stock);
    free(closing);
}

bool shared_conn_serves_on(const struct shared_conn *h2)
{
    return !h2->over && !h2->silent && h2->cancelled < CANCELLED_MAX && h2_session_is_welcome(h2->session);
}

/* The server's SETTINGS come when its first streams may have been opened: until then what it allowed last time counts, and who is
 * new gets one to begin with. */
bool shared_conn_has_room(const struct shared_conn *h2)
{
    const struct server_pool *pool = h2->conn->pool;
    size_t room = shared_conn_serves_on(h2) ? h2_session_room(h2->session) : 0;
    uint32_t most = pool->is_known ? pool->streams_max : 1;

    return room > h2->unsent_count && h2->call_count < CALLS_MAX && h2->call_count < most;
}

static void note_settings(struct shared_conn *h2)
{
    struct server_pool *pool = h2->conn->pool;

    if (!h2_session_is_settled(h2->session))
        return;
    pool->streams_max = h2_session_streams_max(h2->session); /* it may change its mind later */
    pool->is_known = true;
    if (!h2->settled)
        server_pool_note_settled(pool, h2);
    h2->settled = true;
}

void shared_conn_step_later(struct shared_conn *h2)
{
    if (!h2->stepping && list_empty(&h2->later.link))
        loop_later(loop_of(h2), &h2->later);
}

static void feed(struct shared_conn *h2)
{
    struct stream *stream = h2->conn->stream;
    struct slice bytes = stream_bytes(stream);

    if (bytes.len == 0)
        return;
    h2->heard_ms = loop_of(h2)->now_ms;
    h2->silent = false;
    h2_session_feed(h2->session, bytes, h2->heard_ms);
    stream_consume(stream, bytes.len);
    if (!stream->filled) /* else a larger one is wanted for what follows */
        stream_release(stream);
}

static bool tell_changed(struct shared_conn *h2)
{
    struct h2_stream *stream;
    bool told = false;

    while ((stream = h2_session_next_changed(h2->session))) {
        told = true;
        struct h2_call *call = stream->owner;
        if (call)
            attempt_call_changed(call->attempt);
        else
            h2_stream_release(&stream);
    }
    return told;
}

/* All that has a call learns that nothing more will come; who has read all of his answer does not care. */
static void tell_of_end(struct shared_conn *h2)
{
    struct list told;

    list_init(&told);
    while (!list_empty(&h2->calls)) {
        struct h2_call *call = LIST_ENTRY(h2->calls.next, struct h2_call, link);
        list_remove(&call->link);
        list_push_back(&told, &call->link);
        attempt_call_changed(call->attempt);
    }
    while (!list_empty(&told)) {
        struct list *node = told.next;
        list_remove(node);
        list_push_back(&h2->calls, node);
    }
}

static bool has_ended(const struct shared_conn *h2)
{
    const struct stream *stream = h2->conn->stream;
    return stream->eof || stream->error || stream->write_error || h2_session_is_over(h2->session);
}

void shared_conn_step(struct shared_conn *h2)
{
    if (h2->stepping)
        return;
    h2->stepping = true;
    list_remove(&h2->later.link);
    feed(h2);
    note_settings(h2);
    tell_changed(h2);
    do
        flush(h2); /* who is told may have more to send, and what became of that is to be told */
    while (tell_changed(h2));
    if (!h2->over && has_ended(h2)) {
        h2->over = true;
        stream_want_read(h2->conn->stream, false);
        tell_of_end(h2);
    }
    h2->stepping = false;
    server_pool_keep_or_close(h2->conn);
}
