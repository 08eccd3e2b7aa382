/* SPDX-License-Identifier: MIT */
#include "waybill/route/explain.h"
#include "table_parts.h"
#include "waybill/route/snapshot.h"
#include <stdlib.h>

/* Rules asked at most, and of those the most by kind of bucket in a table that has more. */
enum { LOOKED_AT_MAX = 2048, OWN_HOST_MAX = 1024, NEAR_HOST_MAX = 256, ANY_HOST_MAX = 512, NEAR_BUCKETS_MAX = 16 };

/* Parts of a request as they are shown. */
enum { SHOWN_BYTES = 200 };

/* How far apart two hosts are; FAR: not near. Near is: the same but for one or two bytes at one place, no more than a fifth of
 * the longer one; or the same but for one more name in front. */
enum { NEAR_ONE_BYTE = 1, NEAR_TWO_BYTES, FAR };

static unsigned host_distance(struct slice one, struct slice other)
{
    struct slice shorter = one.len < other.len ? one : other, longer = one.len < other.len ? other : one;
    size_t begin = 0, end = 0;

    if (longer.len - shorter.len <= NEAR_TWO_BYTES) {
        while (begin < shorter.len && one.ptr[begin] == other.ptr[begin])
            begin++;
        while (end < shorter.len - begin && shorter.ptr[shorter.len - 1 - end] == longer.ptr[longer.len - 1 - end])
            end++;
        size_t apart = longer.len - begin - end;
        if (apart <= NEAR_TWO_BYTES && 5 * apart <= longer.len)
            return (unsigned)apart;
    }
    size_t dot = slice_find(longer, '.');
    return shorter.len && dot < longer.len && slice_eq(slice_from(longer, dot + 1), shorter) ? NEAR_ONE_BYTE : FAR;
}

/* ------- which rules to ask ------- */

struct candidates {
    const struct match_table *table;
    uint32_t ranks[LOOKED_AT_MAX];
    size_t count, most; /* `most`: not beyond this count */
};

static void add_rank(struct candidates *candidates, uint32_t rank)
{
    if (candidates->count < candidates->most)
        candidates->ranks[candidates->count++] = rank;
}

static void add_ranks(struct candidates *candidates, const struct table_ranks *ranks)
{
    const uint32_t *entry = ranks->count == 1 ? &ranks->first : candidates->table->entries + ranks->first;

    for (uint32_t i = 0; i < ranks->count && candidates->count < candidates->most; i++)
        add_rank(candidates, entry[i] & ENTRY_RANK);
}

/* Those of some buckets, in the order of nodes, which is about that of ranks; `most` of them. */
static void add_buckets(struct candidates *candidates, const uint32_t *buckets, size_t bucket_count, size_t most)
{
    const struct match_table *table = candidates->table;

    candidates->most = candidates->count + most < LOOKED_AT_MAX ? candidates->count + most : LOOKED_AT_MAX;
    for (uint32_t i = 0; bucket_count && i < table->node_count && candidates->count < candidates->most; i++) {
        const struct table_node *node = &table->nodes[i];
        for (size_t b = 0; b < bucket_count; b++) {
            if (node->bucket == buckets[b]) {
                add_ranks(candidates, &node->prefix);
                add_ranks(candidates, &node->whole);
            }
        }
    }
}

static int compare_ranks(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* In order, each once. */
static void sort_candidates(struct candidates *candidates)
{
    size_t kept = 0;

    qsort(candidates->ranks, candidates->count, sizeof *candidates->ranks, compare_ranks);
    for (size_t i = 0; i < candidates->count; i++)
        if (kept == 0 || candidates->ranks[kept - 1] != candidates->ranks[i])
            candidates->ranks[kept++] = candidates->ranks[i];
    candidates->count = kept;
}

struct near_buckets {
    uint32_t numbers[NEAR_BUCKETS_MAX]; /* nearest first */
    unsigned distances[NEAR_BUCKETS_MAX];
    size_t count;
};

static void keep_nearest(struct near_buckets *near, uint32_t number, unsigned distance)
{
    size_t at = near->count;

    while (at > 0 && near->distances[at - 1] > distance)
        at--;
    if (at == NEAR_BUCKETS_MAX)
        return;
    near->count += near->count < NEAR_BUCKETS_MAX;
    for (size_t i = near->count - 1; i > at; i--) {
        near->numbers[i] = near->numbers[i - 1];
        near->distances[i] = near->distances[i - 1];
    }
    near->numbers[at] = number;
    near->distances[at] = distance;
}

static void choose_some(struct candidates *candidates, const struct match_found *found, struct slice host,
                        struct slice alias)
{
    const struct match_table *table = candidates->table;
    struct near_buckets near = {.count = 0};
    struct suffix_walk suffixes = suffix_walk_start(table, host);
    uint32_t own[2] = {TABLE_ANY_HOST}, any = TABLE_ANY_HOST;
    size_t own_count = 0;

    for (uint32_t i = TABLE_ANY_HOST + 1; i < table->bucket_count; i++) {
        struct slice name = table_host_slice(&table->buckets[i].host);
        unsigned distance = host_distance(name, host);
        if (distance == 0 || (alias.len && slice_eq(name, alias)))
            own[own_count < WB_COUNT(own) ? own_count++ : 0] = i;
        else if (distance < FAR)
            keep_nearest(&near, i, distance);
    }
    candidates->most = 1;
    if (found->frontend)
        add_rank(candidates, found->rank);
    add_buckets(candidates, own, own_count, OWN_HOST_MAX);
    add_buckets(candidates, near.numbers, near.count, NEAR_HOST_MAX);
    for (uint32_t suffix; (suffix = suffix_walk_next(&suffixes)) != TABLE_ANY_HOST;)
        add_buckets(candidates, &suffix, 1, NEAR_HOST_MAX);
    add_buckets(candidates, &any, 1, ANY_HOST_MAX);
    sort_candidates(candidates);
}

static void choose(struct candidates *candidates, const struct match_found *found, struct slice host, struct slice alias)
{
    if (candidates->table->row_count > LOOKED_AT_MAX) {
        choose_some(candidates, found, host, alias);
        return;
    }
    candidates->most = LOOKED_AT_MAX;
    for (uint32_t rank = 0; rank < candidates->table->row_count; rank++)
        add_rank(candidates, rank);
}

/* ------- asking them ------- */

static unsigned nearest_host(const struct rule *rule, struct slice host)
{
    unsigned nearest = FAR;

    for (const struct host_part *part = rule->hosts; part; part = part->next) {
        for (size_t i = 0; i < part->count; i++) {
            unsigned distance = host_distance(part->names[i], host);
            nearest = distance < nearest ? distance : nearest;
        }
    }
    return nearest;
}

static struct explain_row ask_rule(const struct match_table *table, uint32_t rank, const struct match_input *input,
                                   struct slice host)
{
    const struct table_row *row = &table->rows[rank];
    struct rule_refusal refusal;
    unsigned distance = 0;

    rule_explain(row->rule, input, host, table->keep_slash, &refusal);
    if (refusal.words & 1u << RULE_HOST)
        distance = nearest_host(row->rule, host);
    return (struct explain_row){
        .frontend = row->frontend,
        .rank = rank,
        .matches = refusal.count == 0,
        .slash_redirect = refusal.count == 0 && refusal.outcome.slash_redirect,
        .host_is_near = distance > 0 && distance < FAR,
        .host_distance = distance,
        .has_host = row->rule->hosts != NULL,
        .refused = refusal.count,
        .part = refusal.written,
        .words = refusal.words,
        .word = (int)refusal.first,
        .refusing = refusal.part,
    };
}

static bool refuses_host(const struct explain_row *row)
{
    return (row->words & (1u << RULE_HOST | 1u << RULE_HOST_PATTERN)) != 0;
}

/* The lower, the more it says: what matches, the same host, hosts almost the same, any host, other hosts; in each of these, who
 * refuses less. */
static unsigned distance_of(const struct explain_row *row)
{
    unsigned refused = row->refused < 9 ? row->refused : 9;

    if (row->matches)
        return 0;
    if (!refuses_host(row))
        return row->has_host ? refused : 10 * FAR + refused;
    return row->host_is_near ? 10 * row->host_distance + refused : 10 * (FAR + 1) + refused;
}

static int compare_distance(const void *a, const void *b)
{
    const struct explain_row *x = a, *y = b;
    unsigned one = distance_of(x), other = distance_of(y);

    return one != other ? (one > other) - (one < other) : (x->rank > y->rank) - (x->rank < y->rank);
}

static int compare_rank(const void *a, const void *b)
{
    const struct explain_row *x = a, *y = b;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

void match_table_explain(const struct match_table *table, const struct match_input *input, struct explanation *out)
{
    char name[HOST_NAME_BYTES];
    struct slice host = SLICE("");
    struct match_found found = match_table_find(table, input);
    size_t steps = MATCH_STEPS_MAX, asked = 0;

    out->row_count = out->looked_at = 0;
    out->frontend_count = table->row_count;
    if (!host_normalize(input->host, name, &host))
        return; /* longer than any name: the table has refused it as a whole */
    struct candidates *candidates = wb_alloc(sizeof *candidates);
    candidates->table = table;
    choose(candidates, &found, host, input->alias);
    struct explain_row *rows = wb_alloc((candidates->count + 1) * sizeof *rows);
    for (size_t i = 0; i < candidates->count; i++)
        if (rule_spend_steps(table->rows[candidates->ranks[i]].rule, input, &steps))
            rows[asked++] = ask_rule(table, candidates->ranks[i], input, host);
    /* What matches comes first here, and of that the winner: it has the lowest rank. */
    qsort(rows, asked, sizeof *rows, compare_distance);
    out->looked_at = asked;
    out->row_count = asked < EXPLAIN_ROWS_MAX ? asked : EXPLAIN_ROWS_MAX;
    memcpy(out->rows, rows, out->row_count * sizeof *rows);
    qsort(out->rows, out->row_count, sizeof *out->rows, compare_rank);
    free(rows);
    free(candidates);
}

/* ------- in words ------- */

static void add_shown(struct text *out, struct slice value)
{
    text_add_escaped(out, slice_head(value, SHOWN_BYTES));
    if (value.len > SHOWN_BYTES)
        text_addf(out, "...");
}

static void add_fact(struct text *out, const char *what, struct slice value)
{
    text_addf(out, "the %s is ", what);
    if (value.len)
        add_shown(out, value);
    else
        text_addf(out, "empty");
}

static void add_header_fact(struct text *out, const struct header_part *part, const struct headers *headers)
{
    for (unsigned i = 0; headers && i < headers->count; i++) {
        const struct header *header = &headers->items[i];
        if (header->gone || !slice_eq_nocase(header->name, part->name))
            continue;
        text_addf(out, "the header ");
        add_shown(out, part->name);
        text_addf(out, " is ");
        add_shown(out, header->value);
        return;
    }
    text_addf(out, "there is no header ");
    add_shown(out, part->name);
}

void explain_add_why(const struct explain_row *row, const struct match_input *input, struct text *out)
{
    if (row->matches)
        return;
    switch ((enum rule_word)row->word) {
    case RULE_HOST:
    case RULE_HOST_PATTERN:
        add_fact(out, "host", input->host);
        break;
    case RULE_PATH:
        add_fact(out, "path", input->path);
        break;
    case RULE_METHOD:
        add_fact(out, "method", input->method);
        break;
    case RULE_HEADER:
        add_header_fact(out, row->refusing, input->headers);
        break;
    case RULE_QUERY:
        if (input->has_query)
            add_fact(out, "query", input->query);
        else
            text_addf(out, "there is no query");
        break;
    }
}

/* NULL: not near. */
static const char *nearness(const struct explain_row *row)
{
    if (row->matches || row->refused > 1 + (unsigned)row->host_is_near)
        return NULL;
    if (row->host_is_near)
        return row->refused == 1 ? "almost the same host" : "almost the same host, other path or options";
    switch ((enum rule_word)row->word) {
    case RULE_PATH:
        return row->has_host ? "same host, other path" : "other path";
    case RULE_METHOD:
        return "matches but for the method";
    case RULE_HEADER:
        return "matches but for a header";
    case RULE_QUERY:
        return "matches but for the query";
    case RULE_HOST:
    case RULE_HOST_PATTERN:
        break;
    }
    return NULL;
}

void explain_add_nearest(const struct explanation *explanation, size_t most, struct text *out)
{
    struct explain_row rows[EXPLAIN_ROWS_MAX];
    size_t said = 0;

    memcpy(rows, explanation->rows, explanation->row_count * sizeof *rows);
    qsort(rows, explanation->row_count, sizeof *rows, compare_distance);
    for (size_t i = 0; i < explanation->row_count && said < most; i++) {
        const char *how = nearness(&rows[i]);
        if (!how)
            continue;
        text_addf(out, "%s%s: ", said++ ? "; " : "", how);
        add_shown(out, rows[i].frontend->name);
        text_addf(out, " (");
        add_shown(out, rows[i].part);
        text_add_char(out, ')');
    }
}
