/* SPDX-License-Identifier: MIT */
/* server_url - a server's URL as configured: http://host[:port][/ignored], https or h2c. Pure. */
#pragma once
#include "waybill/base/slice.h"

/* Slices are of the URL. */
struct server_url {
    struct slice host; /* no brackets */
    struct slice host_port;
    uint16_t port;
    bool is_secure; /* https */
    bool is_h2c;    /* HTTP/2 in clear, by prior knowledge */
};

/* NULL, or what is wrong and what to do. */
const char *server_url_parse(struct slice url, struct server_url *out_url);
