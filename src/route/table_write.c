/* SPDX-License-Identifier: MIT */
#include "table_build.h"
#include "waybill/base/error.h"
#include <stdlib.h>
#include <sys/mman.h>

/* The lists of all nodes, one behind the other; within each the ranks go up, as they were found. */
static void write_entries(struct table_build *build)
{
    struct match_table *table = build->table;
    uint32_t next = 0;
    for (size_t i = 0; i < build->found_count; i++) {
        struct table_node *node = &table->nodes[build->found[i].node];
        (build->found[i].whole ? &node->whole : &node->prefix)->count++;
    }
    for (uint32_t i = 0; i < table->node_count; i++) {
        struct table_ranks *lists[] = {&table->nodes[i].prefix, &table->nodes[i].whole};
        for (size_t k = 0; k < WB_COUNT(lists); k++) {
            lists[k]->first = next;
            next += lists[k]->count;
            lists[k]->count = 0;
        }
    }
    table->entries = wb_alloc((next ? next : 1) * sizeof *table->entries);
    for (size_t i = 0; i < build->found_count; i++) {
        const struct found_entry *found = &build->found[i];
        struct table_node *node = &table->nodes[found->node];
        struct table_ranks *list = found->whole ? &node->whole : &node->prefix;
        uint32_t *entries = table->entries + list->first;
        /* A rank that comes twice is one that has to be checked, or the same: the first entry will do. */
        if (list->count == 0 || (entries[list->count - 1] & ENTRY_RANK) != (found->entry & ENTRY_RANK))
            entries[list->count++] = found->entry;
    }
    for (uint32_t i = 0; i < table->node_count; i++) {
        struct table_node *node = &table->nodes[i];
        struct table_ranks *lists[] = {&node->prefix, &node->whole};
        for (size_t k = 0; k < WB_COUNT(lists); k++)
            if (lists[k]->count == 1)
                lists[k]->first = table->entries[lists[k]->first];
        if (node->prefix.count + node->whole.count == 1)
            node->only = table->rows[(node->prefix.count ? node->prefix.first : node->whole.first) & ENTRY_RANK].frontend;
    }
}

static void write_only(const struct match_table *table, struct table_bucket *bucket)
{
    const struct table_node *node = &table->nodes[bucket->only_node - 1];
    if (!node->only || node->text.len > sizeof bucket->only_text)
        return;
    bucket->only = node->only;
    bucket->only_is_whole = node->whole.count;
    bucket->only_entry = node->whole.count ? node->whole.first : node->prefix.first;
    bucket->only_len = node->text.len;
    memcpy(bucket->only_text, node->text.near, node->text.len);
}

static void write_shortcuts(struct match_table *table)
{
    bool *many = wb_alloc(table->bucket_count * sizeof *many);
    for (uint32_t i = 0; i < table->node_count; i++) {
        uint32_t number = table->nodes[i].bucket;
        struct table_bucket *bucket = &table->buckets[number];
        if (table->nodes[i].text.len == 0)
            continue;
        many[number] |= bucket->only_node != 0;
        bucket->only_node = many[number] ? 0 : i + 1;
    }
    free(many);
    for (uint32_t i = 0; i < table->bucket_count; i++) {
        struct table_bucket *bucket = &table->buckets[i];
        const struct table_node *root = bucket->root ? &table->nodes[bucket->root - 1] : NULL;
        if (root && root->prefix.count == 1 && root->whole.count == 0 && !(root->prefix.first & ENTRY_CHECK)) {
            bucket->root_rank = root->prefix.first;
            bucket->root_only = root->only;
        }
        if (bucket->only_node)
            write_only(table, bucket);
    }
}

void *table_room(size_t bytes)
{
    size_t unit = bytes < TABLE_LARGE_PAGE / 2 ? TABLE_LINE : TABLE_LARGE_PAGE;
    size_t size = (bytes + unit) / unit * unit;
    void *room = aligned_alloc(unit, size);
    WB_REQUIRE(room);
    if (unit == TABLE_LARGE_PAGE)
        (void)madvise(room, size, MADV_HUGEPAGE); /* only advice */
    return room;
}

static void *pack(void *array, size_t bytes)
{
    void *packed = table_room(bytes);
    if (bytes)
        memcpy(packed, array, bytes);
    free(array);
    return packed;
}

/* Unless it is where it shall be, and about as large. */
static void *pack_array(const struct table_build *build, void *array, uint32_t count, uint32_t capacity, size_t size)
{
    return capacity == build->expected && count > capacity / 2 ? array : pack(array, count * size);
}

static const char *move_text(const char *far, size_t len, char **to)
{
    char *moved = memcpy(*to, far, len);
    *to += len;
    return moved;
}

/* Long texts side by side: in the rules they lie apart, a page each. */
static void gather_texts(struct match_table *table)
{
    size_t bytes = 1;
    for (uint32_t i = 0; i < table->bucket_count; i++)
        bytes += table->buckets[i].host.len > TABLE_HOST_INLINE ? table->buckets[i].host.len : 0;
    for (uint32_t i = 0; i < table->node_count; i++)
        bytes += table->nodes[i].text.len > TABLE_INLINE ? table->nodes[i].text.len : 0;
    char *to = table->texts = wb_alloc(bytes);
    for (uint32_t i = 0; i < table->bucket_count; i++) {
        struct table_host *host = &table->buckets[i].host;
        if (host->len > TABLE_HOST_INLINE)
            host->far = move_text(host->far, host->len, &to);
    }
    for (uint32_t i = 0; i < table->node_count; i++) {
        struct table_text *text = &table->nodes[i].text;
        if (text->len > TABLE_INLINE)
            text->far = move_text(text->far, text->len, &to);
    }
}

static void pack_index(struct table_index *index)
{
    index->slots = pack(index->slots, (index->mask + 1) * sizeof *index->slots);
}

struct bucket_length {
    uint32_t bucket, len;
};

static int compare_lengths(const void *a, const void *b)
{
    const struct bucket_length *x = a, *y = b;
    if (x->bucket != y->bucket)
        return x->bucket < y->bucket ? -1 : 1;
    return (x->len > y->len) - (x->len < y->len);
}

static void write_lengths(struct match_table *table)
{
    struct bucket_length *all = wb_alloc((table->node_count ? table->node_count : 1) * sizeof *all);
    size_t count = 0;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < table->node_count; i++)
        if (table->nodes[i].text.len)
            all[count++] = (struct bucket_length){table->nodes[i].bucket, table->nodes[i].text.len};
    qsort(all, count, sizeof *all, compare_lengths);
    table->lengths = wb_alloc((count ? count : 1) * sizeof *table->lengths);
    for (size_t i = 0; i < count; i++) {
        struct table_bucket *bucket = &table->buckets[all[i].bucket];
        if (i && compare_lengths(&all[i - 1], &all[i]) == 0)
            continue;
        if (bucket->lengths_count == 0)
            bucket->lengths_first = kept;
        bucket->lengths_count++;
        table->lengths[kept++] = all[i].len;
    }
    free(all);
}

static void write_suffix_lengths(struct match_table *table)
{
    bool there[TABLE_HOST_INLINE + 1] = {false};
    for (uint32_t i = 0; i < table->suffix_count; i++)
        there[table->suffixes[i].len] = true;
    for (uint32_t len = 1; len <= TABLE_HOST_INLINE; len++)
        if (there[len])
            table->suffix_lengths[table->suffix_length_count++] = len;
}

void table_write(struct table_build *build)
{
    struct match_table *table = build->table;

    write_entries(build);
    write_lengths(table);
    write_suffix_lengths(table);
    write_shortcuts(table);
    gather_texts(table);
    table->nodes = pack_array(build, table->nodes, table->node_count, build->node_capacity, sizeof *table->nodes);
    table->buckets = pack_array(build, table->buckets, table->bucket_count, build->bucket_capacity, sizeof *table->buckets);
    pack_index(&table->bucket_index);
    pack_index(&table->node_index);
    free(build->found);
    build->found = NULL;
}
