/* SPDX-License-Identifier: MIT */
#include "waybill/upstream/pool.h"
#include "shared_conn.h"
#include "upstream_private.h"
#include <stdlib.h>

static void note_idle(struct server_pool *pool, bool more)
{
    pool->idle_count += more ? 1u : (unsigned)-1;
    upstream_note_idle(pool->upstream, more);
}

static void close_conn(struct server_conn *conn)
{
    shared_conn_destroy(&conn->h2);
    loop_remove_deadline(upstream_loop(conn->pool->upstream), &conn->idle_deadline);
    if (conn->broken_off)
        stream_reset(&conn->stream);
    else
        stream_close(&conn->stream);
    free(conn);
}

static void discard_idle(struct server_conn *conn)
{
    struct server_pool *pool = conn->pool;

    list_remove(&conn->link);
    note_idle(pool, false);
    close_conn(conn);
    server_pool_free_if_done(pool);
}

static void on_idle_too_long(struct deadline *deadline)
{
    discard_idle(WB_CONTAINER_OF(deadline, struct server_conn, idle_deadline));
}

static void on_conn_changed(void *owner)
{
    struct server_conn *conn = owner;

    if (conn->h2)
        shared_conn_step(conn->h2);
    else if (conn->attempt)
        attempt_conn_changed(conn->attempt);
    else
        discard_idle(conn); /* an idle server has nothing to say: it ended, failed, or sent what nobody asked for */
}

struct server_conn *server_pool_take(struct server_pool *pool, bool checked)
{
    while (!list_empty(&pool->idle)) {
        struct server_conn *conn = LIST_ENTRY(pool->idle.next, struct server_conn, link);
        list_remove(&conn->link);
        note_idle(pool, false);
        if (checked && stream_has_news(conn->stream)) {
            close_conn(conn);
            continue;
        }
        deadline_clear(&conn->idle_deadline);
        pool->lent_count++;
        return conn;
    }
    return NULL;
}

struct server_conn *server_pool_dial(struct server_pool *pool, const struct address *address, bool offer_h2)
{
    struct server_conn *conn = wb_alloc(sizeof *conn);

    conn->pool = pool;
    list_init(&conn->link);
    deadline_init(&conn->idle_deadline, on_idle_too_long);
    conn->stream = stream_dial(upstream_loop(pool->upstream), address);
    if (pool->tls)
        conn->stream = tls_dial(pool->tls, &conn->stream);
    if (offer_h2 && pool->protocol == POOL_BY_ALPN)
        tls_offer_h2(conn->stream);
    stream_set_owner(conn->stream, on_conn_changed, conn);
    stream_want_read(conn->stream, true);
    pool->lent_count++;
    return conn;
}

static bool may_rest(const struct server_conn *conn)
{
    const struct server_pool *pool = conn->pool;
    const struct upstream_options *options = upstream_get_options(pool->upstream);

    if (options->max_idle && upstream_idle_count(pool->upstream) >= options->max_idle)
        return false;
    return !pool->retired && pool->idle_count < options->max_idle_per_server;
}

static bool may_serve_again(const struct server_conn *conn)
{
    const struct stream *s = conn->stream;

    return may_rest(conn) && s->connected && !s->eof && !s->error && !s->write_error && !s->writing &&
           buffer_len(&s->in) == 0;
}

static inline void begin_rest(struct server_conn *conn)
{
    struct upstream *upstream = conn->pool->upstream;

    note_idle(conn->pool, true);
    loop_set_deadline_in(upstream_loop(upstream), &conn->idle_deadline, upstream_get_options(upstream)->idle_timeout_ms);
}

void server_pool_return(struct server_conn **conn, bool reusable)
{
    struct server_conn *back = *conn;
    struct server_pool *pool = back->pool;

    *conn = NULL;
    back->attempt = NULL;
    WB_REQUIRE(pool->lent_count > 0);
    pool->lent_count--;
    if (!reusable || !may_serve_again(back)) {
        close_conn(back);
        server_pool_free_if_done(pool);
        return;
    }
    back->used = true;
    back->stream->pinned = false;
    stream_release(back->stream);
    stream_want_read(back->stream, true);
    list_push_front(&pool->idle, &back->link);
    begin_rest(back);
}

void server_pool_note_busy(struct server_conn *conn)
{
    if (!conn->rests)
        return;
    conn->rests = false;
    note_idle(conn->pool, false);
    deadline_clear(&conn->idle_deadline);
    conn->pool->lent_count++;
}

/* Nobody has a call on it. */
static void close_shared(struct server_conn *conn)
{
    struct server_pool *pool = conn->pool;

    if (conn->rests)
        note_idle(pool, false);
    else
        pool->lent_count--;
    list_remove(&conn->link);
    close_conn(conn);
    server_pool_free_if_done(pool);
}

bool server_pool_keep_or_close(struct server_conn *conn)
{
    struct server_pool *pool = conn->pool;
    bool serves_on = !conn->alone && shared_conn_serves_on(conn->h2);

    if (conn->h2->call_count)
        return true;
    if (!serves_on || pool->retired || (!conn->rests && !may_rest(conn))) {
        close_shared(conn);
        return false;
    }
    if (conn->rests)
        return true;
    conn->rests = true;
    stream_release(conn->stream);
    pool->lent_count--;
    begin_rest(conn);
    return true;
}

void server_pool_close_idle(struct server_pool *pool)
{
    LIST_EACH_SAFE (node, &pool->idle) {
        struct server_conn *conn = LIST_ENTRY(node, struct server_conn, link);
        list_remove(&conn->link);
        note_idle(pool, false);
        close_conn(conn);
    }
    pool->holds++;
    LIST_EACH_SAFE (node, &pool->shared) {
        struct server_conn *conn = LIST_ENTRY(node, struct server_conn, link);
        if (conn->h2->call_count == 0 && !conn->h2->stepping) /* else its step looks after it */
            close_shared(conn);
    }
    pool->holds--;
}
