/* SPDX-License-Identifier: MIT */
/*
 * tls_client - what the certificates that a client showed say of it. They have been verified, if anybody was named who verifies
 * them; a client that showed none has none.
 *
 * Thread: the stream's. What is given lies in the caller's arena.
 */
#pragma once
#include "waybill/base/arena.h"
#include "waybill/net/stream.h"

/* Parts of a name, in the order in which v1.7 writes them. */
enum tls_name_part {
    TLS_NAME_DOMAIN, /* DC */
    TLS_NAME_COUNTRY,
    TLS_NAME_PROVINCE,
    TLS_NAME_LOCALITY,
    TLS_NAME_ORGANIZATION,
    TLS_NAME_SERIAL,
    TLS_NAME_COMMON,
    TLS_NAME_PART_COUNT
};

struct tls_texts {
    struct slice *items;
    size_t count;
};

struct tls_client_name {
    struct tls_texts parts[TLS_NAME_PART_COUNT];
};

struct tls_client_certificate {
    struct slice der;
    int64_t not_before_s, not_after_s; /* since 1970 */
    struct tls_client_name subject, issuer;
    struct tls_texts dns, emails, addresses, uris; /* other names of the subject */
};

/* Its own first, then those it sent to lead to whom we believe; none: it showed none. False: they do not fit into the arena. */
bool tls_client_certificates(const struct stream *stream, struct arena *arena, struct tls_client_certificate **out,
                             size_t *out_count);
