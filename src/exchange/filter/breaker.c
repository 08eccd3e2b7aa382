/* SPDX-License-Identifier: MIT */
#include "breaker.h"
#include <stdlib.h>

void breaker_init(struct breaker *breaker)
{
    pthread_mutex_init(&breaker->lock, NULL);
}

void breaker_fini(struct breaker *breaker)
{
    for (size_t i = 0; i < WORKERS_MAX; i++)
        free(breaker->counts[i]);
    pthread_mutex_destroy(&breaker->lock);
}

/* The share that may pass grows from nothing to a half. */
static bool passes_recovering(struct breaker *breaker, uint64_t elapsed_ms)
{
    double share = (double)(breaker->passed + 1) / (double)(breaker->passed + breaker->refused + 1);
    bool passes = share < 0.5 * (double)elapsed_ms / BREAKER_RECOVERING_MS;

    if (passes)
        breaker->passed++;
    else
        breaker->refused++;
    return passes;
}

/* Locked, and no longer to be tripped when it is. */
static enum breaker_verdict ask_recovering(struct breaker *breaker, uint64_t now_ms)
{
    uint64_t until = atomic_load_explicit(&breaker->tripped_until_ms, memory_order_relaxed);

    if (until == 0) /* another worker was faster */
        return BREAKER_PASSES;
    if (now_ms < until)
        return BREAKER_REFUSES;
    if (!breaker->recovering) {
        breaker->recovering = true;
        breaker->recovering_since_ms = now_ms;
        breaker->passed = breaker->refused = 0;
    }
    /* Clocks of workers may differ by a turn of their loops. */
    uint64_t elapsed = now_ms > breaker->recovering_since_ms ? now_ms - breaker->recovering_since_ms : 0;
    if (elapsed <= BREAKER_RECOVERING_MS)
        return passes_recovering(breaker, elapsed) ? BREAKER_PASSES : BREAKER_REFUSES;
    breaker->recovering = false;
    atomic_store_explicit(&breaker->tripped_until_ms, 0, memory_order_relaxed);
    return BREAKER_RECOVERED;
}

enum breaker_verdict breaker_ask(struct breaker *breaker, uint64_t now_ms)
{
    /* Relaxed: a worker that learns of it a moment later is as good as a request that came a moment earlier. */
    uint64_t until = atomic_load_explicit(&breaker->tripped_until_ms, memory_order_relaxed);
    enum breaker_verdict verdict;

    if (until == 0)
        return BREAKER_PASSES;
    if (now_ms < until)
        return BREAKER_REFUSES;
    pthread_mutex_lock(&breaker->lock);
    verdict = ask_recovering(breaker, now_ms);
    pthread_mutex_unlock(&breaker->lock);
    return verdict;
}

static bool trip(struct breaker *breaker, uint64_t now_ms)
{
    bool trips;

    pthread_mutex_lock(&breaker->lock);
    trips = breaker->recovering || atomic_load_explicit(&breaker->tripped_until_ms, memory_order_relaxed) == 0;
    if (trips) {
        breaker->recovering = false;
        atomic_store_explicit(&breaker->tripped_until_ms, now_ms + BREAKER_TRIPPED_MS, memory_order_relaxed);
        atomic_fetch_add_explicit(&breaker->trips, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&breaker->lock);
    return trips;
}

bool breaker_note(struct breaker *breaker, const struct expression *expression, unsigned worker, unsigned status,
                  uint64_t latency_ms, uint64_t now_ms)
{
    struct breaker_counts **counts = &breaker->counts[worker];

    if (!*counts)
        *counts = breaker_counts_create(expression);
    breaker_counts_add(*counts, expression, atomic_load_explicit(&breaker->trips, memory_order_relaxed), status, latency_ms,
                       now_ms);
    return breaker_counts_ask(*counts, expression, BREAKER_CHECK_MS, now_ms) && trip(breaker, now_ms);
}
