/* SPDX-License-Identifier: MIT */
/* match - the way of a request through the table. Nothing here allocates or locks. */
#include "waybill/route/match.h"
#include "table_parts.h"
#include "waybill/route/snapshot.h"
#include <stddef.h>

/* One request on its way. */
struct match_walk {
    const struct match_table *table;
    const struct match_input *input;
    struct slice host;                     /* normalized */
    size_t *steps;                         /* left for rules */
    uint32_t best;                         /* lowest rank that matched */
    const struct route_frontend *frontend; /* of that rank */
    struct path_outcome outcome;
};

/* A path that ends at a node but for at most one slash, against a Path that is written with (ENTRY_SLASH) or without one. */
static struct path_outcome compare_slash(uint32_t entry, struct slice rest, bool keep_slash)
{
    bool written = (entry & ENTRY_SLASH) != 0, there = rest.len == 1, same = written == there;
    return (struct path_outcome){.matches = same || !keep_slash, .slash_redirect = !same, .add_slash = !same && written};
}

/* Tries the ranks of one list; they go up, so it ends at the first that matches or comes behind the best. */
static void try_ranks(struct match_walk *walk, const struct table_ranks *ranks, const struct route_frontend *only,
                      bool whole, struct slice rest)
{
    const struct match_table *table = walk->table;
    const uint32_t *entry = ranks->count == 1 ? &ranks->first : table->entries + ranks->first;
    for (uint32_t i = 0; i < ranks->count && (entry[i] & ENTRY_RANK) < walk->best; i++) {
        uint32_t rank = entry[i] & ENTRY_RANK;
        struct path_outcome outcome = {.matches = true};
        if (entry[i] & ENTRY_CHECK)
            outcome = rule_match_rest(table->rows[rank].rule, walk->input, walk->host, table->keep_slash, walk->steps);
        else if (whole)
            outcome = compare_slash(entry[i], rest, table->keep_slash);
        if (outcome.matches) {
            walk->best = rank;
            walk->frontend = only ? only : table->rows[rank].frontend;
            walk->outcome = outcome;
            return;
        }
    }
}

static bool is_end(struct slice rest)
{
    return rest.len == 0 || (rest.len == 1 && rest.ptr[0] == '/');
}

static void try_node(struct match_walk *walk, const struct table_node *node, size_t len)
{
    struct slice rest = slice_from(walk->input->path, len);
    try_ranks(walk, &node->prefix, node->only, false, rest);
    if (node->whole.count && is_end(rest))
        try_ranks(walk, &node->whole, node->only, true, rest);
}

static const struct table_node *find_node(const struct match_table *table, uint32_t bucket, struct slice path, uint64_t hash)
{
    const struct table_index *index = &table->node_index;
    for (size_t at = (uint32_t)hash & index->mask;; at = (at + 1) & index->mask) {
        struct table_slot slot = index->slots[at];
        if (slot.number == 0)
            return NULL;
        const struct table_node *node = &table->nodes[slot.number - 1];
        if (slot.tag == (uint32_t)hash && node->bucket == bucket && slice_eq(table_text_slice(&node->text), path))
            return node;
    }
}

static void try_root(struct match_walk *walk, const struct table_bucket *bucket)
{
    if (bucket->root_only && bucket->root_rank < walk->best) {
        walk->best = bucket->root_rank;
        walk->frontend = bucket->root_only;
        walk->outcome = (struct path_outcome){.matches = true};
    } else if (bucket->root && !bucket->root_only) {
        try_node(walk, &walk->table->nodes[bucket->root - 1], 0);
    }
}

static void try_only(struct match_walk *walk, const struct table_bucket *bucket)
{
    struct slice path = walk->input->path, rest = slice_from(path, bucket->only_len);
    struct table_ranks one = {bucket->only_entry, 1};
    if (slice_starts(path, slice_make(bucket->only_text, bucket->only_len)) && (!bucket->only_is_whole || is_end(rest)))
        try_ranks(walk, &one, bucket->only, bucket->only_is_whole, rest);
}

/* It will be looked at as soon as the match is over, and its backend and server with it: see struct route_frontend. */
static void fetch_frontend(const struct route_frontend *frontend)
{
    for (size_t at = 0; at < offsetof(struct route_frontend, priority); at += TABLE_LINE)
        __builtin_prefetch((const char *)frontend + at);
}

static void try_bucket(struct match_walk *walk, uint32_t number)
{
    const struct match_table *table = walk->table;
    const struct table_bucket *bucket = &table->buckets[number];
    struct slice path = walk->input->path;
    struct table_hash hash = table_hash_start(number + 1);
    uint64_t key = table_hash_key();
    size_t at = 0;

    if (bucket->only) {
        fetch_frontend(bucket->only);
        try_root(walk, bucket);
        try_only(walk, bucket);
        return;
    }
    try_root(walk, bucket);
    if (bucket->only_node) {
        const struct table_node *node = &table->nodes[bucket->only_node - 1];
        if (slice_starts(path, table_text_slice(&node->text)))
            try_node(walk, node, node->text.len);
        return;
    }
    const uint32_t *lengths = table->lengths + bucket->lengths_first;
    for (uint32_t i = 0; i < bucket->lengths_count && lengths[i] <= path.len; i++) {
        while (at < lengths[i])
            table_hash_byte(&hash, path.ptr[at++], key);
        const struct table_node *node = find_node(table, number, slice_head(path, at), table_hash_end(hash));
        if (node)
            try_node(walk, node, at);
    }
}

static uint32_t find_bucket(const struct match_table *table, struct slice host)
{
    const struct table_index *index = &table->bucket_index;
    struct table_hash state = table_hash_start(0);
    uint64_t key = table_hash_key();
    for (size_t i = 0; i < host.len; i++)
        table_hash_byte(&state, host.ptr[i], key);
    uint64_t hash = table_hash_end(state);
    for (size_t at = (uint32_t)hash & index->mask;; at = (at + 1) & index->mask) {
        struct table_slot slot = index->slots[at];
        if (slot.number == 0)
            return TABLE_ANY_HOST;
        const struct table_bucket *bucket = &table->buckets[slot.number - 1];
        if (slot.tag != (uint32_t)hash)
            continue;
        __builtin_prefetch(&bucket->only); /* its other line */
        if (slice_eq(table_host_slice(&bucket->host), host))
            return slot.number - 1;
    }
}

struct suffix_walk suffix_walk_start(const struct match_table *table, struct slice host)
{
    return (struct suffix_walk){.table = table, .host = host, .hash = table_hash_start(0)};
}

static uint32_t find_suffix(const struct match_table *table, struct slice host, size_t len, uint64_t hash)
{
    const struct table_index *index = &table->suffix_index;
    for (size_t at = (uint32_t)hash & index->mask;; at = (at + 1) & index->mask) {
        struct table_slot slot = index->slots[at];
        if (slot.number == 0)
            return TABLE_ANY_HOST;
        const struct table_suffix *suffix = &table->suffixes[slot.number - 1];
        size_t same = 0;
        if (slot.tag != (uint32_t)hash || suffix->len != len)
            continue;
        while (same < len && suffix->text[same] == host.ptr[host.len - 1 - same])
            same++;
        if (same == len)
            return suffix->bucket;
    }
}

uint32_t suffix_walk_next(struct suffix_walk *walk)
{
    const struct match_table *table = walk->table;
    uint64_t key = table_hash_key();
    while (walk->length < table->suffix_length_count && table->suffix_lengths[walk->length] <= walk->host.len) {
        uint32_t len = table->suffix_lengths[walk->length++];
        for (; walk->at < len; walk->at++)
            table_hash_byte(&walk->hash, walk->host.ptr[walk->host.len - 1 - walk->at], key);
        uint32_t bucket = find_suffix(table, walk->host, len, table_hash_end(walk->hash));
        if (bucket != TABLE_ANY_HOST)
            return bucket;
    }
    return TABLE_ANY_HOST;
}

static void try_suffixes(struct match_walk *walk)
{
    struct suffix_walk suffixes = suffix_walk_start(walk->table, walk->host);
    for (uint32_t bucket; (bucket = suffix_walk_next(&suffixes)) != TABLE_ANY_HOST;)
        try_bucket(walk, bucket);
}

struct match_found match_table_find(const struct match_table *table, const struct match_input *input)
{
    char name[HOST_NAME_BYTES];
    size_t steps = MATCH_STEPS_MAX;
    struct match_walk walk = {
        .table = table, .input = input, .steps = input->steps ? input->steps : &steps, .best = UINT32_MAX};

    if (!host_normalize(input->host, name, &walk.host))
        return (struct match_found){0};
    uint32_t bucket = find_bucket(table, walk.host);
    if (bucket != TABLE_ANY_HOST)
        try_bucket(&walk, bucket);
    if (input->alias.len && (bucket = find_bucket(table, input->alias)) != TABLE_ANY_HOST)
        try_bucket(&walk, bucket);
    if (table->suffix_count)
        try_suffixes(&walk);
    try_bucket(&walk, TABLE_ANY_HOST);
    if (walk.best == UINT32_MAX)
        return (struct match_found){0};
    return (struct match_found){
        .frontend = walk.frontend,
        .slash_redirect = walk.outcome.slash_redirect,
        .add_slash = walk.outcome.add_slash,
        .too_costly = walk.outcome.too_costly,
        .rank = walk.best,
    };
}
