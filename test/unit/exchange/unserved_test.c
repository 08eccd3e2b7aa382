/* SPDX-License-Identifier: MIT */
/* Counting what nothing serves: bounded whatever is asked, few lines, and safe to be read meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/error.h"
#include "waybill/exchange/unserved.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static struct unserved_host hosts[UNSERVED_HOSTS];

static bool add_at(struct unserved *unserved, const char *host, const char *path, uint64_t now_ms)
{
    uint64_t left_out = 0;
    return unserved_add(unserved, slice_of(host), slice_of(path), now_ms, now_ms * 1000000, &left_out);
}

static const struct unserved_host *find(const char *host, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq(slice_make(hosts[i].host, hosts[i].host_len), slice_of(host)))
            return &hosts[i];
    return NULL;
}

static void test_requests_are_counted_by_host(void **state)
{
    struct unserved *unserved = unserved_create();
    (void)state;

    assert_int_equal(unserved_read(unserved, hosts), 0);
    add_at(unserved, "a.test", "/1", 1000);
    add_at(unserved, "b.test", "/b", 2000);
    add_at(unserved, "A.Test", "/2", 3000);
    unserved_set_nearest(unserved, SLICE("x"));
    add_at(unserved, "", "/", 4000);
    assert_int_equal(unserved_read(unserved, hosts), 3);
    const struct unserved_host *a = find("a.test", 3);
    assert_int_equal(a->count, 2);
    assert_int_equal(a->over, 0);
    assert_int_equal(a->last_wall_ns, 3000000000);
    assert_memory_equal(a->path, "/2", a->path_len);
    assert_int_equal(a->path_len, 2);
    assert_memory_equal(a->nearest, "x", a->nearest_len);
    assert_int_equal(find("b.test", 3)->count, 1);
    assert_int_equal(find("", 3)->count, 1);
    unserved_destroy(&unserved);
    assert_null(unserved);
}

static void test_long_texts_are_cut(void **state)
{
    struct unserved *unserved = unserved_create();
    char host[300], path[4000], nearest[1000];
    uint64_t left_out;
    (void)state;

    memset(host, 'h', sizeof host);
    memset(path, 'p', sizeof path);
    memset(nearest, 'n', sizeof nearest);
    unserved_add(unserved, slice_make(host, sizeof host), slice_make(path, sizeof path), 1, 1, &left_out);
    unserved_set_nearest(unserved, slice_make(nearest, sizeof nearest));
    /* Hosts that differ behind the cut are two. */
    host[200] = 'x';
    unserved_add(unserved, slice_make(host, sizeof host), slice_make(path, sizeof path), 1, 1, &left_out);
    assert_int_equal(unserved_read(unserved, hosts), 2);
    assert_int_equal(hosts[0].host_len, UNSERVED_TEXT_BYTES);
    assert_int_equal(hosts[0].path_len, UNSERVED_TEXT_BYTES);
    assert_int_equal(hosts[0].nearest_len, UNSERVED_NEAREST_BYTES);
    unserved_destroy(&unserved);
}

static void test_one_line_a_minute_for_a_host(void **state)
{
    struct unserved *unserved = unserved_create();
    unsigned lines = 0;
    (void)state;

    for (uint64_t ms = 0; ms < 180 * 1000; ms += 10)
        lines += add_at(unserved, "a.test", "/", ms);
    assert_int_equal(lines, 3);
    assert_true(add_at(unserved, "b.test", "/", 180 * 1000));
    unserved_destroy(&unserved);
}

static void test_few_lines_a_second_for_all(void **state)
{
    struct unserved *unserved = unserved_create();
    uint64_t left_out = 0, all_left_out = 0;
    unsigned lines = 0;
    char host[32];
    (void)state;

    for (unsigned i = 0; i < 20000; i++) { /* 2,000 a second for 10 s */
        snprintf(host, sizeof host, "h%u.test", i);
        if (unserved_add(unserved, slice_of(host), SLICE("/"), i / 2, 0, &left_out)) {
            lines++;
            all_left_out += left_out;
        }
    }
    assert_in_range(lines, 10, 15);
    assert_in_range(all_left_out, 15000, 20000 - lines);
    unserved_destroy(&unserved);
}

static void test_random_hosts_neither_grow_it_nor_hide_the_one_that_is_asked_for_often(void **state)
{
    struct unserved *unserved = unserved_create();
    uint64_t sum = 0, random_state = 1;
    char host[32];
    (void)state;

    for (unsigned i = 0; i < 100000; i++) {
        random_state = random_state * 6364136223846793005u + 1442695040888963407u;
        snprintf(host, sizeof host, "%016llx.test", (unsigned long long)random_state);
        add_at(unserved, host, "/", i / 10);
        if (i % 100 == 0)
            add_at(unserved, "typo.test", "/login", i / 10);
    }
    assert_int_equal(unserved_read(unserved, hosts), UNSERVED_HOSTS);
    const struct unserved_host *typo = find("typo.test", UNSERVED_HOSTS);
    assert_non_null(typo);
    assert_in_range(typo->count, 1000, 1400); /* 1,000 it was; by chance it may have been made anew */
    for (size_t i = 0; i < UNSERVED_HOSTS; i++) {
        assert_true(hosts[i].over < hosts[i].count);
        sum += hosts[i].count;
        if (&hosts[i] != typo)
            assert_true(hosts[i].count - hosts[i].over < 10);
    }
    assert_int_equal(sum, 101000);
    unserved_destroy(&unserved);
}

struct readers {
    struct unserved *unserved;
    atomic_bool done;
};

static void *read_on(void *arg)
{
    struct readers *readers = arg;
    struct unserved_host *mine = wb_alloc(UNSERVED_HOSTS * sizeof *mine);
    uintptr_t wrong = 0;

    while (!atomic_load(&readers->done)) {
        size_t count = unserved_read(readers->unserved, mine);
        for (size_t i = 0; i < count; i++) {
            /* Never half of one and half of another: host and path are the same text. */
            bool whole = mine[i].host_len == mine[i].path_len && memcmp(mine[i].host, mine[i].path, mine[i].host_len) == 0;
            wrong += !whole || mine[i].count <= mine[i].over;
        }
    }
    free(mine);
    return (void *)wrong;
}

static void test_it_is_read_while_it_is_written(void **state)
{
    struct readers readers = {.unserved = unserved_create()};
    pthread_t threads[2];
    char host[32];
    (void)state;

    for (size_t i = 0; i < WB_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers), 0);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(host, sizeof host, "h%u.test", i % 600);
        if (add_at(readers.unserved, host, host, i * 10))
            unserved_set_nearest(readers.unserved, slice_of(host));
    }
    atomic_store(&readers.done, true);
    for (size_t i = 0; i < WB_COUNT(threads); i++) {
        void *wrong = &readers;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    unserved_destroy(&readers.unserved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_are_counted_by_host),
        cmocka_unit_test(test_long_texts_are_cut),
        cmocka_unit_test(test_one_line_a_minute_for_a_host),
        cmocka_unit_test(test_few_lines_a_second_for_all),
        cmocka_unit_test(test_random_hosts_neither_grow_it_nor_hide_the_one_that_is_asked_for_often),
        cmocka_unit_test(test_it_is_read_while_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
