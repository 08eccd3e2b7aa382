/* SPDX-License-Identifier: MIT */
/* How header options are compiled: what protects closes, what does not is left out alone (decisions.md 10, 11). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "filter/filters_private.h"

struct outcome {
    enum filter_compiled custom, security;
    unsigned warnings, closings;
};

static struct outcome compile(const struct model_headers *headers)
{
    const struct model_frontend frontend = {.headers = (struct model_headers *)(uintptr_t)headers};
    struct diagnostics diagnostics;
    struct arena arena;
    const void *config;
    struct outcome outcome = {0};

    arena_init(&arena, 0);
    diagnostics_init(&diagnostics);
    struct filter_source from = {
        .frontend = &frontend, .arena = &arena, .place = SLICE("container web"), .diagnostics = &diagnostics};
    outcome.custom = filter_custom_headers.compile(&from, &config);
    outcome.security = filter_security_headers.compile(&from, &config);
    for (size_t i = 0; i < diagnostics.count; i++) {
        assert_string_equal(diagnostics.items[i].place, "container web");
        outcome.warnings += diagnostics.items[i].severity == DIAGNOSTIC_WARNING;
        outcome.closings += diagnostics.items[i].severity == DIAGNOSTIC_CLOSED;
    }
    diagnostics_fini(&diagnostics);
    arena_fini(&arena);
    return outcome;
}

static void test_without_options_there_is_no_filter(void **state)
{
    (void)state;
    assert_int_equal(compile(NULL).custom, FILTER_ABSENT);
    assert_int_equal(compile(NULL).security, FILTER_ABSENT);
    struct outcome empty = compile(&(struct model_headers){.is_development = true});
    assert_int_equal(empty.custom, FILTER_ABSENT);
    assert_int_equal(empty.security, FILTER_ABSENT);
}

static void test_a_custom_header_that_cannot_be_is_left_out_alone(void **state)
{
    struct model_pair pairs[] = {{SLICE("X-A"), SLICE("1")},
                                 {SLICE("Content-Length"), SLICE("1")},
                                 {SLICE("X B"), SLICE("1")},
                                 {SLICE("X-C"), SLICE("1\n2")}};
    (void)state;
    struct outcome some = compile(&(struct model_headers){.custom_request_headers = {pairs, 4, true}});
    assert_int_equal(some.custom, FILTER_MADE);
    assert_int_equal(some.warnings, 3);
    struct outcome none = compile(&(struct model_headers){.custom_response_headers = {pairs + 1, 3, true}});
    assert_int_equal(none.custom, FILTER_ABSENT);
    assert_int_equal(none.warnings, 3);
}

static void test_what_protects_and_cannot_be_understood_closes(void **state)
{
    static struct slice bad_hosts[] = {{"good.test", 9}, {"a b", 3}}, empty_host[] = {{"", 0}}, bad_names[] = {{"X Y", 3}};
    static struct model_pair no_value[] = {{{"X-Proto", 7}, {"", 0}}}, no_name[] = {{{"", 0}, {"https", 5}}};
    const struct model_headers closed[] = {
        {.allowed_hosts = {bad_hosts, 2}},
        {.allowed_hosts = {empty_host, 1}},
        {.hosts_proxy_headers = {bad_names, 1}},
        {.ssl_redirect = true, .ssl_host = SLICE("https://secure.test")},
        {.ssl_proxy_headers = {no_value, 1, true}},
        {.ssl_proxy_headers = {no_name, 1, true}},
        {.sts_seconds = -1},
    };
    (void)state;
    for (size_t i = 0; i < WB_COUNT(closed); i++) {
        struct outcome outcome = compile(&closed[i]);
        if (outcome.security != FILTER_CLOSED || outcome.closings != 1)
            fail_msg("row %zu: %d, %u closings", i, (int)outcome.security, outcome.closings);
    }
}

static void test_what_only_tells_browsers_is_left_out_alone(void **state)
{
    (void)state;
    struct outcome outcome = compile(&(struct model_headers){
        .frame_deny = true, .content_security_policy = SLICE("a\r\nb"), .referrer_policy = SLICE("\x01")});
    assert_int_equal(outcome.security, FILTER_MADE);
    assert_int_equal(outcome.warnings, 2);
    assert_int_equal(outcome.closings, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_options_there_is_no_filter),
        cmocka_unit_test(test_a_custom_header_that_cannot_be_is_left_out_alone),
        cmocka_unit_test(test_what_protects_and_cannot_be_understood_closes),
        cmocka_unit_test(test_what_only_tells_browsers_is_left_out_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
