/* SPDX-License-Identifier: MIT */
#include "parser.h"
#include <math.h>
#include <stdlib.h>

static unsigned digit_value(char c)
{
    c = ascii_lower(c);
    return c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 99;
}

/* Moves digits from `rest` to p->decoded, underscores between two of them left out. False when
 * there is no digit, or an underscore elsewhere. */
static bool take_digits(struct toml_parser *p, struct slice *rest, unsigned base)
{
    bool after_digit = false;

    for (; rest->len; *rest = slice_from(*rest, 1)) {
        char c = rest->ptr[0];
        if (digit_value(c) < base) {
            text_add_char(&p->decoded, c);
            after_digit = true;
        } else if (c == '_' && after_digit) {
            after_digit = false;
        } else {
            break;
        }
    }
    return after_digit;
}

static bool fail_number(struct toml_parser *p, struct slice token)
{
    return toml_fail(p, toml_here(p), "%s is no number; correct it, or put text in quotes", toml_quote(p, token));
}

static bool set_integer(struct toml_parser *p, struct slice token, unsigned base, bool negative, struct toml_value *value)
{
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX, sum = 0;

    for (size_t i = 0; i < p->decoded.len; i++) {
        unsigned digit = digit_value(p->decoded.ptr[i]);
        if (sum > (limit - digit) / base)
            return toml_fail(p, toml_here(p), "integer %s does not fit in 64 bits; use a smaller one", toml_quote(p, token));
        sum = sum * base + digit;
    }
    value->kind = TOML_INTEGER;
    value->integer = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

/* 0x, 0o, 0b; no sign allowed. */
static bool read_prefixed(struct toml_parser *p, struct slice token, unsigned base, struct toml_value *value)
{
    struct slice rest = slice_from(token, 2);

    p->decoded.len = 0;
    if (!take_digits(p, &rest, base) || rest.len)
        return fail_number(p, token);
    return set_integer(p, token, base, false, value);
}

/* .5 and e10 behind the integer part in p->decoded; *out_is_float tells whether there was one. */
static bool take_float_part(struct toml_parser *p, struct slice *rest, bool *out_is_float)
{
    *out_is_float = false;
    if (rest->len && rest->ptr[0] == '.') {
        *out_is_float = true;
        text_add_char(&p->decoded, '.');
        *rest = slice_from(*rest, 1);
        if (!take_digits(p, rest, 10))
            return false;
    }
    if (rest->len && ascii_lower(rest->ptr[0]) == 'e') {
        *out_is_float = true;
        text_add_char(&p->decoded, 'e');
        *rest = slice_from(*rest, 1);
        if (rest->len && (rest->ptr[0] == '+' || rest->ptr[0] == '-')) {
            text_add_char(&p->decoded, rest->ptr[0]);
            *rest = slice_from(*rest, 1);
        }
        if (!take_digits(p, rest, 10))
            return false;
    }
    return true;
}

static bool read_decimal(struct toml_parser *p, struct slice token, struct toml_value *value)
{
    struct slice rest = token;
    bool negative = rest.ptr[0] == '-', is_float;

    if (negative || rest.ptr[0] == '+')
        rest = slice_from(rest, 1);
    p->decoded.len = 0;
    if (!take_digits(p, &rest, 10))
        return fail_number(p, token);
    bool leading_zero = p->decoded.len > 1 && p->decoded.ptr[0] == '0';
    if (!take_float_part(p, &rest, &is_float) || rest.len)
        return fail_number(p, token);
    if (leading_zero)
        return toml_fail(p, toml_here(p), "%s has a leading zero; leave it out, or write 0o for octal",
                         toml_quote(p, token));
    if (!is_float)
        return set_integer(p, token, 10, negative, value);
    double number = strtod(p->decoded.ptr, NULL); /* the locale is "C": nobody calls setlocale */
    value->kind = TOML_FLOAT;
    value->number = negative ? -number : number;
    return true;
}

static bool read_number(struct toml_parser *p, struct slice token, struct toml_value *value)
{
    bool has_sign = token.ptr[0] == '+' || token.ptr[0] == '-';
    struct slice unsigned_part = slice_from(token, has_sign ? 1 : 0);

    if (slice_eq(unsigned_part, SLICE("inf")) || slice_eq(unsigned_part, SLICE("nan"))) {
        double number = unsigned_part.ptr[0] == 'i' ? (double)INFINITY : (double)NAN;
        value->kind = TOML_FLOAT;
        value->number = token.ptr[0] == '-' ? -number : number;
        return true;
    }
    if (slice_starts(token, SLICE("0x")))
        return read_prefixed(p, token, 16, value);
    if (slice_starts(token, SLICE("0o")))
        return read_prefixed(p, token, 8, value);
    if (slice_starts(token, SLICE("0b")))
        return read_prefixed(p, token, 2, value);
    return read_decimal(p, token, value);
}

static bool fail_word(struct toml_parser *p, struct slice token)
{
    if (slice_eq_nocase(token, SLICE("true")) || slice_eq_nocase(token, SLICE("false")))
        return toml_fail(p, toml_here(p), "found %s; true and false are written in lower case", toml_quote(p, token));
    return toml_fail(p, toml_here(p), "found %s where a value belongs; put text in quotes", toml_found(p));
}

bool toml_read_scalar(struct toml_parser *p, struct toml_value *value)
{
    struct slice token = toml_peek_token(p);
    bool truth = slice_eq(token, SLICE("true"));

    if (truth || slice_eq(token, SLICE("false"))) {
        value->kind = TOML_BOOLEAN;
        value->truth = truth;
        p->at += token.len;
        return true;
    }
    if (toml_looks_like_datetime(token))
        return toml_read_datetime(p, token, value);
    char first = token.len ? token.ptr[0] : '\0';
    bool numeric = (first >= '0' && first <= '9') || first == '+' || first == '-' || slice_eq(token, SLICE("inf")) ||
                   slice_eq(token, SLICE("nan"));
    if (!numeric)
        return fail_word(p, token);
    if (!read_number(p, token, value))
        return false;
    p->at += token.len;
    return true;
}
