/* SPDX-License-Identifier: MIT */
/*
 * conn table - how many requests of each token (token.h) are under way, over all workers.
 *
 * Only tokens that have some are in it: it is no larger than what is connected. Thread: any; a lock for each of its parts.
 * Owner: the live state it is embedded in, zeroed at first.
 */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONN_SHARDS = 16 };

struct conn_count {
    uint64_t token;
    uint64_t count; /* 0: free */
};

struct conn_shard {
    _Alignas(64) pthread_mutex_t lock;
    struct conn_count *entries; /* open addressing */
    size_t capacity, used;
};

struct conn_table {
    struct conn_shard shards[CONN_SHARDS];
};

void conn_table_init(struct conn_table *table);
void conn_table_fini(struct conn_table *table);
/* One more, unless there are `most`. */
bool conn_table_enter(struct conn_table *table, uint64_t token, uint64_t most);
/* One that entered is over. */
void conn_table_leave(struct conn_table *table, uint64_t token);
