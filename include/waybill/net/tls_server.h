/* SPDX-License-Identifier: MIT */
/*
 * tls_server - TLS as one entrypoint offers it: its rules, which never change, and the certificates and client authorities in
 * force, which are replaced while connections are being made.
 *
 *   control --certificates, authorities--> [tls_server] <--each handshake looks-- tls_acceptor of worker 1..n
 *
 * A ticket by which a session is resumed is worth something only where it came from: its keys are the server's own. Who must show
 * a certificate gets none, so it is shown and verified each time (security case T3).
 *
 * Thread: any. Owner: who created it; it outlives its acceptors.
 */
#pragma once
#include "waybill/net/stream.h"
#include "waybill/net/tls_certificate.h"

struct tls_credentials;
struct tls_server;
struct tls_acceptor;

enum tls_version { TLS_VERSION_1_0, TLS_VERSION_1_1, TLS_VERSION_1_2, TLS_VERSION_1_3 };

enum tls_client_check {
    TLS_CLIENTS_ARE_NOT_ASKED,
    TLS_CLIENTS_MAY_SHOW,  /* a certificate; one that is shown must be good */
    TLS_CLIENTS_MUST_SHOW, /* a good one */
};

struct tls_server_options {
    enum tls_version min_version;
    struct slice ciphers; /* of versions before 1.3, as tls_cipher_add makes the list; empty: the default */
    bool sni_strict;      /* who asks for a name without a certificate, or for none, is refused */
    bool offers_http2;    /* by ALPN, before HTTP/1.1 */
    enum tls_client_check client_check;
};

struct tls_server *tls_server_create(const struct tls_server_options *options);
void tls_server_destroy(struct tls_server **server);
/* From the next handshake on. Takes over the reference; before the first set every handshake is refused. */
void tls_server_set_certificates(struct tls_server *server, struct tls_certificates **certificates);
/* Whose word counts for clients' certificates, from the next handshake on. Takes over the reference. Before the first, who is
 * to be checked is refused: nobody gets in without (security case T1). */
void tls_server_set_authorities(struct tls_server *server, struct tls_credentials **authorities);
/* As whom the entrypoint calls servers that want to know who calls (passTLSCert): by its own certificate. Takes over the
 * reference. */
void tls_server_set_caller(struct tls_server *server, struct tls_credentials **caller);
/* A reference; NULL: none yet. */
struct tls_credentials *tls_server_caller(struct tls_server *server);
/* Would a handshake that asks for this name be let in? What came by one for another name is not to be used for it if not (RFC
 * 9110 7.4, security case T2): that is the only rule that depends on the name. Any case. */
bool tls_server_admits(struct tls_server *server, struct slice name);

/* One worker's way into it. Thread: the worker's. Outlives its streams. */
struct tls_acceptor *tls_acceptor_create(struct tls_server *server);
void tls_acceptor_destroy(struct tls_acceptor **acceptor);
/* A stream to who has connected and is about to begin a handshake, over one that it takes over; what has come already counts. It
 * is `connected` once the handshake is done (net/tls.h says why one failed). */
struct stream *tls_accept(struct tls_acceptor *acceptor, struct stream **plain);

enum tls_cipher { TLS_CIPHER_ADDED, TLS_CIPHER_OF_1_3, TLS_CIPHER_TOO_WEAK, TLS_CIPHER_UNKNOWN };
struct text;
/* Adds one cipher suite to a list for the options, named as v1.7 names them. Those of 1.3 are always offered; the weak ones are
 * not served at all. */
enum tls_cipher tls_cipher_add(struct text *list, struct slice name);
