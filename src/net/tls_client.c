/* SPDX-License-Identifier: MIT */
/* The side that calls: who must answer, and by which sessions it is called again. */
#include "tls_private.h"
#include "waybill/net/address.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

/* A resumed session shows no certificate: what was verified longer ago is verified anew. */
enum { SESSION_SECONDS = 3600 };

static int on_new_session(SSL *library, SSL_SESSION *session)
{
    struct tls_stream *t = tls_stream_of(library);

    if (!t->peer)
        return 0;
    SSL_SESSION_free(t->peer->session);
    t->peer->session = session;
    return 1; /* its reference is ours now */
}

static void set_versions(SSL_CTX *library)
{
    WB_REQUIRE(SSL_CTX_set_min_proto_version(library, TLS1_2_VERSION) == 1 &&
               SSL_CTX_set_ciphersuites(library, TLS_1_3_CIPHERS) == 1);
    SSL_CTX_set_options(library, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(library,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

static void set_trust(SSL_CTX *library, const struct tls_credentials *credentials)
{
    if (!credentials->verify) {
        SSL_CTX_set_verify(library, SSL_VERIFY_NONE, NULL);
        return;
    }
    SSL_CTX_set_verify(library, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_store(library, tls_credentials_trust(credentials));
    /* A certificate that is named as trusted is trusted, whoever signed it; v1.7 has it so. */
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(library), X509_V_FLAG_PARTIAL_CHAIN);
}

static void set_own(SSL_CTX *library, const struct tls_credentials *credentials)
{
    if (credentials->cert)
        WB_REQUIRE(SSL_CTX_use_cert_and_key(library, credentials->cert, credentials->key, credentials->chain, 1) == 1);
}

struct tls_context *tls_context_create(struct tls_credentials *credentials)
{
    struct tls_context *context = wb_alloc(sizeof *context);

    context->users = 1;
    context->credentials = tls_credentials_ref(credentials);
    context->bio_method = tls_bio_method();
    context->library = SSL_CTX_new(TLS_client_method());
    WB_REQUIRE(context->library);
    set_versions(context->library);
    set_trust(context->library, credentials);
    set_own(context->library, credentials);
    SSL_CTX_set_session_cache_mode(context->library, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context->library, on_new_session);
    return context;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
    context->users++;
    return context;
}

void tls_context_unref(struct tls_context **context)
{
    struct tls_context *leaving = *context;

    *context = NULL;
    if (!leaving || --leaving->users)
        return;
    SSL_CTX_free(leaving->library);
    BIO_meth_free(leaving->bio_method);
    tls_credentials_unref(&leaving->credentials);
    free(leaving);
}

const struct tls_credentials *tls_context_credentials(const struct tls_context *context)
{
    return context->credentials;
}

struct tls_peer *tls_peer_create(struct tls_context *context, struct slice host)
{
    struct tls_peer *peer = wb_alloc(sizeof *peer);
    struct address address;

    peer->context = tls_context_ref(context);
    peer->is_address = address_parse(host, 0, &address);
    peer->name = slice_dup(slice_ends(host, SLICE(".")) ? slice_head(host, host.len - 1) : host);
    return peer;
}

void tls_peer_destroy(struct tls_peer **peer)
{
    struct tls_peer *leaving = *peer;

    *peer = NULL;
    if (!leaving)
        return;
    SSL_SESSION_free(leaving->session);
    tls_context_unref(&leaving->context);
    free(leaving->name);
    free(leaving);
}

struct tls_context *tls_peer_context(const struct tls_peer *peer)
{
    return peer->context;
}

/* A name that cannot be one is no certificate's: false. */
static bool expect_name(SSL *library, const struct tls_peer *peer)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(library);

    if (peer->is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(param, peer->name) == 1;
    /* The subject's common name says nothing about hosts (RFC 6125 6.4.4). */
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return X509_VERIFY_PARAM_set1_host(param, peer->name, 0) == 1 && SSL_set_tlsext_host_name(library, peer->name) == 1;
}

static void resume(SSL *library, struct tls_peer *peer)
{
    if (peer->session && time(NULL) - (time_t)SSL_SESSION_get_time(peer->session) > SESSION_SECONDS) {
        SSL_SESSION_free(peer->session);
        peer->session = NULL;
    }
    if (peer->session)
        SSL_set_session(library, peer->session); /* one that cannot be used any more leads to a full handshake */
}

static void offer_protocols(SSL *library, bool offer_h2)
{
    static const unsigned char both[] = "\x02h2\x08http/1.1";
    const unsigned skipped = offer_h2 ? 0 : 3;

    WB_REQUIRE(SSL_set_alpn_protos(library, both + skipped, (unsigned)sizeof both - 1 - skipped) == 0);
}

SSL *tls_client_open(struct tls_peer *peer, bool offer_h2)
{
    SSL *library = SSL_new(peer->context->library);

    WB_REQUIRE(library);
    if (!expect_name(library, peer)) {
        SSL_free(library);
        ERR_clear_error();
        return NULL;
    }
    offer_protocols(library, offer_h2);
    resume(library, peer);
    SSL_set_connect_state(library);
    return library;
}

static enum tls_failure failure_of_certificate(long result)
{
    switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return TLS_WRONG_NAME;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return TLS_EXPIRED;
    default:
        return TLS_UNTRUSTED;
    }
}

enum tls_failure tls_explain(SSL *library, const char **out_detail)
{
    unsigned long error = ERR_peek_error();
    int reason = ERR_GET_REASON(error);
    long result = SSL_get_verify_result(library);
    const char *detail;

    if (SSL_get_verify_mode(library) != SSL_VERIFY_NONE && result != X509_V_OK) {
        *out_detail = X509_verify_cert_error_string(result);
        return failure_of_certificate(result);
    }
    detail = error ? ERR_reason_error_string(error) : NULL;
    *out_detail = detail ? detail : "";
    return ERR_GET_LIB(error) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET ? TLS_REFUSED : TLS_BROKEN;
}
