/* SPDX-License-Identifier: MIT */
/* datagrams - lines of text sent by UDP, whole lines in each packet. Thread: one; looking up a name blocks it. Owner: its holder. */
#pragma once
#include "waybill/base/error.h"
#include "waybill/base/slice.h"
#include <stdbool.h>
#include <stdint.h>

enum { DATAGRAM_BYTES = 1400 }; /* fits a packet on any usual network */

struct datagrams {
    struct slice address; /* host:port, [v6]:port, :port; stays the caller's */
    int socket;           /* -1: none */
    uint64_t looked_up_ms;
    bool is_proven; /* what was sent before by this very socket was refused by nobody, as far as it is known by now */
};

void datagrams_init(struct datagrams *datagrams, struct slice address);
void datagrams_close(struct datagrams *datagrams);
/* NULL, or what went wrong (a text to free). A packet that nobody takes is not noticed, or only by the next one. */
char *datagrams_send(struct datagrams *datagrams, struct slice lines);
