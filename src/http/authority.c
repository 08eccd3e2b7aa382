/* SPDX-License-Identifier: MIT */
#include "chars.h"
#include "waybill/http/target.h"
#include <arpa/inet.h>

enum { AUTHORITY_MAX = 255, PORT_MAX = 65535 };

static bool is_port(struct slice text)
{
    uint64_t port;
    return text.len == 0 || (text.len <= 5 && slice_to_u64(text, PORT_MAX, &port));
}

static bool is_ipv6(struct slice text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (text.len >= sizeof copy || slice_find(text, '\0') < text.len)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return inet_pton(AF_INET6, copy, &address) == 1;
}

/* "[v6]" and what is behind it. */
static bool parse_literal(struct slice authority, struct slice *out_host, struct slice *out_port)
{
    size_t end = slice_find(authority, ']');

    if (end == authority.len || !is_ipv6(slice_make(authority.ptr + 1, end - 1)))
        return false;
    struct slice rest = slice_from(authority, end + 1);
    if (rest.len > 0 && rest.ptr[0] != ':')
        return false;
    *out_host = slice_head(authority, end + 1);
    *out_port = slice_from(rest, 1);
    return is_port(*out_port);
}

bool authority_parse(struct slice authority, struct slice *out_host, struct slice *out_port)
{
    size_t len = 0;

    *out_host = *out_port = SLICE("");
    if (authority.len == 0)
        return true;
    if (authority.len > AUTHORITY_MAX)
        return false;
    if (authority.ptr[0] == '[')
        return parse_literal(authority, out_host, out_port);
    while (len < authority.len && char_is(authority.ptr[len], CHAR_HOST))
        len++;
    if (len < authority.len && authority.ptr[len] != ':')
        return false;
    *out_port = slice_from(authority, len + 1);
    if (len > 0 && authority.ptr[len - 1] == '.')
        len--; /* a.test. is a.test (security case H7) */
    *out_host = slice_head(authority, len);
    return len > 0 && authority.ptr[len - 1] != '.' && is_port(*out_port);
}
