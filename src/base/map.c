/* SPDX-License-Identifier: MIT */
#include "waybill/base/map.h"
#include "waybill/base/digest.h"
#include "waybill/base/error.h"
#include <endian.h>
#include <pthread.h>
#include <stdlib.h>

static uint64_t hash_key[2];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void draw_hash_key(void)
{
    digest_random(hash_key, sizeof hash_key);
}

static inline uint64_t rotl(uint64_t x, int b)
{
    return (x << b) | (x >> (64 - b));
}

#define SIP_ROUND                                            \
    do {                                                     \
        v0 += v1, v1 = rotl(v1, 13) ^ v0, v0 = rotl(v0, 32); \
        v2 += v3, v3 = rotl(v3, 16) ^ v2;                    \
        v0 += v3, v3 = rotl(v3, 21) ^ v0;                    \
        v2 += v1, v1 = rotl(v1, 17) ^ v2, v2 = rotl(v2, 32); \
    } while (0)

/* Up to eight bytes, the first one lowest. */
static inline uint64_t load_word(const char *bytes, size_t len)
{
    uint64_t word = 0;

    memcpy(&word, bytes, len);
    return le64toh(word);
}

/* ASCII letters to lower case, eight bytes at once: a carry into a byte's top bit tells whether it is past 'A' or 'Z'. */
static inline uint64_t lower_word(uint64_t word)
{
    uint64_t low_bits = word & 0x7f7f7f7f7f7f7f7fu;
    uint64_t not_below_a = low_bits + 0x3f3f3f3f3f3f3f3fu, above_z = low_bits + 0x2525252525252525u;
    uint64_t upper = (not_below_a ^ above_z) & ~word & 0x8080808080808080u;

    return word | upper >> 2;
}

/* SipHash-1-3; `lower` folds ASCII case on the way. `wide`: its form of 128 bits, the second half goes there. */
static inline uint64_t sip_hash_wide(struct slice bytes, bool lower, uint64_t *wide)
{
    pthread_once(&hash_key_once, draw_hash_key);
    uint64_t v0 = hash_key[0] ^ 0x736f6d6570736575u, v1 = hash_key[1] ^ 0x646f72616e646f6du;
    uint64_t v2 = hash_key[0] ^ 0x6c7967656e657261u, v3 = hash_key[1] ^ 0x7465646279746573u;
    uint64_t word;
    size_t i = 0;

    if (wide)
        v1 ^= 0xee;
    for (; i + 8 <= bytes.len; i += 8) {
        word = load_word(bytes.ptr + i, 8);
        if (lower)
            word = lower_word(word);
        v3 ^= word;
        SIP_ROUND;
        v0 ^= word;
    }
    word = bytes.len > i ? load_word(bytes.ptr + i, bytes.len - i) : 0;
    if (lower)
        word = lower_word(word);
    word |= (uint64_t)(bytes.len & 0xff) << 56;
    v3 ^= word;
    SIP_ROUND;
    v0 ^= word;
    v2 ^= wide ? 0xee : 0xff;
    SIP_ROUND;
    SIP_ROUND;
    SIP_ROUND;
    uint64_t hash = v0 ^ v1 ^ v2 ^ v3;
    if (wide) {
        v1 ^= 0xdd;
        SIP_ROUND;
        SIP_ROUND;
        SIP_ROUND;
        *wide = v0 ^ v1 ^ v2 ^ v3;
    }
    return hash;
}

static inline uint64_t sip_hash(struct slice bytes, bool lower)
{
    return sip_hash_wide(bytes, lower, NULL);
}

uint64_t hash_bytes(struct slice bytes)
{
    return sip_hash(bytes, false);
}

void hash_bytes_wide(struct slice bytes, uint64_t out_hash[2])
{
    out_hash[0] = sip_hash_wide(bytes, false, &out_hash[1]);
}

uint64_t hash_bytes_lower(struct slice bytes)
{
    return sip_hash(bytes, true);
}

void map_init(struct map *map)
{
    *map = (struct map){0};
}

void map_init_lent(struct map *map)
{
    *map = (struct map){.keys_are_lent = true};
}

static void drop_key(const struct map *map, struct map_entry *entry)
{
    if (!map->keys_are_lent)
        free((char *)(uintptr_t)entry->key.ptr);
}

void map_fini(struct map *map)
{
    for (size_t i = 0; i < map->entry_count; i++)
        drop_key(map, &map->entries[i]);
    free(map->entries);
    free(map->index);
    map_init(map);
}

static bool key_matches(struct slice stored, struct slice key, bool lower)
{
    return lower ? slice_eq_nocase(stored, key) : slice_eq(stored, key);
}

static struct map_entry *find(const struct map *map, struct slice key, bool lower, uint64_t hash)
{
    if (map->index_capacity == 0)
        return NULL;
    for (size_t at = hash & (map->index_capacity - 1);; at = (at + 1) & (map->index_capacity - 1)) {
        uint32_t number = map->index[at];
        if (number == 0)
            return NULL;
        struct map_entry *entry = &map->entries[number - 1];
        if (entry->used && entry->hash == hash && key_matches(entry->key, key, lower))
            return entry;
    }
}

void *map_get(const struct map *map, struct slice key)
{
    struct map_entry *entry = find(map, key, false, sip_hash(key, false));
    return entry ? entry->value : NULL;
}

void *map_get_lower(const struct map *map, struct slice key)
{
    struct map_entry *entry = find(map, key, true, sip_hash(key, true));
    return entry ? entry->value : NULL;
}

static void index_entry(struct map *map, size_t number)
{
    size_t mask = map->index_capacity - 1, at = map->entries[number].hash & mask;
    while (map->index[at] != 0)
        at = (at + 1) & mask;
    map->index[at] = (uint32_t)number + 1;
}

/* Drops removed entries and doubles the index when it is half full. */
static void rebuild(struct map *map)
{
    size_t kept = 0;
    for (size_t i = 0; i < map->entry_count; i++) {
        if (map->entries[i].used)
            map->entries[kept++] = map->entries[i];
        else
            drop_key(map, &map->entries[i]);
    }
    map->entry_count = kept;
    while (map->index_capacity < 16 || map->index_capacity < 4 * (kept + 1))
        map->index_capacity = map->index_capacity ? map->index_capacity * 2 : 16;
    free(map->index);
    map->index = wb_alloc(map->index_capacity * sizeof *map->index);
    for (size_t i = 0; i < kept; i++)
        index_entry(map, i);
}

void map_reserve(struct map *map, size_t count)
{
    if (map->entry_capacity < count) {
        map->entry_capacity = count;
        map->entries = wb_realloc(map->entries, count * sizeof *map->entries);
    }
    while (map->index_capacity < 2 * (count + 1))
        map->index_capacity = map->index_capacity ? map->index_capacity * 2 : 16;
    rebuild(map);
}

void *map_put(struct map *map, struct slice key, void *value)
{
    uint64_t hash = sip_hash(key, false);
    struct map_entry *entry = find(map, key, false, hash);

    WB_REQUIRE(value);
    if (entry) {
        void *before = entry->value;
        entry->value = value;
        return before;
    }
    if (2 * (map->entry_count + 1) > map->index_capacity)
        rebuild(map);
    if (map->entry_count == map->entry_capacity) {
        map->entry_capacity = map->entry_capacity ? map->entry_capacity * 2 : 8;
        map->entries = wb_realloc(map->entries, map->entry_capacity * sizeof *map->entries);
    }
    map->entries[map->entry_count] = (struct map_entry){
        .key = map->keys_are_lent ? key : slice_make(slice_dup(key), key.len), .value = value, .hash = hash, .used = true};
    index_entry(map, map->entry_count++);
    map->live_count++;
    return NULL;
}

void *map_remove(struct map *map, struct slice key)
{
    struct map_entry *entry = find(map, key, false, sip_hash(key, false));
    if (!entry)
        return NULL;
    entry->used = false;
    map->live_count--;
    return entry->value;
}

struct map_entry *map_next(const struct map *map, size_t *position)
{
    while (*position < map->entry_count) {
        struct map_entry *entry = &map->entries[(*position)++];
        if (entry->used)
            return entry;
    }
    return NULL;
}
