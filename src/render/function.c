/* SPDX-License-Identifier: MIT */
#include "function.h"
#include "waybill/base/suggest.h"
#include <errno.h>
#include <stdlib.h>

bool call_fail_size(struct call *call)
{
    return report_fail(call->run->report, call->at, "`%s` makes too much: give it less", call->function->name);
}

bool call_give_text(struct call *call, struct text *made, struct value *out_value)
{
    bool good = (made->len <= run_room(call->run) || call_fail_size(call)) &&
                run_spend(call->run, call->at, made->len / 64 + 1);

    if (good) {
        call->run->held += made->len;
        *out_value = value_text(arena_copy(call->run->arena, text_slice(made)));
    }
    text_fini(made);
    return good;
}

static bool call_env(struct call *call, struct value *out_value)
{
    char *name = slice_dup(call->arguments[0].text);
    const char *found = getenv(name);

    free(name);
    /* Kept by the environment, which stays. */
    *out_value = value_text(slice_of(found));
    return true;
}

/* `default "a"` alone, or with what is piped into it. */
static bool call_default(struct call *call, struct value *out_value)
{
    bool has = call->count == 2 && value_is_true(&call->arguments[1]);

    *out_value = call->arguments[has ? 1 : 0];
    return true;
}

static bool give_list(struct call *call, struct value *items, size_t count, struct value *out_value)
{
    uint32_t depth = 1;

    for (size_t i = 0; i < count; i++) {
        if (items[i].kind == VALUE_LIST && items[i].depth >= depth)
            depth = items[i].depth + 1;
    }
    if (depth > VALUE_DEPTH_MAX)
        return report_fail(call->run->report, call->at, "lists in lists more than %d deep: use fewer levels",
                           VALUE_DEPTH_MAX);
    *out_value = (struct value){.kind = VALUE_LIST, .depth = depth, .items = items, .count = count};
    return true;
}

static struct value *new_list(struct call *call, size_t count)
{
    if (count > run_room(call->run) / sizeof(struct value) || !run_hold(call->run, call->at, count * sizeof(struct value)) ||
        !run_spend(call->run, call->at, count)) {
        call_fail_size(call); /* says nothing when something else was said */
        return NULL;
    }
    return ARENA_ARRAY(call->run->arena, struct value, count + 1);
}

static bool call_list(struct call *call, struct value *out_value)
{
    struct value *items = new_list(call, call->count);

    if (!items)
        return false;
    if (call->count)
        memcpy(items, call->arguments, call->count * sizeof *items);
    return give_list(call, items, call->count, out_value);
}

/* Down from 0 when the number is negative. */
static bool call_until(struct call *call, struct value *out_value)
{
    int64_t number = call->arguments[0].number;
    uint64_t count = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    struct value *items = new_list(call, count);

    if (!items)
        return false;
    for (uint64_t i = 0; i < count; i++)
        items[i] = value_number(number < 0 ? -(int64_t)i : (int64_t)i);
    return give_list(call, items, count, out_value);
}

static bool is_equal(const struct value *a, const struct value *b)
{
    switch (a->kind) {
    case VALUE_TEXT:
        return slice_eq(a->text, b->text);
    case VALUE_NUMBER:
        return a->number == b->number;
    case VALUE_TRUTH:
        return a->truth == b->truth;
    case VALUE_LIST:
        return false;
    }
    WB_UNREACHABLE();
}

static bool check_comparable(struct call *call, const struct value *a, const struct value *b, bool by_size)
{
    const struct value *wrong = a->kind == VALUE_LIST || (by_size && a->kind == VALUE_TRUTH) ? a : b;

    if (wrong == a || b->kind == VALUE_LIST)
        return report_fail(call->run->report, call->at, "`%s` cannot compare %s", call->function->name,
                           value_kind_name(wrong->kind));
    return a->kind == b->kind || report_fail(call->run->report, call->at, "`%s` cannot compare %s with %s",
                                             call->function->name, value_kind_name(a->kind), value_kind_name(b->kind));
}

/* Is the first one equal to any of the others? */
static bool call_eq(struct call *call, struct value *out_value)
{
    *out_value = value_truth(false);
    for (size_t i = 1; i < call->count && !out_value->truth; i++) {
        if (!check_comparable(call, &call->arguments[0], &call->arguments[i], false))
            return false;
        *out_value = value_truth(is_equal(&call->arguments[0], &call->arguments[i]));
    }
    return true;
}

static bool call_ne(struct call *call, struct value *out_value)
{
    bool good = call_eq(call, out_value);

    if (good)
        out_value->truth = !out_value->truth;
    return good;
}

/* Below 0, 0, above 0 as the first is less, equal or greater. */
static bool compare(struct call *call, int *out_order)
{
    const struct value *a = &call->arguments[0], *b = &call->arguments[1];

    if (!check_comparable(call, a, b, true))
        return false;
    *out_order = a->kind == VALUE_TEXT ? slice_compare(a->text, b->text) : (a->number > b->number) - (a->number < b->number);
    return true;
}

static bool call_lt(struct call *call, struct value *out_value)
{
    int order = 0;
    bool good = compare(call, &order);

    *out_value = value_truth(order < 0);
    return good;
}

static bool call_le(struct call *call, struct value *out_value)
{
    int order = 0;
    bool good = compare(call, &order);

    *out_value = value_truth(order <= 0);
    return good;
}

static bool call_gt(struct call *call, struct value *out_value)
{
    int order = 0;
    bool good = compare(call, &order);

    *out_value = value_truth(order > 0);
    return good;
}

static bool call_ge(struct call *call, struct value *out_value)
{
    int order = 0;
    bool good = compare(call, &order);

    *out_value = value_truth(order >= 0);
    return good;
}

static bool call_not(struct call *call, struct value *out_value)
{
    *out_value = value_truth(!value_is_true(&call->arguments[0]));
    return true;
}

/* Decimal, with a sign; a text that is none counts as 0, as in v1.7. */
static int64_t number_of_text(struct slice text)
{
    char *digits = slice_dup(text), *end = digits;
    long long number;

    errno = 0;
    number = strtoll(digits, &end, 10);
    if (errno || end == digits || end != digits + text.len || !strchr("+-0123456789", digits[0]))
        number = 0;
    free(digits);
    return number;
}

static int64_t number_of(const struct value *value)
{
    switch (value->kind) {
    case VALUE_TEXT:
        return number_of_text(value->text);
    case VALUE_NUMBER:
        return value->number;
    case VALUE_TRUTH:
        return value->truth;
    case VALUE_LIST:
        return 0;
    }
    WB_UNREACHABLE();
}

/* These wrap around, as Go's numbers do. */

static bool call_add(struct call *call, struct value *out_value)
{
    int64_t sum = 0;

    for (size_t i = 0; i < call->count; i++)
        (void)__builtin_add_overflow(sum, number_of(&call->arguments[i]), &sum);
    *out_value = value_number(sum);
    return true;
}

static bool call_sub(struct call *call, struct value *out_value)
{
    int64_t difference;

    (void)__builtin_sub_overflow(number_of(&call->arguments[0]), number_of(&call->arguments[1]), &difference);
    *out_value = value_number(difference);
    return true;
}

static bool call_mul(struct call *call, struct value *out_value)
{
    int64_t product = 1;

    for (size_t i = 0; i < call->count; i++)
        (void)__builtin_mul_overflow(product, number_of(&call->arguments[i]), &product);
    *out_value = value_number(product);
    return true;
}

static bool take_element(struct call *call, struct value *value, int64_t position)
{
    size_t count = value->kind == VALUE_LIST ? value->count : value->text.len;

    if (position < 0 || (uint64_t)position >= count)
        return report_fail(call->run->report, call->at, "`index`: there is no element %lld, only %zu of them from 0 on",
                           (long long)position, count);
    /* The struct is replaced by what it leads to. */
    struct value element = value->kind == VALUE_LIST ? value->items[position]
                                                     : value_number((unsigned char)value->text.ptr[position]);
    *value = element;
    return true;
}

/* One number goes one level into it. */
static bool call_index(struct call *call, struct value *out_value)
{
    *out_value = call->arguments[0];
    for (size_t i = 1; i < call->count; i++) {
        if (out_value->kind != VALUE_LIST && out_value->kind != VALUE_TEXT)
            return report_fail(call->run->report, call->at, "`index` wants a list, and this is %s",
                               value_kind_name(out_value->kind));
        if (call->arguments[i].kind != VALUE_NUMBER)
            return report_fail(call->run->report, call->at, "`index` wants the number of an element, and this is %s",
                               value_kind_name(call->arguments[i].kind));
        if (!take_element(call, out_value, call->arguments[i].number))
            return false;
    }
    return true;
}

static bool call_len(struct call *call, struct value *out_value)
{
    const struct value *value = &call->arguments[0];

    if (value->kind != VALUE_TEXT && value->kind != VALUE_LIST)
        return report_fail(call->run->report, call->at, "`len` wants a text or a list, and this is %s",
                           value_kind_name(value->kind));
    *out_value = value_number((int64_t)(value->kind == VALUE_TEXT ? value->text.len : value->count));
    return true;
}

static const struct function functions[] = {
    {"env", "t", 1, 1, call_env, false},
    {"default", "aa", 1, 2, call_default, false},
    {"until", "n", 1, 1, call_until, false},
    {"list", "a", 0, FUNCTION_ANY_NUMBER, call_list, false},
    {"split", "tt", 2, 2, call_split, false},
    {"splitList", "tt", 2, 2, call_split, false},
    {"upper", "t", 1, 1, call_upper, false},
    {"lower", "t", 1, 1, call_lower, false},
    {"tolower", "t", 1, 1, call_lower, false},
    {"trim", "t", 1, 1, call_trim, false},
    {"replace", "ttt", 3, 3, call_replace, false},
    {"quote", "a", 0, FUNCTION_ANY_NUMBER, call_quote, false},
    {"printf", "ta", 1, FUNCTION_ANY_NUMBER, call_printf, false},
    {"eq", "aa", 2, FUNCTION_ANY_NUMBER, call_eq, false},
    {"ne", "aa", 2, 2, call_ne, false},
    {"lt", "aa", 2, 2, call_lt, false},
    {"le", "aa", 2, 2, call_le, false},
    {"gt", "aa", 2, 2, call_gt, false},
    {"ge", "aa", 2, 2, call_ge, false},
    {"and", "a", 1, FUNCTION_ANY_NUMBER, NULL, false},
    {"or", "a", 1, FUNCTION_ANY_NUMBER, NULL, true},
    {"not", "a", 1, 1, call_not, false},
    {"add", "a", 0, FUNCTION_ANY_NUMBER, call_add, false},
    {"sub", "aa", 2, 2, call_sub, false},
    {"mul", "a", 1, FUNCTION_ANY_NUMBER, call_mul, false},
    {"index", "aa", 1, FUNCTION_ANY_NUMBER, call_index, false},
    {"len", "a", 1, 1, call_len, false},
    {"normalize", "t", 1, 1, call_normalise, false},
};

const struct function *function_find(struct slice name)
{
    for (size_t i = 0; i < WB_COUNT(functions); i++) {
        if (slice_eq(name, slice_of(functions[i].name)))
            return &functions[i];
    }
    return NULL;
}

const char *function_suggest(struct slice name)
{
    const char *names[WB_COUNT(functions)];

    for (size_t i = 0; i < WB_COUNT(functions); i++)
        names[i] = functions[i].name;
    return suggest_name(name, names, WB_COUNT(functions));
}

static bool check_argument(struct call *call, size_t number)
{
    size_t kinds = strlen(call->function->kinds);
    char wanted = call->function->kinds[number < kinds ? number : kinds - 1];
    enum value_kind kind = call->arguments[number].kind;

    if (wanted == 'a' || kind == (wanted == 't' ? VALUE_TEXT : VALUE_NUMBER))
        return true;
    return report_fail(call->run->report, call->at, "`%s` wants %s as argument %zu, and this is %s", call->function->name,
                       value_kind_name(wanted == 't' ? VALUE_TEXT : VALUE_NUMBER), number + 1, value_kind_name(kind));
}

/* Long arguments take long. */
static size_t count_steps(const struct call *call)
{
    size_t steps = 1;

    for (size_t i = 0; i < call->count; i++)
        steps += call->arguments[i].kind == VALUE_TEXT ? call->arguments[i].text.len / 64 : 1;
    return steps;
}

bool function_call(struct call *call, struct value *out_value)
{
    const struct function *function = call->function;

    if (call->count < function->min || call->count > function->max)
        return report_fail(call->run->report, call->at, "`%s` takes %u%s argument%s, and here are %zu", function->name,
                           function->min,
                           function->max == function->min         ? ""
                           : function->max == FUNCTION_ANY_NUMBER ? " or more"
                                                                  : " or 2",
                           function->min == 1 && function->max == 1 ? "" : "s", call->count);
    for (size_t i = 0; i < call->count; i++) {
        if (!check_argument(call, i))
            return false;
    }
    return run_spend(call->run, call->at, count_steps(call)) && function->call(call, out_value);
}
