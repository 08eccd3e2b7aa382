/* SPDX-License-Identifier: MIT */
#include "waybill/settings/host_port.h"
#include "waybill/net/address.h"

enum { HOST_BYTES_MAX = 255 };

static bool is_host_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

static bool is_plain_host(struct slice host)
{
    for (size_t i = 0; i < host.len; i++)
        if (!is_host_byte(host.ptr[i]))
            return false;
    return host.len <= HOST_BYTES_MAX;
}

/* In brackets only an IPv6 address stands; one with IPv4 in it (::ffff:1.2.3.4) is written so, too. */
static bool is_bracket_host(struct slice host)
{
    struct address address;
    return slice_find(host, ':') < host.len && slice_find(host, '[') == host.len && address_parse(host, 0, &address);
}

bool host_port_parse(struct slice text, struct host_port *out_host_port)
{
    size_t colon = slice_find_last(text, ':');
    if (colon == text.len)
        return false;
    struct slice host = slice_head(text, colon), port_text = slice_from(text, colon + 1);
    uint64_t port;
    bool bracketed = host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (bracketed)
        host = slice_make(host.ptr + 1, host.len - 2);
    if (!(bracketed ? is_bracket_host(host) : is_plain_host(host)))
        return false;
    if (port_text.len > 5 || !slice_to_u64(port_text, UINT16_MAX, &port))
        return false;
    *out_host_port = (struct host_port){.host = host, .port = (uint16_t)port, .bracketed = bracketed};
    return true;
}

bool host_port_reachable(struct slice address, struct host_port *out_host_port)
{
    if (!host_port_parse(address, out_host_port))
        return false;
    struct slice host = out_host_port->host;
    if (out_host_port->bracketed && slice_eq(host, SLICE("::")))
        out_host_port->host = SLICE("::1");
    else if (host.len == 0 || slice_eq(host, SLICE("0.0.0.0")))
        out_host_port->host = SLICE("127.0.0.1");
    return true;
}

bool host_is_loopback(struct slice host)
{
    struct address address;
    return slice_eq_nocase(host, SLICE("localhost")) || (address_parse(host, 0, &address) && address_is_loopback(&address));
}
