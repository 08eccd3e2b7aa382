/* SPDX-License-Identifier: MIT */
#include "balancer.h"
#include "rebalance.h"
#include "upstream_private.h"
#include <stdlib.h>

/* Weights other than the configured ones. */
struct shares {
    size_t count;
    unsigned gcd, max;
    unsigned *weights;            /* in force; 0: passed over */
    unsigned *fresh;              /* room for making them anew */
    struct rebalancer rebalancer; /* of drr */
};

struct balancer {
    uint64_t generation;
    size_t index;
    unsigned current;
    bool begun;
    struct shares *shares; /* NULL: the servers' own weights */
};

static void shares_destroy(struct shares **shares)
{
    struct shares *old = *shares;

    *shares = NULL;
    if (!old)
        return;
    rebalancer_fini(&old->rebalancer);
    free(old->weights);
    free(old->fresh);
    free(old);
}

static struct shares *shares_create(const struct route_backend *backend)
{
    struct shares *shares = wb_alloc(sizeof *shares);

    shares->count = backend->server_count;
    shares->gcd = backend->weight_gcd;
    shares->max = backend->weight_max;
    shares->weights = wb_alloc((shares->count + 1) * sizeof *shares->weights);
    shares->fresh = wb_alloc((shares->count + 1) * sizeof *shares->fresh);
    for (size_t i = 0; i < shares->count; i++)
        shares->weights[i] = backend->servers[i].weight;
    if (backend->is_dynamic)
        rebalancer_init(&shares->rebalancer, shares->weights, shares->count);
    return shares;
}

void balancers_fini(struct balancers *balancers)
{
    for (size_t i = 0; i < balancers->count; i++)
        shares_destroy(&balancers->items[i].shares);
    free(balancers->items);
}

static struct balancer *find_balancer(const struct balancers *balancers, const struct route_backend *backend)
{
    struct balancer *there = backend->slot < balancers->count ? &balancers->items[backend->slot] : NULL;
    return there && there->generation == backend->generation ? there : NULL;
}

static struct balancer *balancer_of(struct balancers *balancers, const struct route_backend *backend)
{
    struct balancer *there = find_balancer(balancers, backend);

    if (there)
        return there;
    if (backend->slot >= balancers->count) {
        size_t wanted = balancers->count ? balancers->count : 16;
        while (wanted <= backend->slot)
            wanted *= 2;
        balancers->items = wb_realloc(balancers->items, wanted * sizeof(struct balancer));
        memset(balancers->items + balancers->count, 0, (wanted - balancers->count) * sizeof(struct balancer));
        balancers->count = wanted;
    }
    there = &balancers->items[backend->slot];
    shares_destroy(&there->shares);
    *there = (struct balancer){.generation = backend->generation};
    return there;
}

static unsigned common_divisor(unsigned a, unsigned b)
{
    while (b) {
        unsigned rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Another set of servers, or other weights, begins anew, as in v1.7. */
static void take_fresh(struct balancer *balancer)
{
    struct shares *shares = balancer->shares;

    if (memcmp(shares->weights, shares->fresh, shares->count * sizeof *shares->weights) == 0)
        return;
    memcpy(shares->weights, shares->fresh, shares->count * sizeof *shares->weights);
    shares->gcd = shares->max = 0;
    for (size_t i = 0; i < shares->count; i++) {
        shares->gcd = common_divisor(shares->gcd, shares->weights[i]);
        shares->max = shares->weights[i] > shares->max ? shares->weights[i] : shares->max;
    }
    balancer->current = 0;
    balancer->begun = false;
}

/* Who fails gets nothing; who could not be connected to gets nothing either, unless that would leave nobody. */
static void weigh(const struct upstream *up, struct balancer *balancer, const struct route_backend *backend)
{
    struct shares *shares = balancer->shares;
    bool avoids = upstream_avoids_any(up), others = false;

    for (size_t i = 0; i < shares->count; i++) {
        bool failing = route_health_is_failing(backend->servers[i].health);
        if (backend->is_dynamic)
            shares->rebalancer.servers[i].absent = failing;
        shares->fresh[i] = failing               ? 0
                           : backend->is_dynamic ? shares->rebalancer.servers[i].weight
                                                 : backend->servers[i].weight;
        others = others || (avoids && shares->fresh[i] && !upstream_avoids(up, &backend->servers[i]));
    }
    for (size_t i = 0; avoids && others && i < shares->count; i++)
        if (upstream_avoids(up, &backend->servers[i]))
            shares->fresh[i] = 0;
    take_fresh(balancer);
}

static bool needs_shares(const struct upstream *up, const struct route_backend *backend)
{
    return backend->is_checked || backend->is_dynamic || upstream_avoids_any(up);
}

static void look_over(const struct upstream *up, struct balancer *balancer, const struct route_backend *backend)
{
    if (!needs_shares(up, backend)) {
        shares_destroy(&balancer->shares);
        return;
    }
    if (!balancer->shares)
        balancer->shares = shares_create(backend);
    weigh(up, balancer, backend);
}

/* The interleaved weighted round robin of v1.7: weights 3,1,2 give A A C A B C. */
static const struct route_server *next_by_turn(struct balancer *balancer, const struct route_backend *backend)
{
    const struct shares *shares = balancer->shares;
    unsigned gcd = shares ? shares->gcd : backend->weight_gcd, max = shares ? shares->max : backend->weight_max;

    if (max == 0)
        return NULL;
    for (;;) {
        balancer->index = balancer->begun ? (balancer->index + 1) % backend->server_count : 0;
        balancer->begun = true;
        if (balancer->index == 0)
            balancer->current = balancer->current > gcd ? balancer->current - gcd : max;
        const struct route_server *server = &backend->servers[balancer->index];
        if ((shares ? shares->weights[balancer->index] : server->weight) >= balancer->current)
            return server;
    }
}

static bool was_tried(const struct route_server *server, const uint32_t *tried, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (tried[i] == server->slot)
            return true;
    return false;
}

/* The only one, or one that had no turn: nothing else is left. */
static bool is_left(const struct route_server *server, const uint32_t *tried, size_t tried_count)
{
    return server->weight > 0 && !route_health_is_failing(server->health) && !was_tried(server, tried, tried_count);
}

const struct route_server *upstream_pick(struct upstream *up, const struct route_backend *backend, const uint32_t *tried,
                                         size_t tried_count)
{
    if (!backend || backend->server_count == 0)
        return NULL;
    if (backend->server_count == 1)
        return is_left(&backend->servers[0], tried, tried_count) ? &backend->servers[0] : NULL;
    struct balancer *balancer = balancer_of(upstream_balancers(up), backend);
    if (balancer->shares || needs_shares(up, backend))
        look_over(up, balancer, backend);
    for (size_t i = 0; i <= tried_count; i++) {
        const struct route_server *server = next_by_turn(balancer, backend);
        if (server && !was_tried(server, tried, tried_count))
            return server;
    }
    for (size_t i = 0; i < backend->server_count; i++)
        if (is_left(&backend->servers[i], tried, tried_count))
            return &backend->servers[i];
    return NULL;
}

const struct route_server *upstream_peek(struct upstream *up, const struct route_backend *backend)
{
    if (!backend || backend->server_count == 0)
        return NULL;
    if (backend->server_count == 1)
        return is_left(&backend->servers[0], NULL, 0) ? &backend->servers[0] : NULL;
    struct balancer *balancer = balancer_of(upstream_balancers(up), backend);
    if (balancer->shares || needs_shares(up, backend))
        look_over(up, balancer, backend);
    struct balancer copy = *balancer;
    return next_by_turn(&copy, backend);
}

bool upstream_may_ask(const struct upstream *up, const struct route_server *server)
{
    return !route_health_is_failing(server->health) && !(upstream_avoids_any(up) && upstream_avoids(up, server));
}

enum reason upstream_why_none(const struct route_backend *backend)
{
    if (!backend || backend->server_count == 0)
        return REASON_NO_SERVER;
    if (backend->weight_max == 0)
        return REASON_NO_WEIGHT;
    for (size_t i = 0; i < backend->server_count; i++)
        if (is_left(&backend->servers[i], NULL, 0))
            return REASON_NO_SERVER; /* it has gone */
    return REASON_NO_HEALTHY_SERVER;
}

void upstream_note_reply(struct upstream *up, const struct route_backend *backend, const struct route_server *server,
                         unsigned status)
{
    struct balancer *balancer = balancer_of(upstream_balancers(up), backend);

    if (!balancer->shares)
        balancer->shares = shares_create(backend);
    rebalancer_note(&balancer->shares->rebalancer, (size_t)(server - backend->servers), status, upstream_loop(up)->now_ms);
}
