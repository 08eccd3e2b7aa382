/* SPDX-License-Identifier: MIT */
/* Conditions of circuit breakers and retries: the grammar of 1.7, and what a condition says for given values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/route/expression.h"
#include <stdlib.h>

enum { ERRORS, CODES, ATTEMPTS, METHOD, IS_ERROR };

static const struct expression_function functions[] = {
    [ERRORS] = {"NetworkErrorRatio", EXPRESSION_NUMBER, 0}, [CODES] = {"ResponseCodeRatio", EXPRESSION_NUMBER, 4},
    [ATTEMPTS] = {"Attempts", EXPRESSION_NUMBER, 0},        [METHOD] = {"RequestMethod", EXPRESSION_TEXT, 0},
    [IS_ERROR] = {"IsNetworkError", EXPRESSION_TRUTH, 0},
};

/* Errors 0.5, ResponseCodeRatio the sum of its arguments, 2 attempts of a GET that was a network error. */
static bool answer(void *arg, const struct expression_test *test)
{
    const double *at = test->arguments;
    unsigned *asked = arg;

    *asked |= 1u << test->number;
    switch (test->function) {
    case ERRORS:
        return expression_test_number(test, 0.5);
    case CODES:
        return expression_test_number(test, at[0] + at[1] + at[2] + at[3]);
    case ATTEMPTS:
        return expression_test_number(test, 2);
    case METHOD:
        return expression_test_text(test, SLICE("GET"));
    default:
        return expression_test_number(test, 1);
    }
}

/* 1 or 0; -1 when it is none. */
static int value_of(const char *text, char *error, size_t size)
{
    struct expression expression;
    struct slice fault;
    struct arena arena;
    unsigned asked = 0;
    int value = -1;

    arena_init(&arena, 0);
    if (expression_parse(&arena, slice_of(text), functions, WB_COUNT(functions), &expression, &fault)) {
        value = expression_holds(&expression, answer, &asked);
        assert_int_equal(asked, (1ull << expression.test_count) - 1); /* each test once */
    } else {
        assert_true(fault.len > 0 && fault.len < size);
        memcpy(error, fault.ptr, fault.len);
        error[fault.len] = '\0';
    }
    arena_fini(&arena);
    return value;
}

static void test_conditions_say_what_their_tests_say(void **state)
{
    static const struct {
        const char *text;
        int value;
    } rows[] = {
        {"NetworkErrorRatio() > 0.4", 1},
        {"NetworkErrorRatio() > 0.5", 0},
        {"NetworkErrorRatio() >= .5", 1},
        {"NetworkErrorRatio()<5e-1", 0},
        {"NetworkErrorRatio() <= 0.5", 1},
        {"NetworkErrorRatio() == 0.5", 1},
        {"NetworkErrorRatio() != 0.5", 0},
        {"NetworkErrorRatio() > 1", 0}, /* defects B25 */
        {"Attempts() <= 2.0", 1},
        {" ResponseCodeRatio ( 1 , 2,3 ,4 )\n==\t10 ", 1},
        {"ResponseCodeRatio(1.5, 2, 3, 4) == 10.5", 1},
        {"IsNetworkError()", 1},
        {"IsNetworkError() && Attempts() > 2", 0},
        {"RequestMethod() == \"GET\"", 1},
        {"RequestMethod() == `POST`", 0},
        {"RequestMethod() != \"GET\"", 0},
        /* && before ||; parentheses before both; more than two. */
        {"Attempts() == 2 || Attempts() == 2 && Attempts() == 3", 1},
        {"(Attempts() == 2 || Attempts() == 2) && Attempts() == 3", 0},
        {"Attempts() == 3 && Attempts() == 3 || Attempts() == 2", 1},
        {"Attempts() == 3 && (Attempts() == 3 || Attempts() == 2)", 0},
        {"Attempts() == 3 || (Attempts() == 2 && (Attempts() == 3 || Attempts() == 2))", 1},
        {"Attempts()==2&&Attempts()==2&&Attempts()==2&&Attempts()==1", 0},
        {"Attempts()==1||Attempts()==3||Attempts()==4||Attempts()==2", 1},
        {"(((IsNetworkError())))", 1},
        {"(Attempts()) > (1)", 1},
    };
    char error[300];
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        int value = value_of(rows[i].text, error, sizeof error);
        if (value != rows[i].value)
            fail_msg("%s: %d %s", rows[i].text, value, value < 0 ? error : "");
    }
}

static void test_what_is_none_is_refused_with_the_place(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "a test is missing, at the end"},
        {"  ", "at the end"},
        {"NetworkErrorRatio()", "a comparison"},
        {"RequestMethod()", "a comparison"},
        {"NetworkErrorRatio() > 0.5 NetworkErrorRatio() > 0.5", "&& or || is missing, at `NetworkErrorRatio()"},
        {"NetworkErrorRatio() > 0.5 &&", "at the end"},
        {"&& IsNetworkError()", "at `&&"},
        {"IsNetworkError() & IsNetworkError()", "at `& Is"},
        {"0.5 < NetworkErrorRatio()", "stands on the left"},
        {"NetworkErrorRatio() > NetworkErrorRatio()", "on the right stands a number"},
        {"Attempts() > 1 > 0", "&& or ||"},
        {"(Attempts() > 1) > 0", "stands on the left"},
        {"Attempts() > -1", "at `-1`"},
        {"Attempts() > 0x10", "such as 0.5"},
        {"Attempts() > 1.2.3", "such as 0.5"},
        {"Attempts() > 1e999", "too large"},
        {"Attempts() > .", "a number is missing"},
        {"Attempts() > \"2\"", "a number"},
        {"Attempts() = 2", "at `= 2`"},
        {"!IsNetworkError()", "at `!Is"},
        {"IsNetworkError() == 1", "can be compared"},
        {"RequestMethod() > \"GET\"", "== or !="},
        {"RequestMethod() == GET", "none of the functions"},
        {"RequestMethod() == 1", "in quotes"},
        {"RequestMethod() == \"GET", "does not end"},
        {"RequestMethod() == \"G\\u0045T\"", "backslash"},
        {"networkerrorratio() > 0.5", "none of the functions NetworkErrorRatio, ResponseCodeRatio"},
        {"Attempts > 1", "parentheses"},
        {"Attempts(1) > 1", "Attempts has 0 arguments"},
        {"ResponseCodeRatio(1, 2, 3) > 1", "has 4 arguments"},
        {"ResponseCodeRatio(1, 2, 3, 4, 5) > 1", "has 4 arguments"},
        {"ResponseCodeRatio() > 1", "has 4 arguments"},
        {"ResponseCodeRatio(1, 2, x, 4) > 1", "a number is missing"},
        {"(IsNetworkError()", "`)` is missing"},
        {"IsNetworkError())", "at `)`"},
        {"()", "at `)`"},
        {"((((((((((((((((((((((((((((((((((((((((((", "too many parentheses"},
    };
    char error[300];
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++)
        if (value_of(rows[i].text, error, sizeof error) != -1 || !strstr(error, rows[i].says))
            fail_msg("`%s`: %s", rows[i].text, error);
}

static char *repeat(const char *part, unsigned count, const char *last)
{
    char *text = wb_alloc(strlen(part) * count + strlen(last) + 1);
    for (unsigned i = 0; i < count; i++)
        strcat(text, part);
    return strcat(text, last);
}

static void test_its_size_is_limited(void **state)
{
    char error[300], *fits = repeat("IsNetworkError() && (", 31, "IsNetworkError()"), *whole, *many, *long_one;
    (void)state;

    whole = wb_format("%s)))))))))))))))))))))))))))))))", fits); /* 32 tests, 31 deep */
    assert_int_equal(value_of(whole, error, sizeof error), 1);
    many = repeat("IsNetworkError() || ", 32, "IsNetworkError()");
    assert_int_equal(value_of(many, error, sizeof error), -1);
    assert_non_null(strstr(error, "too many tests"));
    long_one = repeat(" ", 5000, "IsNetworkError()");
    assert_int_equal(value_of(long_one, error, sizeof error), -1);
    assert_non_null(strstr(error, "too long"));
    free(fits);
    free(whole);
    free(many);
    free(long_one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions_say_what_their_tests_say),
        cmocka_unit_test(test_what_is_none_is_refused_with_the_place),
        cmocka_unit_test(test_its_size_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
