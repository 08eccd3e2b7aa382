/* SPDX-License-Identifier: MIT */
#include "sim_tls.h"
#include <openssl/err.h>
#include <stdlib.h>

void sim_tls_flush(struct sim_tls_conn *conn)
{
    char *bytes;
    long len = BIO_get_mem_data(conn->out, &bytes);

    if (len > 0 && !conn->wire->fin_coming)
        sim_link_send(conn->wire, slice_make(bytes, (size_t)len));
    WB_REQUIRE(BIO_reset(conn->out) == 1);
}

void sim_tls_say(struct sim_tls_conn *conn, struct slice bytes)
{
    size_t took;

    if (bytes.len && !conn->failed && SSL_write_ex(conn->library, bytes.ptr, bytes.len, &took) != 1)
        conn->failed = true;
    ERR_clear_error();
    sim_tls_flush(conn);
}

void sim_tls_end(struct sim_tls_conn *conn, bool cut)
{
    if (!cut)
        SSL_shutdown(conn->library);
    ERR_clear_error();
    sim_tls_flush(conn);
    if (!conn->wire->fin_coming)
        sim_link_shut(conn->wire);
}

static void answer(struct sim_tls_conn *conn, const struct sim_message *request)
{
    struct slice path = sim_message_target(request);
    struct text out = TEXT_EMPTY;
    size_t count = (size_t)sim_path_number(path, 1);
    bool ends = slice_starts(path, SLICE("/close")), cut = slice_starts(path, SLICE("/cut"));
    uint64_t id = 0;

    (void)slice_to_u64(sim_message_field(request, "X-Id"), 1000, &id);
    conn->server->request_count++;
    if (slice_starts(path, SLICE("/up"))) {
        text_add(&out, SLICE("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello"));
        conn->tunnel = true;
    } else if (slice_starts(path, SLICE("/echo"))) {
        text_addf(&out, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", request->body.len);
        text_add(&out, text_slice(&request->body));
    } else {
        text_add(&out, SLICE("HTTP/1.1 200 OK\r\n"));
        if (!ends && !cut)
            text_addf(&out, "Content-Length: %zu\r\n", count);
        text_add(&out, SLICE("\r\n"));
        sim_body_add(&out, id, count);
    }
    sim_tls_say(conn, text_slice(&out));
    text_fini(&out);
    if (ends || cut)
        sim_tls_end(conn, cut);
}

static void answer_requests(struct sim_tls_conn *conn)
{
    for (;;) {
        struct slice bytes = slice_from(text_slice(&conn->heard), conn->answered);
        struct sim_message request;
        if (conn->tunnel) {
            conn->answered += bytes.len;
            sim_tls_say(conn, bytes);
            return;
        }
        sim_message_read(bytes, SIM_REQUEST, conn->heard_end, &request);
        bool complete = request.complete;
        conn->answered += complete ? request.bytes : 0;
        if (complete)
            answer(conn, &request);
        sim_message_fini(&request);
        if (!complete)
            return;
    }
}

static void note_shaken(struct sim_tls_conn *conn)
{
    const char *name = SSL_get_servername(conn->library, TLSEXT_NAMETYPE_host_name);

    conn->server->resumed_count += (unsigned)SSL_session_reused(conn->library);
    snprintf(conn->server->name, sizeof conn->server->name, "%s", name ? name : "");
}

static void on_changed(void *owner)
{
    struct sim_tls_conn *conn = owner;
    struct slice coming = slice_from(text_slice(&conn->wire->got), conn->done);
    bool was_shaking = !SSL_is_init_finished(conn->library);
    char part[4096];
    size_t got;

    if (conn->server->mute || conn->failed)
        return;
    conn->done += coming.len;
    if (coming.len)
        WB_REQUIRE(BIO_write(conn->in, coming.ptr, (int)coming.len) == (int)coming.len);
    while (SSL_read_ex(conn->library, part, sizeof part, &got) == 1) {
        text_add(&conn->heard, slice_make(part, got));
        conn->server->heard_bytes += got;
    }
    int why = SSL_get_error(conn->library, 0);
    conn->heard_end = conn->heard_end || why == SSL_ERROR_ZERO_RETURN;
    conn->failed = why == SSL_ERROR_SSL;
    ERR_clear_error();
    if (was_shaking && SSL_is_init_finished(conn->library))
        note_shaken(conn);
    sim_tls_flush(conn);
    if (conn->server->came && conn->heard.len > conn->answered)
        conn->server->came(conn);
    if (conn->heard_end && conn->tunnel && !conn->wire->fin_coming)
        sim_tls_end(conn, false);
}

static void accept_link(struct sim_listener *listener, struct sim_link *link)
{
    struct sim_tls_server *server = (struct sim_tls_server *)(void *)listener;
    struct sim_tls_conn *conn = wb_alloc(sizeof *conn);

    conn->server = server;
    conn->wire = link;
    conn->library = SSL_new(server->library);
    conn->in = BIO_new(BIO_s_mem());
    conn->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(conn->in, -1);
    SSL_set_bio(conn->library, conn->in, conn->out);
    SSL_set_accept_state(conn->library);
    link->changed = on_changed;
    link->owner = conn;
    list_push_front(&server->conns, &conn->link);
    server->conn_count++;
}

void sim_tls_server_init(struct sim_tls_server *server, struct sim *sim, const char *ip, uint16_t port,
                         const struct identity *identity)
{
    *server = (struct sim_tls_server){.sim = sim, .came = answer_requests, .library = SSL_CTX_new(TLS_server_method())};
    WB_REQUIRE(SSL_CTX_use_certificate(server->library, identity->cert) == 1 &&
               SSL_CTX_use_PrivateKey(server->library, identity->key) == 1);
    server->listener.accepted = accept_link;
    list_init(&server->conns);
    sim_add_listener(sim, &server->listener, ip, port);
}

void sim_tls_server_fini(struct sim_tls_server *server)
{
    LIST_EACH_SAFE (node, &server->conns) {
        struct sim_tls_conn *conn = LIST_ENTRY(node, struct sim_tls_conn, link);
        conn->wire->changed = NULL;
        SSL_free(conn->library);
        text_fini(&conn->heard);
        free(conn);
    }
    SSL_CTX_free(server->library);
    sim_remove_listener(&server->listener);
}

struct sim_tls_conn *sim_tls_server_conn(struct sim_tls_server *server)
{
    return list_empty(&server->conns) ? NULL : LIST_ENTRY(server->conns.next, struct sim_tls_conn, link);
}
