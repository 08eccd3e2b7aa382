/* SPDX-License-Identifier: MIT */
#include "waybill/upstream/upstream.h"
#include "balancer.h"
#include "checker.h"
#include "shared_conn.h"
#include "upstream_private.h"
#include "waybill/base/map.h"
#include "waybill/net/tls_credentials.h"
#include "waybill/upstream/attempt.h"
#include <stdio.h>
#include <stdlib.h>

struct upstream {
    struct loop *loop;
    struct upstream_options options;
    struct server_pool **pools; /* by server slot */
    size_t pool_count;
    struct balancers balancers;
    struct checker *checker;
    uint64_t avoids_until_ms;    /* no server is avoided for longer */
    struct map named;            /* "host:port", and by whom over TLS -> server_pool */
    struct tls_context *context; /* by which https servers are called; NULL: none was yet */
    struct h2_pool h2_pool;
    size_t retired_count;
    size_t idle_count;
    uint64_t repeats_in_fifths; /* earned and not spent, in fifths of a repeat */
    uint64_t repeats_at_ms;
};

/* A server that cannot be connected to is tried last for two seconds, then four, up to half a minute. */
enum { AVOID_MS = 2000, AVOID_DOUBLINGS = 4 };
/* A request earns a fifth of a repeat, a second ten; a burst may spend what 5 s and 500 requests earn. */
enum { REPEAT = 5, REPEATS_A_SECOND = 10, REPEATS_KEPT = 150 };

struct upstream *upstream_create(struct loop *loop, const struct upstream_options *options)
{
    struct upstream *up = wb_alloc(sizeof *up);

    up->loop = loop;
    up->options = *options;
    map_init(&up->named);
    h2_pool_init(&up->h2_pool, &loop->stock);
    up->checker = checker_create(up);
    return up;
}

static void add_repeats(struct upstream *up, uint64_t fifths)
{
    up->repeats_in_fifths += fifths;
    if (up->repeats_in_fifths > REPEATS_KEPT * REPEAT)
        up->repeats_in_fifths = REPEATS_KEPT * REPEAT;
}

void upstream_earn_repeat(struct upstream *up)
{
    add_repeats(up, 1);
}

bool upstream_spend_repeat(struct upstream *up)
{
    uint64_t passed_ms = up->loop->now_ms - up->repeats_at_ms;

    if (passed_ms >= 1000 / REPEATS_A_SECOND) {
        add_repeats(up, passed_ms * REPEATS_A_SECOND * REPEAT / 1000);
        up->repeats_at_ms = up->loop->now_ms;
    }
    if (up->repeats_in_fifths < REPEAT)
        return false;
    up->repeats_in_fifths -= REPEAT;
    return true;
}

struct loop *upstream_loop(const struct upstream *upstream)
{
    return upstream->loop;
}

const struct upstream_options *upstream_get_options(const struct upstream *upstream)
{
    return &upstream->options;
}

static struct server_pool *create_pool(struct upstream *up, struct slice host, uint16_t port, enum pool_protocol protocol,
                                       uint64_t generation)
{
    struct server_pool *pool = wb_alloc(sizeof *pool);

    pool->upstream = up;
    pool->host = slice_dup(host);
    pool->port = port;
    pool->generation = generation;
    pool->protocol = protocol;
    pool->serve.run = server_pool_serve;
    list_init(&pool->serve.link);
    list_init(&pool->idle);
    list_init(&pool->shared);
    list_init(&pool->attempts);
    list_init(&pool->waiting);
    return pool;
}

void server_pool_free_if_done(struct server_pool *pool)
{
    if (!pool->retired || pool->lent_count || pool->idle_count || pool->holds || !list_empty(&pool->attempts))
        return;
    pool->upstream->retired_count--;
    list_remove(&pool->serve.link);
    tls_peer_destroy(&pool->tls);
    free(pool->host);
    free(pool);
}

static void retire_pool(struct server_pool *pool)
{
    pool->retired = true;
    pool->upstream->retired_count++;
    server_pool_close_idle(pool);
    server_pool_free_if_done(pool);
}

/* Turning one back may start another attempt, or end an exchange: so one at a time, from the front. */
static void turn_back_attempts(struct server_pool *pool)
{
    struct list waiting;

    list_init(&waiting);
    while (!list_empty(&pool->attempts)) {
        struct list *node = pool->attempts.next;
        list_remove(node);
        list_push_back(&waiting, node);
    }
    while (!list_empty(&waiting)) {
        struct list *node = waiting.next;
        list_remove(node);
        list_push_back(&pool->attempts, node);
        attempt_turn_back(LIST_ENTRY(node, struct attempt, in_pool));
    }
}

/* Named pools that rest: a name that is asked again makes its pool anew. */
static void drop_resting_named_pools(struct upstream *up)
{
    struct map_entry *entry;

    for (size_t i = 0; (entry = map_next(&up->named, &i));) {
        struct server_pool *pool = entry->value;
        if (pool->idle_count || pool->lent_count || !list_empty(&pool->attempts))
            continue;
        map_remove(&up->named, entry->key);
        retire_pool(pool);
    }
}

void upstream_adopt(struct upstream *up, const struct snapshot *snapshot)
{
    drop_resting_named_pools(up);
    checker_adopt(up->checker, snapshot);
    for (uint32_t slot = 0; slot < up->pool_count; slot++) {
        struct server_pool *pool = up->pools[slot];
        bool named = slot < snapshot->server_slot_count && pool && snapshot->server_generations[slot] == pool->generation;
        if (!pool || named)
            continue;
        up->pools[slot] = NULL;
        pool->retired = true;
        up->retired_count++;
        server_pool_close_idle(pool);
        pool->holds++;
        turn_back_attempts(pool);
        pool->holds--;
        server_pool_free_if_done(pool);
    }
}

/* All https servers are called by one context, made with the first; their health checks too. */
static struct tls_context *context_of_servers(struct upstream *up)
{
    WB_REQUIRE(up->options.tls);
    if (!up->context)
        up->context = tls_context_create(up->options.tls);
    return up->context;
}

struct server_pool *upstream_pool(struct upstream *up, const struct route_server *server)
{
    if (server->slot >= up->pool_count) {
        size_t wanted = up->pool_count ? up->pool_count : 16;
        while (wanted <= server->slot)
            wanted *= 2;
        up->pools = wb_realloc(up->pools, wanted * sizeof(struct server_pool *));
        memset(up->pools + up->pool_count, 0, (wanted - up->pool_count) * sizeof(struct server_pool *));
        up->pool_count = wanted;
    }
    struct server_pool *pool = up->pools[server->slot];
    if (pool && pool->generation == server->generation)
        return pool;
    /* An exchange that began with an older snapshot may come with an older generation: it must not take the slot
     * away from the newer server, so it gets a pool that ends with it. */
    bool older = pool && pool->generation > server->generation;
    enum pool_protocol protocol = server->is_h2c ? POOL_H2C : server->is_secure ? POOL_BY_ALPN : POOL_HTTP_1;
    struct server_pool *made = create_pool(up, server->host, server->port, protocol, server->generation);
    if (server->is_secure)
        made->tls = tls_peer_create(context_of_servers(up), server->host);
    if (older) {
        made->retired = true;
        up->retired_count++;
        return made;
    }
    if (pool)
        retire_pool(pool);
    up->pools[server->slot] = made;
    return made;
}

/* A named server that is called by the same credentials has the context for it. */
static struct tls_context *context_of_named(struct upstream *up, const struct tls_credentials *tls)
{
    struct map_entry *entry;

    if (tls == up->options.tls)
        return context_of_servers(up);
    for (size_t i = 0; (entry = map_next(&up->named, &i));) {
        const struct server_pool *pool = entry->value;
        struct tls_context *context = pool->tls ? tls_peer_context(pool->tls) : NULL;
        if (context && strcmp(tls_credentials_id(tls_context_credentials(context)), tls_credentials_id(tls)) == 0)
            return context;
    }
    return NULL;
}

struct server_pool *upstream_named_pool(struct upstream *up, struct slice host, uint16_t port, enum pool_protocol protocol,
                                        struct tls_credentials *tls)
{
    char key[512];
    int len = snprintf(key, sizeof key, SLICE_FMT ":%u %d %s", SLICE_ARG(slice_head(host, 255)), (unsigned)port, protocol,
                       tls ? tls_credentials_id(tls) : "");
    struct server_pool *pool = map_get(&up->named, slice_make(key, (size_t)len));

    if (!pool) {
        pool = create_pool(up, host, port, protocol, 0);
        if (tls)
            pool->tls = server_pool_find_peer(context_of_named(up, tls), tls, host);
        map_put(&up->named, slice_make(key, (size_t)len), pool);
    }
    return pool;
}

struct balancers *upstream_balancers(struct upstream *up)
{
    return &up->balancers;
}

bool upstream_avoids_any(const struct upstream *up)
{
    return up->loop->now_ms < up->avoids_until_ms;
}

bool upstream_avoids(const struct upstream *up, const struct route_server *server)
{
    const struct server_pool *pool = server->slot < up->pool_count ? up->pools[server->slot] : NULL;
    return pool && pool->generation == server->generation && up->loop->now_ms < pool->avoid_until_ms;
}

void server_pool_avoid(struct server_pool *pool)
{
    struct upstream *up = pool->upstream;

    /* Many dials may fail together: they count as one. Named pools are in no backend. */
    if (up->loop->now_ms < pool->avoid_until_ms || pool->generation == 0)
        return;
    pool->avoid_until_ms = up->loop->now_ms + ((uint64_t)AVOID_MS << pool->doublings);
    pool->doublings += pool->doublings < AVOID_DOUBLINGS;
    if (up->avoids_until_ms < pool->avoid_until_ms)
        up->avoids_until_ms = pool->avoid_until_ms;
}

void upstream_drain(struct upstream *up)
{
    struct map_entry *entry;

    checker_stop(up->checker);
    for (size_t i = 0; i < up->pool_count; i++)
        if (up->pools[i])
            server_pool_close_idle(up->pools[i]);
    for (size_t i = 0; (entry = map_next(&up->named, &i));)
        server_pool_close_idle(entry->value);
}

struct h2_pool *upstream_h2_pool(struct upstream *up)
{
    return &up->h2_pool;
}

size_t upstream_idle_count(const struct upstream *up)
{
    return up->idle_count;
}

void upstream_note_idle(struct upstream *up, bool more)
{
    WB_REQUIRE(more || up->idle_count > 0);
    up->idle_count += more ? 1 : (size_t)-1;
}

void upstream_destroy(struct upstream **upstream)
{
    struct upstream *up = *upstream;
    struct map_entry *entry;

    *upstream = NULL;
    checker_destroy(&up->checker);
    for (size_t i = 0; i < up->pool_count; i++)
        if (up->pools[i])
            retire_pool(up->pools[i]);
    for (size_t i = 0; (entry = map_next(&up->named, &i));)
        retire_pool(entry->value);
    WB_REQUIRE(up->retired_count == 0); /* nothing is lent any more */
    h2_pool_fini(&up->h2_pool);
    tls_context_unref(&up->context);
    map_fini(&up->named);
    free(up->pools);
    balancers_fini(&up->balancers);
    free(up);
}
