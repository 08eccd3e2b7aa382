/* SPDX-License-Identifier: MIT */
/* sim_world - a whole worker, but for its thread: entry, environment, upstream and snapshots compiled from a few routes. */
#pragma once
#include "sim_client.h"
#include "sim_server.h"
#include "waybill/entry/entry.h"
#include "waybill/exchange/spool.h"
#include "waybill/exchange/filters.h"
#include "waybill/exchange/passwords.h"
#include "waybill/route/compile.h"

struct sim_route {
    const char *name, *rule;
    const char *servers;        /* URLs, separated by blanks; NULL: no backend */
    const char *auth;           /* address of forward auth, or NULL */
    const char *auth_ca;        /* of auth.forward.tls, or NULL: no such group */
    const char *auth_copies;    /* one name for authResponseHeaders, or NULL */
    const char *white_list;     /* one range, or NULL */
    bool list_forwarded;        /* whiteList.useXForwardedFor */
    enum model_absence absence; /* not NONE: a remembered one */
    const char *identity;       /* of its servers, beyond their URLs; NULL: none */
    /* Sets further options; `backend` is NULL without servers. What they point to is copied, or in the arena. */
    void (*set_options)(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend);
};

struct sim_crowd;

struct sim_world {
    struct sim sim;
    struct sim_crowd *crowd;  /* it is one of those workers; NULL: it is alone */
    struct sim_world *leader; /* of the crowd: whose configuration and threads it uses; NULL: its own */
    struct environment env;
    struct exchange_counters counters;
    struct entry *entry;
    struct compiler *compiler;
    struct model_entrypoint outer;          /* clients come by it */
    struct model_entrypoint more;           /* a name and an address to lead to; empty: there is none */
    struct model_entrypoint entrypoints[2]; /* both, once it has started */
    struct model_white_list outer_list;
    struct entrypoint entrypoint;
    struct arena arena;
    const struct filter_ops *const *filters; /* of frontends: all there are; a test may bring its own */
    bool allow_min_weight_zero;
    struct upstream_options upstream;
    unsigned alias_depth_max;  /* not 0: CNAME records of hosts are followed */
    struct spool_limits spool; /* of 16 MiB of memory and 64 MiB of files; without threads */
    struct entry_options options;
};

/* Timeouts: head 10 s, idle 180 s, body 60 s, dial 30 s, response head none, pooled 90 s. Change them before
 * sim_world_start. */
struct sim_world *sim_world_create(uint64_t seed);
void sim_world_start(struct sim_world *world);
/* Compiles and adopts; routes are taken in the order of their names. */
void sim_world_publish(struct sim_world *world, const struct sim_route *routes, size_t count);
/* One reference to a snapshot, taken over: what a worker does with what comes by mail. */
void sim_world_adopt(struct sim_world *world, struct snapshot *snapshot);
/* One route for Host a.test. */
void sim_world_serve(struct sim_world *world, const char *servers);
/* Does the work of the threads that hash passwords, and brings it back; returns how many waited for it. */
size_t sim_world_hash(struct sim_world *world);
/* Does the work of the threads that write and read files, until none is left; returns how much there was. */
size_t sim_world_spool(struct sim_world *world);
/* Sets the limits of the worker free: all are given back, nothing is lent. Closes what is open. */
void sim_world_destroy(struct sim_world **world);
/* The steps of it, for a crowd: all stop, then the leader's goes that all use, then the rest of each. */
void sim_world_stop(struct sim_world *world);
void sim_world_free_shared(struct sim_world *world);
void sim_world_free(struct sim_world **world);
static inline uint64_t sim_world_ended(const struct sim_world *world, enum reason reason)
{
    return cell_read(&world->counters.ended[reason]);
}
