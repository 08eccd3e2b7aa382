/* SPDX-License-Identifier: MIT */
/* Nonces over time, beyond their number, and from many threads (says most under TSan). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "filter/nonces.h"
#include "waybill/base/error.h"
#include <stdatomic.h>
#include <stdlib.h>

static struct nonces *create(void)
{
    struct nonces *nonces = wb_alloc(sizeof *nonces);
    nonces_init(nonces);
    return nonces;
}

static struct slice issue(struct nonces *nonces, uint64_t now_ms, char out[NONCE_SIZE])
{
    nonces_issue(nonces, now_ms, out);
    return slice_make(out, strlen(out));
}

static void test_each_count_is_good_once_and_upwards(void **state)
{
    struct nonces *nonces = create();
    char text[NONCE_SIZE], other_text[NONCE_SIZE];
    struct slice nonce = issue(nonces, 1000, text), other = issue(nonces, 1000, other_text);
    (void)state;

    assert_int_equal(nonce.len, 32);
    assert_false(slice_eq(nonce, other));
    assert_false(nonces_use(nonces, nonce, 0, 1000));
    assert_true(nonces_use(nonces, nonce, 1, 1000));
    assert_false(nonces_use(nonces, nonce, 1, 1000));
    assert_true(nonces_use(nonces, nonce, 5, 1000));
    assert_false(nonces_use(nonces, nonce, 4, 1000));
    assert_true(nonces_use(nonces, nonce, UINT64_MAX, 1000));
    assert_false(nonces_use(nonces, nonce, UINT64_MAX, 1000));
    assert_true(nonces_use(nonces, other, 1, 1000));
    nonces_init(nonces); /* a reload */
    assert_false(nonces_use(nonces, other, 1, 1000));
    free(nonces);
}

static void test_none_lives_longer_than_it_may(void **state)
{
    struct nonces *nonces = create();
    char text[NONCE_SIZE];
    struct slice nonce = issue(nonces, 1000, text);
    (void)state;

    assert_true(nonces_use(nonces, nonce, 1, 1000 + NONCE_LIFE_MS - 1));
    assert_false(nonces_use(nonces, nonce, 2, 1000 + NONCE_LIFE_MS));
    assert_true(nonces_use(nonces, issue(nonces, 5000, text), 1, 4990)); /* workers' clocks are not quite one */
    free(nonces);
}

static void test_only_ours_are_taken(void **state)
{
    struct nonces *nonces = create(), *others = create();
    char text[NONCE_SIZE], changed[NONCE_SIZE];
    (void)state;

    assert_false(nonces_use(nonces, issue(others, 1000, text), 1, 1000));
    struct slice nonce = issue(nonces, 1000, text);
    for (size_t i = 0; i < nonce.len; i++) {
        memcpy(changed, text, sizeof text);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_false(nonces_use(nonces, slice_make(changed, nonce.len), 1, 1000));
        assert_false(nonces_use(nonces, slice_head(nonce, i), 1, 1000));
    }
    assert_true(nonces_use(nonces, nonce, 1, 1000));
    free(others);
    free(nonces);
}

static void test_too_many_forget_the_oldest_and_none_can_be_used_again(void **state)
{
    enum { MANY = 3 * NONCE_SHARDS * NONCES_PER_SHARD };
    struct nonces *nonces = create();
    char(*texts)[NONCE_SIZE] = wb_alloc(MANY * sizeof *texts), never_used[NONCE_SIZE];
    (void)state;

    issue(nonces, 1, never_used);
    for (size_t i = 0; i < MANY; i++)
        assert_true(nonces_use(nonces, issue(nonces, 1 + i, texts[i]), 1, 1 + i));
    for (size_t i = 0; i < MANY; i++)
        assert_false(nonces_use(nonces, slice_of(texts[i]), 1, MANY));
    assert_false(nonces_use(nonces, slice_of(never_used), 1, MANY)); /* as old as those that were forgotten */
    assert_true(nonces_use(nonces, slice_of(texts[MANY - 1]), 2, MANY));
    assert_true(nonces_use(nonces, issue(nonces, MANY, never_used), 1, MANY));
    /* Once they are over there is room again. */
    assert_true(nonces_use(nonces, issue(nonces, MANY + NONCE_LIFE_MS, never_used), 1, MANY + NONCE_LIFE_MS));
    free(texts);
    free(nonces);
}

enum { THREADS = 4, NONCES = 50, COUNTS = 40 };

struct contest {
    struct nonces *nonces;
    char texts[NONCES][NONCE_SIZE];
    atomic_uint good[NONCES];
};

static void *use_all(void *arg)
{
    struct contest *contest = arg;
    for (unsigned count = 1; count <= COUNTS; count++)
        for (size_t i = 0; i < NONCES; i++)
            if (nonces_use(contest->nonces, slice_of(contest->texts[i]), count, 1000))
                atomic_fetch_add(&contest->good[i], 1);
    return NULL;
}

static void test_workers_share_what_was_used(void **state)
{
    struct contest *contest = wb_alloc(sizeof *contest);
    pthread_t threads[THREADS];
    (void)state;

    contest->nonces = create();
    for (size_t i = 0; i < NONCES; i++)
        issue(contest->nonces, 1000, contest->texts[i]);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_all, contest), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < NONCES; i++) {
        /* Whoever is ahead makes the others' counts too low: no count twice, and the last one for somebody. */
        assert_in_range(atomic_load(&contest->good[i]), 1, COUNTS);
        assert_false(nonces_use(contest->nonces, slice_of(contest->texts[i]), COUNTS, 1000));
    }
    free(contest->nonces);
    free(contest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_count_is_good_once_and_upwards),
        cmocka_unit_test(test_none_lives_longer_than_it_may),
        cmocka_unit_test(test_only_ours_are_taken),
        cmocka_unit_test(test_too_many_forget_the_oldest_and_none_can_be_used_again),
        cmocka_unit_test(test_workers_share_what_was_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
