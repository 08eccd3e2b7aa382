/* SPDX-License-Identifier: MIT */
#include "waybill/base/clock.h"

static const struct {
    const char *name;
    int64_t ns;
} units[] = {
    {"ns", 1},           {"us", 1000},      {"µs", 1000} /* U+00B5 */,   {"μs", 1000} /* U+03BC */,
    {"ms", 1000 * 1000}, {"s", 1000000000}, {"m", INT64_C(60000000000)}, {"h", INT64_C(3600000000000)},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes "1.5h" off the front of *text and adds it. */
static bool add_part(struct slice *text, int64_t *sum)
{
    struct slice fraction = {NULL, 0};
    int64_t whole = 0, unit = 0, part = 0, scale = 1;
    size_t at = 0, start;

    while (at < text->len && is_digit(text->ptr[at])) {
        if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, text->ptr[at] - '0', &whole))
            return false;
        at++;
    }
    start = at;
    if (at < text->len && text->ptr[at] == '.') {
        at++;
        while (at < text->len && is_digit(text->ptr[at]))
            at++;
        fraction = slice_make(text->ptr + start + 1, at - start - 1);
    }
    if (start == 0 && fraction.len == 0)
        return false;
    struct slice name = slice_from(*text, at);
    for (name.len = 0; at + name.len < text->len && !is_digit(name.ptr[name.len]) && name.ptr[name.len] != '.';)
        name.len++;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (slice_eq(name, slice_of(units[i].name)))
            unit = units[i].ns;
    }
    if (!unit)
        return false;
    /* Digits past the unit's own resolution are cut off, as Go does. */
    for (size_t i = 0; i < fraction.len && scale < unit && scale <= INT64_C(100000000000000); i++) {
        part = part * 10 + (fraction.ptr[i] - '0');
        scale *= 10;
    }
    part = (int64_t)((long double)part * (long double)unit / (long double)scale);
    if (__builtin_mul_overflow(whole, unit, &whole) || __builtin_add_overflow(whole, part, &whole) ||
        __builtin_add_overflow(*sum, whole, sum))
        return false;
    *text = slice_from(*text, at + name.len);
    return true;
}

bool clock_parse_duration(struct slice text, int64_t *out_ns)
{
    bool negative = text.len && text.ptr[0] == '-';
    uint64_t seconds;
    int64_t sum = 0;

    if (text.len && (text.ptr[0] == '-' || text.ptr[0] == '+'))
        text = slice_from(text, 1);
    if (slice_to_u64(text, INT64_MAX / 1000000000, &seconds)) {
        sum = (int64_t)seconds * 1000000000;
    } else {
        if (!text.len)
            return false;
        while (text.len) {
            if (!add_part(&text, &sum))
                return false;
        }
    }
    *out_ns = negative ? -sum : sum;
    return true;
}
