/* SPDX-License-Identifier: MIT */
/* The moving weights of drr: who stands out loses its share, and gets it back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "rebalance.h"

/* `times` seconds in which each server answers once, those of `bad` (a bit each) with 500. Returns how often weights changed. */
static unsigned answer_for(struct rebalancer *r, unsigned seconds, unsigned bad, uint64_t *now_ms)
{
    unsigned changes = 0;

    for (unsigned s = 0; s < seconds; s++, *now_ms += 1000)
        for (size_t i = 0; i < r->count; i++)
            changes += rebalancer_note(r, i, bad >> i & 1 ? 500 : 200, *now_ms + 200 * i);
    return changes;
}

static void expect_weights(const struct rebalancer *r, unsigned a, unsigned b, unsigned c)
{
    assert_int_equal(r->servers[0].weight, a);
    assert_int_equal(r->servers[1].weight, b);
    if (r->count > 2)
        assert_int_equal(r->servers[2].weight, c);
}

static void test_nothing_moves_before_there_is_enough_to_judge_by(void **state)
{
    struct rebalancer r;
    uint64_t now_ms = 5000000;
    (void)state;

    rebalancer_init(&r, (unsigned[]){1, 1}, 2);
    assert_int_equal(answer_for(&r, 9, 1, &now_ms), 0);
    expect_weights(&r, 1, 1, 0);
    assert_int_equal(answer_for(&r, 1, 1, &now_ms), 1); /* the tenth second */
    expect_weights(&r, 1, 4, 0);
    rebalancer_fini(&r);
}

static void test_who_answers_badly_loses_its_share_step_by_step_and_gets_it_back(void **state)
{
    struct rebalancer r;
    uint64_t now_ms = 5000000;
    (void)state;

    rebalancer_init(&r, (unsigned[]){1, 1, 1}, 3);
    assert_int_equal(answer_for(&r, 10, 2, &now_ms), 1);
    expect_weights(&r, 4, 1, 4);
    assert_int_equal(answer_for(&r, 9, 2, &now_ms), 0); /* ten seconds of rest */
    assert_int_equal(answer_for(&r, 2, 2, &now_ms), 1);
    expect_weights(&r, 16, 1, 16);
    answer_for(&r, 200, 2, &now_ms);
    expect_weights(&r, 4096, 1, 4096); /* not beyond that */
    answer_for(&r, 10, 0, &now_ms);    /* what was bad is forgotten */
    answer_for(&r, 100, 0, &now_ms);
    expect_weights(&r, 1, 1, 1);
    assert_int_equal(answer_for(&r, 60, 0, &now_ms), 0);
    rebalancer_fini(&r);
}

static void test_when_all_are_alike_nothing_moves(void **state)
{
    struct rebalancer r;
    uint64_t now_ms = 5000000;
    (void)state;

    rebalancer_init(&r, (unsigned[]){2, 2, 6}, 3);
    expect_weights(&r, 1, 1, 3);
    assert_int_equal(answer_for(&r, 40, 7, &now_ms), 0);
    assert_int_equal(answer_for(&r, 40, 0, &now_ms), 0);
    expect_weights(&r, 1, 1, 3);
    rebalancer_fini(&r);
}

static void test_configured_weights_that_have_a_divisor_settle(void **state)
{
    struct rebalancer r;
    uint64_t now_ms = 5000000;
    (void)state;

    rebalancer_init(&r, (unsigned[]){2, 2}, 2);
    assert_true(answer_for(&r, 10, 1, &now_ms) == 1);
    expect_weights(&r, 1, 4, 0);
    answer_for(&r, 60, 0, &now_ms);
    expect_weights(&r, 1, 1, 0);
    assert_int_equal(answer_for(&r, 60, 0, &now_ms), 0);
    rebalancer_fini(&r);
}

static void test_only_500_to_504_are_bad(void **state)
{
    static const unsigned fine[] = {101, 200, 404, 429, 499, 505, 599};
    struct rebalancer r;
    (void)state;

    for (size_t i = 0; i < WB_COUNT(fine); i++) {
        rebalancer_init(&r, (unsigned[]){1, 1}, 2);
        for (uint64_t s = 0; s < 30; s++)
            assert_false(rebalancer_note(&r, 0, fine[i], 1000 * (s + 100)) || rebalancer_note(&r, 1, 200, 1000 * (s + 100)));
        rebalancer_fini(&r);
    }
    for (unsigned status = 500; status <= 504; status++) {
        bool changed = false;
        rebalancer_init(&r, (unsigned[]){1, 1}, 2);
        for (uint64_t s = 0; s < 12; s++) {
            changed = rebalancer_note(&r, 0, status, 1000 * (s + 100)) || changed;
            changed = rebalancer_note(&r, 1, 200, 1000 * (s + 100) + 200) || changed;
        }
        assert_true(changed);
        rebalancer_fini(&r);
    }
}

/* What fails its health check, or has weight 0, is waited for by nobody. */
static void test_who_takes_no_part_holds_nobody_up(void **state)
{
    struct rebalancer r;
    (void)state;

    rebalancer_init(&r, (unsigned[]){1, 1, 3, 0}, 4);
    r.servers[2].absent = true;
    bool changed = false;
    for (uint64_t s = 0; s < 12; s++) {
        changed = rebalancer_note(&r, 0, 502, 1000 * (s + 100)) || changed;
        changed = rebalancer_note(&r, 1, 200, 1000 * (s + 100) + 200) || changed;
    }
    assert_true(changed);
    expect_weights(&r, 1, 4, 3); /* the absent one keeps its weight (defects B29) */
    rebalancer_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_moves_before_there_is_enough_to_judge_by),
        cmocka_unit_test(test_who_answers_badly_loses_its_share_step_by_step_and_gets_it_back),
        cmocka_unit_test(test_when_all_are_alike_nothing_moves),
        cmocka_unit_test(test_configured_weights_that_have_a_divisor_settle),
        cmocka_unit_test(test_only_500_to_504_are_bad),
        cmocka_unit_test(test_who_takes_no_part_holds_nobody_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
