/* SPDX-License-Identifier: MIT */
/*
 * map - text to pointer. Keys are copied, unless they are lent. Hash is SipHash-1-3 with a key drawn at start, so nobody
 * outside can choose collisions. Iteration is in order of insertion; a removal keeps that order.
 *
 * Thread: the one that holds it (reading a map nobody changes is safe from any).
 */
#pragma once
#include "waybill/base/slice.h"

struct map_entry {
    struct slice key; /* NUL behind it, when it is a copy */
    void *value;
    uint64_t hash;
    bool used; /* false: was removed */
};

struct map {
    struct map_entry *entries; /* in order of insertion */
    uint32_t *index;           /* open addressing; 0 = free, else entry number + 1 */
    size_t entry_count, entry_capacity, index_capacity, live_count;
    bool keys_are_lent;
};

void map_init(struct map *map);
/* Keys are not copied: they stay where they are as long as the map. */
void map_init_lent(struct map *map);
/* Makes room for so many, when it is known before. */
void map_reserve(struct map *map, size_t count);
/* Values are not freed. */
void map_fini(struct map *map);
void *map_get(const struct map *map, struct slice key);
/* As map_get, ASCII case of `key` ignored; keys must have been put in lower case. */
void *map_get_lower(const struct map *map, struct slice key);
/* Returns the value that was there, or NULL. `value` is not NULL. */
void *map_put(struct map *map, struct slice key, void *value);
void *map_remove(struct map *map, struct slice key);
static inline size_t map_count(const struct map *map)
{
    return map->live_count;
}
/* for (size_t i = 0; (entry = map_next(map, &i));) ... */
struct map_entry *map_next(const struct map *map, size_t *position);

uint64_t hash_bytes(struct slice bytes);
/* 128 bits of the same kind, for who takes equal hashes for equal bytes. */
void hash_bytes_wide(struct slice bytes, uint64_t out_hash[2]);
/* The same for texts that differ in ASCII case only. */
uint64_t hash_bytes_lower(struct slice bytes);
