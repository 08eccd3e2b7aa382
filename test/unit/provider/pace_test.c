/* SPDX-License-Identifier: MIT */
/* When the Swarm is looked at without an event that asks for it. */
#include "docker/pace.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Looks whenever it is due until `until_ms`, and counts. */
static unsigned count_looks(struct pace *pace, uint64_t until_ms, bool in_motion)
{
    unsigned looks = 0;

    while (pace->due_ms < until_ms) {
        pace_looked(pace, pace->due_ms, false, in_motion);
        looks++;
    }
    return looks;
}

static void test_after_a_change_looks_come_soon_and_then_less_often(void **state)
{
    struct pace pace = {.refresh_ms = 15000};
    static const uint64_t wanted[] = {1200, 1600, 2400, 4000, 7200, 13600, 26400, 41400, 56400};

    (void)state;
    pace_looked(&pace, 1000, true, false);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_int_equal(pace.due_ms, wanted[i]);
        pace_looked(&pace, pace.due_ms, false, false);
    }
    pace_looked(&pace, 60000, true, false);
    assert_int_equal(pace.due_ms, 60200);
}

static void test_what_moves_is_looked_at_every_second_for_a_minute(void **state)
{
    struct pace pace = {.refresh_ms = 15000};

    (void)state;
    pace_looked(&pace, 0, true, true);
    assert_in_range(count_looks(&pace, 60000, true), 60, 64);
    assert_in_range(count_looks(&pace, 120000, true), 4, 9);
}

static void test_a_refresh_that_is_asked_for_is_never_exceeded(void **state)
{
    struct pace pace = {.refresh_ms = 100};

    (void)state;
    pace_looked(&pace, 0, false, true);
    assert_int_equal(pace.due_ms, 100);
    pace_looked(&pace, 100, true, false);
    assert_int_equal(pace.due_ms, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_after_a_change_looks_come_soon_and_then_less_often),
        cmocka_unit_test(test_what_moves_is_looked_at_every_second_for_a_minute),
        cmocka_unit_test(test_a_refresh_that_is_asked_for_is_never_exceeded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
