/* SPDX-License-Identifier: MIT */
/*
 * table_parts - a match table from the inside.
 *
 * A frontend's place in the order is its rank. The host names of its rule lead to buckets (number 0: any host), and so do the
 * literal ends of its host patterns, found by hashing the request's host from its end up to each length that occurs; in a
 * bucket, the literal beginnings of its first path part lead to nodes, found by hashing the request's path up to each length that
 * occurs in the bucket. A node lists the ranks that may match; the lowest rank that does, of all nodes met, wins. So the cost
 * is that of the host, the path and the few candidates, whatever the number of frontends.
 *
 * Hashes are keyed, with a key drawn at start: neither clients nor labels can choose collisions.
 */
#pragma once
#include "rule_parts.h"
#include "table.h"

enum { TABLE_ANY_HOST = 0, TABLE_INLINE = 24, TABLE_HOST_INLINE = 48, TABLE_LINE = 64, TABLE_LARGE_PAGE = 2 << 20 };

/* Rules of more pairs of hosts and paths are listed by their hosts alone. */
enum { TABLE_PAIRS_MAX = 1000 };

/* Text kept in place when it is short: one cache line less to wait for. */
struct table_text {
    union {
        const char *far; /* in the table's texts */
        char near[TABLE_INLINE];
    };
    uint32_t len;
};

struct table_host {
    union {
        const char *far;
        char near[TABLE_HOST_INLINE];
    };
    uint32_t len;
};

struct table_slot {
    uint32_t tag;    /* lower half of the hash; its place is the first free one from there on */
    uint32_t number; /* of the node or bucket, plus 1; 0: free */
};

struct table_index {
    struct table_slot *slots;
    size_t mask;
};

/* A rank in a list, with what makes a look at its rule needless. */
enum {
    ENTRY_CHECK = 1u << 31, /* host and node do not say it all */
    ENTRY_SLASH = 1u << 30, /* of a `whole` list: the path is written with a final slash */
    ENTRY_RANK = ENTRY_SLASH - 1,
};

/* entries[first .. first + count), ranks going up; a single one is `first` itself. */
struct table_ranks {
    uint32_t first, count;
};

/* Nodes fill one cache line and buckets two neighbours: at many frontends the wait for memory is what a match costs. */
struct table_node {
    struct table_text text;
    uint32_t bucket;
    struct table_ranks prefix;         /* the path goes on or not */
    struct table_ranks whole;          /* the path ends here, but for one slash */
    const struct route_frontend *only; /* if it lists one rank: of that */
};

/* What most buckets need is in them: the one frontend of the root, the one other node with its one frontend. */
struct table_bucket {
    struct table_host host;
    uint32_t lengths_first, lengths_count;  /* of the nodes' texts, shortest first; not that of the empty text */
    const struct route_frontend *root_only; /* of root_rank, if the root lists only that, to be taken unasked */
    const struct route_frontend *only;      /* of only_entry, if only_node lists only that and only_text is all its text */
    uint32_t root, root_rank;               /* root: node of the empty text plus 1, or 0 */
    uint32_t only_node, only_entry;         /* only_node: plus 1, if there is one besides the root */
    uint32_t only_len, only_is_whole;
    char only_text[TABLE_INLINE];
};
_Static_assert(sizeof(struct table_node) == TABLE_LINE && sizeof(struct table_bucket) == 2 * TABLE_LINE, "whole lines");

/* A bucket of hosts that end so. */
struct table_suffix {
    char text[TABLE_HOST_INLINE]; /* backwards */
    uint32_t len, bucket;
};

struct table_row {
    const struct route_frontend *frontend;
    const struct rule *rule;
};

struct match_table {
    struct table_row *rows;
    uint32_t row_count;
    struct table_index bucket_index, node_index, suffix_index;
    struct table_bucket *buckets;
    struct table_node *nodes;
    struct table_suffix *suffixes;
    uint32_t bucket_count, node_count, suffix_count;
    uint32_t suffix_lengths[TABLE_HOST_INLINE], suffix_length_count; /* shortest first */
    uint32_t *lengths, *entries;
    char *texts; /* those too long to be in place */
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
/* A host's buckets by its end, shortest first: a number, or TABLE_ANY_HOST when there is no other one. */
struct suffix_walk {
    const struct match_table *table;
    struct slice host;
    struct table_hash hash;
    size_t at;       /* bytes hashed */
    uint32_t length; /* next of the lengths */
};
struct suffix_walk suffix_walk_start(const struct match_table *table, struct slice host);
uint32_t suffix_walk_next(struct suffix_walk *walk);
static inline struct slice table_text_slice(const struct table_text *text)
{
    return slice_make(text->len <= TABLE_INLINE ? text->near : text->far, text->len);
}
static inline struct slice table_host_slice(const struct table_host *host)
{
    return slice_make(host->len <= TABLE_HOST_INLINE ? host->near : host->far, host->len);
}
