/* SPDX-License-Identifier: MIT */
/* The circuit breaker's states over time, what its conditions count, and that what one worker decides holds for all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "filter/breaker.h"
#include <stdlib.h>

enum { THREADS = 8, BEGIN_MS = 1000000 };

struct rig {
    struct arena arena;
    struct expression expression;
    struct breaker breaker;
    uint64_t now_ms;
};

static void begin(struct rig *rig, const char *text)
{
    struct slice error;

    memset(rig, 0, sizeof *rig);
    arena_init(&rig->arena, 0);
    if (!breaker_parse(&rig->arena, slice_of(text), &rig->expression, &error))
        fail_msg("%s: " SLICE_FMT, text, SLICE_ARG(error));
    breaker_init(&rig->breaker);
    rig->now_ms = BEGIN_MS;
}

static void end(struct rig *rig)
{
    breaker_fini(&rig->breaker);
    arena_fini(&rig->arena);
}

/* After the time that the next check waits for. */
static bool reply(struct rig *rig, unsigned status, uint64_t latency_ms)
{
    rig->now_ms += BREAKER_CHECK_MS;
    return breaker_note(&rig->breaker, &rig->expression, 0, status, latency_ms, rig->now_ms);
}

static bool passes(struct rig *rig)
{
    return breaker_ask(&rig->breaker, rig->now_ms) != BREAKER_REFUSES;
}

static void test_one_error_trips_and_ten_seconds_nothing_passes(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, "NetworkErrorRatio() > 0.5");
    assert_true(passes(&rig));
    assert_true(reply(&rig, 502, 1));
    assert_false(passes(&rig));
    assert_false(reply(&rig, 502, 1)); /* of one that was under way: it is tripped already */
    rig.now_ms += BREAKER_TRIPPED_MS - BREAKER_CHECK_MS - 1;
    assert_false(passes(&rig));
    end(&rig);
}

/* spec/proxy.md 9: first after 11.5 s, a half by 20 s, then all. */
static void test_recovering_lets_a_growing_share_pass(void **state)
{
    struct rig rig;
    unsigned passed = 0, late = 0;
    uint64_t first_ms = 0;
    (void)state;

    begin(&rig, "NetworkErrorRatio() > 0.5");
    reply(&rig, 504, 1);
    uint64_t tripped_ms = rig.now_ms;
    for (; rig.now_ms < tripped_ms + 20000; rig.now_ms += 100) {
        if (!passes(&rig))
            continue;
        first_ms = first_ms ? first_ms : rig.now_ms - tripped_ms;
        passed++;
        late += rig.now_ms >= tripped_ms + 15000;
    }
    assert_in_range(first_ms, 11000, 12000);
    assert_in_range(passed, 30, 55); /* of 100; the share is a half at the end */
    assert_true(late > passed / 2);
    rig.now_ms += 100;
    assert_int_equal(breaker_ask(&rig.breaker, rig.now_ms + 1000), BREAKER_RECOVERED);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(breaker_ask(&rig.breaker, rig.now_ms + 1000), BREAKER_PASSES);
    end(&rig);
}

static void test_an_error_while_recovering_trips_again(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, "NetworkErrorRatio() > 0.5");
    reply(&rig, 502, 1);
    rig.now_ms += BREAKER_TRIPPED_MS;
    passes(&rig);
    rig.now_ms += 5000;
    unsigned asked = 1;
    while (!passes(&rig))
        asked++;
    assert_int_equal(asked, 4);        /* one of five is below a quarter */
    assert_false(reply(&rig, 200, 1)); /* what was counted before it tripped is void */
    assert_false(reply(&rig, 502, 1)); /* one of two: not more than a half */
    assert_true(reply(&rig, 502, 1));
    assert_false(passes(&rig));
    rig.now_ms += BREAKER_TRIPPED_MS - 1;
    assert_false(passes(&rig));
    end(&rig);
}

static void test_what_was_counted_before_it_tripped_is_void(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, "LatencyAtQuantileMS(100.0) > 100");
    assert_true(reply(&rig, 200, 101));
    rig.now_ms += BREAKER_TRIPPED_MS;
    passes(&rig);
    assert_false(reply(&rig, 200, 1)); /* though latencies count for a minute */
    assert_true(reply(&rig, 200, 101));
    end(&rig);
}

static void test_the_condition_is_asked_every_100_ms(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, "ResponseCodeRatio(500, 600, 0, 600) >= 0.5");
    assert_false(reply(&rig, 200, 1));
    assert_false(breaker_note(&rig.breaker, &rig.expression, 0, 500, 1, rig.now_ms + 99));
    assert_false(breaker_note(&rig.breaker, &rig.expression, 0, 500, 1, rig.now_ms + 99));
    assert_true(breaker_note(&rig.breaker, &rig.expression, 0, 200, 1, rig.now_ms + 100));
    end(&rig);
}

/* What a condition says after replies, each `status` at so many milliseconds. */
struct seen {
    uint64_t at_ms;
    unsigned status;
    uint64_t latency_ms;
};

static bool holds_after(const char *text, const struct seen *seen, size_t count)
{
    struct slice error;
    struct arena arena;
    struct expression expression;

    arena_init(&arena, 0);
    assert_true(breaker_parse(&arena, slice_of(text), &expression, &error));
    struct breaker_counts *counts = breaker_counts_create(&expression);
    for (size_t i = 0; i < count; i++)
        breaker_counts_add(counts, &expression, 0, seen[i].status, seen[i].latency_ms, BEGIN_MS + seen[i].at_ms);
    bool holds = breaker_counts_ask(counts, &expression, 0, BEGIN_MS + seen[count - 1].at_ms);
    free(counts);
    arena_fini(&arena);
    return holds;
}
#define HOLDS_AFTER(text, ...) \
    holds_after(text, (const struct seen[]){__VA_ARGS__}, sizeof((const struct seen[]){__VA_ARGS__}) / sizeof(struct seen))

static void test_ratios_count_the_last_ten_seconds(void **state)
{
    (void)state;
    assert_true(HOLDS_AFTER("NetworkErrorRatio() == 0.5", {0, 502, 0}, {0, 504, 0}, {0, 200, 0}, {9999, 500, 0}));
    assert_true(HOLDS_AFTER("NetworkErrorRatio() == 0", {0, 502, 0}, {10000, 500, 0}));
    assert_true(HOLDS_AFTER("NetworkErrorRatio() == 0", {0, 502, 0}, {100000000, 500, 0}));
    assert_true(HOLDS_AFTER("NetworkErrorRatio() == 1", {5000, 502, 0}, {14999, 502, 0}));
    /* From inclusive, to exclusive; 200..299 among 200..499. */
    assert_true(HOLDS_AFTER("ResponseCodeRatio(200, 300, 200, 500) == 0.25", {0, 200, 0}, {0, 300, 0}, {0, 404, 0},
                            {0, 499, 0}, {0, 500, 0}));
    assert_true(HOLDS_AFTER("ResponseCodeRatio(200, 300, 600, 700) == 0", {0, 200, 0})); /* nothing among nothing */
    assert_true(
        HOLDS_AFTER("NetworkErrorRatio() > 0.4 && ResponseCodeRatio(500, 600, 0, 600) == 0.5", {0, 502, 0}, {0, 200, 0}));
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void test_a_quantile_is_that_of_the_sorted_latencies(void **state)
{
    static const char *const signs[] = {">", ">=", "<", "<=", "==", "!="};
    static const double quantiles[] = {0, 1, 50, 90, 99.9, 100, 200};
    (void)state;

    for (unsigned round = 0; round < 600; round++) {
        uint64_t sorted[40];
        struct seen seen[40];
        size_t count = 1 + (size_t)rand() % 40;
        for (size_t i = 0; i < count; i++) {
            sorted[i] = (uint64_t)rand() % 12;
            seen[i] = (struct seen){i * 1000, 200, sorted[i]};
        }
        qsort(sorted, count, sizeof *sorted, compare_numbers);
        double quantile = quantiles[round % WB_COUNT(quantiles)];
        size_t rank = (size_t)((quantile > 100 ? 100 : quantile) / 100 * (double)count + 0.5);
        uint64_t value = rank ? sorted[rank - 1] : 0, limit = (uint64_t)rand() % 12;
        const bool expected[] = {value > limit,  value >= limit, value < limit,
                                 value <= limit, value == limit, value != limit};
        for (size_t sign = 0; sign < WB_COUNT(signs); sign++) {
            char *text = wb_format("LatencyAtQuantileMS(%.1f) %s %u", quantile, signs[sign], (unsigned)limit);
            if (holds_after(text, seen, count) != expected[sign])
                fail_msg("round %u, of %zu: %s, but it is %u", round, count, text, (unsigned)value);
            free(text);
        }
    }
}

static void test_latencies_count_for_a_minute(void **state)
{
    (void)state;
    assert_true(HOLDS_AFTER("LatencyAtQuantileMS(100.0) > 100", {0, 200, 101}, {59999, 200, 1}));
    assert_false(HOLDS_AFTER("LatencyAtQuantileMS(100.0) > 100", {0, 200, 101}, {60000, 200, 1}));
    assert_false(HOLDS_AFTER("LatencyAtQuantileMS(50.0) > 100", {0, 200, 100}));
    assert_true(HOLDS_AFTER("LatencyAtQuantileMS(50) > 99.5", {0, 200, 100})); /* defects B25 */
}

enum { TOGETHER_MS = 1000 };

struct crowd {
    struct rig *rig;
    pthread_barrier_t *together;
    unsigned worker;
    uint64_t passed, tripped;
};

static void *serve(void *arg)
{
    struct crowd *own = arg;
    struct rig *rig = own->rig;

    for (uint64_t now = BEGIN_MS; now < BEGIN_MS + 60000; now += 5) {
        if (now % TOGETHER_MS == 0)
            pthread_barrier_wait(own->together);
        if (breaker_ask(&rig->breaker, now) == BREAKER_REFUSES)
            continue;
        own->passed++;
        own->tripped += breaker_note(&rig->breaker, &rig->expression, own->worker, own->worker ? 200 : 502, 1, now);
    }
    return NULL;
}

/* Each at its own pace, for a second at a time: clocks are apart by far more than workers' are. With no bound one might begin when
 * the others have ended, and see nothing of what they decided. */
static void test_what_one_worker_decides_holds_for_all(void **state)
{
    struct crowd crowd[THREADS];
    pthread_t threads[THREADS];
    pthread_barrier_t together;
    struct rig rig;
    uint64_t tripped = 0;
    (void)state;

    begin(&rig, "NetworkErrorRatio() > 0.5");
    assert_true(breaker_note(&rig.breaker, &rig.expression, 3, 502, 1, BEGIN_MS));
    assert_int_equal(breaker_ask(&rig.breaker, BEGIN_MS + 1), BREAKER_REFUSES); /* whoever asks */
    assert_int_equal(pthread_barrier_init(&together, NULL, THREADS), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        crowd[i] = (struct crowd){.rig = &rig, .together = &together, .worker = i};
        assert_int_equal(pthread_create(&threads[i], NULL, serve, &crowd[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        tripped += crowd[i].tripped;
    }
    assert_int_equal(atomic_load(&rig.breaker.trips), 1 + tripped);
    for (unsigned i = 0; i < THREADS; i++) /* none passes while it is tripped, whoever tripped it */
        assert_true(crowd[i].passed <= (60000 - BREAKER_TRIPPED_MS) / 5);
    pthread_barrier_destroy(&together);
    end(&rig);
}

static void test_a_condition_that_is_none_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "NetworkErrorRatio()",
                                      "NetworkErrorRatio > 1",
                                      "LatencyAtQuantileMS() > 1",
                                      "IsNetworkError()",
                                      "ResponseCodeRatio(500, 600) > 0.5",
                                      "NetworkErrorRatio() > 0.5 or NetworkErrorRatio() > 0.5",
                                      "!NetworkErrorRatio() > 0.5"};
    struct expression expression;
    struct slice error;
    struct arena arena;
    (void)state;

    arena_init(&arena, 0);
    for (size_t i = 0; i < WB_COUNT(bad); i++)
        assert_false(breaker_parse(&arena, slice_of(bad[i]), &expression, &error));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_error_trips_and_ten_seconds_nothing_passes),
        cmocka_unit_test(test_recovering_lets_a_growing_share_pass),
        cmocka_unit_test(test_an_error_while_recovering_trips_again),
        cmocka_unit_test(test_what_was_counted_before_it_tripped_is_void),
        cmocka_unit_test(test_the_condition_is_asked_every_100_ms),
        cmocka_unit_test(test_ratios_count_the_last_ten_seconds),
        cmocka_unit_test(test_a_quantile_is_that_of_the_sorted_latencies),
        cmocka_unit_test(test_latencies_count_for_a_minute),
        cmocka_unit_test(test_what_one_worker_decides_holds_for_all),
        cmocka_unit_test(test_a_condition_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
