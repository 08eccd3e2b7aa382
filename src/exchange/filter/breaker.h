/* SPDX-License-Identifier: MIT */
/*
 * breaker - what a circuit breaker knows and decides (spec/proxy.md 9), for all workers.
 *
 *   STANDBY --condition holds after a reply--> TRIPPED, 10 s: nothing passes
 *      ^                                          |
 *      +---- 10 s ---- RECOVERING <---------------+   a growing share passes; the condition trips it again
 *
 * Each worker counts its own replies and asks the condition of them, at most every 100 ms; what one decides holds for all
 * (decisions.md 28). Of a latency only its side of the bound it is compared with is kept, so a quantile is exact and costs three
 * counters.
 *
 * Thread: any; in standby a request reads one word that nobody writes. Owner: the live state it is embedded in, zeroed at
 * first.
 */
#pragma once
#include "breaker_counts.h"
#include "waybill/exchange/environment.h"
#include <pthread.h>

enum { BREAKER_TRIPPED_MS = 10000, BREAKER_RECOVERING_MS = 10000, BREAKER_CHECK_MS = 100 };

struct breaker {
    _Atomic uint64_t tripped_until_ms; /* 0: standby */
    _Atomic uint64_t trips;            /* counts of before the last one are void */
    pthread_mutex_t lock;              /* of what follows; not taken in standby */
    bool recovering;
    uint64_t recovering_since_ms, passed, refused;
    struct breaker_counts *counts[WORKERS_MAX]; /* each made and used by its worker alone */
};

enum breaker_verdict {
    BREAKER_PASSES,
    BREAKER_REFUSES,
    BREAKER_RECOVERED, /* passes, and it is standby again */
};

void breaker_init(struct breaker *breaker);
void breaker_fini(struct breaker *breaker);
enum breaker_verdict breaker_ask(struct breaker *breaker, uint64_t now_ms);
/* A reply to what had passed. True: it has tripped it. The expression is the same in all calls. */
bool breaker_note(struct breaker *breaker, const struct expression *expression, unsigned worker, unsigned status,
                  uint64_t latency_ms, uint64_t now_ms);
