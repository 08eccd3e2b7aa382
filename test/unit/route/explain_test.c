/* SPDX-License-Identifier: MIT */
/* What an explanation says against what the matcher does, for random rules; and its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "routes.h"
#include "waybill/route/explain.h"

static uint64_t random_state;

static unsigned pick(unsigned count)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % count;
}

/* ------- random rules ------- */

static const char *const words[][6] = {
    {"Host:a.t", "Host:b.t,a.t", "Host:shop.t", "HostRegexp:{s}.t", "HostRegexp:{s:[ab]}.t,x.t", "Host:shop.t,b.t"},
    {"PathPrefix:/", "PathPrefix:/a", "Path:/a", "Path:/a/", "PathPrefix:/a{x:b?}", "Path:/{x},/a/b"},
    {"Method:GET", "Method:POST", "Method:POST,GET", "Headers:X-A,1", "HeadersRegexp:X-A,[0-9]", "Query:q=1"},
    {"Path:/a/", "Query:q={v:[0-9]}", "Headers:X-B,2", "Host:a.t", "Method:GET", "AddPrefix:/q"},
};

static void make_rule(char *rule, size_t size)
{
    rule[0] = '\0';
    while (!rule[0]) {
        for (size_t w = 0; w < WB_COUNT(words); w++) {
            size_t len = strlen(rule);
            if (pick(2))
                snprintf(rule + len, size - len, "%s%s", len ? ";" : "", words[w][pick(WB_COUNT(words[w]))]);
        }
    }
}

static const char *const requests[] = {"GET a.t/a",       "GET a.t/a/",      "POST shop.t/ab?q=1", "GET b.t/?q=2",
                                       "GET shp.t/a?q=x", "PUT other.t/a/b", "GET x.t/ac?q=1",     "GET www.a.t/"};

/* The one rule in a table of its own. */
static bool matches_alone(struct routes *all, size_t number, const struct match_input *input, bool *out_redirect)
{
    struct match_table *alone = match_table_create(&all->list[number], 1, all->keep_slash);
    struct match_found found = match_table_find(alone, input);

    match_table_destroy(&alone);
    *out_redirect = found.slash_redirect;
    return found.frontend != NULL;
}

static void check(struct routes *routes, const struct match_input *input, size_t *matched)
{
    static struct explanation explanation;
    struct match_found found = match_table_find(routes->table, input);
    const struct explain_row *first = NULL;

    match_table_explain(routes->table, input, &explanation);
    assert_int_equal(explanation.frontend_count, routes->count);
    assert_int_equal(explanation.row_count, routes->count < EXPLAIN_ROWS_MAX ? routes->count : EXPLAIN_ROWS_MAX);
    for (size_t i = 0; i < explanation.row_count; i++) {
        const struct explain_row *row = &explanation.rows[i];
        bool redirect;
        assert_ptr_equal(row->frontend, routes->list[row->rank]);
        assert_true(i == 0 || row->rank > explanation.rows[i - 1].rank);
        assert_true(row->matches == matches_alone(routes, row->rank, input, &redirect));
        assert_true(row->slash_redirect == redirect);
        assert_true(row->matches == (row->refused == 0) && row->matches == (row->part.len == 0));
        /* The part is one of the rule that was written. */
        assert_true(row->matches || memmem(row->frontend->name.ptr, row->frontend->name.len, row->part.ptr, row->part.len));
        if (row->matches && !first)
            first = row;
    }
    assert_ptr_equal(first ? first->frontend : NULL, found.frontend);
    assert_true(!first || first->slash_redirect == found.slash_redirect);
    *matched += first != NULL;
}

static void test_first_that_matches_is_the_one_the_matcher_finds(void **state)
{
    static char rules[ROUTES_MAX][512];
    static struct headers headers;
    size_t matched = 0;
    (void)state;

    random_state = 20261127;
    headers_add(&headers, SLICE("X-A"), SLICE("7"));
    headers_add(&headers, SLICE("x-b"), SLICE("2"));
    for (unsigned round = 0; round < 150; round++) {
        struct routes routes = {.keep_slash = round % 4 == 3};
        size_t count = 1 + pick(ROUTES_MAX - 1);
        for (size_t i = 0; i < count; i++) {
            make_rule(rules[i], sizeof rules[i]);
            assert_null(routes_add(&routes, rules[i]));
        }
        routes.table = match_table_create(routes.list, routes.count, routes.keep_slash);
        for (size_t i = 0; i < WB_COUNT(requests); i++) {
            struct match_input input = routes_input(&routes.arena, requests[i], round % 2 ? &headers : NULL);
            if (round % 3 == 0)
                input.alias = pick(2) ? SLICE("a.t") : SLICE("shop.t");
            check(&routes, &input, &matched);
        }
        routes_fini(&routes);
    }
    assert_in_range(matched, 600, 1199); /* of 1200; else it says little */
}

/* ------- words ------- */

/* What is said of one rule, and what of a request that nothing serves. */
static void assert_says(const char *rule, const char *line, const struct headers *headers, const char *part, const char *why,
                        const char *nearest)
{
    static struct explanation explanation;
    struct routes routes = {.count = 0};
    struct text said = TEXT_EMPTY, near = TEXT_EMPTY;

    assert_null(routes_add(&routes, rule));
    routes.frontends[0].name = SLICE("f");
    routes.table = match_table_create(routes.list, 1, false);
    struct match_input input = routes_input(&routes.arena, line, headers);
    match_table_explain(routes.table, &input, &explanation);
    assert_int_equal(explanation.row_count, 1);
    char *got = slice_dup(explanation.rows[0].part);
    assert_string_equal(got, part);
    free(got);
    explain_add_why(&explanation.rows[0], &input, &said);
    assert_string_equal(said.ptr ? said.ptr : "", why);
    explain_add_nearest(&explanation, 3, &near);
    assert_string_equal(near.ptr ? near.ptr : "", nearest);
    text_fini(&said);
    text_fini(&near);
    routes_fini(&routes);
}

static void test_part_that_refuses_is_named_with_what_it_met(void **state)
{
    static struct headers headers;
    (void)state;

    headers_add(&headers, SLICE("X-A"), SLICE("two\x1b[0m"));
    assert_says("Host:a.t", "GET a.t/", NULL, "", "", "");
    assert_says(" Host : shop.t , x.t ;PathPrefix:/a", "GET shp.t/a", NULL, "Host : shop.t , x.t", "the host is shp.t",
                "almost the same host: f (Host : shop.t , x.t)");
    assert_says("Host:shop.t;PathPrefix:/a", "GET www.shop.t/b", NULL, "Host:shop.t", "the host is www.shop.t",
                "almost the same host, other path or options: f (Host:shop.t)");
    assert_says("Host:shop.example", "GET shpo.example/", NULL, "Host:shop.example", "the host is shpo.example",
                "almost the same host: f (Host:shop.example)");
    assert_says("Host:a.example", "GET xyz.example/", NULL, "Host:a.example", "the host is xyz.example", "");
    assert_says("Host:shop.t", "GET other.test/", NULL, "Host:shop.t", "the host is other.test", "");
    assert_says("HostRegexp:{s:[a-c]}.t", "GET z.t/", NULL, "HostRegexp:{s:[a-c]}.t", "the host is z.t", "");
    assert_says("Host:a.t;Path:/x,/y", "GET a.t/z", NULL, "Path:/x,/y", "the path is /z",
                "same host, other path: f (Path:/x,/y)");
    assert_says("PathPrefix:/x", "GET a.t/z", NULL, "PathPrefix:/x", "the path is /z", "other path: f (PathPrefix:/x)");
    assert_says("Host:a.t;Method:POST", "GET a.t/z", NULL, "Method:POST", "the method is GET",
                "matches but for the method: f (Method:POST)");
    assert_says("Host:a.t;Headers:X-A,1", "GET a.t/", &headers, "Headers:X-A,1", "the header X-A is two\\x1b[0m",
                "matches but for a header: f (Headers:X-A,1)");
    assert_says("Host:a.t;Headers:X-C,1,X-A,1", "GET a.t/", &headers, "Headers:X-C,1,X-A,1", "there is no header X-C", "");
    assert_says("Host:a.t;Query:a=1", "GET a.t/", NULL, "Query:a=1", "there is no query",
                "matches but for the query: f (Query:a=1)");
    assert_says("Host:a.t;Query:a=1", "GET a.t/?a=2&b", NULL, "Query:a=1", "the query is a=2&b",
                "matches but for the query: f (Query:a=1)");
    /* Hosts are told before paths, paths before the rest, whatever their order in the rule. */
    assert_says("Method:POST;Path:/x;Host:far.off", "GET a.t/y", NULL, "Host:far.off", "the host is a.t", "");
    assert_says("Method:POST;Path:/x", "GET a.t/y", NULL, "Path:/x", "the path is /y", "");
}

static void test_nearest_comes_first(void **state)
{
    static struct explanation explanation;
    static const char *const rules[] = {"PathPrefix:/other",         "Host:shop01.example",    "Host:far.test",
                                        "Host:shop2.example;Path:/", "Host:www.shop1.example", "Host:shop2.example"};
    struct routes routes = {.count = 0};
    struct text near = TEXT_EMPTY;
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rules); i++)
        assert_null(routes_add(&routes, rules[i]));
    routes.table = match_table_create(routes.list, routes.count, false);
    struct match_input input = routes_input(&routes.arena, "GET shop1.example/x", NULL);
    match_table_explain(routes.table, &input, &explanation);
    explain_add_nearest(&explanation, 4, &near);
    assert_string_equal(near.ptr,
                        "almost the same host: Host:shop01.example (Host:shop01.example); "
                        "almost the same host: Host:www.shop1.example (Host:www.shop1.example); "
                        "almost the same host: Host:shop2.example (Host:shop2.example); "
                        "almost the same host, other path or options: Host:shop2.example;Path:/ (Host:shop2.example)");
    near.len = 0;
    explain_add_nearest(&explanation, 99, &near);
    assert_true(slice_ends(text_slice(&near), SLICE("; other path: PathPrefix:/other (PathPrefix:/other)")));
    text_fini(&near);
    routes_fini(&routes);
}

static void test_long_values_are_cut_when_shown(void **state)
{
    char line[1024] = "GET a.t/", why[512];
    (void)state;

    memset(line + 8, 'x', 900);
    snprintf(why, sizeof why, "the path is %.200s...", line + 7);
    assert_says("Path:/y", line, NULL, "Path:/y", why, "other path: f (Path:/y)");
}

/* ------- many ------- */

struct many {
    struct arena arena;
    struct route_frontend *all, **list;
    size_t count;
    struct match_table *table;
};

static void many_init(struct many *many, size_t count)
{
    *many = (struct many){.count = count};
    arena_init(&many->arena, 0);
    many->all = wb_alloc(count * sizeof *many->all);
    many->list = wb_alloc(count * sizeof(struct route_frontend *));
    for (size_t i = 0; i < count; i++)
        many->list[i] = &many->all[i];
}

static void many_set(struct many *many, size_t number, const char *form, size_t value)
{
    char rule[128];
    struct slice text, error;

    /* The form is one of this file's literals. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(rule, sizeof rule, form, value);
#pragma GCC diagnostic pop
    text = slice_of(rule);
    many->all[number].rule = rule_parse(&many->arena, &text, 1, &error);
    many->all[number].name = slice_of(arena_strdup(&many->arena, rule));
}

static void many_fini(struct many *many)
{
    match_table_destroy(&many->table);
    for (size_t i = 0; i < many->count; i++)
        rule_release(many->all[i].rule);
    free(many->all);
    free(many->list);
    arena_fini(&many->arena);
}

static const struct explain_row *row_of(const struct explanation *explanation, size_t rank)
{
    for (size_t i = 0; i < explanation->row_count; i++)
        if (explanation->rows[i].rank == rank)
            return &explanation->rows[i];
    return NULL;
}

static void test_of_many_frontends_the_telling_ones_are_looked_at(void **state)
{
    enum { COUNT = 20000 };
    static struct explanation explanation;
    struct many many;
    struct match_input input = {.method = SLICE("GET"), .host = SLICE("site-777.test"), .path = SLICE("/shop/1")};
    (void)state;

    many_init(&many, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        many_set(&many, i, "Host:site-%zu.test;PathPrefix:/shop", i);
    many_set(&many, 3, "Host:site-777.test;PathPrefix:/%zu", 3);
    many_set(&many, 19990, "Host:site-777.test;Method:POST;PathPrefix:/s%.0zu", 0);
    many_set(&many, 19995, "PathPrefix:/shop/%zu", 1);
    many_set(&many, 19996, "PathPrefix:/other/%zu", 1);
    many.table = match_table_create(many.list, COUNT, false);
    match_table_explain(many.table, &input, &explanation);
    assert_int_equal(explanation.frontend_count, COUNT);
    assert_in_range(explanation.row_count, 5, EXPLAIN_ROWS_MAX);
    assert_in_range(explanation.looked_at, 5, 2048);
    assert_true(row_of(&explanation, 777)->matches);
    assert_true(row_of(&explanation, 19995)->matches);
    assert_int_equal(row_of(&explanation, 3)->refused, 1);
    assert_non_null(row_of(&explanation, 19996));
    assert_true(row_of(&explanation, 77)->host_is_near); /* one letter less; more than can be shown are as near */
    assert_null(row_of(&explanation, 5));
    many_fini(&many);
}

/* All with one host, all without one: the work stays bounded, and the one that wins is there, however late it comes. */
static void test_work_is_bounded_whatever_the_rules_have_in_common(void **state)
{
    enum { COUNT = 20000 };
    static const char *const forms[] = {"Host:a.t;PathPrefix:/p%zu", "PathPrefix:/p%zu",
                                        "HostRegexp:{x}.t;PathPrefix:/p%zu"};
    static struct explanation explanation;
    struct match_input input = {.method = SLICE("GET"), .host = SLICE("a.t"), .path = SLICE("/last")};
    (void)state;

    for (size_t f = 0; f < WB_COUNT(forms); f++) {
        struct many many;
        many_init(&many, COUNT);
        for (size_t i = 0; i < COUNT; i++)
            many_set(&many, i, forms[f], i);
        many_set(&many, COUNT - 1, "Path:/last%.0zu", 0);
        many.table = match_table_create(many.list, COUNT, false);
        match_table_explain(many.table, &input, &explanation);
        assert_int_equal(explanation.row_count, EXPLAIN_ROWS_MAX);
        assert_in_range(explanation.looked_at, EXPLAIN_ROWS_MAX, 2048);
        assert_true(row_of(&explanation, COUNT - 1)->matches);
        many_fini(&many);
    }
}

static void test_host_longer_than_any_name_is_refused_as_a_whole(void **state)
{
    static struct explanation explanation;
    struct routes routes = {.count = 0};
    char host[300];
    (void)state;

    memset(host, 'a', sizeof host);
    assert_null(routes_add(&routes, "PathPrefix:/"));
    routes.table = match_table_create(routes.list, 1, false);
    struct match_input input = {.method = SLICE("GET"), .host = {host, sizeof host}, .path = SLICE("/")};
    match_table_explain(routes.table, &input, &explanation);
    assert_int_equal(explanation.row_count, 0);
    assert_int_equal(explanation.frontend_count, 1);
    routes_fini(&routes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_that_matches_is_the_one_the_matcher_finds),
        cmocka_unit_test(test_part_that_refuses_is_named_with_what_it_met),
        cmocka_unit_test(test_nearest_comes_first),
        cmocka_unit_test(test_long_values_are_cut_when_shown),
        cmocka_unit_test(test_of_many_frontends_the_telling_ones_are_looked_at),
        cmocka_unit_test(test_work_is_bounded_whatever_the_rules_have_in_common),
        cmocka_unit_test(test_host_longer_than_any_name_is_refused_as_a_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
