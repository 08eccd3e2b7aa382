/* SPDX-License-Identifier: MIT */
/*
 * pool - the connections to one server, of one worker: idle ones, last in first out, and what is lent.
 *
 * A connection over HTTP/1 is lent to exactly one attempt. An idle one that sends, ends or fails is discarded (security case S11).
 * One over HTTP/2 is shared by as many attempts as the server allows; while one that may be is on its way, who comes
 * waits for it instead of dialling another.
 * Pools are found by the slot and generation of a snapshot's server, so the address of a dead container that
 * another one got never meets old connections (K9). Thread: its worker.
 */
#pragma once
#include "waybill/net/lookup.h"
#include "waybill/net/stream.h"
#include "waybill/net/tls.h"
#include "waybill/route/snapshot.h"

struct attempt;
struct shared_conn;
struct upstream;

enum pool_protocol {
    POOL_HTTP_1,
    POOL_H2C,     /* HTTP/2 in clear, by prior knowledge */
    POOL_BY_ALPN, /* over TLS: HTTP/2 if the server wants it */
};

struct server_pool {
    struct upstream *upstream;
    char *host;
    uint16_t port;
    uint64_t generation;
    struct list idle;   /* of server_conn, latest first */
    struct list shared; /* of server_conn over HTTP/2, lent or idle */
    unsigned idle_count, lent_count;
    struct list attempts; /* that hold on to the pool, with a connection or on the way to one */
    enum pool_protocol protocol;
    bool speaks_h2;                /* did so on its last connection */
    bool is_known;                 /* its SETTINGS were seen once: */
    uint32_t streams_max;          /* so many streams it allowed last, a guess for the next connection */
    struct attempt *leader;        /* who dials what others wait for, and is the first there; NULL: nobody */
    struct list waiting;           /* of attempts */
    struct later serve;            /* the leader has arrived, or will not */
    enum reason leader_failed;     /* why not */
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
    struct list link; /* in pool->idle or pool->shared, or in none */
    struct deadline idle_deadline;
    struct attempt *attempt; /* whom it is lent to */
    bool used;               /* has carried an exchange before */
    bool broken_off;         /* to be reset rather than closed */
    struct shared_conn *h2;  /* it is shared over HTTP/2; NULL: it is not */
    bool rests;              /* shared, and idle */
    bool alone;              /* serves nobody else */
};

/* The latest idle connection, or NULL. (One whose end was noticed is not idle any more.) `checked`: the kernel knows of no end
 * either; those that did end are closed. */
struct server_conn *server_pool_take(struct server_pool *pool, bool checked);
/* A connection on its way to `address`; its facts tell the rest. `offer_h2`: HTTP/2 if the server wants it. */
struct server_conn *server_pool_dial(struct server_pool *pool, const struct address *address, bool offer_h2);
/* Back to the idle ones if it may serve again (reusable) and there is room; closed otherwise. */
void server_pool_return(struct server_conn **conn, bool reusable);
