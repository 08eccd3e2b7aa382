/* SPDX-License-Identifier: MIT */
/* How limits and breakers are compiled: what cannot be understood closes the frontend and says why (decisions.md 10). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "filter/filters_private.h"
#include <stdio.h>

static unsigned states; /* of live state asked for */
static struct slice last_identity;

static void *make_live(const struct filter_source *from, struct slice identity, size_t bytes, void (*fini)(void *live))
{
    (void)fini; /* nothing is taken from what is made here */
    states++;
    last_identity = identity;
    return live_of_arena(from->arena, bytes);
}

static const struct filter_source_ops source_ops = {.live = make_live};

struct outcome {
    enum filter_compiled compiled;
    unsigned closings, states;
    char message[300], identity[300];
    size_t identity_len;
};

static struct outcome compile(const struct filter_ops *ops, const struct model_frontend *frontend,
                              const struct model_backend *backend)
{
    struct diagnostics diagnostics;
    struct arena arena;
    const void *config = NULL;
    struct outcome outcome = {.compiled = FILTER_ABSENT};

    arena_init(&arena, 0);
    diagnostics_init(&diagnostics);
    states = 0;
    last_identity = SLICE("");
    struct filter_source from = {.frontend = frontend,
                                 .backend = backend,
                                 .provider = SLICE("docker"),
                                 .arena = &arena,
                                 .place = SLICE("container web"),
                                 .diagnostics = &diagnostics,
                                 .ops = &source_ops};
    outcome.compiled = ops->compile(&from, &config);
    assert_int_equal(outcome.compiled == FILTER_MADE, config != NULL);
    for (size_t i = 0; i < diagnostics.count; i++) {
        assert_string_equal(diagnostics.items[i].place, "container web");
        outcome.closings += diagnostics.items[i].severity == DIAGNOSTIC_CLOSED;
        snprintf(outcome.message, sizeof outcome.message, "%s", diagnostics.items[i].text);
    }
    outcome.states = states;
    outcome.identity_len = last_identity.len;
    memcpy(outcome.identity, last_identity.ptr, last_identity.len);
    diagnostics_fini(&diagnostics);
    arena_fini(&arena);
    return outcome;
}

static struct outcome compile_rate(const char *extractor, struct model_rate *rates, size_t count)
{
    struct model_rate_limit limit = {.rates = rates, .rate_count = count, .extractor_func = slice_of(extractor)};
    struct model_frontend frontend = {.name = SLICE("f"), .backend = SLICE("b"), .rate_limit = &limit};
    return compile(&filter_rate_limit, &frontend, NULL);
}

static struct outcome compile_conn(int64_t amount, const char *extractor)
{
    struct model_max_conn limit = {.amount = amount, .extractor_func = slice_of(extractor)};
    struct model_frontend frontend = {.name = SLICE("f")};
    struct model_backend backend = {.name = SLICE("b"), .max_conn = &limit};
    return compile(&filter_max_conn, &frontend, &backend);
}

static struct outcome compile_breaker(const char *expression)
{
    struct model_circuit_breaker breaker = {.expression = slice_of(expression)};
    struct model_frontend frontend = {.name = SLICE("f")};
    struct model_backend backend = {.name = SLICE("b"), .circuit_breaker = &breaker};
    return compile(&filter_circuit_breaker, &frontend, &backend);
}

static void assert_closed(struct outcome outcome, const char *says)
{
    assert_int_equal(outcome.compiled, FILTER_CLOSED);
    assert_int_equal(outcome.closings, 1);
    assert_int_equal(outcome.states, 0);
    if (!strstr(outcome.message, says))
        fail_msg("%s", outcome.message);
}

static void test_without_options_there_is_no_filter(void **state)
{
    struct model_frontend frontend = {.name = SLICE("f")};
    struct model_backend backend = {.name = SLICE("b")};
    (void)state;

    assert_int_equal(compile(&filter_rate_limit, &frontend, &backend).compiled, FILTER_ABSENT);
    assert_int_equal(compile(&filter_max_conn, &frontend, &backend).compiled, FILTER_ABSENT);
    assert_int_equal(compile(&filter_max_conn, &frontend, NULL).compiled, FILTER_ABSENT);
    assert_int_equal(compile(&filter_circuit_breaker, &frontend, &backend).compiled, FILTER_ABSENT);
    assert_int_equal(compile(&filter_circuit_breaker, &frontend, NULL).compiled, FILTER_ABSENT);
    assert_int_equal(compile_conn(0, "nonsense").compiled, FILTER_ABSENT); /* 0 is off */
    assert_int_equal(compile_rate("client.ip", NULL, 0).compiled, FILTER_ABSENT);
    assert_int_equal(compile_rate("", NULL, 0).compiled, FILTER_ABSENT);
}

static void test_extractors_are_those_of_1_7(void **state)
{
    static const char *const good[] = {"client.ip", "request.host", "request.header.X-Key", " client.ip "},
                             *const bad[] = {"",
                                             "client",
                                             "Client.IP",
                                             "client.ip.x",
                                             "request.header.",
                                             "request.header.X Y",
                                             "request.header",
                                             "request.path"};
    struct model_rate rates[] = {{.name = SLICE("r"), .period_ns = 1000000000, .average = 1, .burst = 1}};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(good); i++) {
        assert_int_equal(compile_rate(good[i], rates, 1).compiled, FILTER_MADE);
        assert_int_equal(compile_conn(1, good[i]).compiled, FILTER_MADE);
    }
    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        assert_closed(compile_rate(bad[i], rates, 1), "client.ip, request.host or request.header.");
        assert_closed(compile_conn(1, bad[i]), "client.ip, request.host or request.header.");
    }
}

static void test_limits_that_are_none_close(void **state)
{
    static const struct model_rate bad[] = {{.period_ns = 0, .average = 1, .burst = 1},
                                            {.period_ns = -1, .average = 1, .burst = 1},
                                            {.period_ns = 1, .average = 0, .burst = 1},
                                            {.period_ns = 1, .average = 1, .burst = 0},
                                            {.period_ns = 1, .average = 1, .burst = INT64_MIN}};
    struct model_rate many[9];
    (void)state;

    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        struct model_rate rates[] = {{.name = SLICE("a"), .period_ns = 1, .average = 1, .burst = 1}, bad[i]};
        rates[1].name = SLICE("z");
        assert_closed(compile_rate("client.ip", rates, 2), "rateSet z: ");
    }
    for (size_t i = 0; i < WB_COUNT(many); i++)
        many[i] = (struct model_rate){.name = SLICE("m"), .period_ns = 1 + (int64_t)(i % 8), .average = 1, .burst = 1};
    assert_int_equal(compile_rate("client.ip", many, 9).compiled, FILTER_MADE); /* eight periods, one of them twice */
    many[8].period_ns = 100;
    assert_closed(compile_rate("client.ip", many, 9), "too many");
    assert_closed(compile_conn(-1, "client.ip"), "amount -1");
    assert_closed(compile_breaker("NetworkErrorRatio() > half"), "NetworkErrorRatio() > half");
    assert_closed(compile_breaker(""), "circuitBreaker");
    assert_int_equal(compile_breaker(" NetworkErrorRatio() > 1 ").compiled, FILTER_MADE);
}

static bool same_state(struct outcome a, struct outcome b)
{
    assert_int_equal(a.states, 1);
    assert_int_equal(b.states, 1);
    return a.identity_len == b.identity_len && memcmp(a.identity, b.identity, a.identity_len) == 0;
}

static void test_state_goes_on_as_long_as_the_options_are_the_same(void **state)
{
    struct model_rate one[] = {{.name = SLICE("r"), .period_ns = 1000000000, .average = 1, .burst = 1}};
    struct model_rate renamed[] = {{.name = SLICE("s"), .period_ns = 1000000000, .average = 1, .burst = 1}};
    struct model_rate other[] = {{.name = SLICE("r"), .period_ns = 1000000000, .average = 1, .burst = 2}};
    (void)state;

    assert_true(same_state(compile_rate("client.ip", one, 1), compile_rate(" client.ip", renamed, 1)));
    assert_false(same_state(compile_rate("client.ip", one, 1), compile_rate("client.ip", other, 1)));
    assert_false(same_state(compile_rate("client.ip", one, 1), compile_rate("request.host", one, 1)));
    assert_true(same_state(compile_conn(1, "client.ip"), compile_conn(2, "client.ip"))); /* who is in is counted */
    assert_false(same_state(compile_conn(1, "client.ip"), compile_conn(1, "request.host")));
    assert_true(same_state(compile_breaker("NetworkErrorRatio() > 1"), compile_breaker("NetworkErrorRatio() > 1 ")));
    assert_false(same_state(compile_breaker("NetworkErrorRatio() > 1"), compile_breaker("NetworkErrorRatio() > 2")));
}

static void test_names_cannot_be_mixed_up(void **state)
{
    struct model_backend backends[] = {{.name = SLICE("b1 ")}, {.name = SLICE("b")}};
    struct model_frontend frontend = {.name = SLICE("f")};
    struct arena arena;
    (void)state;

    arena_init(&arena, 0);
    struct filter_source from = {.frontend = &frontend, .backend = &backends[0], .provider = SLICE("file"), .arena = &arena};
    struct slice a = filter_identity(&from, "x", SLICE("2"));
    from.backend = &backends[1];
    struct slice b = filter_identity(&from, "x", SLICE("2"));
    assert_false(slice_eq(a, filter_identity(&from, "x", SLICE("1 2"))));
    assert_false(slice_eq(filter_identity(&from, "x", SLICE("2")), filter_identity(&from, "y", SLICE("2"))));
    from.backend = &(struct model_backend){.name = SLICE("c")}; /* as long as the other */
    assert_false(slice_eq(filter_identity(&from, "x", SLICE("2")), b));
    from.provider = SLICE("docker");
    struct slice docker = filter_identity(&from, "x", SLICE("2"));
    from.provider = SLICE("file");
    assert_false(slice_eq(docker, filter_identity(&from, "x", SLICE("2"))));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_options_there_is_no_filter),
        cmocka_unit_test(test_extractors_are_those_of_1_7),
        cmocka_unit_test(test_limits_that_are_none_close),
        cmocka_unit_test(test_state_goes_on_as_long_as_the_options_are_the_same),
        cmocka_unit_test(test_names_cannot_be_mixed_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
