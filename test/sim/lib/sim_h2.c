/* SPDX-License-Identifier: MIT */
#include "sim_h2.h"
#include <stdio.h>
#include <stdlib.h>

static void flush(struct sim_h2_conn *conn)
{
    struct buffer out = {0};

    while (h2_session_has_output(conn->session)) {
        buffer_borrow(&out, &conn->server->stock, BUFFER_SIZE);
        h2_session_drain(conn->session, &out);
        if (buffer_len(&out) == 0)
            break;
        if (!conn->wire->gone && !conn->wire->fin_coming)
            sim_link_send(conn->wire, buffer_slice(&out));
        buffer_consume(&out, buffer_len(&out));
    }
    buffer_return(&out, &conn->server->stock);
}

static void drop(struct sim_h2_request *request)
{
    request->conn->open--;
    sim_unpost(&request->later);
    list_remove(&request->link);
    h2_stream_release(&request->stream);
    text_fini(&request->body);
    text_fini(&request->reply);
    free(request);
}

static void compose_head(struct sim_h2_request *request, const char *status)
{
    struct h2_session *session = request->conn->session;

    h2_compose(session);
    h2_compose_field(session, SLICE(":status"), slice_of(status));
    h2_compose_field(session, SLICE("date"), SLICE("Thu, 01 Jan 1970 00:00:00 GMT"));
    h2_compose_u64(session, SLICE("x-id"), request->id);
    h2_compose_field(session, SLICE("x-server"), slice_of(request->conn->server->name));
}

static void send_interim(struct sim_h2_request *request, const char *status)
{
    h2_compose(request->conn->session);
    h2_compose_field(request->conn->session, SLICE(":status"), slice_of(status));
    h2_stream_interim(request->stream);
}

static bool is(const struct sim_h2_request *request, const char *kind)
{
    return strncmp(request->path, kind, strlen(kind)) == 0;
}

static void answer(struct sim_h2_request *request)
{
    bool chunked = is(request, "/chunked"), empty = is(request, "/204") || is(request, "/304");
    size_t count = (size_t)sim_path_number(slice_of(request->path), 1);

    if (is(request, "/reset")) {
        h2_stream_reset(request->stream, (enum h2_code)count);
        return;
    }
    if (is(request, "/cont") || is(request, "/hints"))
        send_interim(request, is(request, "/cont") ? "100" : "103");
    if (is(request, "/echo"))
        text_add(&request->reply, text_slice(&request->body));
    else if (!empty)
        sim_body_add(&request->reply, request->id, count);
    compose_head(request, is(request, "/204") ? "204" : is(request, "/304") ? "304" : "200");
    if (!chunked && !empty)
        h2_compose_u64(request->conn->session, SLICE("content-length"), request->reply.len);
    if (request->is_head || empty)
        request->reply.len = 0;
    request->trailer_due = chunked && !request->is_head;
    bool has_body = request->reply.len > 0 || request->trailer_due;
    h2_stream_answer(request->stream, has_body);
    if (has_body)
        h2_stream_send(request->stream, text_slice(&request->reply), !request->trailer_due);
}

static void step(struct sim_h2_conn *conn);

static void on_later(struct sim_event *event)
{
    struct sim_h2_request *request = WB_CONTAINER_OF(event, struct sim_h2_request, later);
    struct sim_h2_conn *conn = request->conn;

    if (!request->stream->closed)
        answer(request);
    step(conn);
}

static struct slice field_of(const struct h2_stream *stream, const char *name)
{
    for (unsigned i = 0; i < stream->head.count; i++)
        if (slice_eq(stream->head.fields[i].name, slice_of(name)))
            return stream->head.fields[i].value;
    return SLICE("");
}

static void accept_request(struct sim_h2_conn *conn, struct h2_stream *stream)
{
    struct sim_h2_server *server = conn->server;
    struct slice path = field_of(stream, ":path");

    if (server->refuse) {
        server->refuse--;
        h2_stream_reset(stream, H2_REFUSED_STREAM);
        h2_stream_release(&stream);
        return;
    }
    struct sim_h2_request *request = wb_alloc(sizeof *request);
    request->conn = conn;
    request->stream = stream;
    request->later.run = on_later;
    list_init(&request->later.link);
    stream->owner = request;
    list_push_back(&conn->requests, &request->link);
    snprintf(request->path, sizeof request->path, SLICE_FMT, SLICE_ARG(path));
    request->is_head = slice_eq(field_of(stream, ":method"), SLICE("HEAD"));
    (void)slice_to_u64(field_of(stream, "x-id"), SIM_H2_IDS_MAX - 1, &request->id);
    server->executed[request->id]++;
    server->request_count++;
    if (++conn->open > conn->open_most)
        conn->open_most = conn->open;
}

static void take_body(struct sim_h2_request *request)
{
    struct slice payload;

    while (!request->conn->server->takes_nothing && (payload = h2_stream_payload(request->stream)).len) {
        text_add(&request->body, payload);
        h2_stream_took(request->stream, payload.len);
    }
}

static void note_trailers(struct sim_h2_request *request)
{
    struct text *out = &request->conn->server->last_trailers;
    const struct h2_head *trailers = &request->stream->trailers;

    out->len = 0;
    for (unsigned i = 0; i < trailers->count; i++)
        text_addf(out, SLICE_FMT "=" SLICE_FMT " ", SLICE_ARG(trailers->fields[i].name),
                  SLICE_ARG(trailers->fields[i].value));
}

static void look_at(struct sim_h2_request *request)
{
    struct h2_stream *stream = request->stream;

    take_body(request);
    if (stream->closed) {
        request->conn->server->cancelled_count += stream->code == H2_CANCEL;
        drop(request);
        return;
    }
    if (!request->asked && (stream->ended || is(request, "/early")) && !is(request, "/mute")) {
        request->asked = true;
        note_trailers(request);
        sim_post(request->conn->server->sim, &request->later, sim_path_number(slice_of(request->path), 2));
    }
    if (request->trailer_due && request->reply.len && stream->unsent.len == 0) {
        request->trailer_due = false;
        h2_compose(request->conn->session);
        h2_compose_field(request->conn->session, SLICE("x-sum"), SLICE("7"));
        h2_stream_send_trailers(stream);
    }
}

static void step(struct sim_h2_conn *conn)
{
    struct slice news = slice_from(text_slice(&conn->wire->got), conn->done);
    struct h2_stream *stream;
    bool changed;

    if (conn->stepping)
        return;
    conn->stepping = true;
    conn->done += news.len;
    h2_session_feed(conn->session, news, conn->server->sim->loop.now_ms);
    do {
        flush(conn);
        changed = false;
        while ((stream = h2_session_next_changed(conn->session))) {
            changed = true;
            if (!stream->owner)
                accept_request(conn, stream);
            if (stream && stream->owner)
                look_at(stream->owner);
        }
    } while (changed);
    conn->stepping = false;
    if ((h2_session_is_over(conn->session) || sim_link_is_over(conn->wire)) && !conn->wire->gone && !conn->wire->fin_coming)
        sim_link_close(conn->wire);
}

static void on_changed(void *owner)
{
    step(owner);
}

static void accept_link(struct sim_listener *listener, struct sim_link *link)
{
    struct sim_h2_server *server = (struct sim_h2_server *)(void *)listener;
    struct sim_h2_conn *conn = wb_alloc(sizeof *conn);

    conn->server = server;
    conn->wire = link;
    conn->session = h2_session_create(H2_SERVER, &server->limits, &server->pool);
    list_init(&conn->requests);
    list_push_front(&server->conns, &conn->link);
    link->changed = on_changed;
    link->owner = conn;
    server->conn_count++;
    flush(conn);
}

void sim_h2_server_init(struct sim_h2_server *server, struct sim *sim, const char *ip, uint16_t port, const char *name)
{
    *server = (struct sim_h2_server){.sim = sim, .name = name, .limits = h2_default_limits};
    server->listener.accepted = accept_link;
    list_init(&server->conns);
    stock_init(&server->stock);
    h2_pool_init(&server->pool, &server->stock);
    sim_add_listener(sim, &server->listener, ip, port);
}

void sim_h2_server_fini(struct sim_h2_server *server)
{
    LIST_EACH_SAFE (node, &server->conns) {
        struct sim_h2_conn *conn = LIST_ENTRY(node, struct sim_h2_conn, link);
        conn->wire->changed = NULL;
        LIST_EACH_SAFE (request, &conn->requests)
            drop(LIST_ENTRY(request, struct sim_h2_request, link));
        h2_session_destroy(&conn->session);
        free(conn);
    }
    sim_remove_listener(&server->listener);
    text_fini(&server->last_trailers);
    h2_pool_fini(&server->pool);
    stock_fini(&server->stock);
}

struct sim_h2_conn *sim_h2_server_conn(struct sim_h2_server *server)
{
    return list_empty(&server->conns) ? NULL : LIST_ENTRY(server->conns.next, struct sim_h2_conn, link);
}

unsigned sim_h2_server_live(const struct sim_h2_server *server)
{
    unsigned count = 0;

    LIST_EACH (node, &server->conns) {
        const struct sim_link *wire = LIST_ENTRY(node, struct sim_h2_conn, link)->wire;
        count += !wire->gone && !wire->fin_coming && !sim_link_is_over(wire);
    }
    return count;
}

void sim_h2_go_away(struct sim_h2_conn *conn)
{
    h2_session_go_away(conn->session, H2_NO_ERROR);
    step(conn);
}

void sim_h2_reset_all(struct sim_h2_conn *conn, enum h2_code code)
{
    LIST_EACH (node, &conn->requests)
        h2_stream_reset(LIST_ENTRY(node, struct sim_h2_request, link)->stream, code);
    step(conn);
}
