/* SPDX-License-Identifier: MIT */
/* h2_pair - a client's and a server's session, joined by two buffers. */
#pragma once
#include "waybill/base/error.h"
#include "waybill/base/text.h"
#include "waybill/http/h2_session.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
/* behind the four above */
#include <cmocka.h>

struct pair {
    struct stock stock;
    struct h2_pool pool;
    struct h2_session *client, *server;
    struct text sent; /* all that the client sent */
    uint64_t now_ms;
    size_t drain_size;
};

static inline void set_up(struct pair *pair, const struct h2_limits *limits)
{
    *pair = (struct pair){.now_ms = 1000, .drain_size = BUFFER_SIZE};
    stock_init(&pair->stock);
    h2_pool_init(&pair->pool, &pair->stock);
    pair->client = h2_session_create(H2_CLIENT, limits, &pair->pool);
    pair->server = h2_session_create(H2_SERVER, limits, &pair->pool);
}

static inline void tear_down(struct pair *pair)
{
    h2_session_destroy(&pair->client);
    h2_session_destroy(&pair->server);
    assert_int_equal(pair->stock.lent_bytes, 0);
    h2_pool_fini(&pair->pool);
    stock_fini(&pair->stock);
    text_fini(&pair->sent);
}

static inline bool move(struct pair *pair, struct h2_session *from, struct h2_session *to)
{
    struct buffer out = {0};
    bool moved = false;

    while (h2_session_has_output(from)) {
        buffer_borrow(&out, &pair->stock, BUFFER_SIZE);
        size_t capacity = out.capacity;
        out.capacity = pair->drain_size;
        h2_session_drain(from, &out);
        out.capacity = capacity;
        if (buffer_len(&out) == 0)
            break;
        if (from == pair->client)
            text_add(&pair->sent, buffer_slice(&out));
        h2_session_feed(to, buffer_slice(&out), pair->now_ms);
        buffer_return(&out, &pair->stock);
        moved = true;
    }
    buffer_return(&out, &pair->stock);
    return moved;
}

/* Until neither has anything to say. */
static inline void talk(struct pair *pair)
{
    bool moved = true;

    while (moved) {
        moved = move(pair, pair->client, pair->server);
        moved |= move(pair, pair->server, pair->client);
    }
}

static inline void compose_request(struct h2_session *session, const char *method)
{
    h2_compose(session);
    h2_compose_field(session, SLICE(":method"), slice_of(method));
    h2_compose_field(session, SLICE(":scheme"), SLICE("http"));
    h2_compose_field(session, SLICE(":path"), SLICE("/x"));
    h2_compose_field(session, SLICE(":authority"), SLICE("a.test"));
    h2_compose_field(session, SLICE("X-Mixed-Case"), SLICE("1"));
    assert_true(h2_compose_ok(session));
}

static inline struct h2_stream *ask(struct pair *pair, const char *method, bool has_body)
{
    compose_request(pair->client, method);
    return h2_session_request(pair->client, pair, has_body);
}

/* What the server sees next, adopted. */
static inline struct h2_stream *accept_one(struct pair *pair)
{
    talk(pair);
    struct h2_stream *stream = h2_session_next_changed(pair->server);
    assert_non_null(stream);
    assert_null(stream->owner);
    stream->owner = pair;
    return stream;
}

static inline void answer(struct h2_stream *stream, bool has_body)
{
    h2_compose(stream->session);
    h2_compose_field(stream->session, SLICE(":status"), SLICE("200"));
    h2_compose_u64(stream->session, SLICE("X-Number"), 18446744073709551615u);
    h2_stream_answer(stream, has_body);
}
