/* SPDX-License-Identifier: MIT */
#include "waybill/net/address.h"
#include <arpa/inet.h>
#include <netinet/in.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void set_v6(struct address *address, const uint8_t ip[16])
{
    address->is_v6 = memcmp(ip, mapped_prefix, sizeof mapped_prefix) != 0;
    memset(address->ip, 0, sizeof address->ip);
    if (address->is_v6)
        memcpy(address->ip, ip, 16);
    else
        memcpy(address->ip, ip + 12, 4);
}

bool address_parse(struct slice text, uint16_t port, struct address *out_address)
{
    char copy[INET6_ADDRSTRLEN];
    uint8_t ip[16];

    if (text.len >= 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']')
        text = slice_make(text.ptr + 1, text.len - 2);
    if (text.len == 0 || text.len >= sizeof copy || slice_find(text, '\0') < text.len)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    *out_address = (struct address){.port = port};
    if (inet_pton(AF_INET, copy, out_address->ip) == 1)
        return true;
    if (inet_pton(AF_INET6, copy, ip) != 1)
        return false;
    set_v6(out_address, ip);
    return true;
}

bool address_parse_forwarded(struct slice text, struct address *out_address)
{
    size_t colon = slice_find_last(text, ':');
    bool has_port = colon < text.len && (slice_find(text, ':') == colon || (colon > 0 && text.ptr[colon - 1] == ']'));
    return address_parse(has_port ? slice_head(text, colon) : text, 0, out_address);
}

struct address address_from_bytes(const uint8_t *ip, bool is_v6, uint16_t port)
{
    struct address address = {.port = port};

    if (is_v6)
        set_v6(&address, ip);
    else
        memcpy(address.ip, ip, 4);
    return address;
}

static char *format_byte(uint8_t byte, char *at)
{
    unsigned tens = byte;

    if (byte >= 100) {
        *at++ = byte >= 200 ? '2' : '1';
        tens = byte % 100u;
    }
    if (byte >= 10)
        *at++ = (char)('0' + tens / 10);
    *at++ = (char)('0' + tens % 10);
    return at;
}

/* inet_ntop prints by printf, which is a tenth of a request's cost. */
static size_t format_v4(const uint8_t ip[4], char *out)
{
    char *at = format_byte(ip[0], out);

    for (int i = 1; i < 4; i++) {
        *at++ = '.';
        at = format_byte(ip[i], at);
    }
    *at = '\0';
    return (size_t)(at - out);
}

size_t address_format_ip(const struct address *address, char out[ADDRESS_TEXT_SIZE])
{
    if (!address->is_v6)
        return format_v4(address->ip, out);
    inet_ntop(AF_INET6, address->ip, out, ADDRESS_TEXT_SIZE);
    return strlen(out);
}

bool address_is_loopback(const struct address *address)
{
    static const uint8_t v6_loopback[16] = {[15] = 1};
    return address->is_v6 ? memcmp(address->ip, v6_loopback, 16) == 0 : address->ip[0] == 127;
}

bool network_parse(struct slice text, struct network *out_network)
{
    size_t slash = slice_find(text, '/');
    struct address address;
    uint64_t bits;

    if (!address_parse(slice_head(text, slash), 0, &address))
        return false;
    uint64_t widest = address.is_v6 ? 128 : 32;
    if (slash == text.len) {
        bits = widest;
    } else {
        bool mapped = !address.is_v6 && slice_find(slice_head(text, slash), ':') < slash;
        if (!slice_to_u64(slice_from(text, slash + 1), mapped ? 128 : widest, &bits))
            return false;
        if (mapped) {
            if (bits < 96)
                return false;
            bits -= 96;
        }
    }
    *out_network = (struct network){.is_v6 = address.is_v6, .prefix_bits = (uint8_t)bits};
    memcpy(out_network->ip, address.ip, 16);
    return true;
}

static bool network_has(const struct network *network, const struct address *address)
{
    if (network->is_v6 != address->is_v6)
        return false;
    size_t whole = network->prefix_bits / 8, rest = network->prefix_bits % 8;
    if (memcmp(network->ip, address->ip, whole) != 0)
        return false;
    return rest == 0 || ((network->ip[whole] ^ address->ip[whole]) >> (8 - rest)) == 0;
}

bool networks_have(const struct network *networks, size_t count, const struct address *address)
{
    for (size_t i = 0; i < count; i++)
        if (network_has(&networks[i], address))
            return true;
    return false;
}

bool address_from_sockaddr(const struct sockaddr *from, struct address *out_address)
{
    *out_address = (struct address){0};
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)from;
        memcpy(out_address->ip, &in->sin_addr, 4);
        out_address->port = ntohs(in->sin_port);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)from;
        set_v6(out_address, in->sin6_addr.s6_addr);
        out_address->port = ntohs(in->sin6_port);
        return true;
    }
    return false;
}

void address_to_sockaddr(const struct address *address, struct sockaddr_storage *out_to)
{
    memset(out_to, 0, sizeof *out_to);
    if (address->is_v6) {
        struct sockaddr_in6 *to = (struct sockaddr_in6 *)out_to;
        to->sin6_family = AF_INET6;
        memcpy(to->sin6_addr.s6_addr, address->ip, 16);
        to->sin6_port = htons(address->port);
    } else {
        struct sockaddr_in *to = (struct sockaddr_in *)out_to;
        to->sin_family = AF_INET;
        memcpy(&to->sin_addr, address->ip, 4);
        to->sin_port = htons(address->port);
    }
}
