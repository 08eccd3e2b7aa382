/* SPDX-License-Identifier: MIT */
/*
 * uv_resolver - a c-ares channel on a libuv loop: its sockets watched by uv_poll, its timeouts by one uv_timer.
 *
 * Thread: the loop's. Owner: whoever asks by it, in uv_lookup.c or uv_alias.c; it is closed before the loop ends.
 */
#pragma once
#include "uv_private.h"
#include <ares.h>

struct resolver {
    struct uv_worker_loop *loop;
    ares_channel channel;
    uv_timer_t timer;
    struct list sockets;
    bool closing; /* answers that come now are those of uv_resolver_close */
};

struct resolver_limits {
    int timeout_ms; /* of the first try; c-ares waits longer each time */
    int tries;      /* of each server */
};

/* By the servers given, or, with none, by those of the system. */
struct resolver *uv_resolver_create(struct uv_worker_loop *loop, const struct resolver_limits *limits,
                                    const struct address *servers, size_t server_count);
/* Something is about to be asked: its time runs. */
void uv_resolver_watch_time(struct resolver *resolver);
/* Answers what is asked, as destroyed. Nulls; the memory goes when the last handle has closed. */
void uv_resolver_close(struct resolver **resolver);
