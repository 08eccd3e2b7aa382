/* SPDX-License-Identifier: MIT */
/* credentials - what a client writes into Authorization (RFC 7617, RFC 7616). Thread: any; slices are of what was read. */
#pragma once
#include "waybill/base/slice.h"

enum { BASIC_BYTES_MAX = 1024, DIGEST_VALUE_MAX = 256 };

struct basic_credentials {
    struct slice name, password; /* in bytes */
    unsigned char bytes[BASIC_BYTES_MAX];
};

/* False: it is something else, malformed, or longer than we take. */
bool basic_credentials_read(struct slice field, struct basic_credentials *out);

/* Parameters of Digest that count; quotes are taken off, and what is quoted inside too. */
struct digest_credentials {
    struct slice username, realm, nonce, uri, response, opaque, algorithm, qop, nc, cnonce;
    char unquoted[DIGEST_VALUE_MAX]; /* of values in which something is quoted */
    size_t unquoted_len;
};

/* False: something else, malformed, the same parameter twice, or more in backslashes than we take. */
bool digest_credentials_read(struct slice field, struct digest_credentials *out);
