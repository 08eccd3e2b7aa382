/* SPDX-License-Identifier: MIT */
/* entrypoint - a listening address and its options, as plain data. Thread: any. Owner: the static configuration; never
 * changes. */
#pragma once
#include "waybill/model/model.h"

/* As written; what it means is made of it when it is compiled. */
struct model_tls {
    struct model_certificate *certificates;
    size_t certificate_count;
    struct model_certificate *fallback; /* for all other names; NULL: the first of certificates, or one is generated */
    struct slice min_version;           /* "VersionTLS12"; empty: the default */
    struct slices cipher_suites;
    bool sni_strict;
    struct slices client_cas; /* whose word counts for clients' certificates; none: they are not asked */
    bool client_ca_optional;
};

struct model_entrypoint {
    struct slice name;
    struct slice address;            /* "host:port" as written */
    struct model_tls *tls;           /* NULL: it is in clear */
    bool forwarded_insecure;         /* every client is believed */
    struct slices forwarded_trusted; /* addresses and networks of clients that are believed */
    bool compress;
    bool follows_aliases;            /* hosts lead where their CNAME records do, too (hostResolver) */
    bool proxy_protocol;             /* connections may begin with a PROXY header */
    bool proxy_insecure;             /* everybody's is believed */
    struct slices proxy_trusted;     /* addresses and networks of proxies whose is */
    struct model_redirect *redirect; /* of all requests but those to internal routes */
    struct model_white_list *white_list;
    struct model_auth *auth;
    struct slice closed_because; /* a protecting option could not be understood */
};
