/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "keyed.h"
#include "recall.h"
#include "slots.h"
#include "waybill/base/error.h"
#include "waybill/base/map.h"
#include <stdio.h>
#include <stdlib.h>

static uint64_t random_state = 1;

static unsigned pick(unsigned count)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % count;
}

/* Few first halves, so that places are fought for. */
static struct fingerprint make_key(unsigned number)
{
    return (struct fingerprint){{number % 7 + (number % 3 ? 0 : UINT64_C(1) << 40), number}};
}

static void test_keyed_holds_what_was_put_and_not_removed(void **state)
{
    enum { KEYS = 300, STEPS = 40000 };
    static int values[KEYS];
    static bool there[KEYS];
    struct keyed keyed;
    size_t count = 0;
    (void)state;
    keyed_init(&keyed);
    for (unsigned step = 0; step < STEPS; step++) {
        /* Grows, and then shrinks to nothing. */
        unsigned number = pick(step < STEPS / 2 ? KEYS : 1 + KEYS * (STEPS - step) / STEPS);
        struct fingerprint key = make_key(number);
        assert_ptr_equal(keyed_get(&keyed, &key), there[number] ? &values[number] : NULL);
        if (there[number])
            keyed_remove(&keyed, &key);
        else
            keyed_put(&keyed, &key, &values[number]);
        there[number] = !there[number];
        count += there[number] ? 1 : (size_t)-1;
        assert_int_equal(keyed.count, count);
        if (step % 1000)
            continue;
        for (unsigned i = 0; i < KEYS; i++) {
            key = make_key(i);
            assert_ptr_equal(keyed_get(&keyed, &key), there[i] ? &values[i] : NULL);
        }
    }
    keyed_fini(&keyed);
}

static void test_keyed_gives_room_back(void **state)
{
    enum { KEYS = 5000 };
    struct keyed keyed;
    int value;
    (void)state;
    keyed_init(&keyed);
    size_t first = keyed.mask;
    for (unsigned i = 0; i < KEYS; i++) {
        struct fingerprint key = {{i, i}};
        keyed_put(&keyed, &key, &value);
    }
    assert_in_range(keyed.mask + 1, 2 * KEYS, 4 * KEYS);
    for (unsigned i = 0; i < KEYS; i++) {
        struct fingerprint key = {{i, i}};
        keyed_remove(&keyed, &key);
    }
    assert_int_equal(keyed.mask, first);
    keyed_fini(&keyed);
}

static void test_wide_hashes_differ_in_both_halves(void **state)
{
    char text[64] = {0};
    uint64_t before[2] = {0, 0}, now[2], again[2];
    (void)state;
    for (size_t len = 0; len <= sizeof text; len++) {
        hash_bytes_wide(slice_make(text, len), now);
        hash_bytes_wide(slice_make(text, len), again);
        assert_memory_equal(now, again, sizeof now);
        assert_true(now[0] != before[0] && now[1] != before[1] && now[0] != now[1]);
        memcpy(before, now, sizeof now);
    }
}

/* Words or bytes: the hash of a text does not depend on how it is looked at. */
static void test_lower_case_finds_what_was_put(void **state)
{
    struct map map;
    char text[40];
    int value;
    (void)state;
    map_init(&map);
    for (size_t len = 1; len < sizeof text; len++) {
        memset(text, 'a', len);
        map_put(&map, slice_make(text, len), &value);
        memset(text, 'A', len);
        assert_ptr_equal(map_get_lower(&map, slice_make(text, len)), &value);
        assert_null(map_get(&map, slice_make(text, len)));
    }
    map_fini(&map);
}

static void test_slots_of_equal_identities_are_one(void **state)
{
    struct slots slots;
    uint64_t first, second, third;
    (void)state;
    slots_init(&slots);
    uint32_t a = slots_hold(&slots, SLICE("a"), &first), b = slots_hold(&slots, SLICE("b"), &second);
    assert_int_not_equal(a, b);
    assert_int_equal(slots_hold(&slots, SLICE("a"), &third), a);
    assert_int_equal(first, third);
    slots_drop(&slots, a);
    assert_int_equal(slots_hold(&slots, SLICE("c"), &third), 2); /* a is still held once */
    slots_drop(&slots, a);
    assert_int_equal(slots_hold(&slots, SLICE("d"), &third), a);
    assert_true(third > second);
    assert_int_equal(slots.count, 3);
    slots_fini(&slots);
}

/* ------- recall ------- */

enum { MADE = 100 };

static struct compiled_head heads[2 * MADE];

static size_t found_along(const struct compiled_list *list, const unsigned *wanted, size_t count)
{
    struct recall recall = {list, 0};
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        struct compiled_head *head = recall_find(&recall, &heads[wanted[i]].key);
        assert_true(!head || head == &heads[wanted[i]]);
        found += head != NULL;
    }
    return found;
}

static void test_recall_goes_along_past_changes(void **state)
{
    struct compiled_list list = {0};
    unsigned wanted[2 * MADE];
    size_t count;
    (void)state;
    for (unsigned i = 0; i < 2 * MADE; i++)
        heads[i].key = make_key(i);
    for (unsigned i = 0; i < MADE; i++)
        compiled_list_add(&list, &heads[i]);

    for (count = 0; count < MADE; count++)
        wanted[count] = (unsigned)count;
    assert_int_equal(found_along(&list, wanted, count), MADE);
    wanted[10] = 110; /* one replaced */
    assert_int_equal(found_along(&list, wanted, count), MADE - 1);
    for (unsigned i = 10; i < 60; i++) /* many */
        wanted[i] = 100 + i;
    assert_int_equal(found_along(&list, wanted, count), MADE - 50);

    for (count = 0; count < MADE - 2; count++) /* two gone */
        wanted[count] = (unsigned)count + (count >= 20) + (count >= 50);
    assert_int_equal(found_along(&list, wanted, count), count);
    for (count = 0; count < MADE + 2; count++) /* two more */
        wanted[count] = count == 20 ? 120 : count == 50 ? 150 : (unsigned)count - (count > 20) - (count > 50);
    assert_int_equal(found_along(&list, wanted, count), MADE);

    struct recall nothing = {NULL, 0};
    assert_null(recall_find(&nothing, &heads[0].key));
    compiled_list_fini(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keyed_holds_what_was_put_and_not_removed),
        cmocka_unit_test(test_keyed_gives_room_back),
        cmocka_unit_test(test_wide_hashes_differ_in_both_halves),
        cmocka_unit_test(test_lower_case_finds_what_was_put),
        cmocka_unit_test(test_slots_of_equal_identities_are_one),
        cmocka_unit_test(test_recall_goes_along_past_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
