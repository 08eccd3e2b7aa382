/* SPDX-License-Identifier: MIT */
/* sim_tls - a scripted server that speaks TLS (OpenSSL's, with buffers of its own) on links. */
#pragma once
#include "sim_link.h"
#include "sim_message.h"
#include "../../unit/lib/identity.h"
#include <openssl/ssl.h>

struct sim_tls_server;

struct sim_tls_conn {
    struct list link;
    struct sim_tls_server *server;
    struct sim_link *wire;
    SSL *library;
    BIO *in, *out;
    size_t done;       /* bytes of wire->got that the library has */
    struct text heard; /* plaintext */
    size_t answered;   /* bytes of it that were dealt with */
    bool tunnel, heard_end, failed;
};

struct sim_tls_server {
    struct sim_listener listener; /* first */
    struct sim *sim;
    SSL_CTX *library;
    struct list conns; /* latest first */
    unsigned conn_count, resumed_count, request_count;
    char name[64]; /* SNI of the last one */
    uint64_t heard_bytes;
    bool mute; /* says nothing at all, not even hello */
    /* New plaintext in conn->heard. The default answers requests as sim_server_answer_path's /len, /chunked, /close, /echo and
     * /up do, and /cut (as /close, but with no close_notify). */
    void (*came)(struct sim_tls_conn *conn);
    void *arg;
};

void sim_tls_server_init(struct sim_tls_server *server, struct sim *sim, const char *ip, uint16_t port,
                         const struct identity *identity);
void sim_tls_server_fini(struct sim_tls_server *server);
struct sim_tls_conn *sim_tls_server_conn(struct sim_tls_server *server);
void sim_tls_say(struct sim_tls_conn *conn, struct slice bytes);
/* close_notify, unless `cut`, and FIN. */
void sim_tls_end(struct sim_tls_conn *conn, bool cut);
/* What the library wants to say goes out. */
void sim_tls_flush(struct sim_tls_conn *conn);
