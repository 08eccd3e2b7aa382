/* SPDX-License-Identifier: MIT */
/* environment - what the exchanges of one worker share. Thread: that worker. Owner: the worker. */
#pragma once
#include "waybill/base/cell.h"
#include "waybill/exchange/local.h"
#include "waybill/route/lease.h"
#include "waybill/upstream/upstream.h"

struct access_log;
struct aliases;
struct passwords;
struct recent;
struct spool_room;
struct tls_server;
struct tracer;
struct traffic;
struct unserved;

enum { WORKERS_MAX = 128 };

/* What a filter of an entrypoint wants done at the end. */
struct entrypoint_end {
    struct entrypoint_end *next;
    void (*fini)(void *live);
    void *live;
};

/* An entrypoint as the workers need it. Made once at start; shared, never changes. */
struct entrypoint {
    struct slice name;
    struct tls_server *tls; /* ours; NULL: it is in clear */
    bool trust_all;
    struct network *trusted;
    size_t trusted_count;
    bool proxy_protocol, proxy_trust_all; /* PROXY headers: whether they are looked for, whose are believed */
    struct network *proxy_trusted;
    size_t proxy_trusted_count;
    struct route_filter filters[ROUTE_FILTERS_MAX];
    size_t filter_count;
    bool closed;
    bool has_local; /* internal routes are looked up here */
    struct entrypoint_end *ends;
};

/* Written by one worker, read by any thread (API, metrics). */
struct exchange_counters {
    struct cell status[600];
    struct cell requests; /* ended, internal routes excluded */
    struct cell response_ns, response_bytes;
    struct cell ended[REASON_COUNT];
    struct cell active;  /* exchanges under way */
    struct cell clients; /* open client connections */
};

enum { EXCHANGE_ATTEMPTS_MAX = 64 };

struct environment {
    unsigned worker; /* 0, 1, ...: for state that is kept by worker */
    struct loop *loop;
    struct upstream *upstream;
    struct lease *lease; /* of the current snapshot; NULL before the first */
    const struct entrypoint *entrypoints;
    size_t entrypoint_count;
    struct local_routes local;
    struct slice host_name;        /* X-Forwarded-Server */
    struct access_log *access_log; /* NULL: none */
    struct unserved *unserved;     /* NULL: not counted */
    struct recent *recent;         /* errors; NULL: not kept */
    struct traffic *traffic;       /* NULL: no metrics */
    struct tracer *tracer;         /* NULL: no tracing */
    struct passwords *passwords;   /* checks them; shared by all workers */
    struct spool_room *spool_room; /* for bodies that are collected; shared by all workers */
    struct aliases *aliases;       /* where hosts lead by CNAME records; NULL: nobody asks (hostResolver) */
    unsigned attempts_max;         /* at servers, for one request: up to EXCHANGE_ATTEMPTS_MAX; 0 = one for each server */
    uint64_t body_timeout_ms;      /* a client that sends no more of its body, or takes no more of its answer */
    uint64_t
        response_body_timeout_ms; /* a server that sends no more of its answer; 0 = none: event streams are silent for long */
    bool draining;
    struct exchange_counters *counters;
    struct exchange *spare; /* freed exchanges, for reuse */
    unsigned spare_count;
    char date[32]; /* for Date fields, made at most once a second */
    uint64_t date_at_ms;
    size_t local_bytes;      /* of documents and bodies of internal routes: LOCAL_BYTES_MAX */
    size_t encoder_bytes;    /* what compressing answers holds, at most */
    struct headers trailers; /* of the body that is just being read; used up within the step that fills it */
};

struct slice environment_date(struct environment *environment);
/* Frees what is kept for reuse. */
void environment_fini(struct environment *environment);
