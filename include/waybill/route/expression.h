/* SPDX-License-Identifier: MIT */
/*
 * expression - a condition as v1.7 writes it for circuit breakers and retries (spec/proxy.md 9, 12):
 *
 *   NetworkErrorRatio() > 0.5 && (LatencyAtQuantileMS(50.0) >= 100 || ResponseCodeRatio(500, 600, 0, 600) > 0.25)
 *
 * A test is a call compared with a literal to its right, or a call alone that says yes or no. Tests are joined by &&, which
 * binds tighter, by || and by parentheses. Numbers may be written with a point or without one (defects B25). Whoever
 * uses it brings the functions, and answers each test.
 * Thread: any; it never changes once parsed. Owner: the arena.
 */
#pragma once
#include "waybill/base/arena.h"

enum { EXPRESSION_BYTES_MAX = 4096, EXPRESSION_TESTS_MAX = 32, EXPRESSION_DEPTH_MAX = 32, EXPRESSION_ARGUMENTS_MAX = 4 };

enum expression_kind {
    EXPRESSION_TRUTH, /* stands alone */
    EXPRESSION_NUMBER,
    EXPRESSION_TEXT, /* only == and != */
};

struct expression_function {
    const char *name;
    enum expression_kind kind;
    unsigned argument_count; /* all of them numbers */
};

enum expression_operator {
    EXPRESSION_ALONE,
    EXPRESSION_MORE,
    EXPRESSION_AT_LEAST,
    EXPRESSION_LESS,
    EXPRESSION_AT_MOST,
    EXPRESSION_EQUAL,
    EXPRESSION_UNEQUAL,
};

struct expression_test {
    size_t number;   /* its place in the expression */
    size_t function; /* its place in the table of functions */
    double arguments[EXPRESSION_ARGUMENTS_MAX];
    enum expression_operator sign;
    double limit;      /* what a number is compared with */
    struct slice text; /* what a text is compared with */
};

struct expression {
    struct expression_test *tests;
    size_t test_count;
    uint8_t *steps; /* the number of a test, or how to join the two results before */
    size_t step_count;
};

/* False: out_error says what is wrong and where, in the arena. */
bool expression_parse(struct arena *arena, struct slice text, const struct expression_function *functions,
                      size_t function_count, struct expression *out_expression, struct slice *out_error);
/* Asks for each test once. */
bool expression_holds(const struct expression *expression, bool (*answer)(void *arg, const struct expression_test *test),
                      void *arg);
/* What a test of a function that gives `value` says. */
bool expression_test_number(const struct expression_test *test, double value);
bool expression_test_text(const struct expression_test *test, struct slice value);
