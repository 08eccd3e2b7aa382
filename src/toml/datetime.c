/* SPDX-License-Identifier: MIT */
/* Dates and times as in RFC 3339 5.6: checked, kept as written. */
#include "parser.h"

static bool is_digit(struct slice text, size_t at)
{
    return at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9';
}

bool toml_looks_like_datetime(struct slice token)
{
    if (!is_digit(token, 0) || !is_digit(token, 1))
        return false;
    return (token.len > 2 && token.ptr[2] == ':') ||
           (is_digit(token, 2) && is_digit(token, 3) && token.len > 4 && token.ptr[4] == '-');
}

/* Takes `digits` digits, not less, with a value of low..high. */
static bool take_number(struct slice *rest, size_t digits, unsigned low, unsigned high, unsigned *out_value)
{
    unsigned value = 0;

    for (size_t i = 0; i < digits; i++) {
        if (!is_digit(*rest, i))
            return false;
        value = value * 10 + (unsigned)(rest->ptr[i] - '0');
    }
    *rest = slice_from(*rest, digits);
    *out_value = value;
    return value >= low && value <= high;
}

static bool take_char(struct slice *rest, char c)
{
    if (rest->len == 0 || ascii_lower(rest->ptr[0]) != c)
        return false;
    *rest = slice_from(*rest, 1);
    return true;
}

static bool take_date(struct slice *rest)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year, month, day;

    if (!take_number(rest, 4, 0, 9999, &year) || !take_char(rest, '-') || !take_number(rest, 2, 1, 12, &month) ||
        !take_char(rest, '-') || !take_number(rest, 2, 1, 31, &day))
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* Seconds go to 60, for leap seconds (RFC 3339 5.7). */
static bool take_time(struct slice *rest)
{
    unsigned ignored;

    if (!take_number(rest, 2, 0, 23, &ignored) || !take_char(rest, ':') || !take_number(rest, 2, 0, 59, &ignored) ||
        !take_char(rest, ':') || !take_number(rest, 2, 0, 60, &ignored))
        return false;
    if (!take_char(rest, '.'))
        return true;
    if (!is_digit(*rest, 0))
        return false;
    while (is_digit(*rest, 0))
        *rest = slice_from(*rest, 1);
    return true;
}

static bool take_offset(struct slice *rest)
{
    unsigned ignored;

    if (take_char(rest, 'z'))
        return true;
    return (take_char(rest, '+') || take_char(rest, '-')) && take_number(rest, 2, 0, 23, &ignored) && take_char(rest, ':') &&
           take_number(rest, 2, 0, 59, &ignored);
}

static bool judge(struct slice text, enum toml_kind *out_kind)
{
    struct slice rest = text;

    *out_kind = TOML_LOCAL_TIME;
    if (text.ptr[2] == ':')
        return take_time(&rest) && rest.len == 0;
    *out_kind = TOML_LOCAL_DATE;
    if (!take_date(&rest))
        return false;
    if (rest.len == 0)
        return true;
    *out_kind = TOML_LOCAL_DATETIME;
    if ((!take_char(&rest, 't') && !take_char(&rest, ' ')) || !take_time(&rest))
        return false;
    if (rest.len == 0)
        return true;
    *out_kind = TOML_OFFSET_DATETIME;
    return take_offset(&rest) && rest.len == 0;
}

/* A blank may stand between date and time: then the next token belongs to this one. */
static struct slice join_time(const struct toml_parser *p, struct slice token)
{
    enum { DATE_LENGTH = 10 };
    struct toml_parser after = *p;

    after.at = token.ptr + token.len;
    if (token.len != DATE_LENGTH || !toml_is_next(&after, ' '))
        return token;
    after.at++;
    struct slice time = toml_peek_token(&after);
    return is_digit(time, 0) ? slice_make(token.ptr, DATE_LENGTH + 1 + time.len) : token;
}

bool toml_read_datetime(struct toml_parser *p, struct slice token, struct toml_value *value)
{
    struct slice text = token.ptr[2] == ':' ? token : join_time(p, token);

    if (!judge(text, &value->kind))
        return toml_fail(p, toml_here(p), "%s is no valid date or time; write it as 1979-05-27T07:32:00Z or a part of that",
                         toml_quote(p, text));
    value->text = arena_copy(p->arena, text);
    p->at += text.len;
    return true;
}
