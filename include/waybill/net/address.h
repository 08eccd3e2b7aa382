/* SPDX-License-Identifier: MIT */
/* address - an IP address with a port, and networks of them. `::ffff:a.b.c.d` is read as IPv4 everywhere
 * (decisions.md 20). Values; thread: any. */
#pragma once
#include "waybill/base/slice.h"

struct address {
    uint8_t ip[16]; /* network order; IPv4 in the first four */
    bool is_v6;
    uint16_t port;
};

struct network {
    uint8_t ip[16];
    bool is_v6;
    uint8_t prefix_bits;
};

/* "10.0.0.1", "::1", "[::1]"; an IPv6 zone is refused. Port becomes `port`. */
bool address_parse(struct slice text, uint16_t port, struct address *out_address);
/* As address_parse, or with a port behind it, which is not looked at: "10.0.0.1:80", "[::1]:80". */
bool address_parse_forwarded(struct slice text, struct address *out_address);
/* 4 or 16 bytes in network order. */
struct address address_from_bytes(const uint8_t *ip, bool is_v6, uint16_t port);
/* Without brackets and port. */
enum { ADDRESS_TEXT_SIZE = 48 };
size_t address_format_ip(const struct address *address, char out[ADDRESS_TEXT_SIZE]);
bool address_is_loopback(const struct address *address);

/* "10.0.0.0/8", "::1/128", or a single address. */
bool network_parse(struct slice text, struct network *out_network);
bool networks_have(const struct network *networks, size_t count, const struct address *address);

struct sockaddr;
/* False for a family other than IPv4 and IPv6. */
bool address_from_sockaddr(const struct sockaddr *from, struct address *out_address);
struct sockaddr_storage;
void address_to_sockaddr(const struct address *address, struct sockaddr_storage *out_to);
