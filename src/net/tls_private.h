/* SPDX-License-Identifier: MIT */
/* Shared by the files that implement TLS over OpenSSL. */
#pragma once
#include "waybill/net/tls.h"
#include "waybill/net/tls_credentials.h"
#include "waybill/net/tls_server.h"
#include <openssl/ssl.h>

/* Of TLS 1.3, ours first: AES of 128 bits is what every peer has (RFC 8446 9.1) and v1.7 chooses. All that a handshake derives is
 * hashed by the suite's hash, and SHA-256 is what processors have instructions for. */
#define TLS_1_3_CIPHERS "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

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

struct tls_certificate {
    _Atomic unsigned refs;
    struct tls_credentials *credentials; /* one reference; of a certificate, not of whom to believe */
    char **names;
    size_t name_count;
    unsigned char *der;
    size_t der_len;
    struct tls_staple *staple; /* NULL: none */
};

struct tls_acceptor {
    struct tls_server *server;
    SSL_CTX *library;
    BIO_METHOD *bio_method;
    unsigned authorities_number; /* by which `library` was built */
    bool may_serve;              /* false: clients are to be verified, and by whom is not known */
};

/* One connection. */
struct tls_stream {
    struct stream stream; /* first: what the owner sees */
    struct stream *plain;
    SSL *library;                  /* NULL until the plain stream is connected, and after the end */
    struct tls_peer *peer;         /* whom we have called; NULL: we were, or after the end */
    struct tls_acceptor *acceptor; /* by which we were called */
    struct tls_certificate *shown; /* by us, while hands are shaken; one reference */
    enum tls_failure failure;
    const char *detail;
    struct slice *parts; /* of the owner's write: not encrypted yet; ours to free while there are any between two steps */
    unsigned part_count;
    struct buffer out;        /* encrypted, not taken by the socket */
    size_t out_sending;       /* so much of its front is being written: it must not move */
    unsigned asides;          /* how often TLS had business of its own since hands were shaken; with who has called us */
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

/* tls_staple.c: the OCSP answer beside a certificate's file. NULL: there is none, or *out_problem is set. */
struct tls_staple *tls_staple_read(struct slice cert, const struct tls_credentials *credentials, char **out_problem);
void tls_staple_free(struct tls_staple **staple);
/* What to show now; empty: nothing. `staple` may be NULL. */
struct slice tls_staple_bytes(const struct tls_staple *staple, time_t now);

/* tls_server.c */
const struct tls_server_options *tls_server_rules(const struct tls_server *server);
/* References, or NULL; the number differs when others are in force. */
struct tls_certificates *tls_server_certificates(struct tls_server *server);
struct tls_credentials *tls_server_authorities(struct tls_server *server, unsigned *out_number);
unsigned tls_server_authorities_number(struct tls_server *server);
enum { TLS_TICKET_NAME_BYTES = 16 };
int tls_server_ticket(struct tls_server *server, unsigned char name[TLS_TICKET_NAME_BYTES], unsigned char *iv,
                      EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, bool make);

/* tls_accept.c: the library's side of one connection, ready to shake hands. */
SSL *tls_acceptor_open(struct tls_acceptor *acceptor);

/* tls_bio.c: what the library reads from and writes to. */
BIO_METHOD *tls_bio_method(void);
BIO *tls_bio_create(const BIO_METHOD *method, struct tls_stream *stream);
/* Whose it is. Application data of the library's would be two more pieces of memory for each connection. */
static inline struct tls_stream *tls_stream_of(const SSL *library)
{
    return BIO_get_data(SSL_get_rbio(library));
}

/* tls_client.c: the library's side of one connection, ready to shake hands. */
SSL *tls_client_open(struct tls_peer *peer, bool offer_h2);
/* Why the last call failed: of the certificate, an alert, or else. */
enum tls_failure tls_explain(SSL *library, const char **out_detail);
