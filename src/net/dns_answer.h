/* SPDX-License-Identifier: MIT */
/*
 * dns_answer - what a DNS message says a name is another name of (RFC 1035 4.1): its CNAME record.
 *
 * Pure; any thread. The bytes are a stranger's: whoever runs the zone of a name that somebody asks us for writes them.
 */
#pragma once
#include "waybill/base/slice.h"

enum { DNS_NAME_MAX = 254 }; /* as text, with a NUL behind (RFC 1035 2.3.4) */

enum dns_outcome {
    DNS_ALIAS, /* *out_alias is filled */
    DNS_NO_ALIAS,
    DNS_MALFORMED, /* or a name that no host has */
};

struct dns_alias {
    char target[DNS_NAME_MAX]; /* lower case, no final dot */
    uint32_t ttl_s;
};

/* `name` is lower case, without a final dot. */
enum dns_outcome dns_read_alias(struct slice message, struct slice name, struct dns_alias *out_alias);
/* What may be asked for: letters, digits, `-` and `_` in labels of 1 to 63, and not an address. */
bool dns_is_host(struct slice name);
