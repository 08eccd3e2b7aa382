/* SPDX-License-Identifier: MIT */
/* The HTTP/2 side of an exchange: a stream's head and body, and how the answer is sent on it (RFC 9113 8.1). */
#include "h2_conn.h"
#include "waybill/http/h2_head.h"

static enum body_result body(void *client, struct headers *trailers, struct slice *out_payload)
{
    const struct client_stream *r = client;

    *out_payload = SLICE("");
    if (r->asks_tunnel && !r->tunnelling)
        return BODY_END; /* what comes is not the request's */
    *out_payload = h2_stream_payload(r->stream);
    if (out_payload->len)
        return BODY_PAYLOAD;
    if (r->tunnelling && r->stream->trailers.count) {
        h2_stream_reset(r->stream, H2_PROTOCOL_ERROR); /* RFC 9113 8.5 */
        return BODY_INVALID;
    }
    if (!r->stream->ended)
        return r->stream->closed ? BODY_INVALID : BODY_MORE;
    if (trailers)
        h2_read_trailers(&r->stream->trailers, trailers);
    return BODY_END;
}

static void body_taken(void *client, size_t count)
{
    struct client_stream *r = client;

    h2_stream_took(r->stream, count);
    h2_conn_gather(r->conn); /* the window that this gives back */
}

/* What waits in a stream never moves, and it comes as far as the window lets it. */
static void body_pin(void *client, bool pinned)
{
    (void)client, (void)pinned;
}

static void body_want(void *client, bool want)
{
    (void)client, (void)want;
}

static void compose_status(struct h2_session *session, unsigned status)
{
    char digits[3] = {(char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10), (char)('0' + status % 10)};

    h2_compose(session);
    h2_compose_status(session, digits);
}

static void send_continue(void *client)
{
    struct client_stream *r = client;

    if (r->continue_sent || r->out_ended)
        return;
    r->continue_sent = true;
    compose_status(r->conn->session, 100);
    h2_stream_interim(r->stream);
    h2_conn_gather(r->conn);
}

static void compose_fields(struct h2_session *session, const struct headers *headers)
{
    for (unsigned i = 0; i < headers->count; i++) {
        const struct header *header = &headers->items[i];
        if (!header->gone && !header_is_of_connection(header->id)) /* clients refuse it */
            h2_compose_field(session, header->name, header->value);
    }
}

/* RFC 8441 5: a tunnel stands with a 200, where HTTP/1 says 101. Another success would say so, too: it has been refused before. */
static unsigned status_of(struct client_stream *r, const struct answer_head *head)
{
    r->tunnelling = head->status == 101;
    r->conn->tunnels += r->tunnelling;
    r->failed = r->failed || (r->asks_tunnel && head->status >= 200 && head->status < 300);
    return r->tunnelling ? 200 : head->status;
}

static void send_head(void *client, const struct answer_head *head)
{
    struct client_stream *r = client;
    struct h2_session *session = r->conn->session;
    unsigned status = status_of(r, head);
    bool has_body = r->tunnelling || (head->has_body && !(head->length_known && head->content_length == 0));

    compose_status(session, status);
    if (r->tunnelling)
        headers_remove(head->headers, HEADER_SEC_WEBSOCKET_ACCEPT); /* it answers a key of ours */
    if (head->date.len)
        h2_compose_field(session, SLICE("date"), head->date);
    if (head->headers)
        compose_fields(session, head->headers);
    if (head->write_length)
        h2_compose_u64(session, SLICE("content-length"), head->content_length);
    r->failed = r->failed || !h2_compose_ok(session);
    if (r->failed)
        return;
    r->length_known = head->length_known;
    r->left = head->content_length;
    r->out_ended = !has_body;
    h2_stream_answer(r->stream, has_body);
}

/* The end of an answer whose length is known goes with its last byte: no empty frame follows. */
static bool is_last(const struct client_stream *r, struct slice payload, bool last)
{
    return last || (r->length_known && payload.len == r->left);
}

static void send_body(void *client, struct slice payload, bool last, const struct headers *trailers)
{
    struct client_stream *r = client;
    struct h2_session *session = r->conn->session;

    r->failed = r->failed || (r->length_known && payload.len > r->left);
    if (r->failed || (r->out_ended && payload.len == 0)) {
        h2_conn_gather(r->conn);
        return;
    }
    WB_REQUIRE(!r->out_ended);
    r->out_ended = is_last(r, payload, last);
    r->left -= r->length_known ? payload.len : 0;
    if (last && payload.len == 0 && trailers && trailers->count) {
        h2_compose(session);
        compose_fields(session, trailers);
        h2_stream_send_trailers(r->stream);
    } else {
        h2_stream_send(r->stream, payload, r->out_ended);
    }
    h2_conn_gather(r->conn);
}

static void flush(void *client)
{
    h2_conn_gather(((struct client_stream *)client)->conn);
}

static bool is_writing(void *client)
{
    return ((struct client_stream *)client)->stream->unsent.len > 0;
}

static bool has_failed(void *client)
{
    const struct client_stream *r = client;
    return r->failed || (r->stream->closed && !r->out_ended) || r->conn->stream->write_error || r->conn->stream->error;
}

/* While the socket is what it waits for, what that takes counts: others are before it. A window that stays shut is its own. */
static size_t bytes_left(void *client)
{
    const struct client_stream *r = client;
    size_t before = r->conn->out_sent && h2_stream_has_window(r->stream) ? stream_bytes_left(r->conn->stream) : 0;
    return r->stream->unsent.len + before;
}

static const struct stream *connection(const void *client)
{
    return ((const struct client_stream *)client)->conn->stream;
}

static struct stream *tunnel(void *client)
{
    (void)client;
    return NULL;
}

/* The request goes with its stream, whose arena it is in. */
static void let_go(struct client_stream *r)
{
    struct h2_stream *stream = r->stream;
    struct h2_conn *c = r->conn;

    list_remove(&r->link);
    c->request_count--;
    c->tunnels -= r->tunnelling;
    h2_stream_release(&stream);
    h2_conn_gather(c);
}

static void ended(void *client, bool cut)
{
    struct client_stream *r = client;

    r->exchange = NULL;
    if (cut || !r->out_ended)
        h2_stream_reset(r->stream, r->tunnelling ? H2_CONNECT_ERROR : H2_INTERNAL_ERROR);
    let_go(r);
}

static const struct client_ops client_stream_ops = {
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
    .ended = ended,
};

void client_stream_begin(struct h2_conn *c, struct h2_stream *stream)
{
    struct client_stream *r = ARENA_NEW(&stream->arena, struct client_stream);
    struct exchange *x = exchange_create(c->entry->env, &client_stream_ops, r);
    bool whole = stream->ended && stream->received == 0;
    enum reason reason;

    stream->owner = r;
    r->conn = c;
    r->stream = stream;
    r->exchange = x;
    list_push_back(&c->requests, &r->link);
    c->request_count++;
    c->was_used = true;
    reason = h2_read_request(&stream->head, whole, &c->entry->options.limits, &stream->arena, &x->request);
    r->asks_tunnel = x->request.upgrade;
    if (reason == REASON_NONE)
        exchange_begin(x, c->entrypoint, &c->peer);
    else
        exchange_refuse(x, c->entrypoint, &c->peer, reason);
}

void client_stream_step(struct client_stream *r)
{
    bool cancelled = r->stream->closed && !r->out_ended;

    if (cancelled)
        client_stream_drop(r, r->stream->code == H2_PROTOCOL_ERROR ? REASON_BAD_BODY : REASON_CLIENT_GONE);
    else
        exchange_poke(r->exchange);
}

void client_stream_drop(struct client_stream *r, enum reason reason)
{
    struct exchange *x = r->exchange;

    r->exchange = NULL;
    h2_stream_reset(r->stream, H2_CANCEL);
    exchange_abandon(x, reason);
    let_go(r);
}
