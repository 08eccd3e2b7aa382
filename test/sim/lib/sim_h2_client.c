/* SPDX-License-Identifier: MIT */
#include "sim_h2_client.h"
#include "waybill/entry/entry.h"

static void take(struct sim_h2 *client, struct h2_stream *stream)
{
    struct sim_h2_request *request = stream->owner;
    struct slice piece;

    while (client->takes && (piece = h2_stream_payload(stream)).len) {
        text_add(&request->body, piece);
        h2_stream_took(stream, piece.len);
    }
}

void sim_h2_flush(struct sim_h2 *client)
{
    struct buffer out = {0};
    struct h2_stream *stream;

    while (h2_session_has_output(client->session)) {
        buffer_borrow(&out, &client->stock, BUFFER_LARGE);
        h2_session_drain(client->session, &out);
        if (buffer_len(&out) == 0)
            break;
        sim_link_send(client->wire, buffer_slice(&out));
        buffer_return(&out, &client->stock);
        while ((stream = h2_session_next_changed(client->session)))
            take(client, stream);
    }
    buffer_return(&out, &client->stock);
}

static void on_wire_changed(void *owner)
{
    struct sim_h2 *client = owner;
    struct h2_stream *stream;
    struct slice fresh = slice_from(text_slice(&client->wire->got), client->fed);

    client->fed += fresh.len;
    h2_session_feed(client->session, fresh, client->wire->sim->loop.now_ms);
    while ((stream = h2_session_next_changed(client->session)))
        take(client, stream);
    sim_h2_flush(client);
}

void sim_h2_connect(struct sim_h2 *client, struct sim *sim, struct entry *entry, const struct h2_limits *limits)
{
    *client = (struct sim_h2){.takes = true};
    stock_init(&client->stock);
    h2_pool_init(&client->pool, &client->stock);
    client->session = h2_session_create(H2_CLIENT, limits, &client->pool);
    struct stream *stream = sim_link_accept(sim, "192.0.2.9", &client->wire);
    client->wire->changed = on_wire_changed;
    client->wire->owner = client;
    entry_accept(entry, 0, stream);
    sim_h2_flush(client);
}

void sim_h2_fini(struct sim_h2 *client)
{
    client->wire->changed = NULL;
    h2_session_destroy(&client->session);
    h2_pool_fini(&client->pool);
    stock_fini(&client->stock);
}

void sim_h2_ask(struct sim_h2 *client, struct sim_h2_request *request, const char *path, unsigned id, struct slice payload)
{
    *request = (struct sim_h2_request){.body = TEXT_EMPTY};
    h2_compose(client->session);
    h2_compose_field(client->session, SLICE(":method"), payload.ptr ? SLICE("POST") : SLICE("GET"));
    h2_compose_field(client->session, SLICE(":scheme"), SLICE("http"));
    h2_compose_field(client->session, SLICE(":path"), slice_of(path));
    h2_compose_field(client->session, SLICE(":authority"), SLICE("a.test"));
    h2_compose_u64(client->session, SLICE("x-id"), id);
    request->stream = h2_session_request(client->session, request, payload.ptr != NULL);
    if (payload.ptr)
        h2_stream_send(request->stream, payload, true);
    sim_h2_flush(client);
}

void sim_h2_open(struct sim_h2 *client, struct sim_h2_request *request, const char *path, unsigned id)
{
    *request = (struct sim_h2_request){.body = TEXT_EMPTY};
    h2_compose(client->session);
    h2_compose_field(client->session, SLICE(":method"), SLICE("CONNECT"));
    h2_compose_field(client->session, SLICE(":protocol"), SLICE("websocket"));
    h2_compose_field(client->session, SLICE(":scheme"), SLICE("http"));
    h2_compose_field(client->session, SLICE(":path"), slice_of(path));
    h2_compose_field(client->session, SLICE(":authority"), SLICE("a.test"));
    h2_compose_field(client->session, SLICE("sec-websocket-version"), SLICE("13"));
    h2_compose_u64(client->session, SLICE("x-id"), id);
    request->stream = h2_session_request(client->session, request, true);
    sim_h2_flush(client);
}

unsigned sim_h2_status(const struct sim_h2_request *request)
{
    const struct h2_head *head = &request->stream->head;
    uint64_t status = 0;

    if (head->count)
        (void)slice_to_u64(head->fields[0].value, 999, &status);
    return (unsigned)status;
}

void sim_h2_release(struct sim_h2_request *request)
{
    h2_stream_release(&request->stream);
    text_fini(&request->body);
}
