/* SPDX-License-Identifier: MIT */
#include "waybill/base/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static void expect_ns(const char *text, int64_t expected)
{
    int64_t ns = -77;

    if (!clock_parse_duration(slice_of(text), &ns))
        fail_msg("%s was refused", text);
    assert_int_equal(ns, expected);
}

static void test_digits_alone_are_seconds(void **state)
{
    (void)state;
    expect_ns("10", INT64_C(10000000000));
    expect_ns("0", 0);
    expect_ns("-3", INT64_C(-3000000000));
    expect_ns("+3", INT64_C(3000000000));
    expect_ns("007", INT64_C(7000000000));
}

static void test_go_durations_are_read(void **state)
{
    (void)state;
    expect_ns("1h1m1s", INT64_C(3661000000000));
    expect_ns("1.5ms", 1500000);
    expect_ns("1.5h", INT64_C(5400000000000));
    expect_ns(".5s", 500000000);
    expect_ns("1.s", 1000000000);
    expect_ns("-1m30s", INT64_C(-90000000000));
    expect_ns("3us", 3000);
    expect_ns("3\xc2\xb5s", 3000);
    expect_ns("3\xce\xbcs", 3000);
    expect_ns("7ns", 7);
    expect_ns("0.9ns", 0);
    expect_ns("0.123456789123s", 123456789);
    expect_ns("2562047h47m16.854775807s", INT64_MAX);
}

static void test_what_is_printed_is_read_again(void **state)
{
    static const int64_t values[] = {0, 1, 999, 1000, 516794, 207325535, 1400000000, 60000000000, 3661000000001, INT64_MAX};
    char text[CLOCK_DURATION_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        clock_format_duration(values[i], text);
        expect_ns(text, values[i]);
    }
}

static void test_anything_else_is_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "-",
                                        "+",
                                        "s",
                                        ".",
                                        ".s",
                                        "1.5",
                                        "1x",
                                        "1 s",
                                        " 1s",
                                        "1s ",
                                        "1S",
                                        "1d",
                                        "--1s",
                                        "1s-1",
                                        "1m30",
                                        "soon",
                                        "0x1s",
                                        "1e3s",
                                        "9223372036855",
                                        "99999999999999999999s",
                                        "9223372036s9223372036s",
                                        "2562047h47m16.854775808s"};
    int64_t ns;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (clock_parse_duration(slice_of(texts[i]), &ns))
            fail_msg("%s was taken as %lld", texts[i], (long long)ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digits_alone_are_seconds),
        cmocka_unit_test(test_go_durations_are_read),
        cmocka_unit_test(test_what_is_printed_is_read_again),
        cmocka_unit_test(test_anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
