/* SPDX-License-Identifier: MIT */
/* What the workers' acceptors of one entrypoint share. Each handshake takes what is in force under the lock: that is a few
 * references, beside work of a thousand times the cost. */
#include "tls_private.h"
#include "waybill/base/digest.h"
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* A key makes tickets for so long, and is believed for as long again. */
enum { TICKET_KEY_SECONDS = 12 * 3600 };

struct ticket_key {
    unsigned char name[TLS_TICKET_NAME_BYTES], cipher[32], mac[32];
    time_t made;
};

struct tls_server {
    struct tls_server_options rules;
    char *ciphers; /* what rules.ciphers points to */
    pthread_mutex_t lock;
    struct tls_certificates *certificates; /* NULL: none yet */
    struct tls_credentials *authorities;   /* NULL: none yet */
    struct tls_credentials *caller;        /* NULL: none yet */
    EVP_CIPHER *ticket_cipher;             /* fetched once: OpenSSL would look for it with each ticket */
    struct ticket_key tickets[2];          /* the one that makes them, and the one before */
    _Atomic unsigned authorities_number;   /* counts their changes */
};

static void make_ticket_key(struct ticket_key *key)
{
    digest_random(key->name, sizeof key->name);
    digest_random(key->cipher, sizeof key->cipher);
    digest_random(key->mac, sizeof key->mac);
    key->made = time(NULL);
}

struct tls_server *tls_server_create(const struct tls_server_options *options)
{
    struct tls_server *server = wb_alloc(sizeof *server);

    server->rules = *options;
    server->ciphers = slice_dup(options->ciphers);
    server->rules.ciphers = slice_of(server->ciphers);
    WB_REQUIRE(pthread_mutex_init(&server->lock, NULL) == 0);
    WB_REQUIRE((server->ticket_cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL)));
    make_ticket_key(&server->tickets[0]);
    make_ticket_key(&server->tickets[1]); /* nobody has a ticket by it */
    return server;
}

void tls_server_destroy(struct tls_server **server)
{
    struct tls_server *leaving = *server;

    *server = NULL;
    if (!leaving)
        return;
    tls_certificates_unref(&leaving->certificates);
    tls_credentials_unref(&leaving->authorities);
    tls_credentials_unref(&leaving->caller);
    EVP_CIPHER_free(leaving->ticket_cipher);
    OPENSSL_cleanse(leaving->tickets, sizeof leaving->tickets);
    pthread_mutex_destroy(&leaving->lock);
    free(leaving->ciphers);
    free(leaving);
}

void tls_server_set_certificates(struct tls_server *server, struct tls_certificates **certificates)
{
    pthread_mutex_lock(&server->lock);
    struct tls_certificates *before = server->certificates;
    server->certificates = *certificates;
    pthread_mutex_unlock(&server->lock);
    *certificates = NULL;
    tls_certificates_unref(&before);
}

void tls_server_set_authorities(struct tls_server *server, struct tls_credentials **authorities)
{
    pthread_mutex_lock(&server->lock);
    struct tls_credentials *before = server->authorities;
    server->authorities = *authorities;
    atomic_fetch_add_explicit(&server->authorities_number, 1, memory_order_release);
    pthread_mutex_unlock(&server->lock);
    *authorities = NULL;
    tls_credentials_unref(&before);
}

void tls_server_set_caller(struct tls_server *server, struct tls_credentials **caller)
{
    pthread_mutex_lock(&server->lock);
    struct tls_credentials *before = server->caller;
    server->caller = *caller;
    pthread_mutex_unlock(&server->lock);
    *caller = NULL;
    tls_credentials_unref(&before);
}

struct tls_credentials *tls_server_caller(struct tls_server *server)
{
    pthread_mutex_lock(&server->lock);
    struct tls_credentials *caller = server->caller ? tls_credentials_ref(server->caller) : NULL;
    pthread_mutex_unlock(&server->lock);
    return caller;
}

const struct tls_server_options *tls_server_rules(const struct tls_server *server)
{
    return &server->rules;
}

struct tls_certificates *tls_server_certificates(struct tls_server *server)
{
    pthread_mutex_lock(&server->lock);
    struct tls_certificates *set = server->certificates ? tls_certificates_ref(server->certificates) : NULL;
    pthread_mutex_unlock(&server->lock);
    return set;
}

struct tls_credentials *tls_server_authorities(struct tls_server *server, unsigned *out_number)
{
    pthread_mutex_lock(&server->lock);
    struct tls_credentials *authorities = server->authorities ? tls_credentials_ref(server->authorities) : NULL;
    *out_number = atomic_load_explicit(&server->authorities_number, memory_order_relaxed);
    pthread_mutex_unlock(&server->lock);
    return authorities;
}

unsigned tls_server_authorities_number(struct tls_server *server)
{
    return atomic_load_explicit(&server->authorities_number, memory_order_acquire);
}

bool tls_server_admits(struct tls_server *server, struct slice name)
{
    if (!server->rules.sni_strict)
        return true;
    struct tls_certificates *set = tls_server_certificates(server);
    bool known = set && tls_certificates_find(set, name);
    tls_certificates_unref(&set);
    return known;
}

/* The key that makes tickets now. */
static struct ticket_key making_key(struct tls_server *server)
{
    pthread_mutex_lock(&server->lock);
    if (time(NULL) - server->tickets[0].made > TICKET_KEY_SECONDS) {
        server->tickets[1] = server->tickets[0];
        make_ticket_key(&server->tickets[0]);
    }
    struct ticket_key key = server->tickets[0];
    pthread_mutex_unlock(&server->lock);
    return key;
}

/* The key of a ticket that was shown; *out_age is its place. False: it is none of ours, or too old. */
static bool find_key(struct tls_server *server, const unsigned char *name, struct ticket_key *out_key, size_t *out_age)
{
    bool found = false;

    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < WB_COUNT(server->tickets) && !found; i++) {
        const struct ticket_key *key = &server->tickets[i];
        found = memcmp(key->name, name, sizeof key->name) == 0 && time(NULL) - key->made <= 2 * TICKET_KEY_SECONDS;
        *out_key = *key;
        *out_age = i;
    }
    pthread_mutex_unlock(&server->lock);
    return found;
}

static bool use_mac(EVP_MAC_CTX *mac, struct ticket_key *key)
{
    char digest[] = "SHA256";
    const OSSL_PARAM rows[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof key->mac),
                               OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, rows) == 1;
}

/* What OpenSSL wants to hear: 0 no key, a full handshake; 1 go on; 2 go on, with a new ticket. */
int tls_server_ticket(struct tls_server *server, unsigned char name[TLS_TICKET_NAME_BYTES], unsigned char *iv,
                      EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, bool make)
{
    struct ticket_key key;
    size_t age = 0;
    bool good;

    if (make) {
        key = making_key(server);
        memcpy(name, key.name, sizeof key.name);
        digest_random(iv, 16);
        good = EVP_EncryptInit_ex2(cipher, server->ticket_cipher, key.cipher, iv, NULL) == 1 && use_mac(mac, &key);
    } else {
        good = find_key(server, name, &key, &age) && use_mac(mac, &key) &&
               EVP_DecryptInit_ex2(cipher, server->ticket_cipher, key.cipher, iv, NULL) == 1;
    }
    OPENSSL_cleanse(&key, sizeof key);
    return !good ? 0 : age > 0 ? 2 : 1;
}
