/* SPDX-License-Identifier: MIT */
/*
 * The grammar; each rule is a function of the same name:
 *
 *   any        all { "||" all }
 *   all        comparison { "&&" comparison }
 *   comparison operand [ operator operand ]
 *   operand    "(" any ")" | name "(" [ number { "," number } ] ")" | number | text
 *
 * What comes out is a list of steps: tests, and joins of the two results before them.
 */
#include "waybill/route/expression.h"
#include <math.h>
#include <stdlib.h>

enum { STEP_AND = 254, STEP_OR = 255, NUMBER_BYTES_MAX = 40, STEPS_MAX = 2 * EXPRESSION_TESTS_MAX };

enum operand_kind {
    OPERAND_CONDITION, /* its steps are there */
    OPERAND_CALL,      /* its test has no operator yet */
    OPERAND_NUMBER,
    OPERAND_TEXT,
};

struct operand {
    enum operand_kind kind;
    struct expression_test *test;
    double number;
    struct slice text;
};

struct parser {
    struct arena *arena;
    struct slice rest;
    const struct expression_function *functions;
    size_t function_count;
    struct expression *out;
    unsigned depth;
    struct slice error;
};

static bool parse_any(struct parser *p, struct operand *out);

/* Says what is wrong, and what stands there. */
static bool fail(struct parser *p, struct slice what)
{
    if (p->error.len)
        return false;
    p->error = p->rest.len ? slice_of(arena_format(p->arena, SLICE_FMT ", at `" SLICE_FMT "`", SLICE_ARG(what),
                                                   SLICE_ARG(slice_head(p->rest, 40))))
                           : slice_of(arena_format(p->arena, SLICE_FMT ", at the end", SLICE_ARG(what)));
    return false;
}

static void skip_space(struct parser *p)
{
    while (p->rest.len && strchr(" \t\r\n", p->rest.ptr[0]) && p->rest.ptr[0])
        p->rest = slice_from(p->rest, 1);
}

/* Takes what the text begins with, behind blanks. */
static bool take(struct parser *p, struct slice word)
{
    skip_space(p);
    if (!slice_starts(p->rest, word))
        return false;
    p->rest = slice_from(p->rest, word.len);
    return true;
}

static bool is_letter(char c)
{
    char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(struct slice text)
{
    size_t count = 0;
    while (count < text.len && is_digit(text.ptr[count]))
        count++;
    return count;
}

/* 5, 0.5, .5, 5., 5e-1; the length, or 0 when it is none. */
static size_t measure_number(struct slice text)
{
    size_t whole = count_digits(text), len = whole, digits = whole;

    if (len < text.len && text.ptr[len] == '.') {
        size_t fraction = count_digits(slice_from(text, len + 1));
        len += 1 + fraction;
        digits += fraction;
    }
    if (digits == 0)
        return 0;
    if (len < text.len && ascii_lower(text.ptr[len]) == 'e') {
        size_t signs = len + 1 < text.len && (text.ptr[len + 1] == '-' || text.ptr[len + 1] == '+');
        size_t power = count_digits(slice_from(text, len + 1 + signs));
        len += power ? 1 + signs + power : 0;
    }
    return len;
}

static bool parse_number(struct parser *p, double *out)
{
    char text[NUMBER_BYTES_MAX + 1];
    size_t len;

    skip_space(p);
    len = measure_number(p->rest);
    if (len == 0)
        return fail(p, SLICE("a number is missing"));
    if (len > NUMBER_BYTES_MAX || (len < p->rest.len && (is_letter(p->rest.ptr[len]) || p->rest.ptr[len] == '.')))
        return fail(p, SLICE("a number such as 0.5 or 100 is meant here"));
    memcpy(text, p->rest.ptr, len);
    text[len] = '\0';
    *out = strtod(text, NULL);
    if (!isfinite(*out))
        return fail(p, SLICE("that number is too large"));
    p->rest = slice_from(p->rest, len);
    return true;
}

static bool parse_text(struct parser *p, struct operand *out)
{
    char quote = p->rest.ptr[0];
    struct slice inside = slice_from(p->rest, 1);
    size_t end = slice_find(inside, quote);

    if (end == inside.len)
        return fail(p, SLICE("a text does not end"));
    inside = slice_head(inside, end);
    if (slice_find(inside, '\\') < inside.len)
        return fail(p, SLICE("a text must not have a backslash"));
    *out = (struct operand){.kind = OPERAND_TEXT, .text = arena_copy(p->arena, inside)};
    p->rest = slice_from(p->rest, end + 2);
    return true;
}

static bool fail_unknown(struct parser *p, struct slice name)
{
    struct slice known = SLICE("");

    for (size_t i = 0; i < p->function_count; i++)
        known = slice_of(arena_format(p->arena, SLICE_FMT "%s%s", SLICE_ARG(known), i ? ", " : "", p->functions[i].name));
    return fail(p, slice_of(arena_format(p->arena, "`" SLICE_FMT "` is none of the functions " SLICE_FMT, SLICE_ARG(name),
                                         SLICE_ARG(known))));
}

static bool parse_arguments(struct parser *p, const struct expression_function *function, struct expression_test *test)
{
    for (unsigned i = 0; i < function->argument_count; i++) {
        if (i && !take(p, SLICE(",")))
            break;
        skip_space(p);
        if (p->rest.len && p->rest.ptr[0] == ')')
            break;
        if (!parse_number(p, &test->arguments[i]))
            return false;
        if (i + 1 == function->argument_count && take(p, SLICE(")")))
            return true;
    }
    if (function->argument_count == 0 && take(p, SLICE(")")))
        return true;
    return fail(p, slice_of(arena_format(p->arena, "%s has %u arguments", function->name, function->argument_count)));
}

static bool parse_call(struct parser *p, struct operand *out)
{
    struct slice name;
    size_t len = 0, number = 0;

    while (len < p->rest.len && (is_letter(p->rest.ptr[len]) || is_digit(p->rest.ptr[len])))
        len++;
    name = slice_head(p->rest, len);
    while (number < p->function_count && !slice_eq(name, slice_of(p->functions[number].name)))
        number++;
    if (number == p->function_count)
        return fail_unknown(p, name);
    p->rest = slice_from(p->rest, len);
    if (!take(p, SLICE("(")))
        return fail(p, SLICE("a function wants parentheses"));
    if (p->out->test_count == EXPRESSION_TESTS_MAX)
        return fail(p, SLICE("that are too many tests"));
    *out = (struct operand){.kind = OPERAND_CALL, .test = &p->out->tests[p->out->test_count]};
    *out->test = (struct expression_test){.number = p->out->test_count++, .function = number};
    return parse_arguments(p, &p->functions[number], out->test);
}

static bool parse_operand(struct parser *p, struct operand *out)
{
    if (take(p, SLICE("("))) {
        if (++p->depth > EXPRESSION_DEPTH_MAX)
            return fail(p, SLICE("that are too many parentheses"));
        if (!parse_any(p, out))
            return false;
        p->depth--;
        return take(p, SLICE(")")) || fail(p, SLICE("a `)` is missing"));
    }
    if (p->rest.len == 0)
        return fail(p, SLICE("a test is missing"));
    if (p->rest.ptr[0] == '"' || p->rest.ptr[0] == '`')
        return parse_text(p, out);
    if (is_letter(p->rest.ptr[0]))
        return parse_call(p, out);
    if (!is_digit(p->rest.ptr[0]) && p->rest.ptr[0] != '.')
        return fail(p, SLICE("a function or a literal is meant here"));
    *out = (struct operand){.kind = OPERAND_NUMBER};
    return parse_number(p, &out->number);
}

static enum expression_operator take_operator(struct parser *p)
{
    static const struct {
        struct slice text;
        enum expression_operator sign;
    } rows[] = {
        {{">=", 2}, EXPRESSION_AT_LEAST}, {{">", 1}, EXPRESSION_MORE},   {{"<=", 2}, EXPRESSION_AT_MOST},
        {{"<", 1}, EXPRESSION_LESS},      {{"==", 2}, EXPRESSION_EQUAL}, {{"!=", 2}, EXPRESSION_UNEQUAL},
    };

    for (size_t i = 0; i < WB_COUNT(rows); i++)
        if (take(p, rows[i].text))
            return rows[i].sign;
    return EXPRESSION_ALONE;
}

static void add_step(struct parser *p, size_t step)
{
    WB_REQUIRE(p->out->step_count < STEPS_MAX); /* a join has two tests before it */
    p->out->steps[p->out->step_count++] = (uint8_t)step;
}

static enum expression_kind kind_of(const struct parser *p, const struct operand *call)
{
    return p->functions[call->test->function].kind;
}

static bool parse_comparison(struct parser *p, struct operand *out)
{
    struct operand right;
    enum expression_operator sign;

    if (!parse_operand(p, out))
        return false;
    sign = take_operator(p);
    if (sign == EXPRESSION_ALONE)
        return true;
    if (out->kind != OPERAND_CALL || kind_of(p, out) == EXPRESSION_TRUTH)
        return fail(p, SLICE("only what a function gives can be compared, and it stands on the left"));
    if (!parse_operand(p, &right))
        return false;
    bool wants_text = kind_of(p, out) == EXPRESSION_TEXT;
    if (right.kind != (wants_text ? OPERAND_TEXT : OPERAND_NUMBER))
        return fail(p, wants_text ? SLICE("on the right stands a text in quotes") : SLICE("on the right stands a number"));
    if (wants_text && sign != EXPRESSION_EQUAL && sign != EXPRESSION_UNEQUAL)
        return fail(p, SLICE("a text is compared by == or !="));
    out->test->sign = sign;
    out->test->limit = right.number;
    out->test->text = right.text;
    out->kind = OPERAND_CONDITION;
    add_step(p, out->test->number);
    return true;
}

/* A function that says yes or no is a condition by itself. */
static bool make_condition(struct parser *p, struct operand *operand)
{
    if (operand->kind == OPERAND_CONDITION)
        return true;
    if (operand->kind != OPERAND_CALL || kind_of(p, operand) != EXPRESSION_TRUTH)
        return fail(p, SLICE("a function and a comparison are missing"));
    operand->kind = OPERAND_CONDITION;
    add_step(p, operand->test->number);
    return true;
}

static bool parse_all(struct parser *p, struct operand *out)
{
    struct operand right;

    if (!parse_comparison(p, out))
        return false;
    while (take(p, SLICE("&&"))) {
        if (!make_condition(p, out) || !parse_comparison(p, &right) || !make_condition(p, &right))
            return false;
        add_step(p, STEP_AND);
    }
    return true;
}

static bool parse_any(struct parser *p, struct operand *out)
{
    struct operand right;

    if (!parse_all(p, out))
        return false;
    while (take(p, SLICE("||"))) {
        if (!make_condition(p, out) || !parse_all(p, &right) || !make_condition(p, &right))
            return false;
        add_step(p, STEP_OR);
    }
    return true;
}

static bool parse_whole(struct parser *p)
{
    struct operand whole;

    if (p->rest.len > EXPRESSION_BYTES_MAX)
        return fail(p, SLICE("that is too long"));
    if (!parse_any(p, &whole) || !make_condition(p, &whole))
        return false;
    skip_space(p);
    return p->rest.len == 0 || fail(p, SLICE("&& or || is missing"));
}

bool expression_parse(struct arena *arena, struct slice text, const struct expression_function *functions,
                      size_t function_count, struct expression *out, struct slice *out_error)
{
    struct parser p = {.arena = arena, .rest = text, .functions = functions, .function_count = function_count, .out = out};
    bool good;

    out->tests = ARENA_ARRAY(arena, struct expression_test, EXPRESSION_TESTS_MAX);
    out->steps = ARENA_ARRAY(arena, uint8_t, STEPS_MAX);
    out->test_count = out->step_count = 0;
    good = parse_whole(&p);
    *out_error = p.error;
    return good;
}

bool expression_holds(const struct expression *expression, bool (*answer)(void *arg, const struct expression_test *test),
                      void *arg)
{
    uint64_t results = 0; /* a stack of bits; as many as there are tests at most */

    for (size_t i = 0; i < expression->step_count; i++) {
        uint8_t step = expression->steps[i];
        uint64_t last = results & 1, before = results >> 1 & 1;
        if (step == STEP_AND)
            results = results >> 2 << 1 | (last & before);
        else if (step == STEP_OR)
            results = results >> 2 << 1 | (last | before);
        else
            results = results << 1 | answer(arg, &expression->tests[step]);
    }
    return results & 1;
}

bool expression_test_number(const struct expression_test *test, double value)
{
    switch (test->sign) {
    case EXPRESSION_ALONE:
        return value != 0;
    case EXPRESSION_MORE:
        return value > test->limit;
    case EXPRESSION_AT_LEAST:
        return value >= test->limit;
    case EXPRESSION_LESS:
        return value < test->limit;
    case EXPRESSION_AT_MOST:
        return value <= test->limit;
    case EXPRESSION_EQUAL:
        return value == test->limit;
    case EXPRESSION_UNEQUAL:
        return value != test->limit;
    }
    WB_UNREACHABLE();
}

bool expression_test_text(const struct expression_test *test, struct slice value)
{
    return slice_eq(value, test->text) == (test->sign == EXPRESSION_EQUAL);
}
