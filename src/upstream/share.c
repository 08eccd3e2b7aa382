/* SPDX-License-Identifier: MIT */
/* How attempts come to share connections over HTTP/2: whoever finds none with room dials, and those who come meanwhile wait. */
#include "shared_conn.h"
#include "upstream_private.h"

static struct server_conn *conn_with_room(struct server_pool *pool, bool checked)
{
    LIST_EACH (node, &pool->shared) {
        struct server_conn *conn = LIST_ENTRY(node, struct server_conn, link);
        bool rests = conn->h2->call_count == 0;
        if (shared_conn_has_room(conn->h2) && !(checked && rests && stream_has_news(conn->stream)))
            return conn;
    }
    return NULL;
}

/* Nobody waits for a connection that may not be shared. */
static bool may_lead(const struct server_pool *pool, const struct attempt *attempt)
{
    return !attempt->alone && !attempt->http_1_only && (pool->protocol == POOL_H2C || pool->speaks_h2);
}

bool server_pool_join(struct server_pool *pool, struct attempt *attempt, enum attempt_conn which)
{
    struct server_conn *conn;

    if (attempt->http_1_only || attempt->alone)
        return false;
    conn = which == ATTEMPT_ON_NEW ? NULL : conn_with_room(pool, which == ATTEMPT_ON_CHECKED);
    if (conn) {
        attempt_share(attempt, conn);
        return true;
    }
    if (pool->leader) {
        list_push_back(&pool->waiting, &attempt->waiting);
        return true;
    }
    if (may_lead(pool, attempt))
        pool->leader = attempt;
    return false;
}

bool server_pool_note_protocol(struct server_pool *pool, struct server_conn *conn)
{
    bool is_h2 = pool->protocol == POOL_H2C || slice_eq(stream_protocol(conn->stream), SLICE("h2"));

    if (pool->protocol == POOL_HTTP_1)
        return false;
    if (is_h2 || !conn->attempt->http_1_only)
        pool->speaks_h2 = is_h2;
    if (!is_h2)
        return false;
    conn->attempt = NULL;
    conn->h2 = shared_conn_create(conn);
    if (!conn->alone)
        list_push_back(&pool->shared, &conn->link);
    return true;
}

void server_pool_note_arrival(struct server_pool *pool, const struct attempt *attempt)
{
    if (pool->is_known || !attempt->call)
        server_pool_stop_leading(pool, attempt, REASON_NONE);
}

void server_pool_note_settled(struct server_pool *pool, const struct shared_conn *h2)
{
    const struct attempt *leader = pool->leader;

    if (leader && leader->call && leader->call->h2 == h2)
        server_pool_stop_leading(pool, leader, REASON_NONE);
}

void server_pool_stop_leading(struct server_pool *pool, const struct attempt *attempt, enum reason failed)
{
    if (pool->leader != attempt)
        return;
    pool->leader = NULL;
    pool->leader_failed = failed;
    if (!list_empty(&pool->waiting) && list_empty(&pool->serve.link))
        loop_later(upstream_loop(pool->upstream), &pool->serve);
}

/* Those who waited: what the leader met, they have met. Else they share what he has brought, and if that is not enough, the next
 * of them leads. */
void server_pool_serve(struct later *later)
{
    struct server_pool *pool = WB_CONTAINER_OF(later, struct server_pool, serve);

    pool->holds++;
    while (!pool->leader && !list_empty(&pool->waiting)) {
        struct attempt *attempt = LIST_ENTRY(pool->waiting.next, struct attempt, waiting);
        struct server_conn *conn = conn_with_room(pool, false);
        list_remove(&attempt->waiting);
        if (conn) {
            attempt_share(attempt, conn);
        } else if (pool->leader_failed != REASON_NONE) {
            attempt_fail_waiting(attempt, pool->leader_failed);
            continue;
        } else {
            if (may_lead(pool, attempt))
                pool->leader = attempt;
            attempt_dial(attempt);
        }
        if (attempt->state != ATTEMPT_CONNECTING)
            attempt->poke(attempt->owner);
    }
    pool->holds--;
    server_pool_free_if_done(pool);
}
