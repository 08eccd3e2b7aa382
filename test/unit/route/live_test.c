/* SPDX-License-Identifier: MIT */
/* Live state: one for an identity, as long as anybody holds it or has a reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include "waybill/route/live.h"

static _Atomic int finished;

static void note_end(void *live)
{
    (void)live;
    atomic_fetch_add(&finished, 1);
}

static void test_one_identity_is_one_state(void **state)
{
    struct live_table table;
    (void)state;

    atomic_store(&finished, 0);
    live_table_init(&table);
    int *a = live_hold(&table, SLICE("a"), 100, note_end);
    int *again = live_hold(&table, SLICE("a"), 100, note_end), *b = live_hold(&table, SLICE("b"), sizeof(int), note_end);
    assert_ptr_equal(a, again);
    assert_ptr_not_equal(a, b);
    assert_int_equal((uintptr_t)a % 64, 0);
    assert_int_equal(*a, 0);
    *a = 7;
    live_drop(&table, a);
    assert_int_equal(*again, 7); /* one hold is left */
    live_drop(&table, again);
    assert_int_equal(finished, 1);
    live_drop(&table, b);
    assert_int_equal(finished, 2);
    live_table_fini(&table);
}

static void test_a_reference_outlives_the_configuration_but_is_not_found_any_more(void **state)
{
    struct live_table table;
    (void)state;

    atomic_store(&finished, 0);
    live_table_init(&table);
    int *a = live_hold(&table, SLICE("a"), sizeof(int), note_end);
    void *mine = live_ref(a);
    *a = 7;
    live_drop(&table, a);
    assert_int_equal(finished, 0);
    int *new = live_hold(&table, SLICE("a"), sizeof(int), note_end);
    assert_ptr_not_equal(new, a);
    assert_int_equal(*new, 0);
    assert_int_equal(*a, 7);
    live_unref(&mine);
    assert_null(mine);
    assert_int_equal(finished, 1);
    live_drop(&table, new);
    live_table_fini(&table);
}

static void *take_and_leave(void *live)
{
    for (int i = 0; i < 10000; i++) {
        void *mine = live_ref(live);
        live_unref(&mine);
    }
    live_unref(&live);
    return NULL;
}

static void test_the_last_of_many_threads_ends_it(void **state)
{
    struct live_table table;
    pthread_t threads[4];
    (void)state;

    atomic_store(&finished, 0);
    live_table_init(&table);
    void *live = live_hold(&table, SLICE("a"), sizeof(int), note_end);
    for (size_t i = 0; i < WB_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_leave, live_ref(live)), 0);
    live_drop(&table, live);
    for (size_t i = 0; i < WB_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(finished, 1);
    live_table_fini(&table);
}

static void test_an_entrypoints_is_part_of_its_arena(void **state)
{
    struct arena arena;
    (void)state;

    arena_init(&arena, 0);
    int *live = live_of_arena(&arena, 1000);
    void *mine = live_ref(live);
    assert_int_equal((uintptr_t)live % 64, 0);
    memset(live, 1, 1000);
    live_unref(&mine);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_identity_is_one_state),
        cmocka_unit_test(test_a_reference_outlives_the_configuration_but_is_not_found_any_more),
        cmocka_unit_test(test_the_last_of_many_threads_ends_it),
        cmocka_unit_test(test_an_entrypoints_is_part_of_its_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
