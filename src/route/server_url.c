/* SPDX-License-Identifier: MIT */
#include "server_url.h"
#include "waybill/http/target.h"

const char *server_url_parse(struct slice url, struct slice *out_host, struct slice *out_host_port, uint16_t *out_port)
{
    struct slice port;
    uint64_t number = 80;

    if (slice_starts_nocase(url, SLICE("https://")) || slice_starts_nocase(url, SLICE("h2c://")))
        return "needs a protocol that is not in this version yet, and is never sent in clear instead: use http";
    if (!slice_starts_nocase(url, SLICE("http://")))
        return "does not begin with http://: write http://address:port";
    struct slice authority = slice_from(url, 7);
    for (size_t i = 0; i < authority.len; i++)
        if (strchr("/?#", authority.ptr[i]) && authority.ptr[i])
            authority.len = i;
    if (!authority_parse(authority, out_host, &port) || out_host->len == 0)
        return "has no usable host: write http://address:port";
    /* An empty port is the default one (RFC 3986 3.2.3). */
    if (port.len && (!slice_to_u64(port, UINT16_MAX, &number) || number == 0))
        return "has a port that is not one: write a number from 1 to 65535";
    *out_port = (uint16_t)number;
    *out_host_port = slice_ends(authority, SLICE(":")) ? slice_head(authority, authority.len - 1) : authority;
    if (out_host->ptr[0] == '[')
        *out_host = slice_make(out_host->ptr + 1, out_host->len - 2);
    return NULL;
}
