/* SPDX-License-Identifier: MIT */
#include "client_conn.h"
#include "h2_conn.h"
#include <stdlib.h>

enum { DRAIN_BYTES_MAX = 256 * 1024, DRAIN_MS = 10000, LINGER_MS = 2000, FLUSH_MS = 30000, DRAIN_SILENT_MS = 500 };

#define BIT(state) (1u << (state))
static const unsigned client_may_become[CLIENT_STATE_COUNT] = {
    [CLIENT_READING_PROXY] = BIT(CLIENT_GREETING) | BIT(CLIENT_READING_HEAD) | BIT(CLIENT_EXCHANGING) | BIT(CLIENT_CLOSING),
    [CLIENT_GREETING] = BIT(CLIENT_SHAKING_HANDS) | BIT(CLIENT_EXCHANGING) | BIT(CLIENT_CLOSING),
    [CLIENT_SHAKING_HANDS] = BIT(CLIENT_READING_HEAD) | BIT(CLIENT_CLOSING),
    [CLIENT_IDLE] = BIT(CLIENT_READING_HEAD) | BIT(CLIENT_FLUSHING) | BIT(CLIENT_CLOSING),
    [CLIENT_READING_HEAD] = BIT(CLIENT_EXCHANGING) | BIT(CLIENT_HANDED_OVER) | BIT(CLIENT_CLOSING),
    [CLIENT_EXCHANGING] = BIT(CLIENT_IDLE) | BIT(CLIENT_DRAINING_BODY) | BIT(CLIENT_FLUSHING) | BIT(CLIENT_CLOSING),
    [CLIENT_DRAINING_BODY] = BIT(CLIENT_IDLE) | BIT(CLIENT_FLUSHING) | BIT(CLIENT_CLOSING),
    [CLIENT_FLUSHING] = BIT(CLIENT_LINGERING) | BIT(CLIENT_CLOSING),
    [CLIENT_LINGERING] = BIT(CLIENT_CLOSING),
    [CLIENT_HANDED_OVER] = 0,
    [CLIENT_CLOSING] = 0,
};

static struct loop *loop_of(const struct client_conn *c)
{
    return c->entry->env->loop;
}

void client_become(struct client_conn *c, enum client_state state)
{
    WB_REQUIRE(client_may_become[c->state] & BIT(state));
    c->state = state;
    deadline_clear(&c->deadline);
}

void client_set_deadline(struct client_conn *c, uint64_t after_ms)
{
    if (after_ms)
        loop_set_deadline_in(loop_of(c), &c->deadline, after_ms);
}

static void note_end(struct client_conn *c, enum reason reason)
{
    cell_add(&c->entry->env->counters->ended[reason], 1);
}

static void close_client(struct client_conn *c)
{
    if (c->state != CLIENT_CLOSING)
        client_become(c, CLIENT_CLOSING);
}

void client_end_unread(struct client_conn *c, enum reason reason)
{
    if (reason != REASON_NONE)
        note_end(c, reason);
    close_client(c);
}

static void drop_exchange(struct client_conn *c, enum reason reason)
{
    struct exchange *x = c->exchange;

    c->exchange = NULL;
    if (x)
        exchange_abandon(x, reason);
}

static bool stream_over(const struct client_conn *c)
{
    return c->stream->eof || c->stream->error;
}

void client_read_head(struct client_conn *c)
{
    client_become(c, CLIENT_READING_HEAD);
    client_set_deadline(c, c->entry->options.head_timeout_ms);
}

static void rest(struct client_conn *c)
{
    c->reader = (struct h1_reader){0};
    if (c->entry->draining) {
        client_become(c, CLIENT_FLUSHING); /* the end of the answer may still be on its way */
        c->linger = c->linger || stream_bytes(c->stream).len > 0;
        return;
    }
    client_become(c, CLIENT_IDLE);
    stream_want_read(c->stream, true);
    stream_release(c->stream);
    client_set_deadline(c, c->entry->options.idle_timeout_ms);
}

static bool step_idle(struct client_conn *c)
{
    if (stream_bytes(c->stream).len) {
        client_read_head(c);
        return true;
    }
    if (stream_over(c)) {
        note_end(c, REASON_CLIENT_DONE);
        close_client(c);
    }
    return false;
}

static void begin_exchange(struct client_conn *c, struct exchange *x, size_t head_len)
{
    c->version = x->request.version;
    c->expects_continue = x->request.expect_continue;
    body_reader_init(&c->body, x->request.body, x->request.content_length);
    c->was_used = true;
    stream_take_head(c->stream, head_len, &x->head_bytes);
    c->exchange = x;
    client_become(c, CLIENT_EXCHANGING);
    client_answer_begin(c);
    c->keep = x->request.keep_alive;
    exchange_begin(x, c->entrypoint, &c->peer);
}

static void refuse(struct client_conn *c, struct exchange *x, enum reason reason)
{
    c->version = HTTP_1_1;
    body_reader_init(&c->body, BODY_NONE, 0);
    c->exchange = x;
    client_become(c, CLIENT_EXCHANGING);
    client_answer_begin(c);
    c->keep = false;
    c->linger = true;
    exchange_refuse(x, c->entrypoint, &c->peer, reason);
}

void client_refuse(struct client_conn *c, enum reason reason)
{
    refuse(c, exchange_create(c->entry->env, &client_conn_ops, c), reason);
}

/* The first bytes of a connection say which HTTP it is; those of a preface that is not whole yet are no request. */
static bool may_be_h2(const struct client_conn *c)
{
    return h2_conn_sign(c->stream) != H2_ABSENT;
}

/* What begins in another protocol, a broken preface of HTTP/2 among them, could not read an answer (RFC 9113 3.4). */
static void turn_away(struct client_conn *c, struct exchange *x, enum reason reason)
{
    if (c->was_used || !h1_is_foreign(stream_bytes(c->stream))) {
        refuse(c, x, reason);
        return;
    }
    exchange_discard(x);
    client_end_unread(c, reason);
}

static void hand_over(struct client_conn *c)
{
    if (h2_conn_sign(c->stream) == H2_PRESENT)
        client_become(c, CLIENT_HANDED_OVER);
    else if (stream_over(c))
        close_client(c);
}

static bool step_reading_head(struct client_conn *c)
{
    struct slice bytes = stream_bytes(c->stream);
    struct exchange *x;
    enum reason reason;
    size_t head_len;

    if (bytes.len == 0) {
        if (stream_over(c))
            close_client(c);
        return false;
    }
    if (!c->was_used && may_be_h2(c)) {
        hand_over(c);
        return false;
    }
    x = exchange_create(c->entry->env, &client_conn_ops, c);
    switch (h1_read_request(&c->reader, bytes, &c->entry->options.limits, &x->request, &head_len, &reason)) {
    case H1_HEAD:
        begin_exchange(c, x, head_len);
        return true;
    case H1_BAD:
        turn_away(c, x, reason);
        return true;
    case H1_NEED_MORE:
        exchange_discard(x);
        if (stream_over(c))
            close_client(c);
        else if (!stream_grow(c->stream))
            client_refuse(c, REASON_HEAD_TOO_LARGE);
        return false;
    }
    WB_UNREACHABLE();
}

static bool step_exchanging(struct client_conn *c)
{
    if (c->continue_due && !c->stream->writing)
        client_conn_ops.send_continue(c);
    if (!c->tunnelling && stream_over(c)) {
        drop_exchange(c, REASON_CLIENT_GONE);
        close_client(c);
        return false;
    }
    exchange_poke(c->exchange);
    return c->state != CLIENT_EXCHANGING;
}

/* What is left of a body nobody wants. */
static bool step_draining(struct client_conn *c)
{
    for (;;) {
        size_t skip;
        struct slice bytes;
        enum body_result result = body_read(&c->body, stream_bytes(c->stream), c->stream->eof, NULL, &skip, &bytes);
        c->drained_bytes += skip + bytes.len;
        stream_consume(c->stream, skip);
        if (result == BODY_PAYLOAD) {
            body_took(&c->body, bytes.len);
            stream_consume(c->stream, bytes.len);
        } else if (result == BODY_END) {
            rest(c);
            return true;
        } else if (result == BODY_INVALID || c->stream->error || c->drained_bytes > DRAIN_BYTES_MAX ||
                   !stream_grow(c->stream)) {
            client_become(c, CLIENT_FLUSHING);
            c->linger = true;
            return true;
        } else {
            return false;
        }
    }
}

static bool step_flushing(struct client_conn *c)
{
    if (c->stream->error || c->stream->write_error) {
        close_client(c);
        return false;
    }
    if (c->stream->writing) {
        if (c->deadline.at_ms == DEADLINE_NEVER)
            client_set_deadline(c, FLUSH_MS);
        return false;
    }
    if (!c->linger || c->stream->eof) {
        close_client(c);
        return false;
    }
    client_become(c, CLIENT_LINGERING);
    client_set_deadline(c, LINGER_MS);
    stream_shut_down(c->stream);
    stream_want_read(c->stream, true);
    return true;
}

static bool step_lingering(struct client_conn *c)
{
    stream_consume(c->stream, stream_bytes(c->stream).len);
    if (stream_over(c))
        close_client(c);
    return false;
}

static bool step_once(struct client_conn *c)
{
    if (c->out.base && !c->out_waits && !c->stream->writing)
        buffer_return(&c->out, &loop_of(c)->stock);
    switch (c->state) {
    case CLIENT_READING_PROXY:
    case CLIENT_GREETING:
    case CLIENT_SHAKING_HANDS:
        return client_step_begin(c);
    case CLIENT_IDLE:
        return step_idle(c);
    case CLIENT_READING_HEAD:
        return step_reading_head(c);
    case CLIENT_EXCHANGING:
        return step_exchanging(c);
    case CLIENT_DRAINING_BODY:
        return step_draining(c);
    case CLIENT_FLUSHING:
        return step_flushing(c);
    case CLIENT_LINGERING:
        return step_lingering(c);
    case CLIENT_HANDED_OVER:
    case CLIENT_CLOSING:
    case CLIENT_STATE_COUNT:
        return false;
    }
    WB_UNREACHABLE();
}

void entry_closed_one(struct entry *entry)
{
    entry->count--;
    cell_sub(&entry->env->counters->clients, 1);
    if (entry->options.count_changed)
        entry->options.count_changed(entry->options.owner, entry->count);
}

/* It goes on as HTTP/2; as a connection it is the same. */
static void become_h2(struct client_conn *c)
{
    struct entry *entry = c->entry;
    struct stream *stream = c->stream;
    struct address peer = c->peer;
    size_t entrypoint = c->entrypoint;

    loop_remove_deadline(loop_of(c), &c->deadline);
    list_remove(&c->link);
    free(c);
    h2_conn_begin(entry, entrypoint, &peer, &stream);
}

static void destroy(struct client_conn *c)
{
    struct entry *entry = c->entry;

    drop_exchange(c, REASON_CLIENT_GONE);
    loop_remove_deadline(loop_of(c), &c->deadline);
    if (c->gone)
        stream_reset(&c->stream);
    else
        stream_close(&c->stream);
    buffer_return(&c->out, &loop_of(c)->stock);
    list_remove(&c->link);
    free(c);
    entry_closed_one(entry);
}

static void on_stream_changed(void *owner)
{
    client_poke(owner);
}

void client_poke(struct client_conn *c)
{
    c->poked = true;
    if (c->stepping)
        return; /* the loop below will see it */
    c->stepping = true;
    while (c->poked) {
        c->poked = false;
        while (step_once(c))
            continue;
    }
    c->stepping = false;
    if (c->state == CLIENT_CLOSING)
        destroy(c);
    else if (c->state == CLIENT_HANDED_OVER)
        become_h2(c);
}

void client_set_stream(struct client_conn *c, struct stream *stream)
{
    c->stream = stream;
    stream_set_owner(stream, on_stream_changed, c);
    stream_want_read(stream, true);
}

static void on_too_late(struct deadline *deadline)
{
    struct client_conn *c = WB_CONTAINER_OF(deadline, struct client_conn, deadline);

    c->stepping = true; /* a refusal may end at once, and must not free it before the poke below */
    if (c->state == CLIENT_READING_HEAD && stream_bytes(c->stream).len)
        client_refuse(c, REASON_HEAD_TIMEOUT);
    else if (c->state == CLIENT_READING_PROXY && c->proxy_begun)
        client_end_unread(c, REASON_BAD_PROXY_HEADER);
    else if (c->state != CLIENT_EXCHANGING) {
        if (c->state == CLIENT_IDLE)
            note_end(c, REASON_CLIENT_IDLE);
        close_client(c);
    }
    c->stepping = false;
    client_poke(c);
}

/* The exchange has ended and is gone. */
void client_conn_ended(void *client, bool cut)
{
    struct client_conn *c = client;

    c->exchange = NULL;
    if (c->state == CLIENT_CLOSING)
        return;
    if (cut) {
        /* A missing last chunk or byte shows; the end of a body up to close would not. And what still is to be
         * written from the exchange's memory must not be: others use that memory now. */
        c->gone = c->until_close || (c->stream->writing && c->borrowed);
        if (c->tunnelling || c->stream->write_error || c->gone) {
            close_client(c);
        } else {
            client_become(c, CLIENT_FLUSHING);
        }
    } else if (c->tunnelling || !c->keep) {
        client_become(c, CLIENT_FLUSHING);
        c->linger = c->linger || (!c->tunnelling && (!body_ended(&c->body) || stream_bytes(c->stream).len));
    } else if (!body_ended(&c->body)) {
        client_become(c, CLIENT_DRAINING_BODY);
        c->drained_bytes = 0;
        stream_want_read(c->stream, true);
        client_set_deadline(c, DRAIN_MS);
    } else {
        rest(c);
    }
    client_poke(c);
}

struct entry *entry_create(struct environment *env, const struct entry_options *options)
{
    struct entry *entry = wb_alloc(sizeof *entry);

    entry->env = env;
    entry->options = *options;
    list_init(&entry->clients);
    list_init(&entry->h2_conns);
    h2_pool_init(&entry->h2_pool, &env->loop->stock);
    entry->acceptors = wb_alloc((env->entrypoint_count + 1) * sizeof *entry->acceptors);
    for (size_t i = 0; i < env->entrypoint_count; i++)
        if (env->entrypoints[i].tls)
            entry->acceptors[i] = tls_acceptor_create(env->entrypoints[i].tls);
    return entry;
}

void entry_destroy(struct entry **entry)
{
    WB_REQUIRE((*entry)->count == 0);
    h2_pool_fini(&(*entry)->h2_pool);
    for (size_t i = 0; i < (*entry)->env->entrypoint_count; i++)
        tls_acceptor_destroy(&(*entry)->acceptors[i]);
    free((*entry)->acceptors);
    free(*entry);
    *entry = NULL;
}

void entry_accept(struct entry *entry, size_t entrypoint, struct stream *stream)
{
    struct client_conn *c = wb_alloc(sizeof *c);

    c->entry = entry;
    c->entrypoint = entrypoint;
    c->peer = stream->peer;
    /* A new connection has the time of a head to say something. */
    c->state = client_first_state(c);
    deadline_init(&c->deadline, on_too_late);
    list_push_back(&entry->clients, &c->link);
    entry->count++;
    cell_add(&entry->env->counters->clients, 1);
    client_set_deadline(c, entry->draining ? DRAIN_SILENT_MS : entry->options.head_timeout_ms);
    client_set_stream(c, stream);
    if (entry->options.count_changed)
        entry->options.count_changed(entry->options.owner, entry->count);
}

size_t entry_count(const struct entry *entry)
{
    return entry->count;
}

/* Accepted, and nothing of a request has come yet. */
static bool is_silent(const struct client_conn *c)
{
    return c->state <= CLIENT_READING_HEAD && c->state != CLIENT_IDLE && c->stream->bytes_read == 0;
}

void entry_drain(struct entry *entry)
{
    entry->draining = true;
    entry->env->draining = true;
    LIST_EACH_SAFE (node, &entry->clients) {
        struct client_conn *c = LIST_ENTRY(node, struct client_conn, link);
        if (c->state == CLIENT_IDLE) {
            client_become(c, CLIENT_FLUSHING);
            c->linger = false;
            client_poke(c);
        } else if (is_silent(c)) {
            client_set_deadline(c, DRAIN_SILENT_MS); /* its first request may be on the way */
        }
    }
    LIST_EACH_SAFE (node, &entry->h2_conns)
        h2_conn_drain(LIST_ENTRY(node, struct h2_conn, link));
}

void entry_cut(struct entry *entry)
{
    LIST_EACH_SAFE (node, &entry->clients) {
        struct client_conn *c = LIST_ENTRY(node, struct client_conn, link);
        drop_exchange(c, REASON_DRAINING);
        close_client(c);
        client_poke(c);
    }
    LIST_EACH_SAFE (node, &entry->h2_conns)
        h2_conn_cut(LIST_ENTRY(node, struct h2_conn, link));
}
