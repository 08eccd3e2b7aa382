/* SPDX-License-Identifier: MIT */
/* Buffering and timeouts are compiled: a limit that means nothing closes the frontend, everything else is left out (decisions.md
 * 10, 11). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "filter/filters_private.h"

struct outcome {
    enum filter_compiled compiled;
    unsigned warnings, closings;
};

static struct outcome compile(const struct filter_ops *ops, const struct model_frontend *frontend,
                              const struct model_backend *backend)
{
    struct outcome outcome = {FILTER_ABSENT, 0, 0};
    struct diagnostics diagnostics;
    struct arena arena;
    const void *config = NULL;

    arena_init(&arena, 0);
    diagnostics_init(&diagnostics);
    struct filter_source from = {
        .frontend = frontend, .backend = backend, .arena = &arena, .place = SLICE("here"), .diagnostics = &diagnostics};
    outcome.compiled = ops->compile(&from, &config);
    for (size_t i = 0; i < diagnostics.count; i++) {
        outcome.warnings += diagnostics.items[i].severity == DIAGNOSTIC_WARNING;
        outcome.closings += diagnostics.items[i].severity == DIAGNOSTIC_CLOSED;
    }
    diagnostics_fini(&diagnostics);
    arena_fini(&arena);
    return outcome;
}

static struct outcome compile_buffering(struct model_buffering buffering)
{
    static const struct model_frontend frontend = {0};
    const struct model_backend backend = {.buffering = &buffering};
    return compile(&filter_buffering, &frontend, &backend);
}

static struct outcome compile_timeouts(struct model_timeouts timeouts)
{
    const struct model_frontend frontend = {.timeouts = &timeouts};
    return compile(&filter_timeouts, &frontend, NULL);
}

static void expect(struct outcome outcome, enum filter_compiled compiled, unsigned warnings, unsigned closings)
{
    assert_int_equal(outcome.compiled, compiled);
    assert_int_equal(outcome.warnings, warnings);
    assert_int_equal(outcome.closings, closings);
}

static void test_limits_below_zero_close_the_frontend(void **state)
{
    (void)state;
    expect(compile_buffering((struct model_buffering){.max_request_body_bytes = -1}), FILTER_CLOSED, 0, 1);
    expect(compile_buffering((struct model_buffering){.max_response_body_bytes = INT64_MIN}), FILTER_CLOSED, 0, 1);
    expect(compile_buffering((struct model_buffering){.max_request_body_bytes = 1}), FILTER_MADE, 0, 0);
    expect(compile_buffering((struct model_buffering){0}), FILTER_MADE, 0, 0); /* no limit, but collected */
}

static void test_memory_below_zero_is_the_usual_one(void **state)
{
    (void)state;
    expect(compile_buffering((struct model_buffering){.mem_request_body_bytes = -1}), FILTER_MADE, 1, 0);
    expect(compile_buffering((struct model_buffering){.mem_response_body_bytes = -5, .mem_request_body_bytes = -5}),
           FILTER_MADE, 2, 0);
    expect(compile_buffering((struct model_buffering){.mem_request_body_bytes = INT64_MAX}), FILTER_MADE, 0, 0);
}

static void test_a_condition_that_cannot_be_read_is_no_retry(void **state)
{
    static const char *const good[] = {"IsNetworkError()", "Attempts() < 3 && (ResponseCode() >= 500 || IsNetworkError())",
                                       "RequestMethod() == \"GET\" && ResponseCode() == 503"};
    static const char *const bad[] = {"IsNetworkError", "Attempts() > \"x\"", "NetworkErrorRatio() > 0.5",
                                      "RequestMethod() > \"GET\"", "&&"};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(good); i++)
        expect(compile_buffering((struct model_buffering){.retry_expression = slice_of(good[i])}), FILTER_MADE, 0, 0);
    for (size_t i = 0; i < WB_COUNT(bad); i++)
        expect(compile_buffering((struct model_buffering){.retry_expression = slice_of(bad[i])}), FILTER_MADE, 1, 0);
}

static void test_without_the_option_there_is_no_filter(void **state)
{
    static const struct model_frontend frontend = {0};
    static const struct model_backend backend = {0};
    (void)state;

    expect(compile(&filter_buffering, &frontend, &backend), FILTER_ABSENT, 0, 0);
    expect(compile(&filter_buffering, &frontend, NULL), FILTER_ABSENT, 0, 0);
    expect(compile(&filter_timeouts, &frontend, &backend), FILTER_ABSENT, 0, 0);
}

static void test_times(void **state)
{
    static const char *const bad[] = {"-1s", "x", "1 s", "5x", "99999999999"};
    (void)state;

    expect(compile_timeouts((struct model_timeouts){.dial = SLICE("2s")}), FILTER_MADE, 0, 0);
    expect(compile_timeouts((struct model_timeouts){.response_header = SLICE("0")}), FILTER_MADE, 0, 0);
    expect(compile_timeouts((struct model_timeouts){.body = SLICE("1m30s"), .total = SLICE("10")}), FILTER_MADE, 0, 0);
    expect(compile_timeouts((struct model_timeouts){.total = SLICE("0")}), FILTER_ABSENT, 0, 0);
    expect(compile_timeouts((struct model_timeouts){0}), FILTER_ABSENT, 0, 0);
    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        expect(compile_timeouts((struct model_timeouts){.total = slice_of(bad[i])}), FILTER_ABSENT, 1, 0);
        expect(compile_timeouts((struct model_timeouts){.dial = slice_of(bad[i]), .body = SLICE("1s")}), FILTER_MADE, 1, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_below_zero_close_the_frontend),
        cmocka_unit_test(test_memory_below_zero_is_the_usual_one),
        cmocka_unit_test(test_a_condition_that_cannot_be_read_is_no_retry),
        cmocka_unit_test(test_without_the_option_there_is_no_filter),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
