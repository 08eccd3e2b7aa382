/* SPDX-License-Identifier: MIT */
#include "credentials.h"
#include "waybill/base/error.h"
#include "waybill/base/file_text.h"
#include "waybill/base/text.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

enum { PEM_FILE_LIMIT = 1024 * 1024 };

/* While they are checked. */
struct check {
    const struct callout_tls *tls;
    X509 *cert; /* the first one of the file: ours */
    EVP_PKEY *key;
    char *error; /* NULL: none so far */
};

/* Always false. `option` is "ca", "cert" or "key"; a literal is not repeated: it may be a key. */
static bool refuse(struct check *check, const char *option, const struct pem_source *source, const char *reason)
{
    check->error = wb_format("%s.%s: %s%s%s", check->tls->options, option, source->path ? source->path : "",
                             source->path ? ": " : "", reason);
    return false;
}

static struct pem_source source_of(struct slice written)
{
    bool is_text = false;

    for (size_t i = 0; i < written.len && !is_text; i++)
        is_text = slice_starts(slice_from(written, i), SLICE("-----BEGIN "));
    if (written.len == 0)
        return (struct pem_source){0};
    return is_text ? (struct pem_source){.text = slice_dup(written)} : (struct pem_source){.path = slice_dup(written)};
}

static bool is_given(const struct pem_source *source)
{
    return source->path || source->text;
}

static bool read_file(struct check *check, const char *option, const struct pem_source *source, struct text *out_pem)
{
    wb_err error = file_text_add(out_pem, slice_of(source->path), PEM_FILE_LIMIT);

    if (error == 0)
        return true;
    return refuse(check, option, source,
                  error == -EFBIG    ? "longer than a PEM file is"
                  : error == -EINVAL ? "it is no plain file"
                                     : strerror(-error));
}

/* The PEM text, to read from; NULL when it was refused. */
static BIO *open_pem(struct check *check, const char *option, const struct pem_source *source, struct text *out_pem)
{
    *out_pem = TEXT_EMPTY;
    if (source->text)
        text_add(out_pem, slice_of(source->text));
    else if (!read_file(check, option, source, out_pem))
        return NULL;
    BIO *bio = BIO_new_mem_buf(out_pem->ptr ? out_pem->ptr : "", (int)out_pem->len);
    WB_REQUIRE(bio);
    return bio;
}

/* All certificates of it; the first one is the caller's. */
static X509 *read_certificates(struct check *check, const char *option, const struct pem_source *source)
{
    struct text pem;
    X509 *first = NULL, *next;
    BIO *bio = open_pem(check, option, source, &pem);

    while (bio && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        if (first)
            X509_free(next);
        else
            first = next;
    }
    /* The end of the file is an error to the library, too: "no start line". */
    unsigned long end = ERR_peek_last_error();
    bool is_whole = ERR_GET_LIB(end) == ERR_LIB_PEM && ERR_GET_REASON(end) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (bio && !first)
        refuse(check, option, source, "there is no certificate in it: it is to be PEM, -----BEGIN CERTIFICATE-----");
    else if (bio && !is_whole)
        refuse(check, option, source, "one of its certificates is damaged");
    BIO_free(bio);
    text_fini(&pem);
    return first;
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

static EVP_PKEY *read_key(struct check *check, const struct pem_source *source)
{
    struct text pem;
    bool is_encrypted = false;
    BIO *bio = open_pem(check, "key", source, &pem);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_no_password, &is_encrypted) : NULL;

    ERR_clear_error();
    if (bio && !key)
        refuse(check, "key", source,
               is_encrypted ? "it is encrypted: store it without a password, readable by the router only"
                            : "there is no private key in it: it is to be PEM, -----BEGIN PRIVATE KEY-----");
    BIO_free(bio);
    if (pem.len)
        OPENSSL_cleanse(pem.ptr, pem.len);
    text_fini(&pem);
    return key;
}

static bool check_pair(struct check *check, const struct credentials *credentials)
{
    const struct pem_source *cert = &credentials->cert, *key = &credentials->key;

    if (!is_given(cert) && !is_given(key) && !credentials->verify)
        return true;
    if (!is_given(cert))
        return refuse(check, "cert", cert, "missing: the file with the certificate to show to the other side");
    if (!is_given(key))
        return refuse(check, "key", key, "missing: the file with the private key of the certificate");
    check->cert = read_certificates(check, "cert", cert);
    if (!check->error)
        check->key = read_key(check, key);
    if (check->error)
        return false;
    bool fits = X509_check_private_key(check->cert, check->key) == 1;
    ERR_clear_error();
    return fits || refuse(check, "key", key, "it is not the key of the certificate that cert names");
}

static bool check_ca(struct check *check, const struct credentials *credentials)
{
    if (is_given(&credentials->ca))
        X509_free(read_certificates(check, "ca", &credentials->ca));
    return !check->error;
}

bool credentials_read(const struct callout_tls *tls, struct credentials *out_credentials, char **out_error)
{
    struct check check = {.tls = tls};

    *out_credentials = (struct credentials){
        .options = tls->options,
        .ca = source_of(tls->ca),
        .cert = source_of(tls->cert),
        .key = source_of(tls->key),
        .verify = !tls->insecure_skip_verify,
    };
    bool usable = check_ca(&check, out_credentials) && check_pair(&check, out_credentials);
    X509_free(check.cert);
    EVP_PKEY_free(check.key);
    if (!usable) {
        credentials_fini(out_credentials);
        *out_error = check.error;
    }
    return usable;
}

static void forget(struct pem_source *source)
{
    free(source->path);
    if (source->text)
        OPENSSL_cleanse(source->text, strlen(source->text));
    free(source->text);
    *source = (struct pem_source){0};
}

void credentials_fini(struct credentials *credentials)
{
    forget(&credentials->ca);
    forget(&credentials->cert);
    forget(&credentials->key);
}

static void use_source(CURL *easy, const struct pem_source *source, CURLoption path_option, CURLoption text_option)
{
    if (source->path)
        curl_easy_setopt(easy, path_option, source->path);
    if (source->text) {
        struct curl_blob blob = {source->text, strlen(source->text), CURL_BLOB_COPY};
        curl_easy_setopt(easy, text_option, &blob);
    }
}

void credentials_use(const struct credentials *credentials, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2); /* and later ones */
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, credentials->verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, credentials->verify ? 2L : 0L);
    curl_easy_setopt(easy, CURLOPT_KEYPASSWD, ""); /* a key that became encrypted fails, and asks nobody */
    if (is_given(&credentials->ca))
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* it stands instead of those the system trusts, not beside them */
    use_source(easy, &credentials->ca, CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB);
    use_source(easy, &credentials->cert, CURLOPT_SSLCERT, CURLOPT_SSLCERT_BLOB);
    use_source(easy, &credentials->key, CURLOPT_SSLKEY, CURLOPT_SSLKEY_BLOB);
}

/* TLS 1.3: that a certificate of ours is not believed shows itself after the handshake. Who does not believe it hangs up, and what
 * was sent meanwhile may be refused before the alert is read. */
static bool explain_end(const struct credentials *credentials, CURLcode code, const char *detail, struct text *out)
{
    bool alerted = strstr(detail, "alert") != NULL;

    if (!alerted && (code != CURLE_SEND_ERROR || !is_given(&credentials->cert)))
        return false;
    text_addf(out, "%s: %sis %s.cert signed by whom the other side trusts?", detail[0] ? detail : curl_easy_strerror(code),
              alerted ? "" : "if it asks for a certificate, ", credentials->options);
    return true;
}

bool credentials_explain(const struct credentials *credentials, CURLcode code, const char *detail, struct text *out)
{
    const char *options = credentials->options;

    if (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR)
        return explain_end(credentials, code, detail, out);
    if (!detail[0])
        return false;
    switch ((int)code) {
    case CURLE_PEER_FAILED_VERIFICATION:
        text_addf(out,
                  "%s: %s.ca is to name who signed the other side's certificate, and that is to name the endpoint's host",
                  detail, options);
        return true;
    case CURLE_SSL_CONNECT_ERROR:
        text_addf(out, "%s: %s asks for TLS 1.2 or later: does the other side speak it?", detail, options);
        return true;
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE: /* a file was good at start and is not any more */
        text_addf(out, "%s: %s names the files", detail, options);
        return true;
    default:
        return false;
    }
}
