/* SPDX-License-Identifier: MIT */
/* identity - certificates made for a test, with their keys. */
#pragma once
#include "waybill/base/error.h"
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

/* A certificate with its key, and the PEM of both. */
struct identity {
    X509 *cert;
    EVP_PKEY *key;
    char *cert_pem, *key_pem;
};

static inline char *identity_text(BIO *bio)
{
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);
    char *text = wb_strndup(bytes, (size_t)len);

    BIO_free(bio);
    return text;
}

static inline void identity_extend(X509 *cert, int kind, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);

    WB_REQUIRE(extension && X509_add_ext(cert, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* `names` as "DNS:a.test,IP:10.0.0.1"; NULL: one that signs others. `issuer` NULL: signed by itself. Valid from and to so many
 * days from now. */
static inline void identity_make(struct identity *out, const struct identity *issuer, const char *names, int from_days,
                                 int to_days)
{
    static int serial;
    char signer[32];
    BIO *cert_pem = BIO_new(BIO_s_mem()), *key_pem = BIO_new(BIO_s_mem());

    *out = (struct identity){.cert = X509_new(), .key = EVP_EC_gen("P-256")};
    X509_set_version(out->cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(out->cert), ++serial);
    X509_NAME *subject = X509_get_subject_name(out->cert);
    snprintf(signer, sizeof signer, "signer %d", serial);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)(names ? "server.test" : signer), -1, -1,
                               0);
    X509_set_issuer_name(out->cert, issuer ? X509_get_subject_name(issuer->cert) : subject);
    X509_gmtime_adj(X509_getm_notBefore(out->cert), from_days * 86400L);
    X509_gmtime_adj(X509_getm_notAfter(out->cert), to_days * 86400L);
    X509_set_pubkey(out->cert, out->key);
    if (names)
        identity_extend(out->cert, NID_subject_alt_name, names);
    else
        identity_extend(out->cert, NID_basic_constraints, "critical,CA:TRUE");
    WB_REQUIRE(X509_sign(out->cert, issuer ? issuer->key : out->key, EVP_sha256()));
    WB_REQUIRE(PEM_write_bio_X509(cert_pem, out->cert));
    WB_REQUIRE(PEM_write_bio_PrivateKey(key_pem, out->key, NULL, NULL, 0, NULL, NULL));
    out->cert_pem = identity_text(cert_pem);
    out->key_pem = identity_text(key_pem);
}

static inline void identity_drop(struct identity *identity)
{
    X509_free(identity->cert);
    EVP_PKEY_free(identity->key);
    free(identity->cert_pem);
    free(identity->key_pem);
    *identity = (struct identity){0};
}
