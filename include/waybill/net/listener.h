/* SPDX-License-Identifier: MIT */
/*
 * listener - a listening socket on a worker's loop.
 *
 * main opens the sockets (listen_open), so that a port in use is a fatal error at start; each worker listens on its own
 * SO_REUSEPORT socket of the same address. Thread: its loop's. Owner: the worker.
 */
#pragma once
#include "waybill/net/stream.h"

struct listener;

/* Opens `count` sockets bound to the address, after a plain bind has shown that the port is free (decisions.md 20).
 * "" or "::" as host listens on IPv6 and IPv4. Port 0: a free one, the same for all; *out_port tells it. */
WB_MUST_USE wb_err listen_open(struct slice host, uint16_t port, int *out_fds, size_t count, uint16_t *out_port);

/* Takes over `fd`. `accepted` gets a new stream each; it sets the owner. */
struct listener *listener_create(struct loop *loop, int fd, void (*accepted)(void *owner, struct stream *stream),
                                 void *owner);
/* While withheld, connections wait in the kernel's queue. */
void listener_withhold(struct listener *listener, bool withhold);
/* Accepts what already waits, then closes. */
void listener_close(struct listener **listener);

/* For handing a connection to another worker: the stream ends here, its descriptor lives on. -1: it has failed. Nothing may
 * have been read from it. */
int stream_detach(struct stream **stream);
/* A stream of this loop over a connected descriptor, which it takes over. NULL: the peer has gone already. */
struct stream *stream_adopt(struct loop *loop, int fd);
