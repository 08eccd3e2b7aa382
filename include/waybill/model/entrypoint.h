/* SPDX-License-Identifier: MIT */
/* entrypoint - a listening address and its options, as plain data. Thread: any. Owner: the static configuration; never
 * changes. */
#pragma once
#include "waybill/model/model.h"

struct model_entrypoint {
    struct slice name;
    struct slice address;            /* "host:port" as written */
    bool tls;                        /* redirections to it are to https */
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
