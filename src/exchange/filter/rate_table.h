/* SPDX-License-Identifier: MIT */
/*
 * rate table - token buckets by token (token.h), of one rate limit, for all workers.
 *
 * A bucket is one number: when it will be full again. Taking one moves that moment by the time a token takes to come, as long as it
 * stays within the burst; so nothing is lost between refills (defects B32), and a bucket that is full is the same as none.
 * At most RATE_TOKENS_MAX tokens are remembered, in sets: the table grows while they owe something, and when it may not,
 * the one of the set that owes least gives way. So a flood of tokens that were seen once does not free one that was used
 * up (security case D10), and each request costs the same.
 *
 * Thread: any; a lock for each of its parts. Owner: the live state it is embedded in, zeroed at first.
 */
#pragma once
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

enum { RATES_MAX = 8, RATE_SHARDS = 16, RATE_TOKENS_MAX = 65536, RATE_GRAIN_NS = 1000000 };

/* One bucket of each token. */
struct rate {
    uint64_t step_ns;  /* in which one comes */
    uint64_t depth_ns; /* in which the empty one fills: burst times step */
};

struct rate_shard {
    _Alignas(64) pthread_mutex_t lock;
    uint64_t *entries; /* a token, then when each of its buckets is full */
    size_t set_count;
};

struct rate_table {
    struct rate_shard shards[RATE_SHARDS];
    struct rate rates[RATES_MAX];
    size_t rate_count;
};

/* `average` in each period, `burst` at once; all above zero. Time comes in milliseconds, so that as many as come in one may be
 * taken at once in any case. */
struct rate rate_make(int64_t period_ns, int64_t average, int64_t burst);
void rate_table_init(struct rate_table *table, const struct rate *rates, size_t count);
void rate_table_fini(struct rate_table *table);
/* Takes one from every bucket of the token, or, when one has none, from no bucket: then the number of the one to wait for longest.
 * RATE_TAKEN otherwise. */
enum { RATE_TAKEN = RATES_MAX };
size_t rate_table_take(struct rate_table *table, uint64_t token, uint64_t now_ns);
