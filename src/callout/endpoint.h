/* SPDX-License-Identifier: MIT */
/* endpoint - where an API is: a socket file or a host and port, as text in options. Thread: any. */
#pragma once
#include "waybill/base/slice.h"
#include <sys/types.h>

struct endpoint {
    char *written;     /* for messages */
    char *socket_path; /* NULL: over TCP */
    char *base;        /* "http://docker", "http://10.0.0.1:2375", "https://10.0.0.1:2376" */
    bool is_secure;    /* TLS */
};

/* Which file a socket path leads to; zero when there is none. */
struct endpoint_file {
    dev_t device;
    ino_t inode;
};

/* `tls_options` is what the options of TLS are called, when there are any; else NULL. */
bool endpoint_parse(struct slice text, const char *tls_options, struct endpoint *out_endpoint, char **out_error);
void endpoint_fini(struct endpoint *endpoint);
struct endpoint_file endpoint_file(const struct endpoint *endpoint);
