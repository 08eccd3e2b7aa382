/* SPDX-License-Identifier: MIT */
/* The side that is called: one worker's library context for an entrypoint, and what is decided while hands are shaken. */
#include "tls_private.h"
#include <openssl/err.h>
#include <stdlib.h>
#include <time.h>

enum { SESSION_SECONDS = 2 * 3600 };

#define MODERN_CIPHERS                                           \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
/* For who allows TLS before 1.2, which knows no others. */
#define OLD_CIPHERS "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA"

static struct tls_acceptor *acceptor_of(SSL *library)
{
    return tls_stream_of(library)->acceptor;
}

/* Who asked for no name may have called by an address that a certificate is for, as in v1.7. */
static struct tls_certificate *find_certificate(const struct tls_certificates *set, SSL *library, struct slice name,
                                                bool sni_strict)
{
    const struct tls_stream *t = tls_stream_of(library);
    struct tls_certificate *found;
    struct address local;
    char text[ADDRESS_TEXT_SIZE];

    if (name.len == 0 && stream_find_local(t->plain, &local))
        name = slice_make(text, address_format_ip(&local, text));
    found = tls_certificates_find(set, name);
    return found || sni_strict ? found : tls_certificates_default(set);
}

static bool show(SSL *library, struct tls_certificate *certificate)
{
    const struct tls_credentials *credentials = certificate->credentials;
    struct tls_stream *t = tls_stream_of(library);

    tls_certificate_unref(&t->shown);
    t->shown = tls_certificate_ref(certificate);
    SSL_certs_clear(library);
    return SSL_use_cert_and_key(library, credentials->cert, credentials->key, credentials->chain, 1) == 1;
}

/* Called once for each hello, whether it asks for a name or not, before anything depends on the certificate. */
static int on_name(SSL *library, int *out_alert, void *arg)
{
    struct tls_acceptor *acceptor = acceptor_of(library);
    const struct tls_server_options *rules = tls_server_rules(acceptor->server);
    struct slice name = slice_of(SSL_get_servername(library, TLSEXT_NAMETYPE_host_name));
    struct tls_certificates *set = tls_server_certificates(acceptor->server);
    struct tls_certificate *found = set ? find_certificate(set, library, name, rules->sni_strict) : NULL;
    bool good = found && show(library, found);

    (void)arg;
    tls_certificates_unref(&set);
    if (!acceptor->may_serve) {
        *out_alert = SSL_AD_ACCESS_DENIED; /* nobody can be verified (security case T1) */
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    if (!good) {
        *out_alert = found ? SSL_AD_INTERNAL_ERROR : SSL_AD_UNRECOGNIZED_NAME;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return SSL_TLSEXT_ERR_OK;
}

static int on_protocols(SSL *library, const unsigned char **out, unsigned char *out_len, const unsigned char *offered,
                        unsigned offered_len, void *arg)
{
    static const unsigned char all[] = "\x02h2\x08http/1.1";
    const struct tls_acceptor *acceptor = arg;
    size_t skip = tls_server_rules(acceptor->server)->offers_http2 ? 0 : 3;
    unsigned char *chosen;

    (void)library;
    if (SSL_select_next_proto(&chosen, out_len, all + skip, (unsigned)(sizeof all - 1 - skip), offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 3.2 */
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* Behind the handshake: a key update that wants an answer is two of them, a renegotiation that is refused one. */
static void on_state(const SSL *library, int where, int value)
{
    struct tls_stream *t = tls_stream_of(library);

    (void)value;
    if (t->stream.connected && (where == SSL_CB_ACCEPT_EXIT || where & SSL_CB_ALERT))
        t->asides++;
}

static int on_staple_wanted(SSL *library, void *arg)
{
    const struct tls_stream *t = tls_stream_of(library);
    struct slice answer = t->shown ? tls_staple_bytes(t->shown->staple, time(NULL)) : SLICE("");
    unsigned char *copy;

    (void)arg;
    if (answer.len == 0)
        return SSL_TLSEXT_ERR_NOACK;
    copy = OPENSSL_memdup(answer.ptr, answer.len);
    WB_REQUIRE(copy && SSL_set_tlsext_status_ocsp_resp(library, copy, (long)answer.len) == 1);
    return SSL_TLSEXT_ERR_OK;
}

static int on_ticket(SSL *library, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                     int make)
{
    return tls_server_ticket(acceptor_of(library)->server, name, iv, cipher, mac, make == 1);
}

static void set_versions(SSL_CTX *library, const struct tls_server_options *rules)
{
    static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
    bool old = rules->min_version < TLS_VERSION_1_2;
    const char *ciphers = rules->ciphers.len ? rules->ciphers.ptr : old ? MODERN_CIPHERS ":" OLD_CIPHERS : MODERN_CIPHERS;

    if (old)
        SSL_CTX_set_security_level(library, 0); /* they are signed with SHA-1 */
    WB_REQUIRE(SSL_CTX_set_min_proto_version(library, versions[rules->min_version]) == 1 &&
               SSL_CTX_set_cipher_list(library, ciphers) == 1 && SSL_CTX_set_ciphersuites(library, TLS_1_3_CIPHERS) == 1 &&
               /* None whose arithmetic a client could use to keep us busy. */
               SSL_CTX_set1_groups_list(library, "X25519:P-256:P-384:P-521") == 1);
    SSL_CTX_set_options(library, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA);
    /* What is shown is what the file says, never a chain made of client authorities. */
    SSL_CTX_set_mode(library, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
}

/* Who asked for an authority's certificate is told the names of those that count (RFC 8446 4.2.4). */
static void name_authorities(SSL_CTX *library, X509_STORE *trust)
{
    STACK_OF(X509) *all = X509_STORE_get1_all_certs(trust);

    for (int i = 0; i < sk_X509_num(all); i++)
        WB_REQUIRE(SSL_CTX_add_client_CA(library, sk_X509_value(all, i)) == 1);
    sk_X509_pop_free(all, X509_free);
}

static void set_client_check(SSL_CTX *library, enum tls_client_check check, const struct tls_credentials *authorities)
{
    X509_STORE *trust;

    if (check == TLS_CLIENTS_ARE_NOT_ASKED || !authorities)
        return;
    trust = tls_credentials_trust(authorities);
    name_authorities(library, trust);
    SSL_CTX_set_cert_store(library, trust);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(library), X509_V_FLAG_PARTIAL_CHAIN);
    SSL_CTX_set_verify(
        library, check == TLS_CLIENTS_MUST_SHOW ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER, NULL);
}

/* Who must be checked is checked each time; all others get one ticket, worth something at this entrypoint only. */
static void set_resumption(SSL_CTX *library, enum tls_client_check check)
{
    SSL_CTX_set_session_cache_mode(library, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(library, SESSION_SECONDS);
    WB_REQUIRE(SSL_CTX_set_session_id_context(library, (const unsigned char *)"waybill", 7) == 1);
    WB_REQUIRE(SSL_CTX_set_num_tickets(library, check == TLS_CLIENTS_ARE_NOT_ASKED) == 1);
    if (check != TLS_CLIENTS_ARE_NOT_ASKED)
        SSL_CTX_set_options(library, SSL_OP_NO_TICKET);
    WB_REQUIRE(SSL_CTX_set_tlsext_ticket_key_evp_cb(library, on_ticket) == 1);
    WB_REQUIRE(SSL_CTX_set_max_early_data(library, 0) == 1);
}

/* By the authorities in force now. */
static void build(struct tls_acceptor *acceptor)
{
    const struct tls_server_options *rules = tls_server_rules(acceptor->server);
    struct tls_credentials *authorities = tls_server_authorities(acceptor->server, &acceptor->authorities_number);
    SSL_CTX *library = SSL_CTX_new(TLS_server_method());

    WB_REQUIRE(library);
    set_versions(library, rules);
    set_client_check(library, rules->client_check, authorities);
    set_resumption(library, rules->client_check);
    SSL_CTX_set_tlsext_servername_callback(library, on_name);
    SSL_CTX_set_alpn_select_cb(library, on_protocols, acceptor);
    SSL_CTX_set_read_ahead(library, 1); /* else it asks for the head of each record alone */
    SSL_CTX_set_tlsext_status_cb(library, on_staple_wanted);
    SSL_CTX_set_info_callback(library, on_state);
    SSL_CTX_free(acceptor->library);
    acceptor->library = library;
    acceptor->may_serve = rules->client_check == TLS_CLIENTS_ARE_NOT_ASKED || authorities;
    tls_credentials_unref(&authorities);
}

struct slice tls_stream_server_name(const struct stream *stream)
{
    const struct tls_stream *t = (const struct tls_stream *)(const void *)stream;

    return stream->is_secure && t->library ? slice_of(SSL_get_servername(t->library, TLSEXT_NAMETYPE_host_name)) : SLICE("");
}

struct tls_acceptor *tls_acceptor_create(struct tls_server *server)
{
    struct tls_acceptor *acceptor = wb_alloc(sizeof *acceptor);

    acceptor->server = server;
    acceptor->bio_method = tls_bio_method();
    build(acceptor);
    return acceptor;
}

void tls_acceptor_destroy(struct tls_acceptor **acceptor)
{
    struct tls_acceptor *leaving = *acceptor;

    *acceptor = NULL;
    if (!leaving)
        return;
    SSL_CTX_free(leaving->library);
    BIO_meth_free(leaving->bio_method);
    free(leaving);
}

SSL *tls_acceptor_open(struct tls_acceptor *acceptor)
{
    if (acceptor->authorities_number != tls_server_authorities_number(acceptor->server))
        build(acceptor); /* connections there are keep the one before */
    SSL *library = SSL_new(acceptor->library);

    WB_REQUIRE(library);
    SSL_set_accept_state(library);
    return library;
}
