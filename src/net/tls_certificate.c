/* SPDX-License-Identifier: MIT */
#include "tls_private.h"
#include "waybill/base/digest.h"
#include "waybill/base/text.h"
#include "waybill/net/address.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { GENERATED_DAYS = 365, GENERATED_LABEL_BYTES = 16 };

static void add_name(struct tls_certificate *made, struct slice name)
{
    if (name.len == 0 || memchr(name.ptr, '\0', name.len)) /* what is behind a NUL would not be seen by all */
        return;
    made->names = wb_realloc(made->names, (made->name_count + 2) * sizeof *made->names);
    char *copy = slice_dup(name);
    for (char *c = copy; *c; c++)
        *c = ascii_lower(*c);
    made->names[made->name_count++] = copy;
    made->names[made->name_count] = NULL;
}

static void add_common_name(struct tls_certificate *made)
{
    const X509_NAME *subject = X509_get_subject_name(made->credentials->cert);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    unsigned char *text = NULL;

    if (at < 0)
        return;
    int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (len > 0)
        add_name(made, slice_make((const char *)text, (size_t)len));
    OPENSSL_free(text);
}

static void add_address(struct tls_certificate *made, const ASN1_STRING *bytes)
{
    char text[ADDRESS_TEXT_SIZE];
    int len = ASN1_STRING_length(bytes);

    if (len != 4 && len != 16)
        return;
    struct address address = address_from_bytes(ASN1_STRING_get0_data(bytes), len == 16, 0);
    add_name(made, slice_make(text, address_format_ip(&address, text)));
}

static void add_other_names(struct tls_certificate *made)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(made->credentials->cert, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
        int kind;
        const ASN1_STRING *text = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all, i), &kind);
        if (kind == GEN_DNS)
            add_name(made, slice_make((const char *)ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)));
        else if (kind == GEN_IPADD)
            add_address(made, text);
    }
    GENERAL_NAMES_free(all);
}

static void keep_der(struct tls_certificate *made)
{
    unsigned char *der = NULL;
    int len = i2d_X509(made->credentials->cert, &der);

    WB_REQUIRE(len > 0);
    made->der = der;
    made->der_len = (size_t)len;
}

/* Takes over the reference. */
static struct tls_certificate *wrap(struct tls_credentials *credentials)
{
    struct tls_certificate *made = wb_alloc(sizeof *made);

    made->refs = 1;
    made->credentials = credentials;
    made->names = wb_alloc(sizeof *made->names);
    add_common_name(made);
    add_other_names(made);
    keep_der(made);
    ERR_clear_error(); /* an extension that cannot be read is none */
    return made;
}

struct tls_certificate *tls_certificate_create(struct slice cert, struct slice key, char **out_problem)
{
    struct tls_credentials *credentials = tls_credentials_create(
        &(struct tls_options){
            .ca_option = "", .cert_option = "certificate", .key_option = "private key", .cert = cert, .key = key},
        out_problem);

    if (!credentials)
        return NULL;
    struct tls_certificate *made = wrap(credentials);
    if (!tls_credentials_is_text(cert))
        made->staple = tls_staple_read(cert, credentials, out_problem);
    return made;
}

static void name_it(X509 *cert, EVP_PKEY *key)
{
    unsigned char random[2 * GENERATED_LABEL_BYTES];
    struct text name = TEXT_EMPTY;
    X509V3_CTX about;

    digest_random(random, sizeof random);
    text_addf(&name, "DNS:");
    for (size_t i = 0; i < sizeof random; i++)
        text_addf(&name, "%s%02x", i == GENERATED_LABEL_BYTES ? "." : "", random[i]);
    text_addf(&name, ".traefik.default");
    X509V3_set_ctx(&about, cert, cert, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&about);
    static const struct {
        int nid;
        const char *value;
    } rows[] = {{NID_key_usage, "critical,digitalSignature,keyEncipherment"}, {NID_ext_key_usage, "serverAuth"}};
    for (size_t i = 0; i <= WB_COUNT(rows); i++) {
        X509_EXTENSION *extension = i < WB_COUNT(rows)
                                        ? X509V3_EXT_conf_nid(NULL, &about, rows[i].nid, rows[i].value)
                                        : X509V3_EXT_conf_nid(NULL, &about, NID_subject_alt_name, text_slice(&name).ptr);
        WB_REQUIRE(extension && X509_add_ext(cert, extension, -1) == 1);
        X509_EXTENSION_free(extension);
    }
    X509_NAME *subject = X509_get_subject_name(cert);
    WB_REQUIRE(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"TRAEFIK DEFAULT CERT", -1, -1,
                                          0) == 1 &&
               X509_set_issuer_name(cert, subject) == 1 && X509_set_pubkey(cert, key) == 1);
    text_fini(&name);
}

static void number_it(X509 *cert)
{
    unsigned char random[16];
    BIGNUM *number;

    digest_random(random, sizeof random);
    random[0] &= 0x7f; /* positive, in 16 bytes */
    number = BN_bin2bn(random, sizeof random, NULL);
    WB_REQUIRE(number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)));
    BN_free(number);
}

/* As read from a file: the library keeps the bytes of what it has read, and puts together anew, for each handshake, what it has
 * made itself. */
static X509 *read_back(X509 *made)
{
    unsigned char *der = NULL;
    int len = i2d_X509(made, &der);
    const unsigned char *at = der;
    X509 *read = len > 0 ? d2i_X509(NULL, &at, len) : NULL;

    WB_REQUIRE(read);
    OPENSSL_free(der);
    X509_free(made);
    return read;
}

struct tls_certificate *tls_certificate_generate(void)
{
    struct tls_credentials *credentials = wb_alloc(sizeof *credentials);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();

    WB_REQUIRE(key && cert && X509_set_version(cert, X509_VERSION_3) == 1);
    number_it(cert);
    WB_REQUIRE(X509_gmtime_adj(X509_getm_notBefore(cert), 0) &&
               X509_time_adj_ex(X509_getm_notAfter(cert), GENERATED_DAYS, 0, NULL));
    name_it(cert, key);
    WB_REQUIRE(X509_sign(cert, key, EVP_sha256()) > 0);
    credentials->refs = 1;
    credentials->ca_option = "";
    credentials->cert = read_back(cert);
    credentials->chain = sk_X509_new_null();
    credentials->key = key;
    credentials->verify = true;
    return wrap(credentials);
}

struct tls_certificate *tls_certificate_ref(struct tls_certificate *certificate)
{
    atomic_fetch_add_explicit(&certificate->refs, 1, memory_order_relaxed);
    return certificate;
}

void tls_certificate_unref(struct tls_certificate **certificate)
{
    struct tls_certificate *leaving = *certificate;

    *certificate = NULL;
    if (!leaving || atomic_fetch_sub_explicit(&leaving->refs, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < leaving->name_count; i++)
        free(leaving->names[i]);
    free(leaving->names);
    OPENSSL_free(leaving->der);
    tls_staple_free(&leaving->staple);
    tls_credentials_unref(&leaving->credentials);
    free(leaving);
}

const char *const *tls_certificate_names(const struct tls_certificate *certificate)
{
    return (const char *const *)certificate->names;
}

struct tls_credentials *tls_certificate_credentials(const struct tls_certificate *certificate)
{
    return certificate->credentials;
}

struct slice tls_certificate_der(const struct tls_certificate *certificate)
{
    return slice_make((const char *)certificate->der, certificate->der_len);
}
