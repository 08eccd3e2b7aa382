/* SPDX-License-Identifier: MIT */
/*
 * table_parts - a match table from the inside.
 *
 * A frontend's place in the order is its rank. The host names of its rule lead to buckets (number 0: any host); in a bucket,
 * the literal beginnings of its first path part lead to nodes, found by hashing the request's path up to each length that
 * occurs in the bucket. A node lists the ranks that may match; the lowest rank that does, of all nodes met, wins. So the cost
 * is that of the host, the path and the few candidates, whatever the number of frontends.
 *
 * Hashes are keyed, with a key drawn at start: neither clients nor labels can choose collisions.
 */
#pragma once
#include "rule_parts.h"
#include "table.h"

enum { TABLE_ANY_HOST = 0, TABLE_INLINE = 24 };

/* Text kept beside its hash when it is short: one cache line less to wait for. */
struct table_text {
    const char *ptr; /* of the rule, or `near` */
    uint32_t len;
    char near[TABLE_INLINE];
};

struct table_slot {
    uint32_t tag; /* upper half of the hash */
    uint32_t number; /* of the node or bucket, plus 1; 0: free */
};

struct table_index {
    struct table_slot *slots;
    size_t mask;
};

/* Ranks are entries[first .. first + count); a single one is `first` itself. */
struct table_ranks {
    uint32_t first, count;
};

struct table_node {
    uint32_t bucket;
    struct table_ranks prefix; /* the path goes on or not */
    struct table_ranks whole;  /* the path ends here, but for one slash */
    struct table_text text;
};

struct table_bucket {
    struct table_text host;
    uint32_t lengths_first, lengths_count; /* of the nodes' texts, shortest first */
    uint32_t root;                         /* node of the empty text plus 1, or 0; its length is not among the lengths */
};

struct table_row {
    const struct route_frontend *frontend;
    const struct rule *rule;
    bool check; /* host and node do not say it all */
};

struct match_table {
    struct table_row *rows;
    size_t row_count;
    struct table_index bucket_index, node_index;
    struct table_bucket *buckets;
    struct table_node *nodes;
    uint32_t bucket_count, node_count;
    uint32_t *lengths, *entries;
    bool keep_slash;
};

/* Byte by byte, so that the hashes of all beginnings of a path come out of one pass. */
struct table_hash {
    uint64_t state;
};
struct table_hash table_hash_start(uint32_t bucket);
static inline void table_hash_byte(struct table_hash *hash, char byte, uint64_t key)
{
    hash->state = (hash->state ^ (unsigned char)byte) * key;
}
uint64_t table_hash_key(void);
static inline uint64_t table_hash_end(struct table_hash hash)
{
    uint64_t x = hash.state;
    x ^= x >> 32;
    x *= 0x9e3779b97f4a7c15u;
    return x ^ x >> 29;
}
static inline bool table_text_is(const struct table_text *text, const char *ptr, size_t len)
{
    return text->len == len && memcmp(len <= TABLE_INLINE ? text->near : text->ptr, ptr, len) == 0;
}
