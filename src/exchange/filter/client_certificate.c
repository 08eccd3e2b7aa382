/* SPDX-License-Identifier: MIT */
/*
 * client_certificate - tells the server what certificate the client showed (spec/proxy.md 20).
 *
 * Both fields are ours: whatever the client, or a filter before, has put there goes, in every spelling, whether something is
 * told or not. Who shows no certificate, or comes in clear, has nothing told of him.
 */
#include "filters_private.h"
#include "waybill/base/base64.h"
#include "waybill/base/text.h"
#include "waybill/net/tls_client.h"
#include <stdlib.h>

#define CERTIFICATE SLICE("X-Forwarded-Tls-Client-Cert")
#define FACTS       SLICE("X-Forwarded-Tls-Client-Cert-Infos")

/* What is told of a name: a bit for each part of it. */
struct wanted {
    bool pem, facts, not_before, not_after, names;
    unsigned subject, issuer;
};

static unsigned parts_of(const struct model_dn *dn)
{
    if (!dn)
        return 0;
    return (dn->domain_component ? 1u << TLS_NAME_DOMAIN : 0) | (dn->country ? 1u << TLS_NAME_COUNTRY : 0) |
           (dn->province ? 1u << TLS_NAME_PROVINCE : 0) | (dn->locality ? 1u << TLS_NAME_LOCALITY : 0) |
           (dn->organization ? 1u << TLS_NAME_ORGANIZATION : 0) | (dn->serial_number ? 1u << TLS_NAME_SERIAL : 0) |
           (dn->common_name ? 1u << TLS_NAME_COMMON : 0);
}

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    const struct model_pass_client_cert *model = from->frontend->pass_client_cert;

    if (!model)
        return FILTER_ABSENT;
    struct wanted *wanted = ARENA_NEW(from->arena, struct wanted);
    wanted->pem = model->pem;
    wanted->facts = model->infos != NULL;
    if (model->infos) {
        wanted->not_before = model->infos->not_before;
        wanted->not_after = model->infos->not_after;
        wanted->names = model->infos->sans;
        wanted->subject = parts_of(model->infos->subject);
        wanted->issuer = parts_of(model->infos->issuer);
    }
    *out_config = wanted;
    return FILTER_MADE;
}

/* As in the query of a URL, a blank as `+`. */
static void add_escaped(struct text *out, struct slice part)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < part.len; i++) {
        unsigned char c = (unsigned char)part.ptr[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c && strchr("-_.~", c));
        if (plain || c == ' ') {
            text_add_char(out, plain ? (char)c : '+');
        } else {
            text_add_char(out, '%');
            text_add_char(out, hex[c >> 4]);
            text_add_char(out, hex[c & 15]);
        }
    }
}

static void add_pem(struct text *out, struct slice der)
{
    char *body = wb_alloc(BASE64_SIZE(der.len));

    if (out->len)
        text_add_char(out, ',');
    add_escaped(out, slice_make(body, base64_encode(der, body)));
    free(body);
}

/* A comma between what is said of one certificate. */
static void begin_fact(struct text *out, size_t begin)
{
    if (out->len > begin)
        text_add_char(out, ',');
}

/* Of a name with several of them v1.7 tells one serial number and one common name: the last. */
static void add_part(struct text *out, const struct tls_client_name *name, enum tls_name_part part)
{
    static const char *const keys[TLS_NAME_PART_COUNT] = {"DC", "C", "ST", "L", "O", "SN", "CN"};
    const struct tls_texts *texts = &name->parts[part];
    bool single = part == TLS_NAME_SERIAL || part == TLS_NAME_COMMON;

    for (size_t i = single && texts->count ? texts->count - 1 : 0; i < texts->count; i++)
        text_addf(out, "%s=" SLICE_FMT ",", keys[part], SLICE_ARG(texts->items[i]));
}

static void add_name(struct text *out, size_t begin, const char *title, const struct tls_client_name *name, unsigned wanted)
{
    struct text parts = TEXT_EMPTY;

    for (int part = 0; part < TLS_NAME_PART_COUNT; part++)
        if (wanted & (1u << part))
            add_part(&parts, name, (enum tls_name_part)part);
    if (parts.len) {
        begin_fact(out, begin);
        text_addf(out, "%s=\"" SLICE_FMT "\"", title, (int)parts.len - 1, parts.ptr);
    }
    text_fini(&parts);
}

static void add_texts(struct text *out, size_t begin, const struct tls_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        begin_fact(out, begin);
        text_add(out, texts->items[i]);
    }
}

static void add_facts(struct text *out, const struct wanted *wanted, const struct tls_client_certificate *certificate)
{
    size_t begin = out->len;

    add_name(out, begin, "Subject", &certificate->subject, wanted->subject);
    add_name(out, begin, "Issuer", &certificate->issuer, wanted->issuer);
    if (wanted->not_before) {
        begin_fact(out, begin);
        text_addf(out, "NB=%lld", (long long)certificate->not_before_s);
    }
    if (wanted->not_after) {
        begin_fact(out, begin);
        text_addf(out, "NA=%lld", (long long)certificate->not_after_s);
    }
    if (!wanted->names)
        return;
    begin_fact(out, begin);
    text_add(out, SLICE("SAN="));
    begin = out->len;
    add_texts(out, begin, &certificate->dns);
    add_texts(out, begin, &certificate->emails);
    add_texts(out, begin, &certificate->addresses);
    add_texts(out, begin, &certificate->uris);
}

/* Empties the text; false when it does not fit. */
static bool put(struct exchange *x, struct slice name, struct text *value)
{
    struct slice copy = arena_copy(&x->arena, text_slice(value));
    bool fits = !x->arena.overflowed && headers_add(&x->request.headers, name, copy);

    text_fini(value);
    return fits;
}

static bool put_pem(struct exchange *x, const struct tls_client_certificate *certificates, size_t count)
{
    struct text pem = TEXT_EMPTY;

    for (size_t i = 0; i < count; i++)
        add_pem(&pem, certificates[i].der);
    return put(x, CERTIFICATE, &pem);
}

static bool put_facts(struct exchange *x, const struct wanted *wanted, const struct tls_client_certificate *certificates,
                      size_t count)
{
    struct text facts = TEXT_EMPTY, escaped = TEXT_EMPTY;

    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            text_add_char(&facts, ';');
        add_facts(&facts, wanted, &certificates[i]);
    }
    add_escaped(&escaped, text_slice(&facts));
    text_fini(&facts);
    return put(x, FACTS, &escaped);
}

static bool tell(struct exchange *x, const struct wanted *wanted)
{
    struct tls_client_certificate *certificates;
    size_t count;

    if (!tls_client_certificates(x->client_ops->connection(x->client), &x->arena, &certificates, &count))
        return false;
    return count == 0 || ((!wanted->pem || put_pem(x, certificates, count)) &&
                          (!wanted->facts || put_facts(x, wanted, certificates, count)));
}

static enum filter_verdict request(struct exchange *x, const void *config)
{
    headers_remove_class(&x->request.headers, CERTIFICATE);
    headers_remove_class(&x->request.headers, FACTS);
    if (!x->entrypoint->tls || tell(x, config))
        return FILTER_PASS;
    exchange_answer(x, REASON_HEAD_TOO_LARGE);
    return FILTER_ANSWERED;
}

const struct filter_ops filter_client_certificate = {.name = "passTLSClientCert", .compile = compile, .request = request};
