/* SPDX-License-Identifier: MIT */
/*
 * proxy_header - the PROXY protocol's header, version 1 or 2: the client as a proxy in front of us saw it, sent before
 * anything else of a connection.
 *
 * A pure function of the bytes that have come. What it says is worth as much as its sender: who asks looks first whether that
 * one is believed. Thread: any.
 */
#pragma once
#include "waybill/net/address.h"

enum proxy_read {
    PROXY_ABSENT, /* the bytes begin with something else */
    PROXY_MORE,   /* so far it could be one */
    PROXY_HEADER, /* whole */
    PROXY_BAD,    /* begins like one, and is none */
};

/* The longest of version 1, its line end included, and of version 2 with what stands behind the addresses. */
enum { PROXY_LINE_MAX = 107, PROXY_BLOCK_MAX = 4096 };

struct proxy_header {
    size_t len;            /* bytes it took */
    bool names_client;     /* false: UNKNOWN, LOCAL, a UNIX socket: the client is the peer itself */
    struct address client; /* with names_client */
};

/* *out_header is set with PROXY_HEADER. No byte: PROXY_MORE. */
enum proxy_read proxy_header_read(struct slice bytes, struct proxy_header *out_header);
