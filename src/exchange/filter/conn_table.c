/* SPDX-License-Identifier: MIT */
#include "conn_table.h"
#include "waybill/base/error.h"
#include <stdlib.h>

enum { CAPACITY_FIRST = 16, CAPACITY_KEPT = 1024 };

void conn_table_init(struct conn_table *table)
{
    for (size_t i = 0; i < CONN_SHARDS; i++)
        pthread_mutex_init(&table->shards[i].lock, NULL);
}

void conn_table_fini(struct conn_table *table)
{
    for (size_t i = 0; i < CONN_SHARDS; i++) {
        free(table->shards[i].entries);
        pthread_mutex_destroy(&table->shards[i].lock);
    }
}

static struct conn_shard *shard_of(struct conn_table *table, uint64_t token)
{
    return &table->shards[token >> 60];
}

/* The token's entry, or the free one where it would be. */
static size_t find_place(const struct conn_shard *shard, uint64_t token)
{
    size_t at = token & (shard->capacity - 1);

    while (shard->entries[at].count && shard->entries[at].token != token)
        at = (at + 1) & (shard->capacity - 1);
    return at;
}

static void grow(struct conn_shard *shard)
{
    struct conn_count *old = shard->entries;
    size_t count = shard->capacity;

    shard->capacity = count ? count * 2 : CAPACITY_FIRST;
    shard->entries = wb_alloc(shard->capacity * sizeof *old);
    for (size_t i = 0; i < count; i++)
        if (old[i].count)
            shard->entries[find_place(shard, old[i].token)] = old[i];
    free(old);
}

/* Those behind it that it kept from their place move up, so that no search stops at the gap. */
static void close_gap(struct conn_shard *shard, size_t gap)
{
    size_t mask = shard->capacity - 1;

    for (size_t at = (gap + 1) & mask; shard->entries[at].count; at = (at + 1) & mask) {
        size_t home = shard->entries[at].token & mask;
        if (((at - home) & mask) < ((at - gap) & mask))
            continue;
        shard->entries[gap] = shard->entries[at];
        gap = at;
    }
    shard->entries[gap].count = 0;
}

static bool enter(struct conn_shard *shard, uint64_t token, uint64_t most)
{
    struct conn_count *entry;

    if (shard->used * 2 >= shard->capacity)
        grow(shard);
    entry = &shard->entries[find_place(shard, token)];
    if (entry->count >= most)
        return false;
    if (entry->count == 0) {
        entry->token = token;
        shard->used++;
    }
    entry->count++;
    return true;
}

static void leave(struct conn_shard *shard, uint64_t token)
{
    size_t at = find_place(shard, token);

    WB_REQUIRE(shard->entries[at].count > 0);
    if (shard->entries[at].count > 1) {
        shard->entries[at].count--;
        return;
    }
    close_gap(shard, at);
    if (--shard->used == 0 && shard->capacity > CAPACITY_KEPT) {
        free(shard->entries);
        shard->entries = NULL;
        shard->capacity = 0;
    }
}

bool conn_table_enter(struct conn_table *table, uint64_t token, uint64_t most)
{
    struct conn_shard *shard = shard_of(table, token);
    bool entered;

    pthread_mutex_lock(&shard->lock);
    entered = enter(shard, token, most);
    pthread_mutex_unlock(&shard->lock);
    return entered;
}

void conn_table_leave(struct conn_table *table, uint64_t token)
{
    struct conn_shard *shard = shard_of(table, token);

    pthread_mutex_lock(&shard->lock);
    leave(shard, token);
    pthread_mutex_unlock(&shard->lock);
}
