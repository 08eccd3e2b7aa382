/* SPDX-License-Identifier: MIT */
/* Arenas and buffers: memory that is bounded, lent and given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/arena.h"
#include "waybill/base/buffer.h"
#include "waybill/base/pages.h"
#include <stdlib.h>
#include <sys/mman.h>

static void test_an_arena_gives_zeroed_aligned_memory(void **state)
{
    struct arena arena;
    (void)state;

    arena_init(&arena, 0);
    for (size_t round = 0; round < 3; round++) {
        for (size_t size = 0; size < 9000; size = size * 3 + 1) {
            char *bytes = arena_alloc(&arena, size);
            assert_int_equal((uintptr_t)bytes % 16, 0);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(bytes[i], 0);
            memset(bytes, 0xff, size);
        }
        arena_reset(&arena);
        assert_int_equal(arena.used, 0);
    }
    arena_fini(&arena);
}

/* Blocks grow and are mapped by themselves: nothing lies across, all of it goes back. */
static void test_a_large_arena_keeps_what_it_was_given(void **state)
{
    enum { PIECES = 60000 };
    static char *pieces[PIECES];
    struct arena arena;
    (void)state;

    arena_init(&arena, 0);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < PIECES; i++) {
            size_t size = i % 20000 == 7 ? 700000 : 1 + i % 300;
            pieces[i] = i % 2 ? arena_alloc(&arena, size) : arena_bytes(&arena, size);
            pieces[i][0] = (char)i;
            pieces[i][size - 1] = (char)i;
        }
        for (size_t i = 0; i < PIECES; i++)
            assert_int_equal(pieces[i][0], (char)i);
        arena_reset(&arena);
    }
    arena_fini(&arena);
}

static void test_a_limit_overflows_once_and_sticks_until_reset(void **state)
{
    struct arena arena;
    (void)state;

    arena_init(&arena, 100);
    assert_non_null(arena_alloc(&arena, 60));
    assert_null(arena_alloc(&arena, 60));
    assert_true(arena.overflowed);
    assert_null(arena_alloc(&arena, SIZE_MAX - 20)); /* no wrapping around */
    assert_int_equal(arena_copy(&arena, SLICE("a text that is longer than what is left over")).len, 0);
    arena_reset(&arena);
    assert_false(arena.overflowed);
    assert_string_equal(arena_copy(&arena, slice_make("abcdef", 3)).ptr, "abc");
    assert_string_equal(arena_format(&arena, "%d-%s", 7, "x"), "7-x");
    arena_fini(&arena);
}

static void test_buffers_lend_grow_and_give_back(void **state)
{
    struct stock stock;
    struct buffer b = {0};
    char bytes[BUFFER_SIZE];
    (void)state;

    stock_init(&stock);
    assert_int_equal(buffer_slice(&b).len, 0);
    buffer_borrow(&b, &stock, 1);
    assert_int_equal(stock.lent_bytes, BUFFER_SIZE);
    buffer_borrow(&b, &stock, BUFFER_LARGE); /* has one already */
    assert_int_equal(stock.lent_bytes, BUFFER_SIZE);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    assert_int_equal(buffer_append(&b, bytes, sizeof bytes), BUFFER_SIZE);
    assert_int_equal(buffer_append(&b, bytes, 1), 0); /* full */
    buffer_consume(&b, 1000);
    assert_int_equal(buffer_room(&b), 0);
    buffer_compact(&b);
    assert_int_equal(buffer_room(&b), 1000);
    assert_memory_equal(buffer_slice(&b).ptr, bytes + 1000, BUFFER_SIZE - 1000);
    buffer_grow(&b, &stock);
    assert_int_equal(stock.lent_bytes, BUFFER_LARGE);
    assert_memory_equal(buffer_slice(&b).ptr, bytes + 1000, BUFFER_SIZE - 1000);
    buffer_consume(&b, buffer_len(&b));
    assert_int_equal(b.start, 0);
    assert_int_equal(buffer_room(&b), BUFFER_LARGE);
    buffer_return(&b, &stock);
    buffer_return(&b, &stock);
    assert_int_equal(stock.lent_bytes, 0);
    stock_fini(&stock);
}

static void test_a_stock_keeps_only_so_many_blocks(void **state)
{
    enum { MANY = 1000 };
    struct stock stock;
    struct buffer *buffers = calloc(MANY, sizeof *buffers);
    (void)state;

    stock_init(&stock);
    for (size_t i = 0; i < MANY; i++)
        buffer_borrow(&buffers[i], &stock, i & 1 ? BUFFER_LARGE : BUFFER_SIZE);
    assert_int_equal(stock.lent_bytes, MANY / 2 * (BUFFER_LARGE + BUFFER_SIZE));
    for (size_t i = 0; i < MANY; i++)
        buffer_return(&buffers[i], &stock);
    assert_int_equal(stock.lent_bytes, 0);
    assert_true(stock.small_count <= 256 && stock.large_count <= 16);
    free(buffers);
    stock_fini(&stock);
}

static void note_end(void *what)
{
    ++*(int *)what;
}

static void test_what_an_arena_cannot_hold_ends_with_it(void **state)
{
    struct arena arena;
    int first = 0, second = 0;
    (void)state;

    arena_init(&arena, 0);
    arena_at_end(&arena, note_end, &first);
    arena_at_end(&arena, note_end, &second);
    assert_int_equal(first + second, 0);
    arena_reset(&arena);
    assert_int_equal(first, 1);
    assert_int_equal(second, 1);
    arena_at_end(&arena, note_end, &first);
    arena_fini(&arena);
    assert_int_equal(first, 2);
    assert_int_equal(second, 1);
}

static void test_pages_are_empty_and_taken_when_written(void **state)
{
    enum { PAGE = 4096, PAGES = 64 };
    char *memory = pages_alloc(PAGES * PAGE);
    (void)state;

    memory[7 * PAGE] = 1;
#ifndef WB_SANITIZED /* there it is a block of the heap */
    unsigned char taken[PAGES];
    size_t count = 0;
    assert_int_equal(mincore(memory, PAGES * PAGE, taken), 0);
    for (size_t i = 0; i < PAGES; i++)
        count += taken[i] & 1;
    assert_int_equal(count, 1);
#endif
    for (size_t i = 0; i < PAGES * PAGE; i++)
        assert_int_equal(memory[i], i == 7 * PAGE);
    pages_free(memory, PAGES * PAGE);
    pages_free(NULL, PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_an_arena_cannot_hold_ends_with_it),
        cmocka_unit_test(test_an_arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(test_a_large_arena_keeps_what_it_was_given),
        cmocka_unit_test(test_a_limit_overflows_once_and_sticks_until_reset),
        cmocka_unit_test(test_buffers_lend_grow_and_give_back),
        cmocka_unit_test(test_a_stock_keeps_only_so_many_blocks),
        cmocka_unit_test(test_pages_are_empty_and_taken_when_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
