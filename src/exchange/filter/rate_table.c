/* SPDX-License-Identifier: MIT */
#include "rate_table.h"
#include "waybill/base/error.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { WAYS = 16, SETS_FIRST = 4, SETS_MAX = RATE_TOKENS_MAX / RATE_SHARDS / WAYS };
#define DEPTH_MAX ((uint64_t)1 << 62) /* 146 years, and no sum of two of them overflows */

struct rate rate_make(int64_t period_ns, int64_t average, int64_t burst)
{
    struct rate rate = {.step_ns = (uint64_t)(period_ns / average)};

    if (rate.step_ns == 0)
        rate.step_ns = 1;
    if (rate.step_ns > DEPTH_MAX)
        rate.step_ns = DEPTH_MAX;
    rate.depth_ns = (uint64_t)burst > DEPTH_MAX / rate.step_ns ? DEPTH_MAX : (uint64_t)burst * rate.step_ns;
    if (rate.depth_ns < RATE_GRAIN_NS)
        rate.depth_ns = RATE_GRAIN_NS;
    return rate;
}

void rate_table_init(struct rate_table *table, const struct rate *rates, size_t count)
{
    WB_REQUIRE(count > 0 && count <= RATES_MAX);
    memcpy(table->rates, rates, count * sizeof *rates);
    table->rate_count = count;
    for (size_t i = 0; i < RATE_SHARDS; i++)
        pthread_mutex_init(&table->shards[i].lock, NULL);
}

void rate_table_fini(struct rate_table *table)
{
    for (size_t i = 0; i < RATE_SHARDS; i++) {
        free(table->shards[i].entries);
        pthread_mutex_destroy(&table->shards[i].lock);
    }
}

static size_t entry_size(const struct rate_table *table)
{
    return 1 + table->rate_count;
}

static uint64_t *set_of(const struct rate_table *table, const struct rate_shard *shard, uint64_t token)
{
    return shard->entries + (token & (shard->set_count - 1)) * WAYS * entry_size(table);
}

/* When all buckets of an entry are full. */
static uint64_t full_at(const struct rate_table *table, const uint64_t *entry)
{
    uint64_t latest = 0;

    for (size_t i = 0; i < table->rate_count; i++)
        latest = entry[1 + i] > latest ? entry[1 + i] : latest;
    return latest;
}

/* The token's entry in its set, or else the one that owes least. */
static uint64_t *find_entry(const struct rate_table *table, const struct rate_shard *shard, uint64_t token)
{
    uint64_t *entry = set_of(table, shard, token), *least = entry, least_at = UINT64_MAX;

    for (size_t i = 0; i < WAYS; i++, entry += entry_size(table)) {
        if (entry[0] == token)
            return entry;
        uint64_t at = full_at(table, entry);
        if (at < least_at) {
            least = entry;
            least_at = at;
        }
    }
    return least;
}

static void grow(const struct rate_table *table, struct rate_shard *shard, uint64_t now_ns)
{
    size_t size = entry_size(table), count = shard->set_count * WAYS;
    uint64_t *old = shard->entries;

    shard->set_count = shard->set_count ? shard->set_count * 2 : SETS_FIRST;
    shard->entries = wb_alloc(shard->set_count * WAYS * size * sizeof *old);
    for (uint64_t *entry = old; count > 0; count--, entry += size)
        if (full_at(table, entry) > now_ns)
            memcpy(find_entry(table, shard, entry[0]), entry, size * sizeof *entry);
    free(old);
}

/* The token's entry. Of a new one, all buckets are full. */
static uint64_t *take_entry(const struct rate_table *table, struct rate_shard *shard, uint64_t token, uint64_t now_ns)
{
    uint64_t *entry = NULL;

    if (shard->set_count == 0)
        grow(table, shard, now_ns);
    for (;;) {
        entry = find_entry(table, shard, token);
        if (entry[0] == token)
            return entry;
        if (full_at(table, entry) <= now_ns || shard->set_count >= SETS_MAX)
            break;
        grow(table, shard, now_ns);
    }
    memset(entry, 0, entry_size(table) * sizeof *entry);
    entry[0] = token;
    return entry;
}

static uint64_t debt(uint64_t full_at_ns, uint64_t now_ns)
{
    return full_at_ns > now_ns ? full_at_ns - now_ns : 0;
}

static size_t take(const struct rate_table *table, uint64_t *entry, uint64_t now_ns)
{
    size_t refused = RATE_TAKEN;

    for (size_t i = 0; i < table->rate_count; i++) {
        const struct rate *rate = &table->rates[i];
        if (debt(entry[1 + i], now_ns) + rate->step_ns > rate->depth_ns &&
            (refused == RATE_TAKEN || rate->step_ns > table->rates[refused].step_ns))
            refused = i;
    }
    for (size_t i = 0; refused == RATE_TAKEN && i < table->rate_count; i++)
        entry[1 + i] = now_ns + debt(entry[1 + i], now_ns) + table->rates[i].step_ns;
    return refused;
}

size_t rate_table_take(struct rate_table *table, uint64_t token, uint64_t now_ns)
{
    struct rate_shard *shard = &table->shards[token >> 60];
    size_t outcome;

    pthread_mutex_lock(&shard->lock);
    outcome = take(table, take_entry(table, shard, token, now_ns), now_ns);
    pthread_mutex_unlock(&shard->lock);
    return outcome;
}
