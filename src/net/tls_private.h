/* SPDX-License-Identifier: MIT */
/* Shared by the files that implement TLS over OpenSSL. */
#pragma once
#include "waybill/net/tls.h"
#include "waybill/net/tls_credentials.h"
#include <openssl/ssl.h>

struct tls_credentials {
    _Atomic unsigned refs;
    char id[2 * EVP_MAX_MD_SIZE + 1];
    const char *ca_option;
    X509_STORE *trust; /* NULL: the system's */
    X509 *cert;        /* NULL: we have none */
    STACK_OF(X509) * chain;
    EVP_PKEY *key;
    bool verify;
};

struct tls_context {
    unsigned users;
    SSL_CTX *library;
    BIO_METHOD *bio_method;
    struct tls_credentials *credentials; /* one reference */
};

struct tls_peer {
    struct tls_context *context;
    char *name;           /* no trailing dot */
    bool is_address;      /* no SNI for those (RFC 6066 3) */
    SSL_SESSION *session; /* the latest it gave; NULL: none */
};

/* One connection. */
struct tls_stream {
    struct stream stream; /* first: what the owner sees */
    struct stream *plain;
    SSL *library;          /* NULL until the plain stream is connected, and after the end */
    struct tls_peer *peer; /* NULL after the end */
    enum tls_failure failure;
    const char *detail;
    struct slice parts[STREAM_PARTS_MAX]; /* of the owner's write: not encrypted yet */
    unsigned part_count;
    struct buffer out;        /* encrypted, not taken by the socket */
    size_t out_sending;       /* so much of its front is being written: it must not move */
    bool offers_h2;           /* besides HTTP/1 */
    bool held_up;             /* the library goes on when there is room in `out` */
    bool shut_wanted;         /* an end is to be said when all is written */
    bool shut_said;           /* close_notify is in `out`, or gone */
    bool shut_plain;          /* FIN was asked for */
    bool over;                /* the owner has closed it */
    struct deadline deadline; /* of the handshake */
    struct later later;       /* to read what waits, or to be freed */
};

static inline struct tls_stream *tls_of(struct stream *stream)
{
    return (struct tls_stream *)(void *)stream;
}

/* tls_credentials.c: a reference to whom they believe. */
X509_STORE *tls_credentials_trust(const struct tls_credentials *credentials);

/* tls_bio.c: what the library reads from and writes to. */
BIO_METHOD *tls_bio_method(void);
BIO *tls_bio_create(const BIO_METHOD *method, struct tls_stream *stream);

/* tls_client.c: the library's side of one connection, ready to shake hands. */
SSL *tls_client_open(struct tls_peer *peer, bool offer_h2);
/* What was agreed on by ALPN, as constant text. */
struct slice tls_agreed_protocol(const SSL *library);
/* Why the last call failed: of the certificate, an alert, or else. */
enum tls_failure tls_explain(SSL *library, const char **out_detail);
