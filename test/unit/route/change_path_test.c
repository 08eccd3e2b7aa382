/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "routes.h"

struct change_row {
    const char *rule, *raw;
    const char *target; /* NULL: refused */
    const char *prefix, *replaced;
    enum reason reason;
};

static struct slice or_empty(const char *text)
{
    return slice_of(text ? text : "");
}

static void check_row(const struct change_row *row)
{
    struct routes routes = {.count = 0};
    struct target target;
    struct path_changes changes;
    enum reason reason;

    assert_null(routes_add(&routes, row->rule));
    assert_int_equal(target_parse(&routes.arena, slice_of(row->raw), &target), REASON_NONE);
    enum path_change change = rule_change_path(routes.list[0], &target, &routes.arena, &(size_t){MATCH_STEPS_MAX}, &changes,
                                               &reason);
    if (reason != row->reason)
        fail_msg("%s %s: %s", row->rule, row->raw, reason_row(reason)->name);
    assert_int_equal(change == PATH_REFUSED, row->target == NULL);
    if (row->target) {
        if (!slice_eq(changes.target, slice_of(row->target)))
            fail_msg("%s %s: " SLICE_FMT, row->rule, row->raw, SLICE_ARG(changes.target));
        if (!slice_eq(changes.prefix, or_empty(row->prefix)))
            fail_msg("%s %s: prefix " SLICE_FMT, row->rule, row->raw, SLICE_ARG(changes.prefix));
        if (!slice_eq(changes.replaced, or_empty(row->replaced)))
            fail_msg("%s %s: replaced " SLICE_FMT, row->rule, row->raw, SLICE_ARG(changes.replaced));
        bool same = strcmp(row->target, row->raw) == 0 && !row->prefix && !row->replaced;
        assert_int_equal(change, same ? PATH_SAME : PATH_CHANGED);
    }
    routes_fini(&routes);
}

static void check_rows(const struct change_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_row(&rows[i]);
}

static void test_path_stays_as_sent_without_a_change(void **state)
{
    static const struct change_row rows[] = {
        {.rule = "PathPrefix:/files", .raw = "/fil%65s/x%2Fy?q=%2F%3F", .target = "/fil%65s/x%2Fy?q=%2F%3F"},
        {.rule = "PathPrefix:/", .raw = "/a/../b", .target = "/a/../b"},
        {.rule = "ReplacePathRegex:^/who/(.*) /is/$1", .raw = "/other", .target = "/other"},
    };
    (void)state;
    check_rows(rows, WB_COUNT(rows));
}

static void test_strip_cuts_the_raw_bytes(void **state)
{
    static const struct change_row rows[] = {
        {.rule = "PathPrefixStrip:/api", .raw = "/api/users?id=1&n=a+b", .target = "/users?id=1&n=a+b", .prefix = "/api"},
        {.rule = "PathPrefixStrip:/api", .raw = "/api", .target = "/", .prefix = "/api"},
        {.rule = "PathPrefixStrip:/api", .raw = "/api/", .target = "/", .prefix = "/api"},
        {.rule = "PathPrefixStrip:/api", .raw = "/api?x", .target = "/?x", .prefix = "/api"},
        {.rule = "PathPrefixStrip:/api", .raw = "/apiary", .target = "/ary", .prefix = "/api"},
        {.rule = "PathPrefixStrip:/api", .raw = "/%61pi/x%2Fy/z", .target = "/x%2Fy/z", .prefix = "/api"},
        {.rule = "PathPrefixStrip:/api", .raw = "/api/%e4%BD%A0", .target = "/%e4%BD%A0", .prefix = "/api"},
        {.rule = "PathPrefixStrip:/api", .raw = "/api/a%20b?c%20d", .target = "/a%20b?c%20d", .prefix = "/api"},
        {.rule = "PathPrefixStrip:/gr\xc3\xbcn", .raw = "/gr%c3%bcn/x", .target = "/x", .prefix = "/gr%C3%BCn"},
        {.rule = "PathPrefixStrip:/p", .raw = "/p//z", .target = "//z", .prefix = "/p"},
        {.rule = "PathPrefixStrip:/a,/a/b/c,/a/b", .raw = "/a/b/c/d", .target = "/d", .prefix = "/a/b/c"},
        {.rule = "PathPrefixStrip:/a,/a/b/c,/a/b", .raw = "/a/b/z", .target = "/z", .prefix = "/a/b"},
        {.rule = "PathPrefixStrip:/s/", .raw = "/s/one", .target = "/one", .prefix = "/s/"},
        {.rule = "PathStrip:/strip,/also", .raw = "/strip?q=1", .target = "/?q=1", .prefix = "/strip"},
        {.rule = "PathPrefixStrip:/a;PathPrefixStrip:/b", .raw = "/a/x", .reason = REASON_NO_FRONTEND},
    };
    (void)state;
    check_rows(rows, WB_COUNT(rows));
}

static void test_strip_by_regex_cuts_what_it_matched(void **state)
{
    static const struct change_row rows[] = {
        {.rule = "PathPrefixStripRegex:/v{n:[0-9]+}", .raw = "/v12/users", .target = "/users", .prefix = "/v12"},
        {.rule = "PathPrefixStripRegex:/v{n:[0-9]+}", .raw = "/v12b", .target = "/b", .prefix = "/v12"},
        {.rule = "PathPrefixStripRegex:/v{n:[0-9]+}", .raw = "/v3", .target = "/", .prefix = "/v3"},
        {.rule = "PathPrefixStripRegex:/v{n:[0-9]+}", .raw = "/v3/?a=1", .target = "/?a=1", .prefix = "/v3"},
        {.rule = "PathPrefixStripRegex:/{a}/{b}", .raw = "/one/two/three", .target = "/three", .prefix = "/one/two"},
        {.rule = "PathPrefixStripRegex:/{a}x", .raw = "/axbxc/d", .target = "/c/d", .prefix = "/axbx"},
        {.rule = "PathStripRegex:/api/{id:[0-9]+}", .raw = "/api/12", .target = "/", .prefix = "/api/12"},
        {.rule = "PathPrefixStripRegex:/{a:[a-z]}", .raw = "/%78y", .target = "/y", .prefix = "/x"},
        {.rule = "PathPrefixStripRegex:/{a:.}", .raw = "/%2Fy", .reason = REASON_BAD_TARGET},
        {.rule = "PathPrefix:/;PathPrefixStripRegex:/v{n:[0-9]}", .raw = "/w", .reason = REASON_NO_FRONTEND},
        {.rule = "PathPrefixStripRegex:/v{n:[0-9]};PathPrefixStrip:/", .raw = "/v1/a", .target = "/a", .prefix = "/v1, /"},
    };
    (void)state;
    check_rows(rows, WB_COUNT(rows));
}

static void test_prefix_is_added_in_front(void **state)
{
    static const struct change_row rows[] = {
        {.rule = "AddPrefix:/base", .raw = "/x?y=1", .target = "/base/x?y=1"},
        {.rule = "AddPrefix:/base", .raw = "/", .target = "/base/"},
        {.rule = "AddPrefix:noslash", .raw = "/x?y", .target = "/noslash/x?y"},
        {.rule = "AddPrefix:/a b", .raw = "/%78", .target = "/a%20b/%78"},
        {.rule = "AddPrefix:/one,/two", .raw = "/x", .target = "/two/x"},
    };
    (void)state;
    check_rows(rows, WB_COUNT(rows));
}

static void test_path_is_replaced_and_query_kept(void **state)
{
    static const struct change_row rows[] = {
        {.rule = "ReplacePath:/fixed/path", .raw = "/x/y?z=1", .target = "/fixed/path?z=1", .replaced = "/x/y"},
        {.rule = "ReplacePath:/fixed/path", .raw = "/", .target = "/fixed/path", .replaced = "/"},
        {.rule = "ReplacePath:/a?b", .raw = "/x", .target = "/a%3Fb", .replaced = "/x"},
        {.rule = "ReplacePathRegex:^/who/(.*) /is/$1",
         .raw = "/who/and/me?x=1",
         .target = "/is/and/me?x=1",
         .replaced = "/who/and/me"},
        {.rule = "ReplacePathRegex:^/who/(.*) /is/$1", .raw = "/who/", .target = "/is/", .replaced = "/who/"},
        {.rule = "ReplacePathRegex:b X", .raw = "/abcb", .target = "/aXcX", .replaced = "/abcb"},
        {.rule = "ReplacePathRegex:x* -", .raw = "/ab", .target = "/-/-a-b-", .replaced = "/ab"},
        {.rule = "ReplacePathRegex:^/(?P<n>[a-z]+)(\\d)? /${n}1/$n/$2/$x1/$$",
         .raw = "/ab",
         .target = "/ab1/ab///$",
         .replaced = "/ab"},
        {.rule = "ReplacePathRegex:^/(.*) $1", .raw = "/ab", .target = "/ab", .replaced = "/ab"},
        {.rule = "ReplacePathRegex:^/gr\xc3\xbcn(.*) /red$1",
         .raw = "/gr%c3%bcn/x",
         .target = "/red/x",
         .replaced = "/gr%c3%bcn/x"},
        {.rule = "ReplacePathRegex:^/a /c;ReplacePath:/d", .raw = "/a", .target = "/d", .replaced = "/a"},
    };
    (void)state;
    check_rows(rows, WB_COUNT(rows));
}

static void test_changes_run_in_their_order(void **state)
{
    static const struct change_row rows[] = {
        {.rule = "Host:m.t;PathPrefixStrip:/a;AddPrefix:/b;ReplacePathRegex:^/b(.*) /c$1",
         .raw = "/a/zz?q=1",
         .target = "/c/zz?q=1",
         .prefix = "/a",
         .replaced = "/b/zz"},
        {.rule = "ReplacePathRegex:^/b(.*) /c$1;AddPrefix:/b;PathPrefixStrip:/a",
         .raw = "/a/zz",
         .target = "/c/zz",
         .prefix = "/a",
         .replaced = "/b/zz"},
        /* A pattern that takes all leaves no slash for AddPrefix; a text does, as in v1.7. */
        {.rule = "PathPrefixStripRegex:/{l:[a-z]+};AddPrefix:/p", .raw = "/en?q=1", .target = "/p?q=1", .prefix = "/en"},
        {.rule = "PathPrefixStripRegex:/{l:[a-z]+};AddPrefix:/p/", .raw = "/en", .target = "/p/", .prefix = "/en"},
        {.rule = "PathPrefixStripRegex:/{l:[a-z]+};AddPrefix:/p", .raw = "/en/", .target = "/p/", .prefix = "/en"},
        {.rule = "PathPrefixStripRegex:/{l:[a-z]+};AddPrefix:/p", .raw = "/v1", .target = "/p/1", .prefix = "/v"},
        {.rule = "PathStripRegex:/{l};AddPrefix:/p", .raw = "/en", .target = "/p", .prefix = "/en"},
        {.rule = "PathPrefixStripRegex:/{l:[a-z]+};PathPrefixStrip:/;AddPrefix:/p",
         .raw = "/en",
         .target = "/p/",
         .prefix = "/en, /"},
        {.rule = "PathPrefixStrip:/en;AddPrefix:/p", .raw = "/en", .target = "/p/", .prefix = "/en"},
    };
    (void)state;
    check_rows(rows, WB_COUNT(rows));
}

/* Security cases P4 to P8. */
static void test_dot_segments_never_pass_a_change(void **state)
{
    static const struct change_row rows[] = {
        {.rule = "PathPrefixStrip:/api", .raw = "/api../admin", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "PathPrefixStrip:/api", .raw = "/api/../admin", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "PathPrefixStrip:/api", .raw = "/api%2e%2e/", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "PathPrefixStrip:/api", .raw = "/api./x", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "PathPrefixStrip:/api", .raw = "/x/../api/y", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "PathPrefixStrip:/api", .raw = "/api..%2Fadmin", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "PathPrefixStrip:/api", .raw = "/api..%5cadmin", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "PathPrefixStrip:/api", .raw = "/api..;/admin", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "PathPrefixStrip:/api", .raw = "/api/x/..%2F..%2Fadmin", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "PathPrefixStripRegex:/{a:api}", .raw = "/api%2e/admin/secret", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "ReplacePathRegex:^/api(.*) /$1", .raw = "/api/../admin", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "ReplacePathRegex:^/api(.*) /$1", .raw = "/api../admin", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "ReplacePathRegex:^/api/(.*) /$1./x", .raw = "/api/.", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "ReplacePathRegex:x .", .raw = "/x./y", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "AddPrefix:/tenant", .raw = "/..%2fother", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "AddPrefix:/tenant", .raw = "/%2e%2e/other", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "ReplacePath:/fixed", .raw = "/a/../b", .reason = REASON_DOTS_IN_CHANGED_PATH},
        {.rule = "ReplacePathRegex:^/(.).* /$1", .raw = "/%2Fx", .reason = REASON_BAD_TARGET},
        {.rule = "PathPrefixStrip:/api", .raw = "/api/group%2Fproject", .target = "/group%2Fproject", .prefix = "/api"},
        {.rule = "PathPrefixStrip:/api", .raw = "/api/a..b/...", .target = "/a..b/...", .prefix = "/api"},
    };
    (void)state;
    check_rows(rows, WB_COUNT(rows));
}

static void test_replacement_cannot_grow_without_bound(void **state)
{
    struct routes routes = {.count = 0};
    char rule[2200] = "ReplacePathRegex:a ", path[3000];
    struct target target;
    struct path_changes changes;
    enum reason reason;
    (void)state;
    memset(rule + strlen(rule), 'b', 2000);
    memset(path, 'a', sizeof path);
    path[0] = '/';
    assert_null(routes_add(&routes, rule));
    assert_int_equal(target_parse(&routes.arena, slice_make(path, sizeof path), &target), REASON_NONE);
    assert_int_equal(rule_change_path(routes.list[0], &target, &routes.arena, &(size_t){MATCH_STEPS_MAX}, &changes, &reason),
                     PATH_REFUSED);
    assert_int_equal(reason, REASON_TARGET_TOO_LONG);
    routes_fini(&routes);
}

static void test_full_arena_is_refused_not_overrun(void **state)
{
    struct routes routes = {.count = 0};
    struct arena small;
    struct target target;
    struct path_changes changes;
    enum reason reason;
    (void)state;
    assert_null(routes_add(&routes, "AddPrefix:/a-long-prefix-of-some-bytes"));
    arena_init(&small, 16);
    assert_int_equal(target_parse(&small, SLICE("/x"), &target), REASON_NONE);
    assert_int_equal(rule_change_path(routes.list[0], &target, &small, &(size_t){MATCH_STEPS_MAX}, &changes, &reason),
                     PATH_REFUSED);
    assert_int_equal(reason, REASON_INTERNAL);
    arena_fini(&small);
    routes_fini(&routes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path_stays_as_sent_without_a_change),
        cmocka_unit_test(test_strip_cuts_the_raw_bytes),
        cmocka_unit_test(test_strip_by_regex_cuts_what_it_matched),
        cmocka_unit_test(test_prefix_is_added_in_front),
        cmocka_unit_test(test_path_is_replaced_and_query_kept),
        cmocka_unit_test(test_changes_run_in_their_order),
        cmocka_unit_test(test_dot_segments_never_pass_a_change),
        cmocka_unit_test(test_replacement_cannot_grow_without_bound),
        cmocka_unit_test(test_full_arena_is_refused_not_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
