/* SPDX-License-Identifier: MIT */
/* sim_tls_client - a scripted client that speaks TLS (OpenSSL's, with buffers of its own) on a link. */
#pragma once
#include "sim_link.h"
#include "../../unit/lib/identity.h"
#include <openssl/ssl.h>

struct sim_tls_client {
    struct sim_link *wire;
    SSL *library;
    BIO *in, *out;
    size_t done;       /* bytes of wire->got that the library has */
    struct text heard; /* plaintext */
    struct text later; /* to be said once hands are shaken */
    bool failed, heard_end;
    int failure;          /* reason of the library's error */
    SSL_SESSION *session; /* the latest ticket; the client's */
};

/* A context for many of them, which believes the authority; NULL: whoever answers. Its owner frees it. */
SSL_CTX *sim_tls_client_library(const struct identity *authority);
/* Says hello. `name` NULL: it asks for none. `session` NULL: none to resume. */
void sim_tls_client_begin(struct sim_tls_client *client, SSL_CTX *library, struct sim_link *wire, const char *name,
                          SSL_SESSION *session);
void sim_tls_client_fini(struct sim_tls_client *client);
void sim_tls_client_say(struct sim_tls_client *client, struct slice bytes);
/* close_notify, unless `cut`, and FIN. */
void sim_tls_client_end(struct sim_tls_client *client, bool cut);
static inline bool sim_tls_client_is_shaken(const struct sim_tls_client *client)
{
    return SSL_is_init_finished(client->library) && !client->failed;
}
