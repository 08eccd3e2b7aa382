/* SPDX-License-Identifier: MIT */
/* Token buckets: what they give over time, how many are remembered, and that many threads get no more than one would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "filter/rate_table.h"
#include "waybill/base/map.h"
#include <stdatomic.h>
#include <stdlib.h>

enum { THREADS = 8 };
static const uint64_t ms = 1000000, s = 1000000000;

static struct rate_table *make(const struct rate *rates, size_t count)
{
    struct rate_table *table = aligned_alloc(64, sizeof *table);

    memset(table, 0, sizeof *table);
    rate_table_init(table, rates, count);
    return table;
}

static struct rate_table *make_one(int64_t period, int64_t average, int64_t burst)
{
    struct rate rate = rate_make(period, average, burst);
    return make(&rate, 1);
}

static void end(struct rate_table *table)
{
    rate_table_fini(table);
    free(table);
}

static bool takes(struct rate_table *table, uint64_t token, uint64_t now)
{
    return rate_table_take(table, token, now) == RATE_TAKEN;
}

static void test_the_burst_passes_then_one_in_each_step(void **state)
{
    struct rate_table *table = make_one((int64_t)(10 * s), 5, 3);
    (void)state;

    for (int i = 0; i < 3; i++)
        assert_true(takes(table, 1, 100 * s));
    assert_int_equal(rate_table_take(table, 1, 100 * s), 0);
    assert_false(takes(table, 1, 102 * s - 1));
    assert_true(takes(table, 1, 102 * s));
    assert_false(takes(table, 1, 102 * s));
    for (int i = 0; i < 3; i++) /* it holds no more than the burst */
        assert_true(takes(table, 1, 1000 * s));
    assert_false(takes(table, 1, 1000 * s));
    assert_true(takes(table, 2, 1000 * s)); /* another token */
    end(table);
}

/* Credit in nanoseconds, counted from refill to refill. */
static void test_no_fraction_is_lost_at_a_refill(void **state)
{
    struct rate_table *table = make_one((int64_t)s, 3, 4);
    uint64_t step = table->rates[0].step_ns, credit = 4 * step, now = 1000 * s, given = 0;
    (void)state;

    for (int i = 0; i < 20000; i++) {
        uint64_t passed = (uint64_t)rand() % (2 * step / 3);
        now += passed;
        credit = credit + passed > 4 * step ? 4 * step : credit + passed;
        bool expected = credit >= step;
        if (takes(table, 7, now) != expected)
            fail_msg("step %d", i);
        credit -= expected ? step : 0;
        given += expected;
    }
    assert_true(given > 5000);
    end(table);
}

static void test_all_buckets_give_or_none(void **state)
{
    const struct rate rates[] = {rate_make((int64_t)s, 1, 2), rate_make((int64_t)(60 * s), 1, 3)};
    struct rate_table *table = make(rates, 2);
    (void)state;

    assert_true(takes(table, 1, 0));
    assert_true(takes(table, 1, 0));
    assert_int_equal(rate_table_take(table, 1, 0), 0); /* the first has none left */
    assert_true(takes(table, 1, s));                   /* the refusal took nothing of the second */
    assert_int_equal(rate_table_take(table, 1, s), 1); /* both are empty: the longer wait counts */
    assert_int_equal(rate_table_take(table, 1, 30 * s), 1);
    assert_true(takes(table, 1, 60 * s));
    end(table);
}

static void test_values_at_the_edges_mean_what_they_say(void **state)
{
    struct rate rate = rate_make(1, INT64_MAX, INT64_MAX);
    (void)state;

    assert_int_equal(rate.step_ns, 1);
    rate = rate_make(INT64_MAX, 1, INT64_MAX);
    assert_true(rate.step_ns == rate.depth_ns && rate.step_ns > 140 * (365 * 24 * 3600 * s));
    struct rate_table *table = make(&rate, 1);
    assert_true(takes(table, 0, 0)); /* the token zero is one like others */
    assert_false(takes(table, 0, 1000 * s));
    end(table);
    /* 10,000 a second one at a time: time comes in milliseconds, and the average holds all the same. */
    table = make_one((int64_t)s, 10000, 1);
    unsigned given = 0;
    for (uint64_t now = 0; now < s; now += ms)
        for (int i = 0; i < 50; i++)
            given += takes(table, 1, now);
    assert_in_range(given, 9990, 10010);
    end(table);
}

static size_t room(const struct rate_table *table)
{
    size_t sets = 0;
    for (size_t i = 0; i < RATE_SHARDS; i++)
        sets += table->shards[i].set_count;
    return sets * 16;
}

static uint64_t token(uint64_t number)
{
    return hash_bytes(slice_make((const char *)&number, sizeof number));
}

/* Security case D10. */
static void test_a_flood_of_tokens_is_bounded_and_frees_nobody(void **state)
{
    struct rate_table *table = make_one((int64_t)(3600 * s), 1, 2);
    uint64_t victims[50], now = s;
    (void)state;

    for (size_t i = 0; i < 50; i++) {
        victims[i] = token(i + 1);
        while (takes(table, victims[i], now))
            continue;
    }
    for (uint64_t i = 0; i < 4 * RATE_TOKENS_MAX; i++)
        assert_true(takes(table, token(1000 + i), now + i * 1000));
    assert_true(room(table) <= RATE_TOKENS_MAX);
    for (size_t i = 0; i < 50; i++)
        assert_false(takes(table, victims[i], now + s));
    end(table);
}

static void test_who_owes_nothing_any_more_is_forgotten(void **state)
{
    struct rate_table *table = make_one((int64_t)s, 10, 1);
    (void)state;

    for (uint64_t i = 0; i < 100000; i++) /* a thousand each 0.1 s: as many owe something at a time */
        assert_true(takes(table, token(i), s + i * 100000));
    assert_true(room(table) <= 8192);
    end(table);
}

static void test_a_table_that_grows_forgets_nobody(void **state)
{
    struct rate_table *table = make_one((int64_t)(3600 * s), 1, 1);
    /* So few that sixteen of one set are out of the question, though hashes differ each time. */
    (void)state;

    for (uint64_t i = 0; i < 5000; i++)
        assert_true(takes(table, token(i), s));
    for (uint64_t i = 0; i < 5000; i++)
        assert_false(takes(table, token(i), 2 * s));
    end(table);
}

struct rush {
    struct rate_table *table;
    _Atomic uint64_t given;
};

static void *take_all(void *arg)
{
    struct rush *rush = arg;

    for (uint64_t i = 0; i < 20000; i++) {
        if (takes(rush->table, token(1), s))
            atomic_fetch_add(&rush->given, 1);
        takes(rush->table, token(2 + i % 5000), s + i);
    }
    return NULL;
}

static void test_many_workers_get_what_one_would(void **state)
{
    struct rush rush = {.table = make_one((int64_t)(3600 * s), 1, 5000)};
    pthread_t threads[THREADS];
    (void)state;

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_all, &rush), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(rush.given, 5000);
    end(rush.table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_burst_passes_then_one_in_each_step),
        cmocka_unit_test(test_no_fraction_is_lost_at_a_refill),
        cmocka_unit_test(test_all_buckets_give_or_none),
        cmocka_unit_test(test_values_at_the_edges_mean_what_they_say),
        cmocka_unit_test(test_a_flood_of_tokens_is_bounded_and_frees_nobody),
        cmocka_unit_test(test_who_owes_nothing_any_more_is_forgotten),
        cmocka_unit_test(test_a_table_that_grows_forgets_nobody),
        cmocka_unit_test(test_many_workers_get_what_one_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
