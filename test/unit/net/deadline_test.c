/* SPDX-License-Identifier: MIT */
/* The queue against a naive model: a list that is searched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/net/deadline.h"
#include <stdlib.h>

enum { COUNT = 60, ROUNDS = 20000 };

static struct deadline deadlines[COUNT];
static uint64_t expected[COUNT]; /* the model: when each is due */
static uint64_t now_ms, fired;
static struct deadline_queue queue;
static unsigned seed = 7;

static unsigned draw(unsigned below)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % below;
}

static void on_fire(struct deadline *deadline)
{
    size_t i = (size_t)(deadline - deadlines);

    assert_true(expected[i] <= now_ms);
    assert_true(deadline->at_ms == DEADLINE_NEVER);
    expected[i] = DEADLINE_NEVER;
    fired++;
    if (draw(4) == 0) { /* a fire function may set and remove any */
        size_t other = draw(COUNT);
        uint64_t at_ms = now_ms + 1 + draw(50);
        deadline_queue_set(&queue, &deadlines[other], at_ms);
        expected[other] = at_ms;
        other = draw(COUNT);
        deadline_queue_remove(&queue, &deadlines[other]);
        expected[other] = DEADLINE_NEVER;
    }
}

static uint64_t earliest(void)
{
    uint64_t first = DEADLINE_NEVER;
    for (size_t i = 0; i < COUNT; i++)
        first = expected[i] < first ? expected[i] : first;
    return first;
}

static void test_fires_what_a_list_would_fire(void **state)
{
    (void)state;
    deadline_queue_init(&queue);
    for (size_t i = 0; i < COUNT; i++) {
        deadline_init(&deadlines[i], on_fire);
        expected[i] = DEADLINE_NEVER;
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t i = draw(COUNT);
        uint64_t at_ms = now_ms + draw(100), before = deadline_queue_next(&queue);
        switch (draw(5)) {
        case 0:
            deadline_clear(&deadlines[i]);
            expected[i] = DEADLINE_NEVER;
            break;
        case 1:
            deadline_queue_remove(&queue, &deadlines[i]);
            expected[i] = DEADLINE_NEVER;
            break;
        case 2:
            now_ms += draw(30);
            deadline_queue_run(&queue, now_ms);
            for (size_t k = 0; k < COUNT; k++)
                assert_true(expected[k] > now_ms); /* none was forgotten */
            break;
        default:
            /* True only if the loop has to wake earlier than it knows of. */
            assert_int_equal(deadline_queue_set(&queue, &deadlines[i], at_ms), at_ms < before);
            expected[i] = at_ms;
            break;
        }
        assert_true(deadline_queue_next(&queue) <= earliest());
    }
    assert_true(fired > 1000);
    for (size_t i = 0; i < COUNT; i++)
        deadline_queue_remove(&queue, &deadlines[i]);
    deadline_queue_fini(&queue);
}

static void test_moving_later_and_clearing_do_not_touch_the_queue(void **state)
{
    struct deadline deadline;
    (void)state;

    deadline_queue_init(&queue);
    deadline_init(&deadline, on_fire);
    assert_true(deadline_queue_set(&queue, &deadline, 100));
    assert_false(deadline_queue_set(&queue, &deadline, 500));
    assert_int_equal(deadline_queue_next(&queue), 100);
    deadline_queue_run(&queue, 100); /* looked at, not due */
    assert_int_equal(deadline_queue_next(&queue), 500);
    assert_int_equal(deadline.at_ms, 500);
    deadline_clear(&deadline);
    deadline_queue_run(&queue, 1000);
    assert_int_equal(deadline_queue_next(&queue), DEADLINE_NEVER);
    deadline_queue_fini(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fires_what_a_list_would_fire),
        cmocka_unit_test(test_moving_later_and_clearing_do_not_touch_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
