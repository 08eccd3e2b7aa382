/* SPDX-License-Identifier: MIT */
/*
 * host_port - the textual form of an address to listen on: `host:port`, `:port`, `[v6]:port` (spec/static-config.md 3).
 *
 * Thread: any. A host is only cut out here, not resolved.
 */
#pragma once
#include "waybill/base/slice.h"

struct host_port {
    struct slice host; /* slice of the text, without brackets; empty = all addresses */
    uint16_t port;     /* 0 = any free one */
    bool bracketed;    /* the host was [in brackets], so it is an IPv6 address */
};

/* False when it is not of this form, the port is not 0..65535, or the host has bytes no address has. */
bool host_port_parse(struct slice text, struct host_port *out_host_port);
/* Where who listens on `address` answers on the same machine: for all addresses the loopback one. False as host_port_parse. */
bool host_port_reachable(struct slice address, struct host_port *out_host_port);
/* The host is an address of 127.0.0.0/8, ::1 or `localhost`. */
bool host_is_loopback(struct slice host);
