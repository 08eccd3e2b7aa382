/* SPDX-License-Identifier: MIT */
/* An attempt's side of a connection that is shared: the request as fields, the answer from them. */
#include "shared_conn.h"
#include "upstream_private.h"
#include "waybill/http/h2_head.h"
#include <stdlib.h>

struct h2_call *h2_call_open(struct shared_conn *h2, struct attempt *attempt)
{
    struct h2_call *call = wb_alloc(sizeof *call);

    call->h2 = h2;
    call->attempt = attempt;
    call->length = UINT64_MAX;
    list_push_back(&h2->calls, &call->link);
    h2->unsent_count++;
    if (h2->call_count++ == 0)
        server_pool_note_busy(h2->conn);
    h2->conn->used = true;
    return call;
}

static void cancel(struct h2_call *call)
{
    call->h2->cancelled += !call->stream->closed;
    h2_stream_reset(call->stream, H2_CANCEL);
}

void h2_call_close(struct h2_call **call)
{
    struct h2_call *closing = *call;
    struct shared_conn *h2 = closing->h2;

    *call = NULL;
    if (!closing->stream)
        h2->unsent_count--;
    else if (closing->stream->ended && closing->stream->unsent.len == 0)
        h2->cancelled -= h2->cancelled > 0;
    else
        cancel(closing);
    h2_stream_release(&closing->stream);
    list_remove(&closing->link);
    h2->call_count--;
    free(closing);
    if (h2->stepping || h2->call_count || server_pool_keep_or_close(h2->conn))
        shared_conn_step_later(h2);
}

/* What the connection has to itself, and HTTP/2 does without (RFC 9113 8.2.2); Host is the authority. */
static bool stays_behind(enum header_id id)
{
    return id == HEADER_HOST || header_is_of_connection(id);
}

/* The next line of a head that was written here: "name: value"; false: that was the last. */
static bool next_field(struct slice *rest, struct slice *out_name, struct slice *out_value)
{
    size_t len = slice_find(*rest, '\r');
    struct slice line = slice_head(*rest, len);
    size_t colon = slice_find(line, ':');

    *rest = slice_from(*rest, len + 2);
    *out_name = slice_head(line, colon);
    *out_value = slice_trim(slice_from(line, colon + 1));
    return line.len > 0;
}

static struct slice authority_of(struct slice fields)
{
    struct slice name, value;

    while (next_field(&fields, &name, &value))
        if (header_id_of(name) == HEADER_HOST)
            return value;
    return SLICE("");
}

/* The exchange composes one kind of head; its lines become fields here. */
static void compose(struct h2_call *call, struct slice head)
{
    struct h2_session *session = call->h2->session;
    struct slice fields = slice_from(head, slice_find(head, '\r') + 2), name, value;
    struct slice method = slice_head(head, slice_find(head, ' '));
    struct slice path = slice_from(head, method.len + 1);
    struct slice authority = authority_of(fields);

    path = slice_head(path, slice_find(path, ' '));
    h2_compose(session);
    h2_compose_field(session, SLICE(":method"), method);
    h2_compose_field(session, SLICE(":scheme"), call->h2->conn->pool->tls ? SLICE("https") : SLICE("http"));
    if (authority.len) /* HTTP/1.0 may come without */
        h2_compose_field(session, SLICE(":authority"), authority);
    h2_compose_field(session, SLICE(":path"), path);
    while (next_field(&fields, &name, &value)) {
        enum header_id id = header_id_of(name);
        if (id == HEADER_CONTENT_LENGTH)
            (void)slice_to_u64(value, UINT64_MAX - 1, &call->length);
        if (!stays_behind(id))
            h2_compose_field(session, name, value);
    }
}

static bool send_head(struct h2_call *call, const struct request_part *part)
{
    struct shared_conn *h2 = call->h2;
    bool has_body = part->payload.len > 0 || !part->last;

    compose(call, part->head);
    if (!h2_compose_ok(h2->session)) {
        call->refused = true;
        return false;
    }
    call->stream = h2_session_request(h2->session, call, has_body);
    h2->unsent_count--;
    call->ended = !has_body;
    return has_body;
}

static void send_trailers(struct h2_call *call, const struct headers *trailers)
{
    struct h2_session *session = call->h2->session;

    h2_compose(session);
    for (unsigned i = 0; i < trailers->count; i++)
        if (!trailers->items[i].gone)
            h2_compose_field(session, trailers->items[i].name, trailers->items[i].value);
    if (h2_compose_ok(session))
        h2_stream_send_trailers(call->stream);
    else
        h2_stream_send(call->stream, SLICE(""), true);
}

void h2_call_send(struct h2_call *call, const struct request_part *part)
{
    bool has_trailers = part->last && part->trailers && part->trailers->count;

    shared_conn_step_later(call->h2);
    if (part->head.len && !send_head(call, part))
        return;
    if (!call->stream || call->stream->closed || call->ended)
        return;
    call->sent += part->payload.len;
    /* The end of a body whose length is known goes with its last byte: no empty frame follows. */
    call->ended = part->last || call->sent == call->length;
    if (has_trailers) {
        WB_REQUIRE(part->payload.len == 0);
        send_trailers(call, part->trailers);
    } else if (part->payload.len || part->last) {
        h2_stream_send(call->stream, part->payload, call->ended);
    }
}

void h2_call_note_timeout(struct h2_call *call)
{
    struct shared_conn *h2 = call->h2;
    uint64_t quiet_ms = upstream_loop(h2->conn->pool->upstream)->now_ms - h2->heard_ms;

    h2->silent = h2->silent || quiet_ms >= call->attempt->response_timeout_ms;
}

bool h2_call_is_writing(const struct h2_call *call)
{
    return call->stream && call->stream->unsent.len > 0 && !call->h2->over;
}

bool h2_call_write_failed(const struct h2_call *call)
{
    return call->refused || call->h2->over || (call->stream && call->stream->closed);
}

/* It has ended without an answer. */
static enum reason reason_of_end(struct h2_call *call)
{
    struct shared_conn *h2 = call->h2;
    struct server_pool *pool = h2->conn->pool;
    const struct h2_stream *stream = call->stream;

    if (call->refused)
        return REASON_INTERNAL;
    if (!stream || stream->unprocessed) {
        call->attempt->sent = false; /* nothing came of it: it may be sent again (decisions.md 29) */
        call->attempt->refused = stream != NULL;
        return REASON_SERVER_CLOSED;
    }
    if (stream->closed)
        return stream->code == H2_PROTOCOL_ERROR ? REASON_SERVER_MALFORMED : REASON_SERVER_RESET;
    if (h2_session_fault(h2->session) || call->attempt->received)
        return REASON_SERVER_MALFORMED;
    if (pool->tls && tls_stream_failure(h2->conn->stream) == TLS_REFUSED)
        return server_pool_note_failure(pool, h2->conn->stream);
    return REASON_SERVER_CLOSED;
}

enum reason h2_call_head(struct h2_call *call, bool *out_came)
{
    struct attempt *attempt = call->attempt;
    const struct h2_stream *stream = call->stream;
    bool is_all;

    *out_came = false;
    if (stream && stream->heads > call->heads_seen) {
        attempt->received = true;
        attempt->interim_count += stream->heads - call->heads_seen - 1;
        call->heads_seen = stream->heads;
        *out_came = true;
        is_all = stream->ended && stream->received == 0 && stream->trailers.count == 0;
        return h2_read_response(&stream->head, is_all, attempt->request_is_head, &attempt->head);
    }
    if (call->refused || call->h2->over || (stream && stream->closed))
        return reason_of_end(call);
    return REASON_NONE;
}

enum body_result h2_call_body(struct h2_call *call, struct headers *trailers, struct slice *out_payload)
{
    const struct h2_stream *stream = call->stream;

    if (call->attempt->head.body == BODY_NONE)
        return BODY_END;
    *out_payload = h2_stream_payload(stream);
    if (out_payload->len)
        return BODY_PAYLOAD;
    if (stream->ended) {
        if (trailers)
            h2_read_trailers(&stream->trailers, trailers);
        return BODY_END;
    }
    return stream->closed || call->h2->over ? BODY_INVALID : BODY_MORE;
}
