/* SPDX-License-Identifier: MIT */
#include "waybill/base/utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_every_character_is_read_as_it_was_written(void **state)
{
    char bytes[UTF8_MAX];
    uint32_t point = 0;

    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        size_t len = utf8_write(c, bytes);
        if (c >= 0xd800 && c <= 0xdfff) {
            assert_int_equal(len, 0);
            continue;
        }
        assert_int_equal(len, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
        assert_int_equal(utf8_decode(slice_make(bytes, len), &point), len);
        assert_int_equal(point, c);
        assert_int_equal(utf8_decode(slice_make(bytes, len - 1), &point), 0);
    }
    assert_int_equal(utf8_write(0x110000, bytes), 0);
}

/* Every character has one form, so there are as many well-formed sequences as characters of that length. */
static void test_there_is_no_second_form_of_a_character(void **state)
{
    size_t counts[5] = {0};
    uint32_t point;

    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        counts[1] += utf8_decode(slice_make((const char[]){(char)a}, 1), &point) == 1;
        for (unsigned b = 0; b < 256; b++) {
            counts[2] += utf8_decode(slice_make((const char[]){(char)a, (char)b}, 2), &point) == 2;
            for (unsigned c = 0; a >= 0xe0 && c < 256; c++) {
                const char bytes[] = {(char)a, (char)b, (char)c, (char)0xbf};
                counts[3] += utf8_decode(slice_make(bytes, 3), &point) == 3;
                counts[4] += utf8_decode(slice_make(bytes, 4), &point) == 4;
            }
        }
    }
    assert_int_equal(counts[1], 0x80);
    assert_int_equal(counts[2], 0x800 - 0x80);
    assert_int_equal(counts[3], 0x10000 - 0x800 - 0x800);
    assert_int_equal(counts[4], 0x100000 / 64); /* the last byte was held at one of its 64 values */
}

static void test_a_byte_that_begins_nothing_counts_as_one_character(void **state)
{
    struct slice text = SLICE("a\xff\xc3\xa9\xe2\x82");

    (void)state;
    assert_false(utf8_is_valid(text));
    assert_int_equal(utf8_next(&text), 'a');
    assert_int_equal(utf8_next(&text), 0xfffd);
    assert_true(utf8_is_valid(slice_head(text, 2)));
    assert_int_equal(utf8_next(&text), 0xe9);
    assert_int_equal(utf8_next(&text), 0xfffd);
    assert_int_equal(utf8_next(&text), 0xfffd);
    assert_int_equal(text.len, 0);
    assert_true(utf8_is_valid(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_character_is_read_as_it_was_written),
        cmocka_unit_test(test_there_is_no_second_form_of_a_character),
        cmocka_unit_test(test_a_byte_that_begins_nothing_counts_as_one_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
