/* SPDX-License-Identifier: MIT */
/*
 * lookup - from a name to addresses, through c-ares: /etc/hosts and search lists count (decisions.md 25).
 *
 * Addresses are remembered for 5 s at most, per loop. Thread: the loop's. Owner: the embedding object, which cancels
 * a waiting one before it is freed.
 */
#pragma once
#include "waybill/net/loop.h"

enum { LOOKUP_ADDRESSES_MAX = 8 };
enum lookup_state { LOOKUP_NONE, LOOKUP_WAITING, LOOKUP_FOUND, LOOKUP_FAILED };

struct lookup {
    enum lookup_state state;
    struct list link;
    char host[256];
    uint16_t port;
    struct address addresses[LOOKUP_ADDRESSES_MAX];
    size_t address_count;
    void (*poke)(void *owner);
    void *owner;
};

/* What is known at once (an IP literal, a name of /etc/hosts or one asked for lately) is filled in without a poke.
 * `fresh`: what is remembered does not count (a connect failed). */
void lookup_start(struct loop *loop, struct lookup *lookup, struct slice host, uint16_t port, bool fresh,
                  void (*poke)(void *owner), void *owner);
void lookup_cancel(struct loop *loop, struct lookup *lookup);
