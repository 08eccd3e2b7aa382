/* SPDX-License-Identifier: MIT */
#include "waybill/upstream/attempt.h"
#include "shared_conn.h"
#include "upstream_private.h"

static void on_too_late(struct deadline *deadline);
static void connect_next(struct attempt *attempt, enum reason failed);

void attempt_init(struct attempt *attempt, struct upstream *upstream, void (*poke)(void *owner), void *owner)
{
    attempt->state = ATTEMPT_NONE;
    attempt->upstream = upstream;
    attempt->dial_timeout_ms = upstream_get_options(upstream)->dial_timeout_ms;
    attempt->response_timeout_ms = upstream_get_options(upstream)->response_timeout_ms;
    attempt->conn = NULL;
    attempt->call = NULL;
    attempt->pool = NULL;
    attempt->http_1_only = false;
    list_init(&attempt->in_pool);
    list_init(&attempt->waiting);
    attempt->lookup.state = LOOKUP_NONE;
    attempt->reason = REASON_NONE;
    attempt->trailers = (struct buffer){0};
    attempt->poke = poke;
    attempt->owner = owner;
    deadline_init(&attempt->deadline, on_too_late);
}

static struct loop *loop_of(const struct attempt *attempt)
{
    return upstream_loop(attempt->upstream);
}

static void give_back_what_there_is(struct attempt *attempt, bool reusable)
{
    if (attempt->conn)
        server_pool_return(&attempt->conn, reusable);
    else
        h2_call_close(&attempt->call);
    buffer_return(&attempt->trailers, &loop_of(attempt)->stock);
}

static inline void give_back(struct attempt *attempt, bool reusable)
{
    if (attempt->conn || attempt->call)
        give_back_what_there_is(attempt, reusable);
}

static void leave_pool(struct attempt *attempt, enum reason failed)
{
    struct server_pool *pool = attempt->pool;

    attempt->pool = NULL;
    if (!pool)
        return;
    if (pool->protocol != POOL_HTTP_1) {
        server_pool_stop_leading(pool, attempt, failed);
        list_remove(&attempt->waiting);
    }
    list_remove(&attempt->in_pool);
    server_pool_free_if_done(pool);
}

void attempt_fail(struct attempt *attempt, enum reason reason)
{
    attempt->state = ATTEMPT_FAILED;
    attempt->reason = reason;
    deadline_clear(&attempt->deadline);
    lookup_cancel(loop_of(attempt), &attempt->lookup);
    give_back(attempt, false);
    leave_pool(attempt, reason);
}

static void on_too_late(struct deadline *deadline)
{
    struct attempt *attempt = WB_CONTAINER_OF(deadline, struct attempt, deadline);

    if (attempt->state == ATTEMPT_CONNECTING) {
        server_pool_avoid(attempt->pool);
        attempt_fail(attempt, REASON_DIAL_TIMEOUT);
    } else if (attempt->state == ATTEMPT_AWAITING) {
        if (attempt->call)
            h2_call_note_timeout(attempt->call);
        attempt_fail(attempt, REASON_RESPONSE_TIMEOUT);
    } else {
        return;
    }
    attempt->poke(attempt->owner);
}

static void ready(struct attempt *attempt)
{
    attempt->state = ATTEMPT_READY;
    deadline_clear(&attempt->deadline);
}

void attempt_share(struct attempt *attempt, struct server_conn *conn)
{
    list_remove(&attempt->waiting);
    attempt->reused = conn->used;
    attempt->call = h2_call_open(conn->h2, attempt);
    ready(attempt);
}

void attempt_fail_waiting(struct attempt *attempt, enum reason reason)
{
    attempt_fail(attempt, reason);
    attempt->poke(attempt->owner);
}

static void on_looked_up(void *owner)
{
    struct attempt *attempt = owner;

    connect_next(attempt, REASON_SERVER_REFUSED);
    attempt->poke(attempt->owner);
}

/* The next address of the name; with none left the attempt has failed, as the last one did. */
static void connect_next(struct attempt *attempt, enum reason failed)
{
    struct lookup *lookup = &attempt->lookup;

    if (lookup->state == LOOKUP_WAITING)
        return;
    if (lookup->state != LOOKUP_FOUND) {
        server_pool_avoid(attempt->pool);
        attempt_fail(attempt, REASON_SERVER_UNRESOLVED);
        return;
    }
    while (attempt->next_address < lookup->address_count) {
        attempt->conn = server_pool_dial(attempt->pool, &lookup->addresses[attempt->next_address++], !attempt->http_1_only);
        attempt->conn->attempt = attempt;
        attempt->conn->alone = attempt->alone;
        if (!attempt->conn->stream->error)
            return;
        give_back(attempt, false);
    }
    attempt->pool->refused = true;
    server_pool_avoid(attempt->pool);
    attempt_fail(attempt, failed);
}

void attempt_start(struct attempt *attempt, struct server_pool *pool, bool request_is_head, enum attempt_conn conn)
{
    WB_REQUIRE(!attempt->conn && !attempt->pool);
    attempt->pool = pool;
    list_push_back(&pool->attempts, &attempt->in_pool);
    attempt->request_is_head = request_is_head;
    attempt->reader = (struct h1_reader){0};
    attempt->sent = attempt->received = attempt->reused = attempt->refused = false;
    attempt->interim_count = 0;
    attempt->next_address = 0;
    attempt->reason = REASON_NONE;
    attempt->alone = conn == ATTEMPT_ALONE;
    attempt->conn = conn >= ATTEMPT_ON_NEW ? NULL : server_pool_take(pool, conn == ATTEMPT_ON_CHECKED);
    if (attempt->conn) {
        attempt->conn->attempt = attempt;
        attempt->reused = attempt->conn->used;
        ready(attempt);
        return;
    }
    attempt->state = ATTEMPT_CONNECTING;
    if (attempt->dial_timeout_ms)
        loop_set_deadline_in(loop_of(attempt), &attempt->deadline, attempt->dial_timeout_ms);
    if (pool->protocol == POOL_HTTP_1 || !server_pool_join(pool, attempt, conn))
        attempt_dial(attempt);
}

void attempt_dial(struct attempt *attempt)
{
    struct server_pool *pool = attempt->pool;

    lookup_start(loop_of(attempt), &attempt->lookup, slice_of(pool->host), pool->port, pool->refused, on_looked_up, attempt);
    connect_next(attempt, REASON_SERVER_REFUSED);
}

/* The connection ended before the head of the answer. Over TLS 1.3 a server that does not like our certificate says so only now. */
static enum reason reason_of_end(struct attempt *attempt)
{
    const struct stream *stream = attempt->conn->stream;

    if (attempt->received)
        return REASON_SERVER_MALFORMED;
    if (attempt->pool->tls && tls_stream_failure(stream) == TLS_REFUSED)
        return server_pool_note_failure(attempt->pool, stream);
    return REASON_SERVER_CLOSED;
}

/* Reads a head when there is one; true when the state changed. */
static void read_head(struct attempt *attempt)
{
    struct stream *stream = attempt->conn->stream;
    struct slice bytes = stream_bytes(stream);
    enum reason reason;

    if (bytes.len) {
        attempt->received = true;
        switch (h1_read_response(&attempt->reader, bytes, &h1_default_limits, attempt->request_is_head, &attempt->head,
                                 &attempt->head_len, &reason)) {
        case H1_HEAD:
            if (attempt->head.status < 200 && ++attempt->interim_count > ATTEMPT_INTERIM_MAX) {
                attempt_fail(attempt, REASON_SERVER_MALFORMED);
                return;
            }
            attempt->state = ATTEMPT_HEAD;
            stream->pinned = true;
            deadline_clear(&attempt->deadline);
            return;
        case H1_BAD:
            attempt_fail(attempt, REASON_SERVER_MALFORMED);
            return;
        case H1_NEED_MORE:
            if (!stream_grow(stream)) {
                attempt_fail(attempt, REASON_SERVER_MALFORMED);
                return;
            }
            break;
        }
    }
    if (stream->eof || stream->error)
        attempt_fail(attempt, reason_of_end(attempt));
}

static void note_connection(struct attempt *attempt)
{
    struct stream *stream = attempt->conn->stream;

    if (stream->error) {
        enum reason failed = server_pool_note_failure(attempt->pool, stream);
        give_back(attempt, false);
        connect_next(attempt, failed);
    } else if (stream->connected) {
        attempt->pool->refused = false;
        attempt->pool->failure_said = TLS_FINE;
        attempt->pool->avoid_until_ms = attempt->pool->doublings = 0;
        if (server_pool_note_protocol(attempt->pool, attempt->conn)) {
            struct server_conn *conn = attempt->conn;
            attempt->conn = NULL;
            attempt_share(attempt, conn);
        } else {
            ready(attempt);
        }
        server_pool_note_arrival(attempt->pool, attempt);
    }
}

void attempt_conn_changed(struct attempt *attempt)
{
    if (attempt->state == ATTEMPT_CONNECTING)
        note_connection(attempt);
    else if (attempt->state == ATTEMPT_AWAITING)
        read_head(attempt);
    attempt->poke(attempt->owner);
}

/* As read_head. */
static void read_call_head(struct attempt *attempt)
{
    bool came;
    enum reason reason = h2_call_head(attempt->call, &came);

    if (came)
        attempt->interim_count += attempt->head.status < 200;
    if (reason != REASON_NONE) {
        attempt_fail(attempt, reason);
    } else if (came && attempt->interim_count > ATTEMPT_INTERIM_MAX) {
        attempt_fail(attempt, REASON_SERVER_MALFORMED);
    } else if (came) {
        attempt->state = ATTEMPT_HEAD;
        deadline_clear(&attempt->deadline);
    }
}

void attempt_call_changed(struct attempt *attempt)
{
    if (attempt->state == ATTEMPT_AWAITING || (attempt->state == ATTEMPT_READY && h2_call_write_failed(attempt->call)))
        read_call_head(attempt);
    attempt->poke(attempt->owner);
}

void attempt_turn_back(struct attempt *attempt)
{
    if (attempt->state != ATTEMPT_CONNECTING)
        return;
    attempt_fail(attempt, REASON_SERVER_REFUSED);
    attempt->poke(attempt->owner);
}

static void call_head_done(struct attempt *attempt)
{
    if (attempt->head.status >= 200) {
        attempt->state = ATTEMPT_BODY;
        return;
    }
    attempt->state = ATTEMPT_AWAITING;
    read_call_head(attempt);
}

void attempt_head_done(struct attempt *attempt)
{
    WB_REQUIRE(attempt->state == ATTEMPT_HEAD);
    if (!attempt->conn) {
        call_head_done(attempt);
        return;
    }
    struct stream *stream = attempt->conn->stream;
    unsigned status = attempt->head.status;

    stream->pinned = false;
    stream_consume(stream, attempt->head_len);
    attempt->reader = (struct h1_reader){0};
    if (status == 101) {
        attempt->state = ATTEMPT_TUNNEL;
    } else if (status < 200) {
        attempt->state = ATTEMPT_AWAITING;
        read_head(attempt);
    } else {
        body_reader_init(&attempt->body, attempt->head.body, attempt->head.content_length);
        attempt->state = ATTEMPT_BODY;
    }
}

static enum body_result call_body(struct attempt *attempt, struct headers *trailers, struct slice *out_payload)
{
    enum body_result result = h2_call_body(attempt->call, trailers, out_payload);

    if (result == BODY_END)
        attempt->state = ATTEMPT_ENDED;
    else if (result == BODY_INVALID)
        attempt_fail(attempt, REASON_RESPONSE_CUT);
    return result;
}

enum body_result attempt_body(struct attempt *attempt, struct headers *trailers, struct slice *out_payload)
{
    *out_payload = SLICE("");
    if (attempt->state == ATTEMPT_ENDED)
        return BODY_END;
    if (attempt->state != ATTEMPT_BODY)
        return BODY_INVALID;
    if (!attempt->conn)
        return call_body(attempt, trailers, out_payload);
    struct stream *stream = attempt->conn->stream;
    size_t skip = 0;
    bool over = stream->eof || stream->error;
    enum body_result result = body_read(&attempt->body, stream_bytes(stream), stream->eof, trailers, &skip, out_payload);

    if (skip && !(trailers && result == BODY_END && trailers->count))
        stream_consume(stream, skip); /* trailer slices must outlive this call: then the rest is dropped by finish */
    if (result == BODY_END) {
        attempt->state = ATTEMPT_ENDED;
    } else if (result == BODY_INVALID || (result == BODY_MORE && over)) {
        attempt_fail(attempt, REASON_RESPONSE_CUT);
        return BODY_INVALID;
    } else if (result == BODY_MORE && !stream_grow(stream)) {
        attempt_fail(attempt, REASON_RESPONSE_CUT);
        return BODY_INVALID;
    }
    return result;
}

static void take_from_call(struct attempt *attempt, size_t count)
{
    if (!attempt->call || count == 0)
        return;
    h2_stream_took(attempt->call->stream, count);
    shared_conn_step_later(attempt->call->h2); /* the window that this gives back */
}

void attempt_took(struct attempt *attempt, size_t count)
{
    if (!attempt->conn) {
        take_from_call(attempt, count);
        return;
    }
    if (count == 0)
        return;
    body_took(&attempt->body, count);
    stream_consume(attempt->conn->stream, count);
}

void attempt_pin(struct attempt *attempt, bool pinned)
{
    if (attempt->conn)
        attempt->conn->stream->pinned = pinned;
}

struct stream *attempt_stream(const struct attempt *attempt)
{
    return attempt->conn ? attempt->conn->stream : NULL;
}

uint64_t attempt_bytes_received(const struct attempt *attempt)
{
    const struct stream *stream = attempt_stream(attempt);
    const struct h2_call *call = attempt->call;

    if (call)
        return call->stream ? call->stream->received : 0;
    return stream ? stream->bytes_read : 0;
}

void attempt_finish(struct attempt *attempt, bool request_sent)
{
    bool clean = attempt->state == ATTEMPT_ENDED && request_sent && attempt->head.keep_alive;

    deadline_clear(&attempt->deadline);
    give_back(attempt, clean);
    attempt_cancel(attempt);
}

void attempt_break_off(struct attempt *attempt)
{
    if (attempt->conn)
        attempt->conn->broken_off = true;
}

void attempt_cancel(struct attempt *attempt)
{
    lookup_cancel(loop_of(attempt), &attempt->lookup);
    loop_remove_deadline(loop_of(attempt), &attempt->deadline);
    give_back(attempt, false);
    leave_pool(attempt, REASON_NONE);
    attempt->state = ATTEMPT_NONE;
}
