/* SPDX-License-Identifier: MIT */
/* links: route */
/* Any text as a condition: what is taken has its tests in bounds and answers twice alike; what is not has a reason. */
#include "waybill/route/expression.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct expression_function functions[] = {
    {"NetworkErrorRatio", EXPRESSION_NUMBER, 0},   {"ResponseCodeRatio", EXPRESSION_NUMBER, 4},
    {"LatencyAtQuantileMS", EXPRESSION_NUMBER, 1}, {"RequestMethod", EXPRESSION_TEXT, 0},
    {"IsNetworkError", EXPRESSION_TRUTH, 0},
};

static bool answer(void *arg, const struct expression_test *test)
{
    const struct expression *expression = arg;

    if (test != &expression->tests[test->number] || test->number >= expression->test_count ||
        test->function >= WB_COUNT(functions))
        abort();
    if (functions[test->function].kind == EXPRESSION_TEXT)
        return expression_test_text(test, SLICE("GET"));
    return expression_test_number(test, test->arguments[0] + (double)test->number);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct expression expression;
    struct slice error;
    struct arena arena;

    arena_init(&arena, 0);
    if (expression_parse(&arena, slice_make((const char *)bytes, size), functions, WB_COUNT(functions), &expression,
                         &error)) {
        if (error.len || expression.test_count == 0 || expression.test_count > EXPRESSION_TESTS_MAX ||
            expression.step_count != 2 * expression.test_count - 1 ||
            expression_holds(&expression, answer, &expression) != expression_holds(&expression, answer, &expression))
            abort();
    } else if (error.len == 0) {
        abort();
    }
    arena_fini(&arena);
    return 0;
}
