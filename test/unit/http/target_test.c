/* SPDX-License-Identifier: MIT */
#include "waybill/base/error.h"
#include "waybill/http/target.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
/* behind the four above */
#include <cmocka.h>

static struct arena arena;

static int start_arena(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    return 0;
}

static int end_arena(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

/* The target from an allocation of exactly its size. */
static enum reason parse(struct slice raw, struct target *out)
{
    char *copy = arena_bytes(&arena, raw.len);
    memcpy(copy, raw.ptr, raw.len);
    return target_parse(&arena, slice_make(copy, raw.len), out);
}

static void expect_text(const char *raw, const char *what, struct slice actual, const char *expected)
{
    if (!slice_eq(actual, slice_of(expected)))
        fail_msg("%s: %s is %.*s, expected %s", raw, what, SLICE_ARG(actual), expected);
}

static void expect_views(const char *raw, const char *canonical, const char *loose)
{
    struct target target;

    assert_int_equal(parse(slice_of(raw), &target), REASON_NONE);
    expect_text(raw, "canonical", target.canonical, canonical);
    expect_text(raw, "loose", target.loose, loose);
    assert_int_equal(target.loose_differs, strcmp(canonical, loose) != 0);
    assert_true(slice_eq(target.raw, slice_of(raw)));
}

static void expect_same(const char *raw)
{
    struct target target;

    expect_views(raw, raw, raw);
    assert_int_equal(parse(slice_of(raw), &target), REASON_NONE);
    assert_ptr_equal(target.canonical.ptr, target.raw.ptr);
    assert_ptr_equal(target.loose.ptr, target.raw.ptr);
    assert_false(target.has_dots);
}

static void test_plain_targets_share_their_bytes(void **state)
{
    (void)state;
    expect_same("/");
    expect_same("/a/b.html");
    expect_same("/.well-known/acme-challenge/x");
    expect_same("/a...b/.c.d/e.");
    expect_same("/a-._~!$&'()*+,=:@z");
    expect_same("*");
}

static void test_query_is_cut_off_and_left_alone(void **state)
{
    (void)state;
    struct target target;
    assert_int_equal(parse(SLICE("/a?b=%zz&c=/../;?"), &target), REASON_NONE);
    assert_true(slice_eq(target.raw_path, SLICE("/a")) && slice_eq(target.canonical, SLICE("/a")));
    assert_true(target.has_query && slice_eq(target.query, SLICE("b=%zz&c=/../;?")));
    assert_int_equal(parse(SLICE("/a?"), &target), REASON_NONE);
    assert_true(target.has_query && target.query.len == 0);
    assert_int_equal(parse(SLICE("/a"), &target), REASON_NONE);
    assert_false(target.has_query);
    assert_int_equal(parse(SLICE("/a/..?x"), &target), REASON_NONE);
    assert_true(slice_eq(target.canonical, SLICE("/")) && target.has_dots);
    assert_int_equal(parse(SLICE("/a/.?x"), &target), REASON_NONE);
    assert_true(slice_eq(target.canonical, SLICE("/a/")) && target.has_dots);
}

static void test_p1_dot_segments_and_double_slashes(void **state)
{
    (void)state;
    expect_views("/x/../admin", "/admin", "/admin");
    expect_views("/./admin", "/admin", "/admin");
    expect_views("/admin/../admin", "/admin", "/admin");
    expect_views("//admin", "//admin", "/admin");
    expect_views("/../../admin", "/admin", "/admin");
    expect_views("/admin/.", "/admin/", "/admin/");
    expect_views("/admin/x/..", "/admin/", "/admin/");
    expect_views("/..", "/", "/");
    expect_views("/.", "/", "/");
}

static void test_paths_with_more_than_one_loose_view_are_refused(void **state)
{
    (void)state;
    static const char *const raws[] = {
        "/a//..//admin", "/a//../admin", "/a/%2f../admin", "/a%2fb/../c", "/a\\b/../c", "/x/y;%2f/../../admin",
    };
    for (size_t i = 0; i < WB_COUNT(raws); i++) {
        struct target target;
        if (parse(slice_of(raws[i]), &target) != REASON_AMBIGUOUS_PATH)
            fail_msg("%s", raws[i]);
    }
    expect_views("/a/../b//c", "/b//c", "/b/c");
    expect_views("/a/../b%2Fc", "/b%2Fc", "/b/c");
    expect_views("/a;x/../b", "/b", "/b");
}

static void test_p2_unreserved_escapes_are_decoded_before_dots(void **state)
{
    (void)state;
    expect_views("/x/%2e%2e/admin", "/admin", "/admin");
    expect_views("/%2E%2e/admin", "/admin", "/admin");
    expect_views("/.%2e/admin", "/admin", "/admin");
    expect_views("/%61dmin", "/admin", "/admin");
    expect_views("/%7euser/%5F%2d", "/~user/_-", "/~user/_-");
}

static void test_p3_reserved_escapes_stay_and_loosen(void **state)
{
    (void)state;
    expect_views("/admin%2Fx", "/admin%2Fx", "/admin/x");
    expect_views("/%2fadmin", "/%2Fadmin", "/admin");
    expect_views("/a%5c..%5cadmin", "/a%5C..%5Cadmin", "/admin");
    expect_views("/a\\..\\admin", "/a%5C..%5Cadmin", "/admin");
    expect_views("/admin%3b", "/admin%3B", "/admin%3B");
    expect_views("/admin%00", "/admin%00", "/admin%00");
    expect_views("/admin%23", "/admin%23", "/admin%23");
    expect_views("/admin%3F", "/admin%3F", "/admin%3F");
    expect_views("/%252e%252e/admin", "/%252e%252e/admin", "/%252e%252e/admin");
    expect_views("/group%2Fproject/-/x", "/group%2Fproject/-/x", "/group/project/-/x");
    expect_views("/%0d%0aSet-Cookie:x", "/%0D%0ASet-Cookie:x", "/%0D%0ASet-Cookie:x");
    expect_views("/%21%24", "/%21%24", "/!$");
    expect_views("/%40a%3Ab%26%27%28%29%2a%2b%2c%3d", "/%40a%3Ab%26%27%28%29%2A%2B%2C%3D", "/@a:b&'()*+,=");
    expect_views("/%2540", "/%2540", "/%2540");
    expect_views("/a%22%3c%7c%20", "/a%22%3C%7C%20", "/a%22%3C%7C%20");
}

static void test_p4_dots_are_seen_however_they_are_spelled(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        bool has_dots;
    } cases[] = {
        {"/api/../admin", true}, {"/api/%2e%2e/", true},  {"/api/.%2E", true},     {"/api/.", true},
        {"/api/..;/x", true},    {"/api/.;a=b/x", true},  {"/api%2f..%2fx", true}, {"/api\\..\\x", true},
        {"/api%5c..", true},     {"/api../admin", false}, {"/api%2e%2e/", false},  {"/api./x", false},
        {"/api/...", false},     {"/api/%20", false},     {"/a?/../b", false},
    };
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        struct target target;
        assert_int_equal(parse(slice_of(cases[i].raw), &target), REASON_NONE);
        if (target.has_dots != cases[i].has_dots)
            fail_msg("%s", cases[i].raw);
    }
    expect_views("/api../admin", "/api../admin", "/api../admin");
    expect_views("/api%2e%2e/", "/api../", "/api../");
    expect_views("/api%2e/admin/secret", "/api./admin/secret", "/api./admin/secret"); /* P5 */
}

static void test_p7_parameters_are_dropped_in_the_loose_view(void **state)
{
    (void)state;
    expect_views("/admin;x=1", "/admin;x=1", "/admin");
    expect_views("/..;/admin", "/..;/admin", "/admin");
    expect_views("/.;/admin", "/.;/admin", "/admin");
    expect_views("/a;b/c;d/e", "/a;b/c;d/e", "/a/c/e");
    expect_views("/a;b%2Fc", "/a;b%2Fc", "/a/c");
    expect_views("/;/admin", "/;/admin", "/admin");
}

static void test_p8_and_other_malformed_targets_are_refused(void **state)
{
    (void)state;
    static const struct slice targets[] = {
        {"", 0},
        {"a", 1},
        {"**", 2},
        {"http://a/", 9},
        {"?x", 2},
        {"/a#/../admin", 12},
        {"/?a#b", 5},
        {"/a b", 4},
        {"/a\tb", 4},
        {"/\0", 2},
        {"/\x7f", 2},
        {"/?\n", 3},
        {"/? ", 3},
        {"/%", 2},
        {"/%4", 3},
        {"/%4g", 4},
        {"/%zz/x", 6},
        {"/%%41", 5},
        {"/%4?1", 5},
        {"/\xff", 2},
        {"/\xc3", 2},
        {"/\xc3?", 3},
        {"/?\xc3", 3},
        {"/\xc0\xaf", 3},
        {"/\xed\xa0\x80", 4},
        {"/\xe0\x80\xaf", 4},
        {"/\xf4\x90\x80\x80", 5},
        {"/\xc3(", 3},
    };
    for (size_t i = 0; i < WB_COUNT(targets); i++) {
        struct target target;
        if (parse(targets[i], &target) != REASON_BAD_TARGET)
            fail_msg("case %zu: %.*s", i, SLICE_ARG(targets[i]));
    }
}

static void test_bytes_a_path_cannot_hold_are_encoded_in_the_canonical_view(void **state)
{
    (void)state;
    expect_views("/gr\xc3\xbcn", "/gr%C3%BCn", "/gr%C3%BCn");
    expect_views("/gr%c3%bcn", "/gr%C3%BCn", "/gr%C3%BCn");
    expect_views("/\"<>[]^`{|}", "/%22%3C%3E%5B%5D%5E%60%7B%7C%7D", "/%22%3C%3E%5B%5D%5E%60%7B%7C%7D");
    expect_views("/\xf0\x9f\x98\x80", "/%F0%9F%98%80", "/%F0%9F%98%80");
}

static void test_canonical_view_is_a_fixed_point(void **state)
{
    (void)state;
    static const char *const raws[] = {"/a/%2e%2e/%2f%5c;x/b\\c", "/gr\xc3\xbcn/./%41", "/..;/%2E/a//b", "//..//.;/x"};
    for (size_t i = 0; i < WB_COUNT(raws); i++) {
        struct target first, again;
        assert_int_equal(parse(slice_of(raws[i]), &first), REASON_NONE);
        assert_int_equal(parse(first.canonical, &again), REASON_NONE);
        assert_true(slice_eq(first.canonical, again.canonical));
        assert_true(slice_eq(first.loose, again.loose));
    }
}

static void expect_offset(const char *raw, size_t canonical_len, size_t expected)
{
    struct target target;
    assert_int_equal(parse(slice_of(raw), &target), REASON_NONE);
    assert_int_equal(target_raw_offset(&target, canonical_len), expected);
}

static void test_place_in_the_raw_path_is_found(void **state)
{
    (void)state;
    expect_offset("/api/x", 4, 4);
    expect_offset("/%61pi/x", 4, 6);
    expect_offset("/%61p%69/x", 4, 8);
    expect_offset("/a%20b/x", 6, 6);
    expect_offset("/gr\xc3\xbcn/x", 10, 6);
    expect_offset("/%61", 99, 4);
    expect_offset("/a?b", 99, 2);
    expect_offset("/%61", 0, 0);
}

static void test_rule_text_is_brought_into_canonical_form(void **state)
{
    (void)state;
    expect_text("", "text", target_canonical_text(&arena, SLICE("/a b")), "/a%20b");
    expect_text("", "text", target_canonical_text(&arena, SLICE("/gr\xc3\xbcn/%c3%61")), "/gr%C3%BCn/%C3a");
    expect_text("", "text", target_canonical_text(&arena, SLICE("/a/../100%/?#")), "/a/../100%25/%3F%23");
    expect_text("", "text", target_canonical_text(&arena, SLICE("")), "");
}

static void test_decoded_text_is_for_people(void **state)
{
    (void)state;
    expect_text("", "text", target_decode(&arena, SLICE("/a%20%2Fb%zz%4")), "/a /b%zz%4");
}

static void test_full_arena_is_an_internal_error(void **state)
{
    (void)state;
    struct arena small;
    struct target target;
    arena_init(&small, 4);
    assert_int_equal(target_parse(&small, SLICE("/abcdefgh/%20"), &target), REASON_INTERNAL);
    assert_int_equal(target_parse(&small, SLICE("/abcdefgh;"), &target), REASON_INTERNAL);
    assert_int_equal(target_canonical_text(&small, SLICE("/abcdefgh")).len, 0);
    arena_fini(&small);
}

static void expect_authority(const char *text, const char *host, const char *port)
{
    struct slice actual_host, actual_port;
    if (!authority_parse(slice_of(text), &actual_host, &actual_port))
        fail_msg("%s refused", text);
    expect_text(text, "host", actual_host, host);
    expect_text(text, "port", actual_port, port);
}

static void test_authorities_are_split(void **state)
{
    (void)state;
    expect_authority("", "", "");
    expect_authority("a.test", "a.test", "");
    expect_authority("A.TEST:80", "A.TEST", "80");
    expect_authority("a.test.", "a.test", "");
    expect_authority("a.test.:8080", "a.test", "8080");
    expect_authority("a.test:", "a.test", "");
    expect_authority("127.0.0.1:65535", "127.0.0.1", "65535");
    expect_authority("[::1]", "[::1]", "");
    expect_authority("[2001:db8::1]:443", "[2001:db8::1]", "443");
    expect_authority("[::ffff:1.2.3.4]:1", "[::ffff:1.2.3.4]", "1");
    expect_authority("xn--bcher-kva_x.test", "xn--bcher-kva_x.test", "");
}

static void test_malformed_authorities_are_refused(void **state)
{
    (void)state;
    static const struct slice texts[] = {
        {"a,b", 3},
        {"u@a", 3},
        {"u:p@a", 5},
        {"a b", 3},
        {"a/b", 3},
        {"a?b", 3},
        {"a#b", 3},
        {"a%2eb", 5},
        {":80", 3},
        {".", 1},
        {"a..", 3},
        {".:80", 4},
        {"a:b", 3},
        {"a:65536", 7},
        {"a:123456", 8},
        {"a:-1", 4},
        {"a:80:80", 7},
        {"::1", 3},
        {"[::1", 4},
        {"[::1]x", 6},
        {"[]", 2},
        {"[::g]", 5},
        {"[fe80::1%25e0]", 14},
        {"[v1.x]", 6},
        {"gr\xc3\xbcn", 5},
        {"a\0b", 3},
        {"[::1\0]", 6},
        {"a\\b", 3},
        {"<a>", 3},
        {"a\"b", 3},
    };
    struct slice host, port;
    for (size_t i = 0; i < WB_COUNT(texts); i++)
        if (authority_parse(texts[i], &host, &port))
            fail_msg("case %zu: %.*s", i, SLICE_ARG(texts[i]));
    char longest[256];
    memset(longest, 'a', sizeof longest);
    assert_true(authority_parse(slice_make(longest, 255), &host, &port));
    assert_false(authority_parse(slice_make(longest, 256), &host, &port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_targets_share_their_bytes),
        cmocka_unit_test(test_query_is_cut_off_and_left_alone),
        cmocka_unit_test(test_p1_dot_segments_and_double_slashes),
        cmocka_unit_test(test_paths_with_more_than_one_loose_view_are_refused),
        cmocka_unit_test(test_p2_unreserved_escapes_are_decoded_before_dots),
        cmocka_unit_test(test_p3_reserved_escapes_stay_and_loosen),
        cmocka_unit_test(test_p4_dots_are_seen_however_they_are_spelled),
        cmocka_unit_test(test_p7_parameters_are_dropped_in_the_loose_view),
        cmocka_unit_test(test_p8_and_other_malformed_targets_are_refused),
        cmocka_unit_test(test_bytes_a_path_cannot_hold_are_encoded_in_the_canonical_view),
        cmocka_unit_test(test_canonical_view_is_a_fixed_point),
        cmocka_unit_test(test_place_in_the_raw_path_is_found),
        cmocka_unit_test(test_rule_text_is_brought_into_canonical_form),
        cmocka_unit_test(test_decoded_text_is_for_people),
        cmocka_unit_test(test_full_arena_is_an_internal_error),
        cmocka_unit_test(test_authorities_are_split),
        cmocka_unit_test(test_malformed_authorities_are_refused),
    };
    return cmocka_run_group_tests(tests, start_arena, end_arena);
}
