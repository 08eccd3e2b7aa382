/* SPDX-License-Identifier: MIT */
/*
 * pool - the connections to one server, of one worker: idle ones, last in first out, and what is lent.
 *
 * A connection is lent to exactly one attempt. An idle one that sends, ends or fails is discarded (security case S11).
 * Pools are found by the slot and generation of a snapshot's server, so the address of a dead container that
 * another one got never meets old connections (K9). Thread: its worker.
 */
#pragma once
#include "waybill/net/lookup.h"
#include "waybill/net/stream.h"
#include "waybill/net/tls.h"
#include "waybill/route/snapshot.h"

struct attempt;
struct upstream;

struct server_pool {
    struct upstream *upstream;
    char *host;
    uint16_t port;
    uint64_t generation;
    struct list idle; /* of server_conn, latest first */
    unsigned idle_count, lent_count;
    struct list attempts;          /* that hold on to the pool, with a connection or on the way to one */
    unsigned holds;                /* keep a retired pool while its attempts are walked */
    unsigned doublings;            /* of the time for which it is avoided: grows while dials fail */
    uint64_t avoid_until_ms;       /* until then it is tried last */
    struct tls_peer *tls;          /* NULL: it is spoken to in clear */
    enum tls_failure failure_said; /* to the log; said once while it lasts */
    bool refused;                  /* the last dial failed: the name is asked anew before the next (decisions.md 25) */
    bool retired;                  /* its server is gone: freed when the last connection is back */
};

struct server_conn {
    struct stream *stream;
    struct server_pool *pool;
    struct list link; /* in pool->idle, or alone */
    struct deadline idle_deadline;
    struct attempt *attempt; /* whom it is lent to */
    bool used;               /* has carried an exchange before */
};

/* The latest idle connection, or NULL. (One whose end was noticed is not idle any more.) `checked`: the kernel knows of no end
 * either; those that did end are closed. */
struct server_conn *server_pool_take(struct server_pool *pool, bool checked);
/* A connection on its way to `address`; its facts tell the rest. */
struct server_conn *server_pool_dial(struct server_pool *pool, const struct address *address);
/* Back to the idle ones if it may serve again (reusable) and there is room; closed otherwise. */
void server_pool_return(struct server_conn **conn, bool reusable);
