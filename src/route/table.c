/* SPDX-License-Identifier: MIT */
#include "table.h"
#include "table_parts.h"
#include "waybill/base/digest.h"
#include "waybill/route/snapshot.h"
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

static uint64_t hash_secret[2];
static pthread_once_t hash_secret_once = PTHREAD_ONCE_INIT;

static void draw_hash_secret(void)
{
    digest_random(hash_secret, sizeof hash_secret);
    hash_secret[0] |= 1;
}

uint64_t table_hash_key(void)
{
    return hash_secret[0];
}

struct table_hash table_hash_start(uint32_t bucket)
{
    return (struct table_hash){(hash_secret[1] ^ bucket) * hash_secret[0]};
}

/* A rank that a node is to list; in order of rank as they are found. */
struct found_entry {
    uint32_t node, entry; /* with its flags */
    bool whole;
};

struct table_build {
    struct match_table *table;
    struct found_entry *found;
    size_t found_count, found_capacity;
    bool check, root_only; /* of the frontend at hand */
    uint32_t bucket_capacity, node_capacity, suffix_capacity;
};

static void set_text(struct table_text *out, struct slice text)
{
    out->len = (uint32_t)text.len;
    if (text.len <= sizeof out->near)
        memcpy(out->near, text.ptr, text.len);
    else
        out->far = text.ptr;
}

static void set_host(struct table_host *out, struct slice host)
{
    out->len = (uint32_t)host.len;
    if (host.len <= sizeof out->near)
        memcpy(out->near, host.ptr, host.len);
    else
        out->far = host.ptr;
}

static uint64_t hash_text(uint32_t start, struct slice text)
{
    struct table_hash hash = table_hash_start(start);
    for (size_t i = 0; i < text.len; i++)
        table_hash_byte(&hash, text.ptr[i], table_hash_key());
    return table_hash_end(hash);
}

static void index_put(struct table_index *index, struct table_slot slot)
{
    size_t at = slot.tag & index->mask;
    while (index->slots[at].number)
        at = (at + 1) & index->mask;
    index->slots[at] = slot;
}

/* Room for `count` at most half full. */
static void index_reserve(struct table_index *index, size_t count)
{
    struct table_index old = *index;
    size_t size = old.slots ? old.mask + 1 : 8;
    while (size < 2 * (count + 1))
        size *= 2;
    if (old.slots && size == old.mask + 1)
        return;
    *index = (struct table_index){wb_alloc(size * sizeof *index->slots), size - 1};
    for (size_t i = 0; old.slots && i <= old.mask; i++)
        if (old.slots[i].number)
            index_put(index, old.slots[i]);
    free(old.slots);
}

static void index_add(struct table_index *index, uint64_t hash, uint32_t number)
{
    index_reserve(index, (size_t)number + 1);
    index_put(index, (struct table_slot){(uint32_t)hash, number + 1});
}

/* Grows an array so that one more fits. */
static void *grow_array(void *array, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity ? 2 * *capacity : 16;
    return wb_realloc(array, *capacity * size);
}

static uint32_t add_bucket(struct table_build *build, struct slice host)
{
    struct match_table *table = build->table;
    uint32_t number = table->bucket_count;
    table->buckets = grow_array(table->buckets, number, &build->bucket_capacity, sizeof *table->buckets);
    table->buckets[number] = (struct table_bucket){0};
    set_host(&table->buckets[number].host, host);
    table->bucket_count++;
    return number;
}

static uint32_t bucket_for(struct table_build *build, struct slice host)
{
    struct match_table *table = build->table;
    uint64_t hash = hash_text(0, host);
    for (size_t at = (uint32_t)hash & table->bucket_index.mask; table->bucket_index.slots[at].number;
         at = (at + 1) & table->bucket_index.mask) {
        uint32_t number = table->bucket_index.slots[at].number - 1;
        if (table->bucket_index.slots[at].tag == (uint32_t)hash &&
            slice_eq(table_host_slice(&table->buckets[number].host), host))
            return number;
    }
    uint32_t number = add_bucket(build, host);
    index_add(&table->bucket_index, hash, number);
    return number;
}

/* Of hosts with this end: of its last bytes at least. */
static uint32_t suffix_bucket_for(struct table_build *build, struct slice end)
{
    struct match_table *table = build->table;
    struct table_suffix made = {.len = (uint32_t)(end.len < sizeof made.text ? end.len : sizeof made.text)};
    for (uint32_t i = 0; i < made.len; i++)
        made.text[i] = end.ptr[end.len - 1 - i];
    uint64_t hash = hash_text(0, slice_make(made.text, made.len));
    for (size_t at = (uint32_t)hash & table->suffix_index.mask; table->suffix_index.slots[at].number;
         at = (at + 1) & table->suffix_index.mask) {
        const struct table_suffix *there = &table->suffixes[table->suffix_index.slots[at].number - 1];
        if (there->len == made.len && memcmp(there->text, made.text, made.len) == 0)
            return there->bucket;
    }
    uint32_t number = table->suffix_count;
    table->suffixes = grow_array(table->suffixes, number, &build->suffix_capacity, sizeof *table->suffixes);
    made.bucket = add_bucket(build, SLICE(""));
    table->suffixes[number] = made;
    table->suffix_count++;
    index_add(&table->suffix_index, hash, number);
    return made.bucket;
}

static uint32_t node_for(struct table_build *build, uint32_t bucket, struct slice text)
{
    struct match_table *table = build->table;
    uint64_t hash = hash_text(bucket + 1, text);
    for (size_t at = (uint32_t)hash & table->node_index.mask; table->node_index.slots[at].number;
         at = (at + 1) & table->node_index.mask) {
        uint32_t number = table->node_index.slots[at].number - 1;
        if (table->node_index.slots[at].tag == (uint32_t)hash && table->nodes[number].bucket == bucket &&
            slice_eq(table_text_slice(&table->nodes[number].text), text))
            return number;
    }
    uint32_t number = table->node_count;
    table->nodes = grow_array(table->nodes, number, &build->node_capacity, sizeof *table->nodes);
    table->nodes[number] = (struct table_node){.bucket = bucket};
    set_text(&table->nodes[number].text, text);
    table->node_count++;
    if (text.len == 0)
        table->buckets[bucket].root = number + 1;
    index_add(&table->node_index, hash, number);
    return number;
}

static void add_entry(struct table_build *build, uint32_t bucket, struct slice text, bool whole, uint32_t entry)
{
    uint32_t node = node_for(build, bucket, text);
    if (build->found_count == build->found_capacity) {
        build->found_capacity = build->found_capacity ? 2 * build->found_capacity : 64;
        build->found = wb_realloc(build->found, build->found_capacity * sizeof *build->found);
    }
    build->found[build->found_count++] = (struct found_entry){node, entry | (build->check ? ENTRY_CHECK : 0), whole};
}

/* The first path part leads to the nodes; what else the rule asks is looked at there. */
static void add_paths(struct table_build *build, uint32_t bucket, const struct rule *rule, uint32_t rank)
{
    if (!rule->paths || build->root_only) {
        add_entry(build, bucket, SLICE(""), false, rank);
        return;
    }
    for (size_t i = 0; i < rule->paths->count; i++) {
        const struct path_choice *choice = &rule->paths->choices[i];
        bool whole = choice->whole && !choice->template.has_variable;
        add_entry(build, bucket, choice->template.head, whole, rank | (whole && choice->ends_slash ? ENTRY_SLASH : 0));
    }
}

static bool part_has(const struct host_part *part, struct slice name)
{
    for (size_t i = 0; i < part->count; i++)
        if (slice_eq(part->names[i], name))
            return true;
    return false;
}

/* Each name that all Host parts have. One that is written twice is listed once: see write_entries. */
static void add_hosts(struct table_build *build, const struct rule *rule, uint32_t rank)
{
    const struct host_part *first = rule->hosts;
    for (size_t i = 0; i < first->count; i++) {
        bool everywhere = true;
        for (const struct host_part *part = first->next; part && everywhere; part = part->next)
            everywhere = part_has(part, first->names[i]);
        if (everywhere)
            add_paths(build, bucket_for(build, first->names[i]), rule, rank);
    }
}

/* Where one of the patterns has no literal end, it has to be asked for every host. */
static void add_host_patterns(struct table_build *build, const struct rule *rule, uint32_t rank)
{
    const struct host_pattern_part *part = rule->host_patterns;
    bool all = part != NULL;
    for (size_t i = 0; all && i < part->count; i++)
        all = part->templates[i].tail.len > 0;
    if (!all)
        add_paths(build, TABLE_ANY_HOST, rule, rank);
    for (size_t i = 0; all && i < part->count; i++)
        add_paths(build, suffix_bucket_for(build, part->templates[i].tail), rule, rank);
}

static bool has_many_pairs(const struct rule *rule)
{
    size_t hosts = rule->hosts ? rule->hosts->count : rule->host_patterns ? rule->host_patterns->count : 1;
    return rule->paths && hosts > 1 && hosts * rule->paths->count > TABLE_PAIRS_MAX;
}

static bool needs_check(const struct rule *rule)
{
    const struct path_part *path = rule->paths;
    if (rule->host_patterns || rule->methods || rule->headers || rule->queries || (path && path->next))
        return true;
    for (size_t i = 0; path && i < path->count; i++)
        if (path->choices[i].template.has_variable || (path->choices[i].whole && path->count > 1))
            return true;
    return false;
}

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

/* Into memory that begins at a cache line; what is large begins at a large page and asks for such, since finding the page
 * costs as much as the line when requests jump about in it. */
static void *pack(void *array, size_t bytes)
{
    size_t unit = bytes < TABLE_LARGE_PAGE / 2 ? TABLE_LINE : TABLE_LARGE_PAGE;
    size_t size = (bytes + unit) / unit * unit;
    void *packed = aligned_alloc(unit, size);
    WB_REQUIRE(packed);
    if (unit == TABLE_LARGE_PAGE)
        (void)madvise(packed, size, MADV_HUGEPAGE); /* only advice */
    if (bytes)
        memcpy(packed, array, bytes);
    free(array);
    return packed;
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

/* Most rules have a host or a path of their own. */
static void expect_rules(struct table_build *build, uint32_t count)
{
    struct match_table *table = build->table;
    build->bucket_capacity = build->node_capacity = count + 1;
    table->buckets = wb_alloc(build->bucket_capacity * sizeof *table->buckets);
    table->nodes = wb_alloc(build->node_capacity * sizeof *table->nodes);
    index_reserve(&table->bucket_index, 0);
    index_reserve(&table->node_index, 0);
    index_reserve(&table->suffix_index, 0);
}

/* A rule and its parts lie one behind the other, and rules far apart: waiting for memory is what takes the time here. */
static void fetch_ahead(struct route_frontend *const *frontends, size_t count, size_t rank)
{
    enum { FAR = 16, NEAR = 8, LINES = 6 };
    if (rank + FAR < count)
        __builtin_prefetch(frontends[rank + FAR]);
    for (size_t line = 0; rank + NEAR < count && line < LINES; line++)
        __builtin_prefetch((const char *)frontends[rank + NEAR]->rule + line * TABLE_LINE);
}

struct match_table *match_table_create(struct route_frontend *const *frontends, size_t count, bool keep_slash)
{
    struct match_table *table = wb_alloc(sizeof *table);
    struct table_build build = {.table = table};

    pthread_once(&hash_secret_once, draw_hash_secret);
    WB_REQUIRE(count < ENTRY_RANK);
    table->keep_slash = keep_slash;
    table->row_count = (uint32_t)count;
    table->rows = wb_alloc((count ? count : 1) * sizeof *table->rows);
    expect_rules(&build, (uint32_t)count);
    add_bucket(&build, SLICE("")); /* of any host; not in the index */
    for (uint32_t rank = 0; rank < count; rank++) {
        const struct rule *rule = frontends[rank]->rule;
        fetch_ahead(frontends, count, rank);
        table->rows[rank] = (struct table_row){frontends[rank], rule};
        build.root_only = has_many_pairs(rule);
        build.check = build.root_only || needs_check(rule);
        if (rule->hosts)
            add_hosts(&build, rule, rank);
        else
            add_host_patterns(&build, rule, rank);
    }
    write_entries(&build);
    write_lengths(table);
    write_suffix_lengths(table);
    write_shortcuts(table);
    gather_texts(table);
    table->nodes = pack(table->nodes, table->node_count * sizeof *table->nodes);
    table->buckets = pack(table->buckets, table->bucket_count * sizeof *table->buckets);
    pack_index(&table->bucket_index);
    pack_index(&table->node_index);
    free(build.found);
    return table;
}

void match_table_destroy(struct match_table **table)
{
    struct match_table *old = *table;
    *table = NULL;
    if (!old)
        return;
    free(old->rows);
    free(old->bucket_index.slots);
    free(old->node_index.slots);
    free(old->suffix_index.slots);
    free(old->suffixes);
    free(old->buckets);
    free(old->nodes);
    free(old->lengths);
    free(old->entries);
    free(old->texts);
    free(old);
}
