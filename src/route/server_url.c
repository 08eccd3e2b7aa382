/* SPDX-License-Identifier: MIT */
#include "server_url.h"
#include "waybill/http/target.h"

const char *server_url_parse(struct slice url, struct server_url *out)
{
    struct slice port;

    out->is_secure = slice_starts_nocase(url, SLICE("https://"));
    out->is_h2c = slice_starts_nocase(url, SLICE("h2c://"));
    if (!out->is_secure && !out->is_h2c && !slice_starts_nocase(url, SLICE("http://")))
        return "does not begin with http://, https:// or h2c://: write http://address:port";
    struct slice authority = slice_from(url, slice_find(url, ':') + 3); /* behind "://" */
    for (size_t i = 0; i < authority.len; i++)
        if (strchr("/?#", authority.ptr[i]) && authority.ptr[i])
            authority.len = i;
    if (!authority_parse(authority, &out->host, &port) || out->host.len == 0)
        return "has no usable host: write http://address:port";
    /* An empty port is the default one (RFC 3986 3.2.3). */
    uint64_t number = out->is_secure ? 443 : 80;
    if (port.len && (!slice_to_u64(port, UINT16_MAX, &number) || number == 0))
        return "has a port that is not one: write a number from 1 to 65535";
    out->port = (uint16_t)number;
    out->host_port = slice_ends(authority, SLICE(":")) ? slice_head(authority, authority.len - 1) : authority;
    if (out->host.ptr[0] == '[')
        out->host = slice_make(out->host.ptr + 1, out->host.len - 2);
    return NULL;
}
