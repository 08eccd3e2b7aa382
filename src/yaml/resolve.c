/* SPDX-License-Identifier: MIT */
/* What a plain scalar is: the core schema of YAML 1.2 (10.3.2), and of 1.1 what the readers of compose files still take for
 * a number: 0b1, 1_000, +.inf. */
#include "reading.h"

static bool is_one_of(struct slice text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq(text, slice_of(words[i])))
            return true;
    return false;
}

static bool is_null(struct slice text)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    return is_one_of(text, words, WB_COUNT(words));
}

static bool is_boolean(struct slice text)
{
    static const char *const words[] = {"true", "True", "TRUE", "false", "False", "FALSE"};
    return is_one_of(text, words, WB_COUNT(words));
}

/* Takes digits of a base, and underscores after the first. */
static size_t take_digits(struct slice *rest, int base)
{
    size_t count = 0, at = 0;

    for (; at < rest->len; at++) {
        int digit = ascii_hex(rest->ptr[at]);
        if (digit >= 0 && digit < base)
            count++;
        else if (rest->ptr[at] != '_' || count == 0)
            break;
    }
    *rest = slice_from(*rest, at);
    return count;
}

static bool take(struct slice *rest, char c)
{
    if (rest->len == 0 || ascii_lower(rest->ptr[0]) != c)
        return false;
    *rest = slice_from(*rest, 1);
    return true;
}

static bool is_of_base(struct slice text, struct slice prefix, int base)
{
    if (!slice_starts(text, prefix))
        return false;
    text = slice_from(text, prefix.len);
    return take_digits(&text, base) > 0 && text.len == 0;
}

/* 12, 12., .5, 1.5e-3 */
static bool is_decimal(struct slice text)
{
    size_t digits = take_digits(&text, 10);

    if (take(&text, '.'))
        digits += take_digits(&text, 10);
    if (digits && take(&text, 'e')) {
        if (!take(&text, '-'))
            (void)take(&text, '+');
        if (take_digits(&text, 10) == 0)
            return false;
    }
    return digits && text.len == 0;
}

static bool is_number(struct slice text)
{
    static const char *const words[] = {".inf", ".Inf", ".INF"}, *const no_number[] = {".nan", ".NaN", ".NAN"};

    if (is_one_of(text, no_number, WB_COUNT(no_number)))
        return true;
    if (!take(&text, '-'))
        (void)take(&text, '+');
    return is_one_of(text, words, WB_COUNT(words)) || is_decimal(text) || is_of_base(text, SLICE("0x"), 16) ||
           is_of_base(text, SLICE("0o"), 8) || is_of_base(text, SLICE("0b"), 2);
}

enum yaml_kind yaml_resolve(struct slice text)
{
    if (is_null(text))
        return YAML_NULL;
    if (is_boolean(text))
        return YAML_BOOLEAN;
    return is_number(text) ? YAML_NUMBER : YAML_TEXT;
}
