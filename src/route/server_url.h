/* SPDX-License-Identifier: MIT */
/* server_url - a server's URL as configured: http://host[:port][/ignored], or https. Pure. */
#pragma once
#include "waybill/base/slice.h"

/* Slices are of the URL. */
struct server_url {
    struct slice host; /* no brackets */
    struct slice host_port;
    uint16_t port;
    bool is_secure; /* https */
};

/* NULL, or what is wrong and what to do. */
const char *server_url_parse(struct slice url, struct server_url *out_url);
