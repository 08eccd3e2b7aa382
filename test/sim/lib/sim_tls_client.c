/* SPDX-License-Identifier: MIT */
#include "sim_tls_client.h"
#include <openssl/err.h>
#include <stdlib.h>

static void flush(struct sim_tls_client *client)
{
    char *bytes;
    long len = BIO_get_mem_data(client->out, &bytes);

    if (len > 0 && !client->wire->fin_coming)
        sim_link_send(client->wire, slice_make(bytes, (size_t)len));
    WB_REQUIRE(BIO_reset(client->out) == 1);
}

static void fail(struct sim_tls_client *client)
{
    client->failed = true;
    client->failure = ERR_GET_REASON(ERR_peek_error());
    ERR_clear_error();
}

static void say_now(struct sim_tls_client *client, struct slice bytes)
{
    size_t took;

    if (bytes.len && !client->failed && SSL_write_ex(client->library, bytes.ptr, bytes.len, &took) != 1)
        fail(client);
    flush(client);
}

static void read_all(struct sim_tls_client *client)
{
    char part[4096];
    size_t got;

    while (SSL_read_ex(client->library, part, sizeof part, &got) == 1)
        text_add(&client->heard, slice_make(part, got));
    int why = SSL_get_error(client->library, 0);
    client->heard_end = client->heard_end || why == SSL_ERROR_ZERO_RETURN;
    if (why == SSL_ERROR_SSL)
        fail(client);
    ERR_clear_error();
}

static void on_changed(void *owner)
{
    struct sim_tls_client *client = owner;
    struct slice coming = slice_from(text_slice(&client->wire->got), client->done);

    if (client->failed)
        return;
    client->done += coming.len;
    if (coming.len)
        WB_REQUIRE(BIO_write(client->in, coming.ptr, (int)coming.len) == (int)coming.len);
    read_all(client);
    flush(client);
    if (client->later.len && sim_tls_client_is_shaken(client)) {
        struct text later = client->later;
        client->later = TEXT_EMPTY;
        say_now(client, text_slice(&later));
        text_fini(&later);
    }
}

static int on_session(SSL *library, SSL_SESSION *session)
{
    struct sim_tls_client *client = SSL_get_app_data(library);

    SSL_SESSION_free(client->session);
    client->session = session;
    return 1;
}

SSL_CTX *sim_tls_client_library(const struct identity *authority)
{
    SSL_CTX *library = SSL_CTX_new(TLS_client_method());

    WB_REQUIRE(library);
    SSL_CTX_set_verify(library, authority ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (authority)
        WB_REQUIRE(X509_STORE_add_cert(SSL_CTX_get_cert_store(library), authority->cert) == 1);
    SSL_CTX_set_session_cache_mode(library, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(library, on_session);
    return library;
}

void sim_tls_client_begin(struct sim_tls_client *client, SSL_CTX *library, struct sim_link *wire, const char *name,
                          SSL_SESSION *session)
{
    *client = (struct sim_tls_client){.wire = wire, .library = SSL_new(library)};
    client->in = BIO_new(BIO_s_mem());
    client->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(client->in, -1);
    SSL_set_bio(client->library, client->in, client->out);
    SSL_set_app_data(client->library, client);
    if (name)
        SSL_set_tlsext_host_name(client->library, name);
    if (session)
        SSL_set_session(client->library, session);
    SSL_set_connect_state(client->library);
    wire->changed = on_changed;
    wire->owner = client;
    SSL_do_handshake(client->library);
    ERR_clear_error();
    flush(client);
}

void sim_tls_client_fini(struct sim_tls_client *client)
{
    client->wire->changed = NULL;
    SSL_free(client->library);
    SSL_SESSION_free(client->session);
    text_fini(&client->heard);
    text_fini(&client->later);
}

void sim_tls_client_say(struct sim_tls_client *client, struct slice bytes)
{
    if (sim_tls_client_is_shaken(client))
        say_now(client, bytes);
    else
        text_add(&client->later, bytes);
}

void sim_tls_client_end(struct sim_tls_client *client, bool cut)
{
    if (!cut)
        SSL_shutdown(client->library);
    ERR_clear_error();
    flush(client);
    if (!client->wire->fin_coming)
        sim_link_shut(client->wire);
}
