/* SPDX-License-Identifier: MIT */
/*
 * entry - the client connections of one worker: reads requests, runs an exchange for each, writes the answers.
 *
 * Thread: its worker. Owner: the worker. An HTTP/1 connection has one request at a time; pipelined ones wait in its buffer. An
 * HTTP/2 connection has one on each of its streams.
 */
#pragma once
#include "waybill/exchange/exchange.h"

struct entry_options {
    uint64_t head_timeout_ms; /* from the first byte (or the connect) to the end of a head */
    uint64_t idle_timeout_ms; /* between requests; 0 = none */
    struct h1_limits limits;
    size_t exchanges_max; /* under way at once, over HTTP/2: each may hold a connection to a server; 0: no limit */
    /* The number of open connections changed. */
    void (*count_changed)(void *owner, size_t count);
    void *owner;
};

struct entry;

struct entry *entry_create(struct environment *env, const struct entry_options *options);
/* No connection may be open. */
void entry_destroy(struct entry **entry);
/* Takes over a connected stream. */
void entry_accept(struct entry *entry, size_t entrypoint, struct stream *stream);
size_t entry_count(const struct entry *entry);
/* Idle connections close now, the others after the exchange they are in. */
void entry_drain(struct entry *entry);
/* All connections close now. */
void entry_cut(struct entry *entry);
