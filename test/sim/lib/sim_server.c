/* SPDX-License-Identifier: MIT */
#include "sim_server.h"
#include "waybill/base/base64.h"
#include "waybill/base/digest.h"
#include <stdio.h>
#include <stdlib.h>

static void read_requests(struct sim_conn *conn);

static void on_later(struct sim_event *event)
{
    struct sim_conn *conn = WB_CONTAINER_OF(event, struct sim_conn, later);

    if (conn->wire->gone || conn->wire->fin_coming)
        return;
    sim_link_send(conn->wire, text_slice(&conn->reply));
    conn->reply.len = 0;
    conn->answering = false;
    conn->requests++;
    if (conn->close_after)
        sim_link_shut(conn->wire);
    else
        read_requests(conn);
}

void sim_conn_reply(struct sim_conn *conn, struct slice bytes, uint64_t after_ms, bool close)
{
    text_add(&conn->reply, bytes);
    conn->answering = true;
    conn->close_after = close;
    sim_post(conn->server->sim, &conn->later, after_ms);
}

static void note_request(struct sim_server *server, const struct sim_message *request)
{
    uint64_t id = 0;
    struct slice written = sim_message_field(request, "X-Id");

    server->request_count++;
    if (slice_to_u64(written, SIM_IDS_MAX - 1, &id))
        server->executed[id]++;
    server->last_head.len = 0;
    text_add(&server->last_head, request->first_line);
    text_add(&server->last_head, SLICE("\r\n"));
    text_add(&server->last_head, request->fields);
}

static void note_body(struct sim_server *server, const struct sim_message *request)
{
    server->last_body.len = server->last_trailers.len = 0;
    text_add(&server->last_body, text_slice(&request->body));
    text_add(&server->last_trailers, request->trailers);
}

static void echo(struct sim_conn *conn)
{
    struct slice bytes = slice_from(text_slice(&conn->wire->got), conn->done);

    conn->done += bytes.len;
    if (bytes.len && !conn->wire->fin_coming)
        sim_link_send(conn->wire, bytes);
    if (conn->wire->got_fin && !conn->wire->fin_coming)
        sim_link_shut(conn->wire);
}

static void read_requests(struct sim_conn *conn)
{
    struct sim_server *server = conn->server;

    while (!conn->answering && !server->raw) {
        struct sim_message request;
        if (conn->tunnel) {
            echo(conn);
            return;
        }
        struct slice bytes = slice_from(text_slice(&conn->wire->got), conn->done);
        sim_message_read(bytes, SIM_REQUEST, sim_link_is_over(conn->wire), &request);
        bool head_is_new = request.head_came && !conn->head_seen;
        conn->head_seen = request.head_came;
        if (head_is_new)
            note_request(server, &request);
        if (request.complete) {
            conn->done += request.bytes;
            conn->head_seen = false;
            note_body(server, &request);
        }
        bool early = server->at_head || slice_starts(sim_message_target(&request), SLICE("/early"));
        if (server->deaf && request.complete)
            conn->answering = true; /* for ever */
        else if (early ? head_is_new : request.complete)
            server->answer(conn, &request);
        bool again = request.complete;
        sim_message_fini(&request);
        if (!again)
            return;
    }
}

static void on_changed(void *owner)
{
    read_requests(owner);
}

static void accept_link(struct sim_listener *listener, struct sim_link *link)
{
    struct sim_server *server = (struct sim_server *)(void *)listener;
    struct sim_conn *conn = wb_alloc(sizeof *conn);

    conn->server = server;
    conn->wire = link;
    conn->later.run = on_later;
    list_init(&conn->later.link);
    link->changed = on_changed;
    link->owner = conn;
    list_push_front(&server->conns, &conn->link);
    server->conn_count++;
}

void sim_server_init(struct sim_server *server, struct sim *sim, const char *ip, uint16_t port, const char *name)
{
    *server = (struct sim_server){.sim = sim, .name = name, .answer = sim_server_answer_path};
    server->listener.accepted = accept_link;
    list_init(&server->conns);
    sim_add_listener(sim, &server->listener, ip, port);
}

void sim_server_fini(struct sim_server *server)
{
    LIST_EACH_SAFE (node, &server->conns) {
        struct sim_conn *conn = LIST_ENTRY(node, struct sim_conn, link);
        conn->wire->changed = NULL;
        sim_unpost(&conn->later);
        text_fini(&conn->reply);
        free(conn);
    }
    sim_remove_listener(&server->listener);
    text_fini(&server->last_head);
    text_fini(&server->last_body);
    text_fini(&server->last_trailers);
}

struct sim_conn *sim_server_conn(struct sim_server *server)
{
    return list_empty(&server->conns) ? NULL : LIST_ENTRY(server->conns.next, struct sim_conn, link);
}

static void add_head(struct text *out, struct sim_conn *conn, const struct sim_message *request, const char *status)
{
    struct slice id = sim_message_field(request, "X-Id");

    text_addf(out, "HTTP/1.1 %s\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nX-Id: " SLICE_FMT "\r\nX-Server: %s\r\n", status,
              SLICE_ARG(id), conn->server->name);
}

static void add_chunked(struct text *out, uint64_t id, size_t count)
{
    struct text body = TEXT_EMPTY;

    sim_body_add(&body, id, count);
    for (size_t at = 0; at < count;) {
        size_t size = count - at < 700 ? count - at : 700;
        text_addf(out, "%zx\r\n", size);
        text_add(out, slice_make(body.ptr + at, size));
        text_add(out, SLICE("\r\n"));
        at += size;
    }
    text_add(out, SLICE("0\r\nX-Sum: 7\r\n\r\n"));
    text_fini(&body);
}

/* RFC 6455 4.2.2. */
static void add_accept(struct text *out, struct slice key)
{
    char *text = wb_format(SLICE_FMT "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", SLICE_ARG(key));
    unsigned char digest[DIGEST_SHA1_BYTES];
    char accept[BASE64_SIZE(DIGEST_SHA1_BYTES)];

    digest_sha1(slice_of(text), digest);
    base64_encode(slice_make((const char *)digest, sizeof digest), accept);
    text_addf(out, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\nhello", accept);
    free(text);
}

static void switch_protocols(struct sim_conn *conn, const struct sim_message *request, struct text *out)
{
    struct slice key = sim_message_field(request, "Sec-WebSocket-Key");

    add_head(out, conn, request, "101 Switching Protocols");
    if (key.len)
        add_accept(out, key);
    else
        text_add(out, SLICE("Connection: Upgrade\r\nUpgrade: echo\r\n\r\nhello"));
    conn->tunnel = true;
}

static void add_body(struct text *out, const struct sim_message *request, struct slice path, uint64_t id, size_t count)
{
    if (slice_eq(sim_message_method(request), SLICE("HEAD"))) {
        text_addf(out, "Content-Length: %zu\r\n\r\n", count);
    } else if (slice_starts(path, SLICE("/chunked"))) {
        text_add(out, SLICE("Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n"));
        add_chunked(out, id, count);
    } else if (slice_starts(path, SLICE("/echo"))) {
        text_addf(out, "Content-Length: %zu\r\n\r\n", request->body.len);
        text_add(out, text_slice(&request->body));
    } else {
        if (!slice_starts(path, SLICE("/close")))
            text_addf(out, "Content-Length: %zu\r\n", count);
        text_add(out, SLICE("\r\n"));
        sim_body_add(out, id, count);
    }
}

void sim_server_answer_path(struct sim_conn *conn, const struct sim_message *request)
{
    struct slice path = sim_message_target(request);
    size_t count = (size_t)sim_path_number(path, 1);
    bool close = slice_starts(path, SLICE("/close"));
    struct text out = TEXT_EMPTY;
    uint64_t id = 0;

    (void)slice_to_u64(sim_message_field(request, "X-Id"), SIM_IDS_MAX - 1, &id);
    if (slice_starts(path, SLICE("/mute"))) {
        conn->answering = true;
        return;
    }
    if (slice_starts(path, SLICE("/cont")))
        text_add(&out, SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
    if (slice_starts(path, SLICE("/hints")))
        text_add(&out, SLICE("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"));
    if (slice_starts(path, SLICE("/up"))) {
        switch_protocols(conn, request, &out);
    } else if (slice_starts(path, SLICE("/204")) || slice_starts(path, SLICE("/304"))) {
        add_head(&out, conn, request, slice_starts(path, SLICE("/204")) ? "204 No Content" : "304 Not Modified");
        text_add(&out, SLICE("\r\n"));
    } else {
        add_head(&out, conn, request, "200 OK");
        add_body(&out, request, path, id, count);
    }
    sim_conn_reply(conn, text_slice(&out), sim_path_number(path, 2), close);
    text_fini(&out);
}
