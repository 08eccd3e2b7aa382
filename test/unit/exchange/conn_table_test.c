/* SPDX-License-Identifier: MIT */
/* Counts of what is under way: against plain counting, and with many threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "filter/conn_table.h"
#include "waybill/base/error.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS = 300, THREADS = 8, MOST = 3 };

static struct conn_table *make(void)
{
    struct conn_table *table = aligned_alloc(64, sizeof *table);

    memset(table, 0, sizeof *table);
    conn_table_init(table);
    return table;
}

static void end(struct conn_table *table)
{
    for (size_t i = 0; i < CONN_SHARDS; i++)
        assert_int_equal(table->shards[i].used, 0);
    conn_table_fini(table);
    free(table);
}

/* Many of them want the same place. */
static uint64_t token(unsigned number)
{
    return (uint64_t)(number % 2) << 60 | (uint64_t)(number / 8) << 20 | number % 8;
}

static void test_it_counts_as_plain_counting_does(void **state)
{
    struct conn_table *table = make();
    unsigned counts[TOKENS] = {0};
    (void)state;

    for (unsigned step = 0; step < 200000; step++) {
        unsigned number = (unsigned)rand() % TOKENS;
        /* It fills, and empties, in turns. */
        bool leaves = counts[number] && (unsigned)rand() % 10 < (step / 20000 % 2 ? 7u : 3u);
        if (leaves) {
            conn_table_leave(table, token(number));
            counts[number]--;
        } else {
            bool entered = conn_table_enter(table, token(number), MOST);
            if (entered != (counts[number] < MOST))
                fail_msg("step %u: %u are there", step, counts[number]);
            counts[number] += entered;
        }
    }
    for (unsigned number = 0; number < TOKENS; number++)
        while (counts[number]--)
            conn_table_leave(table, token(number));
    end(table);
}

static void test_what_a_crowd_took_is_given_back(void **state)
{
    struct conn_table *table = make();
    (void)state;

    for (unsigned i = 0; i < 100000; i++)
        assert_true(conn_table_enter(table, i * 0x9e3779b97f4a7c15u, 1));
    for (unsigned i = 0; i < 100000; i++)
        conn_table_leave(table, i * 0x9e3779b97f4a7c15u);
    for (size_t i = 0; i < CONN_SHARDS; i++)
        assert_int_equal(table->shards[i].capacity, 0);
    end(table);
}

struct crowd {
    struct conn_table *table;
    _Atomic int inside, most;
    _Atomic unsigned entered;
};

static void *come_and_go(void *arg)
{
    struct crowd *crowd = arg;

    for (unsigned i = 0; i < 20000; i++) {
        if (conn_table_enter(crowd->table, 1, MOST)) {
            int inside = atomic_fetch_add(&crowd->inside, 1) + 1;
            if (inside > atomic_load(&crowd->most))
                atomic_store(&crowd->most, inside);
            atomic_fetch_add(&crowd->entered, 1);
            atomic_fetch_sub(&crowd->inside, 1);
            conn_table_leave(crowd->table, 1);
        }
        if (conn_table_enter(crowd->table, token(i % TOKENS), 1))
            conn_table_leave(crowd->table, token(i % TOKENS));
    }
    return NULL;
}

static void test_many_workers_never_have_more_than_allowed(void **state)
{
    struct crowd crowd = {.table = make()};
    pthread_t threads[THREADS];
    (void)state;

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &crowd), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_in_range(crowd.most, 1, MOST);
    assert_true(crowd.entered > 0);
    end(crowd.table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_counts_as_plain_counting_does),
        cmocka_unit_test(test_what_a_crowd_took_is_given_back),
        cmocka_unit_test(test_many_workers_never_have_more_than_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
