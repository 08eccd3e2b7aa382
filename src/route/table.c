/* SPDX-License-Identifier: MIT */
#include "table.h"
#include "table_build.h"
#include "waybill/base/digest.h"
#include "waybill/route/snapshot.h"
#include <pthread.h>
#include <stdlib.h>

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

/* The last one of its choices, in the order of texts; plain ones as they are compared. */
static struct slice last_choice(const struct path_part *part)
{
    struct slice last = SLICE("");
    for (size_t i = 0; i < part->count; i++) {
        const struct template *choice = &part->choices[i].template;
        struct slice text = choice->has_variable ? choice->written : choice->head;
        if (slice_compare(text, last) > 0)
            last = text;
    }
    return last;
}

static bool leads_before(const struct path_part *one, const struct path_part *other)
{
    bool says_nothing = path_part_is_every_path(one);
    if (says_nothing != path_part_is_every_path(other))
        return !says_nothing;
    return slice_compare(last_choice(one), last_choice(other)) > 0;
}

/* The same of rules that ask for the same in another order: the oldest of these has to be found (claims.h). */
static const struct path_part *leading_path(const struct rule *rule)
{
    const struct path_part *leading = rule->paths;
    for (const struct path_part *part = leading ? leading->next : NULL; part; part = part->next)
        if (leads_before(part, leading))
            leading = part;
    return leading;
}

/* One path part leads to the nodes; what else the rule asks is looked at there. */
static void add_paths(struct table_build *build, uint32_t bucket, const struct rule *rule, uint32_t rank)
{
    const struct path_part *part = leading_path(rule);
    if (!part || build->root_only) {
        add_entry(build, bucket, SLICE(""), false, rank);
        return;
    }
    for (size_t i = 0; i < part->count; i++) {
        const struct path_choice *choice = &part->choices[i];
        bool whole = choice->whole && !choice->template.has_variable;
        add_entry(build, bucket, choice->template.head, whole, rank | (whole && choice->ends_slash ? ENTRY_SLASH : 0));
    }
}

/* Each name that all Host parts have. One that is written twice is listed once: see write_entries. */
static void add_hosts(struct table_build *build, const struct rule *rule, uint32_t rank)
{
    const struct host_part *first = rule->hosts;
    for (size_t i = 0; i < first->count; i++)
        if (host_parts_have(first->next, first->names[i]))
            add_paths(build, bucket_for(build, first->names[i]), rule, rank);
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
    const struct path_part *paths = leading_path(rule);
    return paths && hosts > 1 && hosts * paths->count > TABLE_PAIRS_MAX;
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

/* Most rules have a host or a path of their own. */
static void expect_rules(struct table_build *build, uint32_t count)
{
    struct match_table *table = build->table;
    build->expected = build->bucket_capacity = build->node_capacity = count + 1;
    table->buckets = table_room(build->expected * sizeof *table->buckets);
    table->nodes = table_room(build->expected * sizeof *table->nodes);
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
    table_write(&build);
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
