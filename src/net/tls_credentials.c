/* SPDX-License-Identifier: MIT */
#include "tls_private.h"
#include "waybill/base/file_text.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { PEM_FILE_LIMIT = 4 * 1024 * 1024 };

/* While they are made. */
struct making {
    const struct tls_options *options;
    struct tls_credentials *made;
    EVP_MD_CTX *digest; /* over all that matters; NULL: nothing was noted so far */
    char *problem;      /* NULL: none so far */
};

bool tls_credentials_is_text(struct slice written)
{
    for (size_t i = 0; i < written.len; i++)
        if (slice_starts(slice_from(written, i), SLICE("-----BEGIN ")))
            return true;
    return false;
}

/* Always false. A literal is not repeated: it may be a key. */
static bool refuse(struct making *making, const char *option, struct slice written, const char *reason)
{
    struct text shown = TEXT_EMPTY;

    if (written.len && !tls_credentials_is_text(written)) {
        text_add_visible(&shown, slice_head(written, 200));
        text_add(&shown, SLICE(": "));
    }
    making->problem = wb_format("%s: " SLICE_FMT "%s", option, SLICE_ARG(text_slice(&shown)), reason);
    text_fini(&shown);
    return false;
}

static bool read_file(struct making *making, const char *option, struct slice path, struct text *out_pem)
{
    wb_err error = file_text_add(out_pem, path, PEM_FILE_LIMIT);

    if (error == 0)
        return true;
    return refuse(making, option, path,
                  error == -EFBIG    ? "longer than a PEM file is"
                  : error == -EINVAL ? "it is no plain file"
                                     : strerror(-error));
}

/* Made with the first note: the library takes 2 MiB of memory when it is first asked for something, and a router that names no
 * file may never ask it. */
static void note(struct making *making, struct slice bytes)
{
    uint64_t len = bytes.len;

    if (!making->digest) {
        making->digest = EVP_MD_CTX_new();
        WB_REQUIRE(making->digest && EVP_DigestInit_ex(making->digest, EVP_sha256(), NULL) == 1);
    }
    WB_REQUIRE(EVP_DigestUpdate(making->digest, &len, sizeof len) == 1 &&
               EVP_DigestUpdate(making->digest, bytes.ptr, bytes.len) == 1);
}

/* The PEM text, to read from; NULL when it was refused, and there is no text. */
static BIO *open_pem(struct making *making, const char *option, struct slice written, struct text *out_pem)
{
    *out_pem = TEXT_EMPTY;
    if (tls_credentials_is_text(written)) {
        text_add(out_pem, written);
    } else if (!read_file(making, option, written, out_pem)) {
        text_fini(out_pem);
        return NULL;
    }
    note(making, text_slice(out_pem));
    BIO *bio = BIO_new_mem_buf(out_pem->ptr ? out_pem->ptr : "", (int)out_pem->len);
    WB_REQUIRE(bio);
    return bio;
}

/* Gives each certificate to `take`, which takes it over. */
static bool read_certificates(struct making *making, const char *option, struct slice written,
                              void (*take)(struct making *making, X509 *certificate))
{
    struct text pem;
    X509 *next;
    size_t count = 0;
    BIO *bio = open_pem(making, option, written, &pem);

    if (!bio)
        return false;
    for (; (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)); count++)
        take(making, next);
    /* The end of the file is an error to the library, too: "no start line". */
    unsigned long end = ERR_peek_last_error();
    bool is_whole = ERR_GET_LIB(end) == ERR_LIB_PEM && ERR_GET_REASON(end) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(bio);
    text_fini(&pem);
    if (count == 0)
        return refuse(making, option, written,
                      "there is no certificate in it: it is to be PEM, -----BEGIN CERTIFICATE-----");
    return is_whole || refuse(making, option, written, "one of its certificates is damaged");
}

static void trust_one(struct making *making, X509 *certificate)
{
    WB_REQUIRE(X509_STORE_add_cert(making->made->trust, certificate) == 1); /* one that is there already is fine */
    X509_free(certificate);
}

static void show_one(struct making *making, X509 *certificate)
{
    struct tls_credentials *made = making->made;

    if (!made->cert)
        made->cert = certificate;
    else
        WB_REQUIRE(sk_X509_push(made->chain, certificate) > 0);
}

static bool read_cas(struct making *making)
{
    const struct tls_options *options = making->options;

    if (options->ca_count == 0)
        return true;
    making->made->trust = X509_STORE_new();
    WB_REQUIRE(making->made->trust);
    for (size_t i = 0; i < options->ca_count; i++)
        if (!read_certificates(making, options->ca_option, options->cas[i], trust_one))
            return false;
    return true;
}

/* Nobody is there to be asked for a password. */
static int give_no_password(char *out, int size, int is_for_writing, void *was_asked)
{
    (void)out;
    (void)size;
    (void)is_for_writing;
    *(bool *)was_asked = true;
    return -1;
}

static bool read_key(struct making *making)
{
    const struct tls_options *options = making->options;
    bool is_encrypted = false;
    struct text pem;
    BIO *bio = open_pem(making, options->key_option, options->key, &pem);

    if (!bio)
        return false;
    making->made->key = PEM_read_bio_PrivateKey(bio, NULL, give_no_password, &is_encrypted);
    ERR_clear_error();
    BIO_free(bio);
    if (pem.len)
        OPENSSL_cleanse(pem.ptr, pem.len);
    text_fini(&pem);
    if (making->made->key)
        return true;
    return refuse(making, options->key_option, options->key,
                  is_encrypted ? "it is encrypted: store it without a password, readable by the router only"
                               : "there is no private key in it: it is to be PEM, -----BEGIN PRIVATE KEY-----");
}

/* The library has demands of its own, such as the length of the key. */
static bool try_pair(struct making *making)
{
    const struct tls_credentials *made = making->made;
    SSL_CTX *library = SSL_CTX_new(TLS_method());

    WB_REQUIRE(library);
    bool usable = SSL_CTX_use_cert_and_key(library, made->cert, made->key, made->chain, 1) == 1;
    const char *reason = usable ? NULL : ERR_reason_error_string(ERR_peek_error());
    SSL_CTX_free(library);
    ERR_clear_error();
    return usable ||
           refuse(making, making->options->cert_option, making->options->cert, reason ? reason : "it cannot be used");
}

static bool read_pair(struct making *making)
{
    const struct tls_options *options = making->options;
    struct tls_credentials *made = making->made;

    if (options->cert.len == 0 && options->key.len == 0)
        return true;
    if (options->cert.len == 0)
        return refuse(making, options->cert_option, options->cert, "missing: the certificate of the key");
    if (options->key.len == 0)
        return refuse(making, options->key_option, options->key, "missing: the private key of the certificate");
    made->chain = sk_X509_new_null();
    WB_REQUIRE(made->chain);
    if (!read_certificates(making, options->cert_option, options->cert, show_one) || !read_key(making))
        return false;
    bool fits = X509_check_private_key(made->cert, made->key) == 1;
    ERR_clear_error();
    return fits ? try_pair(making)
                : refuse(making, options->key_option, options->key, "it is not the key of the certificate");
}

/* Those of the same files and the same rule have one name. */
static void name_them(struct making *making, struct slice rule)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (!making->digest) {
        snprintf(making->made->id, sizeof making->made->id, SLICE_FMT, SLICE_ARG(rule));
        return;
    }
    note(making, rule);
    WB_REQUIRE(EVP_DigestFinal_ex(making->digest, raw, &len) == 1);
    for (unsigned i = 0; i < len; i++) {
        making->made->id[2 * i] = hex[raw[i] >> 4];
        making->made->id[2 * i + 1] = hex[raw[i] & 15];
    }
}

struct tls_credentials *tls_credentials_create(const struct tls_options *options, char **out_problem)
{
    struct making making = {.options = options, .made = wb_alloc(sizeof *making.made)};
    struct text rule = TEXT_EMPTY;

    text_addf(&rule, "%zu authorities, %s", options->ca_count, options->skip_verify ? "not asked" : "believed");
    making.made->refs = 1;
    making.made->ca_option = options->ca_option;
    making.made->verify = !options->skip_verify;
    if (read_cas(&making) && read_pair(&making))
        name_them(&making, text_slice(&rule));
    text_fini(&rule);
    EVP_MD_CTX_free(making.digest);
    if (making.problem) {
        tls_credentials_unref(&making.made);
        *out_problem = making.problem;
    }
    return making.made;
}

struct tls_credentials *tls_credentials_join(struct tls_credentials *trust, struct tls_credentials *own)
{
    struct tls_credentials *made = wb_alloc(sizeof *made);
    struct making making = {.made = made};

    note(&making, slice_of(trust->id));
    note(&making, slice_of(own->id));
    name_them(&making, SLICE("joined"));
    EVP_MD_CTX_free(making.digest);
    made->refs = 1;
    made->ca_option = trust->ca_option;
    made->verify = trust->verify;
    made->trust = trust->trust;
    made->cert = own->cert;
    made->chain = X509_chain_up_ref(own->chain);
    made->key = own->key;
    WB_REQUIRE((!made->trust || X509_STORE_up_ref(made->trust) == 1) && made->chain && X509_up_ref(made->cert) == 1 &&
               EVP_PKEY_up_ref(made->key) == 1);
    return made;
}

struct tls_credentials *tls_credentials_ref(struct tls_credentials *credentials)
{
    atomic_fetch_add_explicit(&credentials->refs, 1, memory_order_relaxed);
    return credentials;
}

void tls_credentials_unref(struct tls_credentials **credentials)
{
    struct tls_credentials *leaving = *credentials;

    *credentials = NULL;
    if (!leaving || atomic_fetch_sub_explicit(&leaving->refs, 1, memory_order_acq_rel) > 1)
        return;
    X509_STORE_free(leaving->trust);
    X509_free(leaving->cert);
    sk_X509_pop_free(leaving->chain, X509_free);
    EVP_PKEY_free(leaving->key);
    free(leaving);
}

const char *tls_credentials_id(const struct tls_credentials *credentials)
{
    return credentials->id;
}

const char *tls_credentials_ca_option(const struct tls_credentials *credentials)
{
    return credentials->ca_option;
}

bool tls_credentials_want_system(const struct tls_credentials *credentials)
{
    return credentials->verify && !credentials->trust;
}

/* Whom the system trusts: one for the whole program, since it is large and the same for all. Filled once, then only read. */
static struct {
    pthread_mutex_t lock;
    X509_STORE *store;
    bool found;
} system_trust = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Where distributions keep them; the first there is holds, as with v1.7. */
static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

static void fill_system_trust(void)
{
    const char *file = getenv("SSL_CERT_FILE"), *folder = getenv("SSL_CERT_DIR");

    system_trust.store = X509_STORE_new();
    WB_REQUIRE(system_trust.store);
    if (file && file[0])
        system_trust.found = X509_STORE_load_file(system_trust.store, file) == 1;
    for (size_t i = 0; !file && !system_trust.found && i < WB_COUNT(bundles); i++)
        system_trust.found = X509_STORE_load_file(system_trust.store, bundles[i]) == 1;
    if (folder && folder[0])
        system_trust.found = X509_STORE_load_path(system_trust.store, folder) == 1 || system_trust.found;
    ERR_clear_error();
}

static X509_STORE *take_system_trust(void)
{
    pthread_mutex_lock(&system_trust.lock);
    if (!system_trust.store)
        fill_system_trust();
    WB_REQUIRE(X509_STORE_up_ref(system_trust.store) == 1);
    pthread_mutex_unlock(&system_trust.lock);
    return system_trust.store;
}

bool tls_load_system_trust(void)
{
    X509_STORE_free(take_system_trust());
    return system_trust.found;
}

X509_STORE *tls_credentials_trust(const struct tls_credentials *credentials)
{
    if (!credentials->trust)
        return take_system_trust();
    WB_REQUIRE(X509_STORE_up_ref(credentials->trust) == 1);
    return credentials->trust;
}
