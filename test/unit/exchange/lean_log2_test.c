/* SPDX-License-Identifier: MIT */
/* The logarithm that the program as it is shipped gives to brotli, beside libm's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "lean/log2.c"

static void is_near(double value)
{
    double wanted = log2(value);

    assert_true(fabs(__wrap_log2(value) - wanted) <= 4e-16 * fmax(1, fabs(wanted)));
}

static void test_it_is_that_of_libm(void **state)
{
    (void)state;
    for (unsigned i = 1; i < 100000; i++)
        is_near(i);
    for (double value = 1e-300; value < 1e300; value *= 1.37)
        is_near(value);
    assert_true(__wrap_log2(1) == 0 && __wrap_log2(2) == 1 && __wrap_log2(1 << 20) == 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_it_is_that_of_libm)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
