/* SPDX-License-Identifier: MIT */
/*
 * Security case P10, and the rule bombs of K3: no rule and no request makes matching slow. Times are bounds for a busy machine,
 * many times what is usual; what they catch is a square or an exponential.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "routes.h"
#include "table_parts.h"
#include "waybill/base/clock.h"
#include "waybill/base/text.h"
#include "waybill/route/decide.h"
#include <stdio.h>

enum { LONG = 64 * 1024 /* no target is longer */, SLOW_MS = 2000 };

static uint64_t began_ms;

static void begin(void)
{
    began_ms = clock_monotonic_ms();
}

static void expect_fast(const char *what)
{
    uint64_t took = clock_monotonic_ms() - began_ms;
    if (took > SLOW_MS)
        fail_msg("%s took %llu ms", what, (unsigned long long)took);
}

static void add_times(struct text *out, const char *what, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_add(out, slice_of(what));
}

static struct match_found find_path(struct routes *routes, const char *host, struct slice path)
{
    struct match_input input = {.method = SLICE("GET"), .host = slice_of(host), .path = path};
    if (!routes->table)
        routes->table = match_table_create(routes->list, routes->count, routes->keep_slash);
    return match_table_find(routes->table, &input);
}

/* One rule against a path of `unit` again and again. */
static struct match_found find_long(const char *rule, const char *unit, size_t bytes)
{
    struct routes routes = {.count = 0};
    struct text path = TEXT_EMPTY;
    assert_null(routes_add(&routes, rule));
    text_add(&path, SLICE("/"));
    add_times(&path, unit, bytes / strlen(unit));
    struct match_found found = find_path(&routes, "a.t", text_slice(&path));
    text_fini(&path);
    routes_fini(&routes);
    return found;
}

static void test_p10_evil_patterns_are_linear_in_a_long_path(void **state)
{
    static const struct {
        const char *rule, *unit;
        bool found;
    } rows[] = {
        {"PathPrefix:/{x:(a+)+}b", "a", false},
        {"Path:/{x:(a+)+}", "a", true},
        {"Path:/{x:(a|a)*}b", "a", false},
        {"Path:/{x:(.*)(.*)(.*)(.*)(.*)}b", "a", false},
        {"Path:/{x:(a|aa)+}b", "a", false},
        {"PathPrefix:/{x:[^z]*}z", "a", false},
        {"PathPrefix:/{x}z", "a", false},
        {"PathPrefix:/{x}aaaaaaaaaaaaaaaaz", "a", false},
        {"Path:/{x:(a|b)*a(a|b){10}}c", "abbab", false}, /* its automaton does not fit: the slower way, still linear */
        {"Path:/{x:.*}/admin/{y:.*}", "/admi", false},
    };
    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        begin();
        struct match_found found = find_long(rows[i].rule, rows[i].unit, LONG);
        assert_false(found.too_costly);
        assert_int_equal(found.frontend != NULL, rows[i].found);
        expect_fast(rows[i].rule);
    }
}

/* `/admin` found anywhere is a question about fields; paths are asked from their start. */
static void test_p10_a_pattern_found_anywhere_is_linear_in_a_long_field(void **state)
{
    static struct headers headers;
    struct routes routes = {.count = 0};
    struct text value = TEXT_EMPTY;
    (void)state;
    assert_null(routes_add(&routes, "HeadersRegexp:X-A,/admin,X-A,(a+)+$,X-A,(/|a|d)*n{3}"));
    add_times(&value, "/admi", LONG / 5);
    headers_clear(&headers);
    assert_true(headers_add(&headers, SLICE("X-A"), text_slice(&value)));
    begin();
    assert_null(routes_find(&routes, "GET a.t/", &headers).frontend);
    expect_fast("fields");
    text_fini(&value);
    routes_fini(&routes);
}

static void test_p10_many_matches_in_a_long_path_are_refused_not_replaced(void **state)
{
    struct routes routes = {.count = 0};
    struct text path = TEXT_EMPTY;
    struct target target;
    struct path_changes changes;
    enum reason reason;
    (void)state;
    assert_null(routes_add(&routes, "ReplacePathRegex:a(.*b)? /x$1"));
    text_add(&path, SLICE("/"));
    add_times(&path, "ac", 16000);
    assert_int_equal(target_parse(&routes.arena, text_slice(&path), &target), REASON_NONE);
    begin();
    assert_int_equal(
        rule_change_path(&routes.frontends[0], &target, &routes.arena, &(size_t){MATCH_STEPS_MAX}, &changes, &reason),
        PATH_REFUSED);
    expect_fast("replacing");
    assert_int_equal(reason, REASON_TARGET_TOO_LONG);
    text_fini(&path);
    routes_fini(&routes);
}

static const char *error_of(struct routes *routes, const char *form, const char *unit, size_t count)
{
    struct text rule = TEXT_EMPTY;
    text_addf(&rule, "%s", form);
    add_times(&rule, unit, count);
    const char *error = routes_add(routes, arena_copy(&routes->arena, text_slice(&rule)).ptr);
    text_fini(&rule);
    return error;
}

static void test_p10_rules_that_cost_too_much_are_errors_at_once(void **state)
{
    static const struct {
        const char *form, *unit;
        size_t count;
        const char *says;
    } rows[] = {
        {"Path:/{a:(x{1000}){1000}}", "", 0, "is not a regular expression"},
        {"Path:/{a:((((x{20}){20}){20}){20}){20}}", "", 0, "is not a regular expression"},
        {"Path:/{a:a{900}b{900}c{900}}", "", 0, "the most is 2000"},
        {"HostRegexp:{a:x{900}}.t", ",{a:x{900}}.t", 3000, "the most is 2000"},
        {"Path:/{a:x{900}}", ",/{a:x{900}}", 3000, "the most is 2000"},
        {"PathPrefixStripRegex:/{a:x{900}}", ",/{a:x{900}}", 3000, "the most is 2000"},
        {"HeadersRegexp:X,a{900}", ",X,a{900}", 3000, "the most is 2000"},
        {"Query:a={v:x{900}}", ",a={v:x{900}}", 3000, "the most is 2000"},
        {"Path:/{a}", ",/{a}", 10000, "the most is 2000"},
        {"Headers:X,1", ",X,1", 10000, "the most is 2000"},
        {"Query:a=1", ",a=1", 10000, "the most is 2000"},
        {"Query:a=1", ";Query:a=1", 5000, "the most is 2000"},
        {"Method:A", ";Method:A", 5000, "the most is 2000"},
        {"ReplacePathRegex:a{900}b{900}c{900} /b", "", 0, "the most is 2000"},
        {"Path:/", "{a:x{900}}", 3000, "more than 16 variables"},
        {"Host:a", ",a;Host:b", 5000, "the most is 2000"},
    };
    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct routes routes = {.count = 0};
        begin();
        const char *error = error_of(&routes, rows[i].form, rows[i].unit, rows[i].count);
        if (!error || !strstr(error, rows[i].says))
            fail_msg("%s...: %s", rows[i].form, error ? error : "no error");
        assert_true(strlen(error) < 1000);
        expect_fast(rows[i].form);
        routes_fini(&routes);
    }
}

static void test_k3_two_long_lists_of_hosts_are_an_error(void **state)
{
    struct routes routes = {.count = 0};
    struct text rule = TEXT_EMPTY;
    (void)state;
    for (int part = 0; part < 2; part++) {
        text_addf(&rule, ";Host:");
        for (int i = 0; i < 4000; i++)
            text_addf(&rule, "%d.t,", i);
    }
    const char *error = routes_add(&routes, arena_copy(&routes.arena, text_slice(&rule)).ptr);
    assert_non_null(error);
    assert_non_null(strstr(error, "4000 and 4000 hosts in two parts"));
    text_fini(&rule);
    routes_fini(&routes);
}

/* 6,000 hosts times 6,000 paths are not 36 million places in the table. */
static void test_k3_a_rule_of_many_hosts_and_paths_stays_small(void **state)
{
    struct routes routes = {.count = 0};
    struct text rule = TEXT_EMPTY;
    (void)state;
    text_addf(&rule, "Host:");
    for (int i = 0; i < 6000; i++)
        text_addf(&rule, "%x,", i);
    text_addf(&rule, ";PathPrefix:");
    for (int i = 0; i < 6000; i++)
        text_addf(&rule, "/%x,", i);
    begin();
    assert_null(routes_add(&routes, arena_copy(&routes.arena, text_slice(&rule)).ptr));
    assert_null(routes_add(&routes, "Host:77;PathPrefix:/g"));
    assert_non_null(find_path(&routes, "176f", SLICE("/1234/x")).frontend);
    assert_null(find_path(&routes, "176f", SLICE("/g")).frontend);
    assert_ptr_equal(find_path(&routes, "77", SLICE("/g")).frontend, &routes.frontends[1]);
    assert_null(find_path(&routes, "1770", SLICE("/1")).frontend);
    expect_fast("a rule of 12,000 arguments");
    assert_in_range(routes.table->node_count, 6000, 7000);
    text_fini(&rule);
    routes_fini(&routes);
}

/* A request too long for a costly rule is refused, and not led past it: it may be the one that protects. */
static void test_p10_what_cannot_be_decided_within_bounds_is_refused(void **state)
{
    static const char costly[] = "Host:a.t;PathPrefix:/{x:(?:a?){600}b}"; /* has 600 ways to go on at each byte */
    struct routes routes = {.count = 0};
    struct text path = TEXT_EMPTY;
    (void)state;
    assert_null(routes_add(&routes, "Host:a.t;Path:/first"));
    assert_null(routes_add(&routes, costly));
    assert_null(routes_add(&routes, "PathPrefix:/"));
    text_add(&path, SLICE("/"));
    add_times(&path, "a", 32 * 1024);
    begin();
    struct match_found found = find_path(&routes, "a.t", text_slice(&path));
    assert_true(found.too_costly);
    assert_ptr_equal(found.frontend, &routes.frontends[1]);
    /* Who does not come by the rule does not pay for it. */
    found = find_path(&routes, "b.t", text_slice(&path));
    assert_false(found.too_costly);
    assert_ptr_equal(found.frontend, &routes.frontends[2]);
    assert_ptr_equal(find_path(&routes, "a.t", SLICE("/first")).frontend, &routes.frontends[0]);
    found = find_path(&routes, "a.t", SLICE("/aaab"));
    assert_false(found.too_costly);
    assert_ptr_equal(found.frontend, &routes.frontends[1]);
    expect_fast("a costly rule");
    text_fini(&path);
    routes_fini(&routes);
}

static enum reason decide_path(struct routes *routes, const char *unit, size_t bytes, const char *end)
{
    struct text path = TEXT_EMPTY;
    struct target target;
    struct route_decision decision;
    struct route_request request = {.method = SLICE("GET"), .host = SLICE("a.t"), .target = &target};
    enum reason reason;

    text_add(&path, SLICE("/"));
    add_times(&path, unit, bytes);
    text_add(&path, slice_of(end));
    if (!routes->table)
        routes->table = match_table_create(routes->list, routes->count, routes->keep_slash);
    routes->frontends[0].changes_path = rule_changes_path(routes->frontends[0].rule);
    assert_int_equal(target_parse(&routes->arena, text_slice(&path), &target), REASON_NONE);
    reason = route_decide(routes->table, &request, &routes->arena, &decision);
    text_fini(&path);
    return reason;
}

/* What a request may cost is said once, and not for each view of its path, each form of its slash and each change again. */
static void test_p10_all_looks_at_a_request_are_paid_from_one_purse(void **state)
{
    static const struct {
        const char *rule, *end;
        size_t bytes;
        enum reason reason;
    } rows[] = {
        {"PathPrefix:/{x:a*(?:a?){600}b}", "b", 10000, REASON_NONE},
        {"PathPrefix:/{x:a*(?:a?){600}b}", "b;c", 10000, REASON_MATCH_TOO_COSTLY}, /* the loose view is another */
        {"PathPrefix:/{x:a*(?:a?){600}b}", "b;c", 6000, REASON_NONE},
        {"Path:/{x:a*(?:a?){600}b}", "b", 10000, REASON_MATCH_TOO_COSTLY}, /* with and without a slash */
        {"Path:/{x:a*(?:a?){600}b}", "b", 500, REASON_NONE},
        {"PathPrefixStripRegex:/{x:a*(?:a?){300}b}", "b", 20000, REASON_MATCH_TOO_COSTLY}, /* to match, and to cut */
        {"ReplacePathRegex:^(?:a?){600}b /x", "b", 20000, REASON_TARGET_TOO_LONG},
        {"PathPrefix:/{x:a*(?:a?){600}b};ReplacePathRegex:(?:a?){300}b /x", "b", 10000, REASON_TARGET_TOO_LONG},
    };
    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct routes routes = {.count = 0};
        assert_null(routes_add(&routes, rows[i].rule));
        begin();
        enum reason reason = decide_path(&routes, "a", rows[i].bytes, rows[i].end);
        if (reason != rows[i].reason)
            fail_msg("row %zu, %s: %s", i, rows[i].rule, reason_row(reason)->name);
        expect_fast(rows[i].rule);
        routes_fini(&routes);
    }
}

/* Of the fields only those that a rule names cost it anything: a long cookie is none of its business. */
static void test_p10_a_long_field_costs_only_who_asks_for_it(void **state)
{
    static struct headers headers;
    struct routes routes = {.count = 0};
    struct text value = TEXT_EMPTY;
    (void)state;
    assert_null(routes_add(&routes, "HeadersRegexp:X-A,(?:a?){600}b"));
    add_times(&value, "a", 60000);
    headers_clear(&headers);
    assert_true(headers_add(&headers, SLICE("Cookie"), text_slice(&value)));
    assert_true(headers_add(&headers, SLICE("X-A"), SLICE("aab")));
    struct match_found found = routes_find(&routes, "GET a.t/", &headers);
    assert_false(found.too_costly);
    assert_non_null(found.frontend);
    assert_true(headers_add(&headers, SLICE("X-A"), text_slice(&value)));
    assert_true(routes_find(&routes, "GET a.t/", &headers).too_costly);
    text_fini(&value);
    routes_fini(&routes);
}

/* Thousands of frontends with a pattern for a host each are not asked one by one: their ends tell most of them. */
static void test_p10_many_host_patterns_are_found_by_their_ends(void **state)
{
    enum { COUNT = 3000, BUSY = 50, LOOKUPS = 50000 };
    static const char *const forms[] = {"HostRegexp:{sub:[a-z0-9-]+}.tenant-%zu.example.com",
                                        "HostRegexp:{sub:[a-z0-9-]+\\.tenant-%zu\\.example\\.com}"};
    (void)state;
    for (size_t f = 0; f < WB_COUNT(forms); f++) {
        struct arena arena;
        struct route_frontend *all = wb_alloc(COUNT * sizeof *all),
                              **list = wb_alloc(COUNT * sizeof(struct route_frontend *));
        arena_init(&arena, 0);
        for (size_t i = 0; i < COUNT; i++) {
            char rule[100];
            struct slice text, error;
            snprintf(rule, sizeof rule, forms[f], i);
            text = slice_of(rule);
            all[i].rule = rule_parse(&arena, &text, 1, &error);
            assert_non_null(all[i].rule);
            list[i] = &all[i];
        }
        struct match_table *table = match_table_create(list, COUNT, false);
        begin();
        for (size_t i = 0; i < LOOKUPS; i++) {
            char host[64];
            size_t which = i % BUSY * (COUNT / BUSY);
            int len = snprintf(host, sizeof host, "a-%zu.tenant-%zu.example.com", i, which);
            struct match_input input = {.method = SLICE("GET"), .host = {host, (size_t)len}, .path = SLICE("/")};
            assert_ptr_equal(match_table_find(table, &input).frontend, &all[which]);
        }
        expect_fast(forms[f]); /* asked one by one: 75 million patterns */
        match_table_destroy(&table);
        for (size_t i = 0; i < COUNT; i++)
            rule_release(all[i].rule);
        free(all);
        free(list);
        arena_fini(&arena);
    }
}

/* What every host ends with that the pattern matches; wrong ends would lose hosts. */
static void test_host_patterns_lose_no_host_by_their_ends(void **state)
{
    static const struct {
        const char *pattern, *matches[3], *refuses;
    } rows[] = {
        {"{x:[a-z]+\\.svc\\.t}", {"a.svc.t", "BC.SVC.T"}, "a.svc.tt"},
        {"{x:a|b\\.t}", {"a", "b.t"}, "a.t"},
        {"{x:(a|b)\\.t}", {"a.t", "b.t"}, "c.t"},
        {"{x:a(b\\.t)?}", {"a", "ab.t"}, "b.t"},
        {"{x:a\\.tb*}", {"a.t", "a.tbb"}, "a.b"},
        {"{x:a\\.tb{0,2}}", {"a.t", "a.tbb"}, "a.tbbb"},
        {"{x:.*\\.t$}", {"a.t", "b.a.t"}, "t"},
        {"{x:a\\x62cd}", {"abcd"}, "acd"},
        {"{x:a\\142cd}", {"abcd"}, "a142cd"},
        {"{x:a\\d}", {"a1", "a9"}, "ad"},
        {"{x:a\\pNx}", {"a1x"}, "aNx"},
        {"{x:a\\p{Nd}x}", {"a1x"}, "aNdx"},
        {"{x:[]x]t}", {"xt"}, "at"},
        {"{x:[^]x]t}", {"at"}, "xt"},
        {"{x:[[:alpha:]]t}", {"at"}, "1t"},
        {"{x:[\\]a]t}", {"at"}, "bt"},
        {"{x:\\Qa.b\\E|c}", {"a.b", "c"}, "axb"},
        {"{x:(?i)A\\.T}", {"a.t"}, "axt"},
        {"{x:(?:a)b-c_d}", {"ab-c_d"}, "ab-c"},
        {"{x:a|}", {"a", ""}, "b"},
        {"{x:a\\b}", {"a"}, "ab"},
        {"w.{x:a\\.t}", {"w.a.t"}, "v.a.t"},
        {"{x:.*}{y:\\.t}", {"a.t", ".t"}, "at"},
    };
    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        char rule[100], line[100];
        snprintf(rule, sizeof rule, "HostRegexp:%s", rows[i].pattern);
        for (size_t k = 0; k < 3 && rows[i].matches[k]; k++) {
            snprintf(line, sizeof line, "GET %s/", rows[i].matches[k]);
            if (!rule_accepts(rule, line))
                fail_msg("%s does not match `%s`", rule, rows[i].matches[k]);
        }
        snprintf(line, sizeof line, "GET %s/", rows[i].refuses);
        if (rule_accepts(rule, line))
            fail_msg("%s matches `%s`", rule, rows[i].refuses);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_p10_evil_patterns_are_linear_in_a_long_path),
        cmocka_unit_test(test_p10_a_pattern_found_anywhere_is_linear_in_a_long_field),
        cmocka_unit_test(test_p10_many_matches_in_a_long_path_are_refused_not_replaced),
        cmocka_unit_test(test_p10_rules_that_cost_too_much_are_errors_at_once),
        cmocka_unit_test(test_k3_two_long_lists_of_hosts_are_an_error),
        cmocka_unit_test(test_k3_a_rule_of_many_hosts_and_paths_stays_small),
        cmocka_unit_test(test_p10_what_cannot_be_decided_within_bounds_is_refused),
        cmocka_unit_test(test_p10_all_looks_at_a_request_are_paid_from_one_purse),
        cmocka_unit_test(test_p10_a_long_field_costs_only_who_asks_for_it),
        cmocka_unit_test(test_p10_many_host_patterns_are_found_by_their_ends),
        cmocka_unit_test(test_host_patterns_lose_no_host_by_their_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
