/* SPDX-License-Identifier: MIT */
/* After a 101: bytes pass both ways as they come, each side's end is passed on, and nothing is looked at. Over HTTP/2 the client's
 * side is a stream among others, and its bytes are a body's (RFC 8441 5). */
#include "exchange_private.h"

/* A slice of `from` becomes the same slice of the copy; any other stays. */
static void follow(struct slice *text, struct slice from, const char *copy)
{
    uintptr_t at = (uintptr_t)text->ptr, base = (uintptr_t)from.ptr;

    if (at >= base && at - base <= from.len)
        text->ptr = copy + (at - base);
}

static void follow_request(struct exchange *x, struct slice from, const char *copy)
{
    struct request_head *request = &x->request;
    struct target *target = &x->target;
    struct slice *const texts[] = {&request->method,
                                   &request->target,
                                   &request->authority,
                                   &request->host,
                                   &request->port,
                                   &target->raw,
                                   &target->raw_path,
                                   &target->query,
                                   &target->canonical,
                                   &target->loose,
                                   &x->route.changes.target,
                                   &x->route.changes.prefix,
                                   &x->route.changes.replaced,
                                   &x->user};

    for (size_t i = 0; i < WB_COUNT(texts); i++)
        follow(texts[i], from, copy);
    for (unsigned i = 0; i < request->headers.count; i++) {
        follow(&request->headers.items[i].name, from, copy);
        follow(&request->headers.items[i].value, from, copy);
    }
}

void tunnel_keep_request(struct exchange *x)
{
    struct slice head = buffer_slice(&x->head_bytes);
    struct slice copy = arena_copy(&x->arena, head);

    if (x->arena.overflowed)
        return;
    follow_request(x, head, copy.ptr);
    x->upgrade = SLICE("");
    buffer_return(&x->head_bytes, &x->env->loop->stock);
}

/* Moves what waits in `from`; `*pending` of its bytes are being written. True when a side has failed. */
static bool pump(struct stream *from, struct stream *to, size_t *pending, bool *shut, uint64_t *moved)
{
    if (from->error || to->error || to->write_error)
        return true;
    while (!to->writing) {
        if (*pending) {
            from->pinned = false;
            stream_consume(from, *pending);
            *pending = 0;
        }
        struct slice bytes = stream_bytes(from);
        if (bytes.len == 0 || *shut)
            break;
        stream_write(to, &bytes, 1);
        if (to->write_error)
            return true;
        *moved += bytes.len;
        *pending = bytes.len;
        from->pinned = to->writing;
    }
    if (from->eof && !to->writing && stream_bytes(from).len == 0 && !*shut) {
        *shut = true;
        stream_shut_down(to);
    }
    if (!to->writing)
        stream_release(from);
    return false;
}

/* From a client over HTTP/2; as pump. */
static bool pump_body(struct exchange *x, struct stream *server)
{
    while (!server->writing && !x->tunnel_client_shut) {
        struct slice payload;
        if (x->upload_pending)
            x->client_ops->body_took(x->client, x->upload_pending);
        x->upload_pending = 0;
        switch (x->client_ops->body(x->client, NULL, &payload)) {
        case BODY_PAYLOAD:
            stream_write(server, &payload, 1);
            x->upload_pending = payload.len;
            break;
        case BODY_MORE:
            return false;
        case BODY_INVALID:
            return true;
        case BODY_END:
            x->tunnel_client_shut = true;
            stream_shut_down(server);
            break;
        }
        if (server->error || server->write_error)
            return true;
    }
    return false;
}

/* To it. */
static bool pump_answer(struct exchange *x, struct stream *server)
{
    const struct client_ops *ops = x->client_ops;

    if (server->error || server->write_error || ops->has_failed(x->client))
        return true;
    while (!ops->is_writing(x->client) && !x->tunnel_server_shut) {
        server->pinned = false;
        stream_consume(server, x->download_pending);
        struct slice bytes = stream_bytes(server);
        x->download_pending = bytes.len;
        if (bytes.len == 0)
            break;
        ops->send_body(x->client, bytes, false, NULL);
        x->answer_bytes += bytes.len;
        server->pinned = ops->is_writing(x->client);
    }
    if (ops->is_writing(x->client))
        return false;
    if (server->eof && !x->tunnel_server_shut) {
        x->tunnel_server_shut = true;
        ops->send_body(x->client, SLICE(""), true, NULL);
    }
    stream_release(server);
    return false;
}

/* Both ways; true when a side has failed. */
static bool pump_both(struct exchange *x, struct stream *client, struct stream *server)
{
    uint64_t sent = 0;

    if (!client)
        return pump_body(x, server) || pump_answer(x, server);
    return pump(client, server, &x->upload_pending, &x->tunnel_client_shut, &sent) ||
           pump(server, client, &x->download_pending, &x->tunnel_server_shut, &x->answer_bytes);
}

/* A tunnel may be silent for long; a side that takes nothing of what waits for it may not. */
static void watch_writes(struct exchange *x)
{
    if (x->client_ops->is_writing(x->client))
        exchange_watch(x, exchange_client_progress(x), x->body_timeout_ms);
    else if (attempt_is_writing(&x->attempt))
        exchange_watch(x, exchange_server_progress(x), x->body_timeout_ms);
    else
        deadline_clear(&x->deadline);
}

bool step_tunnel(struct exchange *x)
{
    struct stream *client = x->client_ops->tunnel(x->client);
    struct stream *server = attempt_stream(&x->attempt);

    if (!server) {
        exchange_end(x, REASON_RESPONSE_CUT, true);
        return false;
    }
    if (x->client_ops->is_writing(x->client) && x->download_pending == 0 && !x->tunnel_server_shut) {
        watch_writes(x);
        return false; /* the 101 itself */
    }
    if (client)
        stream_want_read(client, true);
    stream_want_read(server, true);
    if (pump_both(x, client, server)) {
        exchange_end(x, REASON_DONE, true);
        return false;
    }
    if (x->tunnel_client_shut && x->tunnel_server_shut && !x->client_ops->is_writing(x->client) && !server->writing)
        exchange_end(x, REASON_DONE, false);
    else
        watch_writes(x);
    return false;
}
