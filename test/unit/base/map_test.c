/* SPDX-License-Identifier: MIT */
/* The map against a naive model: an array in order of insertion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/error.h"
#include "waybill/base/map.h"
#include <stdio.h>
#include <stdlib.h>

enum { KEYS = 300, ROUNDS = 50000 };

struct model {
    int keys[KEYS]; /* in order of insertion */
    void *values[KEYS];
    size_t count;
};

static size_t model_find(const struct model *model, int key)
{
    size_t i = 0;
    while (i < model->count && model->keys[i] != key)
        i++;
    return i;
}

static void check_order(const struct map *map, const struct model *model)
{
    struct map_entry *entry;
    size_t n = 0;
    char text[20];

    for (size_t i = 0; (entry = map_next(map, &i)); n++) {
        snprintf(text, sizeof text, "key%d", model->keys[n]);
        assert_string_equal(entry->key.ptr, text);
        assert_ptr_equal(entry->value, model->values[n]);
    }
    assert_int_equal(n, model->count);
}

static void test_behaves_as_an_array_that_is_searched(void **state)
{
    struct model model = {.count = 0};
    struct map map;
    unsigned seed = 3;
    (void)state;

    map_init(&map);
    for (unsigned round = 0; round < ROUNDS; round++) {
        seed = seed * 1103515245u + 12345u;
        int key = (int)(seed >> 8) % KEYS;
        char text[20];
        snprintf(text, sizeof text, "key%d", key);
        size_t at = model_find(&model, key);
        void *before = at < model.count ? model.values[at] : NULL, *value = &model.keys[seed >> 3 & 255];
        assert_ptr_equal(map_get(&map, slice_of(text)), before);
        if (seed >> 20 & 1) {
            assert_ptr_equal(map_put(&map, slice_of(text), value), before);
            model.keys[at] = key;
            model.values[at] = value;
            model.count += at == model.count;
        } else {
            assert_ptr_equal(map_remove(&map, slice_of(text)), before);
            for (size_t i = at; at < model.count && i + 1 < model.count; i++) {
                model.keys[i] = model.keys[i + 1];
                model.values[i] = model.values[i + 1];
            }
            model.count -= at < model.count;
        }
        assert_int_equal(map_count(&map), model.count);
        if (round % 500 == 0)
            check_order(&map, &model);
    }
    map_fini(&map);
}

static void test_keys_are_copied_and_case_can_be_ignored(void **state)
{
    struct map map;
    char key[] = "a.test";
    int value;
    (void)state;

    map_init(&map);
    assert_null(map_get(&map, SLICE("a.test")));
    assert_null(map_remove(&map, SLICE("a.test")));
    map_put(&map, slice_of(key), &value);
    key[0] = 'b';
    assert_ptr_equal(map_get(&map, SLICE("a.test")), &value);
    assert_null(map_get(&map, SLICE("A.test")));
    assert_ptr_equal(map_get_lower(&map, SLICE("A.TeSt")), &value);
    map_put(&map, SLICE(""), &value);
    assert_ptr_equal(map_get(&map, SLICE("")), &value);
    map_put(&map, slice_make("x\0y", 3), &value);
    assert_null(map_get(&map, SLICE("x")));
    map_fini(&map);
}

/* Keys of each length that end with each byte: what differs in the case of ASCII letters is the same, nothing else is. */
static void test_ignoring_case_folds_the_letters_of_ascii_only(void **state)
{
    struct map map;
    char raw[40], folded[40];
    (void)state;

    map_init(&map);
    for (size_t len = 1; len <= sizeof raw; len++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            for (size_t i = 0; i < len; i++) {
                raw[i] = i + 1 < len ? "aBz@Z[`{y0"[(i + byte) % 10] : (char)byte;
                folded[i] = ascii_lower(raw[i]);
            }
            map_put(&map, slice_make(folded, len), &map);
            assert_non_null(map_get_lower(&map, slice_make(raw, len)));
            raw[len - 1] ^= 0x20;
            bool letter = (folded[len - 1] >= 'a' && folded[len - 1] <= 'z');
            assert_int_equal(map_get_lower(&map, slice_make(raw, len)) != NULL, letter);
            map_fini(&map);
        }
    }
    map_fini(&map);
}

static void test_room_made_before_changes_nothing_else(void **state)
{
    struct map map;
    char key[16];
    (void)state;

    map_init(&map);
    map_put(&map, SLICE("before"), &map);
    map_reserve(&map, 1000);
    size_t index_capacity = map.index_capacity;
    for (size_t i = 0; i < 999; i++) {
        snprintf(key, sizeof key, "k%zu", i);
        assert_null(map_put(&map, slice_of(key), &map));
    }
    assert_int_equal(map.index_capacity, index_capacity);
    assert_int_equal(map_count(&map), 1000);
    assert_non_null(map_get(&map, SLICE("before")));
    assert_non_null(map_get(&map, SLICE("k998")));
    map_fini(&map);
    map_reserve(&map, 0);
    assert_null(map_get(&map, SLICE("k998")));
    map_fini(&map);
}

/* They are neither copied nor freed. */
static void test_lent_keys_stay_where_they_are(void **state)
{
    static char texts[100][8];
    struct map map;
    struct map_entry *entry;
    size_t n = 0;
    (void)state;

    map_init_lent(&map);
    for (size_t i = 0; i < 100; i++) {
        snprintf(texts[i], sizeof texts[i], "k%zu", i);
        assert_null(map_put(&map, slice_of(texts[i]), texts[i]));
    }
    for (size_t i = 0; i < 100; i += 2)
        assert_ptr_equal(map_remove(&map, slice_of(texts[i])), texts[i]);
    map_reserve(&map, 1000); /* drops what was removed */
    for (size_t i = 0; (entry = map_next(&map, &i)); n++)
        assert_ptr_equal(entry->key.ptr, entry->value);
    assert_int_equal(n, 50);
    map_fini(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lent_keys_stay_where_they_are),
        cmocka_unit_test(test_behaves_as_an_array_that_is_searched),
        cmocka_unit_test(test_room_made_before_changes_nothing_else),
        cmocka_unit_test(test_ignoring_case_folds_the_letters_of_ascii_only),
        cmocka_unit_test(test_keys_are_copied_and_case_can_be_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
