/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "routes.h"

#define ACCEPTS(rule, line) assert_true(rule_accepts(rule, line))
#define REJECTS(rule, line) assert_false(rule_accepts(rule, line))

static bool accepts_with(const char *rule, const char *const *fields, size_t count)
{
    struct routes routes = {.count = 0};
    static struct headers headers;
    headers_clear(&headers);
    for (size_t i = 0; i < count; i += 2)
        assert_true(headers_add(&headers, slice_of(fields[i]), slice_of(fields[i + 1])));
    assert_null(routes_add(&routes, rule));
    bool found = routes_find(&routes, "GET a.t/", &headers).frontend != NULL;
    routes_fini(&routes);
    return found;
}
#define ACCEPTS_WITH(rule, ...) \
    assert_true(accepts_with(rule, (const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)))
#define REJECTS_WITH(rule, ...) \
    assert_false(accepts_with(rule, (const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)))

static void assert_error(const char *rule, const char *says)
{
    struct routes routes = {.count = 0};
    const char *error = routes_add(&routes, rule);
    if (!error || !strstr(error, says))
        fail_msg("%s: %s", rule, error ? error : "no error");
    routes_fini(&routes);
}

static void test_blanks_and_empty_parts_do_not_matter(void **state)
{
    (void)state;
    ACCEPTS(" Host : a.t ; Path : /a ", "GET a.t/a");
    REJECTS(" Host : a.t ; Path : /a ", "GET a.t/b");
    ACCEPTS("Host:a.t;;Path:/a;", "GET a.t/a");
    ACCEPTS(" ; Host:a.t", "GET a.t/");
    ACCEPTS("Host: UPPER.Test , Second.TEST", "GET second.test/");
    ACCEPTS("Host:a.t,,b.t,", "GET b.t/");
}

static void test_hosts_match_in_any_spelling(void **state)
{
    (void)state;
    ACCEPTS("Host:a.t", "GET A.T/");
    ACCEPTS("Host:a.t.", "GET a.t/");
    ACCEPTS("Host:a.t", "GET a.t./");
    ACCEPTS("Host:[::1]", "GET [0:0:0:0:0:0:0:1]/");
    ACCEPTS("Host:[2001:DB8:0::1]", "GET [2001:db8::1]/");
    REJECTS("Host:a.t", "GET xa.t/");
    REJECTS("Host:a.t", "GET a.t.evil/");
    REJECTS("Host:a.t:80", "GET a.t/");
    REJECTS("Host:a.t", "GET /");
    ACCEPTS("PathPrefix:/", "GET /");
}

static void test_several_parts_are_anded_and_arguments_ored(void **state)
{
    (void)state;
    REJECTS("PathPrefix:/one;PathPrefix:/two", "GET a.t/one");
    ACCEPTS("PathPrefix:/one;PathPrefix:/one/two", "GET a.t/one/two");
    REJECTS("Host:a.t;Host:b.t", "GET a.t/");
    ACCEPTS("Host:a.t,b.t;Host:b.t,c.t", "GET b.t/");
    REJECTS("Host:a.t,b.t;Host:b.t,c.t", "GET c.t/");
    ACCEPTS("Path:/exact,/other", "GET a.t/other");
    ACCEPTS("Method:post,PUT", "POST a.t/");
    REJECTS("Method:post", "post a.t/");
    REJECTS("Method:POST;Method:GET", "GET a.t/");
}

static void test_host_templates_match_whole_hosts(void **state)
{
    static const char rule[] = "HostRegexp:{sub:[a-z]+}.r.test,{sub}.w.test";
    (void)state;
    ACCEPTS(rule, "GET abc.r.test/");
    ACCEPTS(rule, "GET ABC.R.TEST/");
    REJECTS(rule, "GET ab1.r.test/");
    REJECTS(rule, "GET a.b.r.test/");
    ACCEPTS(rule, "GET any-1.w.test/");
    REJECTS(rule, "GET x.y.w.test/");
    REJECTS(rule, "GET w.test/");
    REJECTS(rule, "GET .w.test/");
    ACCEPTS("HostRegexp:{catchall:.*}", "GET anything/");
    ACCEPTS("HostRegexp:{catchall:.*}", "GET /");
    ACCEPTS("HostRegexp:WWW.{x:[A-Z]+}.t", "GET www.abc.t/");
    REJECTS("Host:a.t;HostRegexp:b{x}", "GET a.t/");
}

static void test_paths_are_text_prefixes_and_templates(void **state)
{
    (void)state;
    ACCEPTS("PathPrefix:/pre", "GET a.t/prefix");
    REJECTS("PathPrefix:/pre", "GET a.t/Pre");
    REJECTS("PathPrefix:/two/", "GET a.t/two");
    REJECTS("Path:/exact", "GET a.t/exact/more");
    ACCEPTS("Path:/u/{id:[0-9]+}/edit,/f/{name}", "GET a.t/u/42/edit");
    REJECTS("Path:/u/{id:[0-9]+}/edit,/f/{name}", "GET a.t/u/x/edit");
    ACCEPTS("Path:/u/{id:[0-9]+}/edit,/f/{name}", "GET a.t/f/any.thing");
    REJECTS("Path:/u/{id:[0-9]+}/edit,/f/{name}", "GET a.t/f/a/b");
    ACCEPTS("PathPrefix:/v{n:[0-9]+}", "GET a.t/v1/x");
    REJECTS("PathPrefix:/v{n:[0-9]+}", "GET a.t/a/v1");
    REJECTS("PathPrefix:/v{n:[0-9]+}", "GET a.t/vx");
    ACCEPTS("Path:/a.b", "GET a.t/a.b");
    REJECTS("Path:/a.b{x}", "GET a.t/aXbc");
    ACCEPTS("PathPrefix:/{a}/x/{b}", "GET a.t/1/x/2");
    ACCEPTS("PathPrefix:/{a:(?i)abc}", "GET a.t/ABC");
}

static void test_paths_and_rules_meet_in_canonical_form(void **state)
{
    (void)state;
    ACCEPTS("Path:/exact", "GET a.t/ex%61ct");
    ACCEPTS("PathPrefix:/a b", "GET a.t/a%20b");
    ACCEPTS("PathPrefix:/gr\xc3\xbcn", "GET a.t/gr%c3%bcn");
    ACCEPTS("PathPrefix:/gr%c3%bcn", "GET a.t/gr%C3%BCn");
    ACCEPTS("PathPrefix:/x{a:gr\xc3\xbcn}", "GET a.t/xgr%c3%bcn");
    ACCEPTS("PathPrefix:/x{a:%61%2f[\xc3\xbc]?}", "GET a.t/xa%2F");
    REJECTS("PathPrefix:/a/b", "GET a.t/a%2Fb");
    ACCEPTS("PathPrefix:/admin", "GET a.t/x/%2e%2E/admin");
    ACCEPTS("PathPrefix:/admin", "GET a.t/./admin");
}

static void test_braces_keep_separators_in(void **state)
{
    (void)state;
    ACCEPTS("Path:/{a:[a-z]{1,3}};Host:a.t", "GET a.t/abc");
    REJECTS("Path:/{a:[a-z]{1,3}};Host:a.t", "GET a.t/abcd");
    ACCEPTS("Path:/{a:[[:alpha:]]+}", "GET a.t/abc");
    ACCEPTS("Path:/{a:x;y|z}", "GET a.t/z");
    /* A brace without a partner is an ordinary character, as it always was. */
    ACCEPTS_WITH("HeadersRegexp:X-A,\\{;Host:a.t", "X-A", "{");
}

static void test_headers_match_exactly_or_by_regex(void **state)
{
    (void)state;
    ACCEPTS_WITH("Headers:X-One,1,X-Two,two", "X-One", "1", "X-Two", "two");
    ACCEPTS_WITH("Headers:X-One,1", "x-one", "0", "X-ONE", "1");
    REJECTS_WITH("Headers:X-One,1,X-Two,two", "X-One", "1");
    REJECTS_WITH("Headers:X-Two,two", "X-Two", "TWO");
    REJECTS_WITH("Headers:X-One,1", "X-One", "11");
    ACCEPTS_WITH("Headers:X-U,http://x::y", "X-U", "http://x:y");
    ACCEPTS_WITH("Headers:Accept,a/b", "accept", "a/b");
    ACCEPTS_WITH("HeadersRegexp:Content-Type,(application|text)/json", "Content-Type", "text/json; charset=utf-8");
    REJECTS_WITH("HeadersRegexp:Content-Type,(application|text)/json", "Content-Type", "text/plain");
    REJECTS("Headers:X-One,1", "GET a.t/");
}

static void test_queries_compare_first_decoded_values(void **state)
{
    static const char rule[] = "Query:a=1,b={v:[a-z]+[0-9]+}";
    (void)state;
    ACCEPTS(rule, "GET a.t/?a=1&b=x9");
    ACCEPTS(rule, "GET a.t/?z=0&b=q12&a=1");
    REJECTS(rule, "GET a.t/?a=1");
    REJECTS(rule, "GET a.t/?a=2&b=x9");
    REJECTS(rule, "GET a.t/?a=1&b=X9");
    REJECTS(rule, "GET a.t/?a=11&b=x9");
    REJECTS(rule, "GET a.t/");
    ACCEPTS("Query:a,b", "GET a.t/?a=b");
    ACCEPTS("Query:k=", "GET a.t/?k");
    ACCEPTS("Query:k=", "GET a.t/?k=x");
    REJECTS("Query:k=", "GET a.t/?l=k");
    REJECTS("Query:a=2", "GET a.t/?a=1&a=2");
    ACCEPTS("Query:a=b c", "GET a.t/?%61=b+c");
    ACCEPTS("Query:a=b/c", "GET a.t/?a=b%2fc");
    REJECTS("Query:a=1", "GET a.t/?b=2;a=1");
    ACCEPTS("Query:a=1;Query:b=2", "GET a.t/?b=2&a=1");
    REJECTS("Query:a=%zz", "GET a.t/?a=%zz");
    ACCEPTS("Query:v={x}", "GET a.t/?v=");
}

static void test_final_slash_redirects_to_the_written_form(void **state)
{
    static const struct {
        const char *rule, *line;
        bool found, redirect, add;
    } rows[] = {
        {"Path:/exact", "GET a.t/exact", true, false, false}, {"Path:/exact", "POST a.t/exact/", true, true, false},
        {"Path:/s/", "GET a.t/s?q=2", true, true, true},      {"Path:/s/", "GET a.t/s/", true, false, false},
        {"Path:/s,/s/", "GET a.t/s/", true, false, false},    {"Path:/", "GET a.t/", true, false, false},
        {"Path:/u/{id}", "GET a.t/u/1/", true, true, false},  {"Path:/u/{id}/", "GET a.t/u/1", true, true, true},
        {"Path:/{any:.*}", "GET a.t/", true, false, false},   {"Path:/exact", "GET a.t/exact//", false, false, false},
        {"PathPrefix:/p/", "GET a.t/p", false, false, false}, {"PathPrefixStrip:/p", "GET a.t/p/", true, false, false},
    };
    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct routes routes = {.count = 0}, kept = {.keep_slash = true};
        assert_null(routes_add(&routes, rows[i].rule));
        assert_null(routes_add(&kept, rows[i].rule));
        struct match_found found = routes_find(&routes, rows[i].line, NULL);
        assert_int_equal(found.frontend != NULL, rows[i].found);
        assert_int_equal(found.slash_redirect, rows[i].redirect);
        assert_int_equal(found.add_slash, rows[i].add);
        found = routes_find(&kept, rows[i].line, NULL);
        assert_int_equal(found.frontend != NULL, rows[i].found && !rows[i].redirect);
        assert_false(found.slash_redirect);
        routes_fini(&routes);
        routes_fini(&kept);
    }
}

static void test_modifiers_alone_match_everything(void **state)
{
    (void)state;
    ACCEPTS("AddPrefix:/x", "GET any.t/y");
    ACCEPTS("ReplacePathRegex:^/a /b", "GET any.t/y");
}

static void test_errors_name_part_value_and_remedy(void **state)
{
    char long_rule[70000];
    (void)state;
    assert_error("", "empty");
    assert_error(" ;; ", "empty");
    assert_error("host:b.test", "write `Host`");
    assert_error("Nonsense:c.test", "`Nonsense` is not a matcher: use Host, ");
    assert_error("Hots:c.test", "`Hots` is not a matcher: did you mean `Host`?");
    assert_error("PathPerfix:/x", "did you mean `PathPrefix`?");
    assert_error("Host(`c.test`)", "as Traefik 2 has them");
    assert_error("Host", "part `Host` has no value");
    assert_error("Host:,", "part `Host` has no value");
    assert_error("Headers:X-Odd", "pairs");
    assert_error("Query:a", "pairs");
    assert_error("Query:a=b=c", "pairs");
    assert_error("Path:noslash", "write `/noslash`");
    assert_error("Path:/a{b", "balance the braces");
    assert_error("PathPrefix:/a}b", "balance the braces");
    assert_error("HostRegexp:{a:[}", "not a regular expression");
    assert_error("HostRegexp:{a:x)(y}", "not a regular expression");
    assert_error("HostRegexp:{:x}", "without a name");
    assert_error("HostRegexp:{a:}", "without a name");
    assert_error("PathStripRegex:/{a}/{a}", "twice");
    assert_error("PathPrefixStrip:/{a}", "PathPrefixStripRegex");
    assert_error("PathPrefix:/a/../b", "segment `.` or `..`");
    assert_error("ReplacePath:/a/%2e%2e/b", "segment `.` or `..`");
    assert_error("HeadersRegexp:X,(", "not a regular expression");
    assert_error("ReplacePathRegex:^/a", "one blank");
    assert_error("ReplacePathRegex:^/a  /b", "one blank");
    assert_error("ReplacePathRegex:( /b", "not a regular expression");
    assert_error("Path:/{a:(x{1000}){1000}}", "not a regular expression");
    memset(long_rule, 'a', sizeof long_rule - 1);
    long_rule[sizeof long_rule - 1] = '\0';
    assert_error(long_rule, "the most is");
}

static void test_texts_of_several_routes_are_anded(void **state)
{
    struct routes routes = {.count = 0};
    struct slice texts[] = {SLICE("Host:a.t"), SLICE("PathPrefix:/x")}, error;
    (void)state;
    routes.frontends[0].rule = rule_parse(&routes.arena, texts, 2, &error);
    routes.list[routes.count++] = &routes.frontends[0];
    assert_non_null(routes_find(&routes, "GET a.t/x", NULL).frontend);
    assert_null(routes_find(&routes, "GET a.t/y", NULL).frontend);
    assert_null(routes_find(&routes, "GET b.t/x", NULL).frontend);
    routes_fini(&routes);
}

static void test_no_text_at_all_matches_everything(void **state)
{
    struct routes routes = {.count = 0};
    struct slice error;
    (void)state;
    routes.frontends[0].rule = rule_parse(&routes.arena, NULL, 0, &error);
    routes.list[routes.count++] = &routes.frontends[0];
    assert_non_null(routes_find(&routes, "GET a.t/x", NULL).frontend);
    routes_fini(&routes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blanks_and_empty_parts_do_not_matter),
        cmocka_unit_test(test_hosts_match_in_any_spelling),
        cmocka_unit_test(test_several_parts_are_anded_and_arguments_ored),
        cmocka_unit_test(test_host_templates_match_whole_hosts),
        cmocka_unit_test(test_paths_are_text_prefixes_and_templates),
        cmocka_unit_test(test_paths_and_rules_meet_in_canonical_form),
        cmocka_unit_test(test_braces_keep_separators_in),
        cmocka_unit_test(test_headers_match_exactly_or_by_regex),
        cmocka_unit_test(test_queries_compare_first_decoded_values),
        cmocka_unit_test(test_final_slash_redirects_to_the_written_form),
        cmocka_unit_test(test_modifiers_alone_match_everything),
        cmocka_unit_test(test_errors_name_part_value_and_remedy),
        cmocka_unit_test(test_texts_of_several_routes_are_anded),
        cmocka_unit_test(test_no_text_at_all_matches_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
