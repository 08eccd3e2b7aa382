/* SPDX-License-Identifier: MIT */
/*
 * upstream - one worker's live state towards the servers: pools and balancer positions, found by the slots of a snapshot
 * and kept across snapshots. Thread: its worker.
 */
#pragma once
#include "waybill/upstream/pool.h"

struct upstream_options {
    uint64_t dial_timeout_ms;     /* 30 s */
    uint64_t response_timeout_ms; /* 0 = none */
    uint64_t idle_timeout_ms;     /* of a pooled connection: 90 s */
    unsigned max_idle_per_server; /* 200 */
    unsigned worker, workers;     /* number `worker` of so many: who checks which server's health; 0 = there is one */
    size_t max_idle;              /* of all servers together: idle connections hold descriptors too; 0 = no limit */
    struct tls_credentials *tls;  /* for https servers; outlives the upstream. NULL: there are none */
};

struct upstream;

struct upstream *upstream_create(struct loop *loop, const struct upstream_options *options);
/* Idle connections are closed; none may be lent. */
void upstream_destroy(struct upstream **upstream);
struct loop *upstream_loop(const struct upstream *upstream);
const struct upstream_options *upstream_get_options(const struct upstream *upstream);

/* A new snapshot: pools of servers it no longer names close their idle connections, and who is still on the way to one is
 * turned back (nothing was sent, so another server may take it). What was sent goes on. */
void upstream_adopt(struct upstream *upstream, const struct snapshot *snapshot);
struct server_pool *upstream_pool(struct upstream *upstream, const struct route_server *server);
/* For servers that no frontend names (authentication), and for health checks. Made on first use; one that rests is dropped with
 * the next snapshot. `tls`: who calls it over TLS, NULL for none; those who say the same share a pool. */
struct server_pool *upstream_named_pool(struct upstream *upstream, struct slice host, uint16_t port,
                                        enum pool_protocol protocol, struct tls_credentials *tls);

/* Whose turn it is (spec/proxy.md 7): one position per backend and worker. Never one that fails its health check or has weight
 * 0; those that could not be connected to lately only when there is no other. Servers whose slot is among `tried` are passed
 * over. NULL: none left. */
const struct route_server *upstream_pick(struct upstream *upstream, const struct route_backend *backend,
                                         const uint32_t *tried, size_t tried_count);
/* Whom upstream_pick would give to the next request; it still is its turn then. */
const struct route_server *upstream_peek(struct upstream *upstream, const struct route_backend *backend);
/* May a cookie lead to it? Not when it fails its health check, or could not be connected to lately. */
bool upstream_may_ask(const struct upstream *upstream, const struct route_server *server);
/* Why a backend has nobody to ask, whatever was tried. */
enum reason upstream_why_none(const struct route_backend *backend);
/* Only of a dynamic backend: what the server answered, or was answered in its stead. */
void upstream_note_reply(struct upstream *upstream, const struct route_backend *backend, const struct route_server *server,
                         unsigned status);
/* Repeats of requests that were sent: 20 % of the requests plus 10 a second, so that trouble does not multiply (decisions.md
 * 29, security case D13). Each request earns, each repeat spends; false: the budget is used up. */
void upstream_earn_repeat(struct upstream *upstream);
bool upstream_spend_repeat(struct upstream *upstream);
/* Closes all idle connections, and checks nobody any more: the worker drains. */
void upstream_drain(struct upstream *upstream);
size_t upstream_idle_count(const struct upstream *upstream);
/* An idle connection came or went; for pool.c. */
void upstream_note_idle(struct upstream *upstream, bool more);
