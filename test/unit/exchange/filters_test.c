/* SPDX-License-Identifier: MIT */
/* How filters are compiled: what protects and cannot be understood closes (decisions.md 10). What they do: test/sim. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/exchange/filters.h"
#include "waybill/model/entrypoint.h"

struct outcome {
    bool closed;
    size_t filters, diagnostics;
};

static struct outcome compile(struct model_white_list *list, struct model_auth *auth)
{
    struct model_entrypoint from = {.name = SLICE("http"), .white_list = list, .auth = auth};
    struct entrypoint made = {.closed = false};
    struct diagnostics diagnostics;
    struct arena arena;

    arena_init(&arena, 0);
    diagnostics_init(&diagnostics);
    entrypoint_compile(&from, 1, 0, &arena, &diagnostics, &made);
    struct outcome outcome = {.closed = made.closed, .filters = made.filter_count, .diagnostics = diagnostics.count};
    for (size_t i = 0; i < diagnostics.count; i++)
        assert_int_equal(diagnostics.items[i].severity, made.closed ? DIAGNOSTIC_CLOSED : DIAGNOSTIC_WARNING);
    diagnostics_fini(&diagnostics);
    entrypoint_fini(&made);
    arena_fini(&arena);
    return outcome;
}

static struct outcome compile_list(size_t count, struct slice *ranges)
{
    struct model_white_list list = {.source_range = {.items = ranges, .count = count}};
    return compile(&list, NULL);
}

static struct outcome compile_forward(const char *address, const char *copied)
{
    struct slice name = slice_of(copied);
    struct model_auth_forward forward = {.address = slice_of(address),
                                         .auth_response_headers = {.items = &name, .count = copied != NULL}};
    struct model_auth auth = {.forward = &forward};
    return compile(NULL, &auth);
}

static void test_without_options_there_is_no_filter(void **state)
{
    struct outcome outcome = compile(NULL, NULL);
    (void)state;

    assert_false(outcome.closed);
    assert_int_equal(outcome.filters + outcome.diagnostics, 0);
}

static void test_a_white_list_with_one_bad_range_closes(void **state)
{
    static const char *const bad[] = {"10.0.0.0/33", "bad", "", "10.0.0.0/8,10.1.1.1", "1.2.3.4-1.2.3.9"};
    struct slice good[] = {SLICE("10.0.0.0/8"), SLICE(" ::1 ")};
    (void)state;

    assert_false(compile_list(2, good).closed);
    assert_int_equal(compile_list(2, good).filters, 1);
    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        struct slice ranges[] = {SLICE("10.0.0.0/8"), slice_of(bad[i])};
        struct outcome outcome = compile_list(2, ranges);
        assert_true(outcome.closed);
        assert_int_equal(outcome.diagnostics, 1);
    }
    assert_true(compile_list(0, NULL).closed); /* there, but empty */
}

static void test_a_forward_auth_that_cannot_be_asked_closes(void **state)
{
    static const char *const good[] = {"http://auth",      "http://auth:8000/check?x=1",
                                       "HTTP://10.0.0.1/", " http://[::1]:80/a ",
                                       "https://auth",     "https://[::1]:8443/check"},
                             *const bad[] = {"",
                                             "auth:8000",
                                             "https://",
                                             "https:/auth/",
                                             "http://",
                                             "http:///x",
                                             "http://auth:0/",
                                             "http://auth:65536/",
                                             "http://auth:x/",
                                             "http://user@auth/",
                                             "http://auth/a b",
                                             "http://auth/\r\nX: y",
                                             "http://auth/#a",
                                             "http://a,b/",
                                             "ftp://auth/"};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(good); i++) {
        assert_false(compile_forward(good[i], "X-User").closed);
        assert_int_equal(compile_forward(good[i], NULL).filters, 1);
    }
    for (size_t i = 0; i < WB_COUNT(bad); i++)
        if (!compile_forward(bad[i], NULL).closed || compile_forward(bad[i], NULL).diagnostics != 1)
            fail_msg("`%s` was taken for an address", bad[i]);
}

static void test_a_name_that_is_none_closes(void **state)
{
    static const char *const bad[] = {"", "X User", "X:User", "X\r\nY", "Gr\xc3\xbc\xc3\x9f"};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(bad); i++)
        assert_true(compile_forward("http://auth/", bad[i]).closed);
}

static void test_tls_to_the_auth_server_closes_when_its_files_cannot_be_used(void **state)
{
    static const char *const addresses[] = {"http://auth/", "https://auth/"};
    static const struct {
        struct model_auth_tls tls;
        bool closed;
    } rows[] = {
        {{.insecure_skip_verify = true}, false}, {{.ca_optional = true}, false},
        {{.ca = {"/nowhere", 8}}, true},         {{.ca = {"/nowhere", 8}, .insecure_skip_verify = true}, true},
        {{.cert = {"/nowhere", 8}}, true},       {{.key = {"/nowhere", 8}}, true},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++)
        for (size_t a = 0; a < WB_COUNT(addresses); a++) {
            struct model_auth_tls tls = rows[i].tls;
            struct model_auth_forward forward = {.address = slice_of(addresses[a]), .tls = &tls};
            struct model_auth auth = {.forward = &forward};
            assert_int_equal(compile(NULL, &auth).closed, rows[i].closed);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_options_there_is_no_filter),
        cmocka_unit_test(test_a_white_list_with_one_bad_range_closes),
        cmocka_unit_test(test_a_forward_auth_that_cannot_be_asked_closes),
        cmocka_unit_test(test_a_name_that_is_none_closes),
        cmocka_unit_test(test_tls_to_the_auth_server_closes_when_its_files_cannot_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
