/* SPDX-License-Identifier: MIT */
#include "waybill/net/tls_client.h"
#include "tls_private.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>

/* Of one kind, of one certificate: more is not what names are for. */
enum { TEXTS_MAX = 100 };

static void add_text(struct arena *arena, struct tls_texts *texts, struct slice text)
{
    if (texts->count == TEXTS_MAX)
        return;
    if ((texts->count & (texts->count - 1)) == 0) { /* full: 0, 1, 2, 4, 8, ... */
        struct slice *items = ARENA_ARRAY(arena, struct slice, texts->count ? 2 * texts->count : 1);
        if (!items)
            return;
        if (texts->count)
            memcpy(items, texts->items, texts->count * sizeof *items);
        texts->items = items;
    }
    texts->items[texts->count++] = arena_copy(arena, text);
}

static void add_string(struct arena *arena, struct tls_texts *texts, const ASN1_STRING *string)
{
    unsigned char *text = NULL;
    int len = ASN1_STRING_to_UTF8(&text, string);

    if (len >= 0)
        add_text(arena, texts, slice_make((const char *)text, (size_t)len));
    OPENSSL_free(text);
}

static void read_name(struct arena *arena, const X509_NAME *from, struct tls_client_name *out)
{
    static const int nids[TLS_NAME_PART_COUNT] = {
        [TLS_NAME_DOMAIN] = NID_domainComponent,
        [TLS_NAME_COUNTRY] = NID_countryName,
        [TLS_NAME_PROVINCE] = NID_stateOrProvinceName,
        [TLS_NAME_LOCALITY] = NID_localityName,
        [TLS_NAME_ORGANIZATION] = NID_organizationName,
        [TLS_NAME_SERIAL] = NID_serialNumber,
        [TLS_NAME_COMMON] = NID_commonName,
    };

    for (int part = 0; part < TLS_NAME_PART_COUNT; part++)
        for (int at = -1; (at = X509_NAME_get_index_by_NID(from, nids[part], at)) >= 0;)
            add_string(arena, &out->parts[part], X509_NAME_ENTRY_get_data(X509_NAME_get_entry(from, at)));
}

static void read_address(struct arena *arena, const ASN1_STRING *bytes, struct tls_texts *texts)
{
    char text[ADDRESS_TEXT_SIZE];
    int len = ASN1_STRING_length(bytes);

    if (len != 4 && len != 16)
        return;
    struct address address = address_from_bytes(ASN1_STRING_get0_data(bytes), len == 16, 0);
    add_text(arena, texts, slice_make(text, address_format_ip(&address, text)));
}

static void read_other_names(struct arena *arena, X509 *from, struct tls_client_certificate *out)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(from, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
        int kind;
        const ASN1_STRING *text = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all, i), &kind);
        if (kind == GEN_DNS)
            add_string(arena, &out->dns, text);
        else if (kind == GEN_EMAIL)
            add_string(arena, &out->emails, text);
        else if (kind == GEN_IPADD)
            read_address(arena, text, &out->addresses);
        else if (kind == GEN_URI)
            add_string(arena, &out->uris, text);
    }
    GENERAL_NAMES_free(all);
}

static int64_t seconds_of(const ASN1_TIME *from)
{
    struct tm parts;
    return ASN1_TIME_to_tm(from, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

static void read_one(struct arena *arena, X509 *from, struct tls_client_certificate *out)
{
    unsigned char *der = NULL;
    int len = i2d_X509(from, &der);

    if (len > 0)
        out->der = arena_copy(arena, slice_make((const char *)der, (size_t)len));
    OPENSSL_free(der);
    out->not_before_s = seconds_of(X509_get0_notBefore(from));
    out->not_after_s = seconds_of(X509_get0_notAfter(from));
    read_name(arena, X509_get_subject_name(from), &out->subject);
    read_name(arena, X509_get_issuer_name(from), &out->issuer);
    read_other_names(arena, from, out);
}

bool tls_client_certificates(const struct stream *stream, struct arena *arena, struct tls_client_certificate **out,
                             size_t *out_count)
{
    const struct tls_stream *t = (const struct tls_stream *)(const void *)stream;
    X509 *own = stream->is_secure && t->library ? SSL_get0_peer_certificate(t->library) : NULL;
    STACK_OF(X509) *others = own ? SSL_get_peer_cert_chain(t->library) : NULL;
    int other_count = others ? sk_X509_num(others) : 0;

    *out_count = own ? 1 + (size_t)other_count : 0;
    *out = ARENA_ARRAY(arena, struct tls_client_certificate, *out_count + 1);
    if (!*out)
        return false;
    if (own)
        read_one(arena, own, &(*out)[0]);
    for (int i = 0; i < other_count; i++)
        read_one(arena, sk_X509_value(others, i), &(*out)[i + 1]);
    ERR_clear_error();
    return !arena->overflowed;
}
