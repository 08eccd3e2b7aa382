/* SPDX-License-Identifier: MIT */
#include "literal.h"
#include "waybill/base/text.h"
#include "waybill/base/utf8.h"

/* Between back quotes everything stands for itself; a CR is left out, as Go does. */
static const char *read_raw(struct arena *arena, struct slice source, size_t *out_len, struct slice *out_text)
{
    const char *closing = memchr(source.ptr + 1, '`', source.len - 1);
    char *out;
    size_t len = 0;

    if (!closing)
        return "the text is not closed: write a ` behind it";
    *out_len = (size_t)(closing - source.ptr) + 1;
    out = arena_bytes(arena, *out_len);
    for (const char *at = source.ptr + 1; at < closing; at++) {
        if (*at != '\r')
            out[len++] = *at;
    }
    *out_text = slice_make(out, len);
    return NULL;
}

/* `digits` of base 2^shift behind the escape's letter; false when there are not so many. */
static bool read_digits(struct slice *rest, size_t digits, unsigned shift, uint32_t *out_value)
{
    *out_value = 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = i < rest->len ? ascii_hex(rest->ptr[i]) : -1;
        if (digit < 0 || digit >= 1 << shift)
            return false;
        *out_value = *out_value << shift | (uint32_t)digit;
    }
    *rest = slice_from(*rest, digits);
    return true;
}

static bool add_point(struct text *out, uint32_t point)
{
    char bytes[UTF8_MAX];
    size_t len = utf8_write(point, bytes);

    text_add(out, slice_make(bytes, len));
    return len > 0;
}

static bool add_byte(struct text *out, uint32_t byte)
{
    text_add_char(out, (char)byte);
    return byte <= 0xff;
}

/* `rest` begins behind the backslash. */
static bool read_escape(struct slice *rest, struct text *out)
{
    static const char named[] = "a\ab\bf\fn\nr\rt\tv\v\\\\\"\"";
    uint32_t value;
    char letter;

    if (rest->len == 0)
        return false;
    letter = rest->ptr[0];
    if (letter >= '0' && letter <= '7')
        return read_digits(rest, 3, 3, &value) && add_byte(out, value);
    *rest = slice_from(*rest, 1);
    for (const char *name = named; *name; name += 2) {
        if (letter == name[0])
            return add_byte(out, (unsigned char)name[1]);
    }
    switch (letter) {
    case 'x':
        return read_digits(rest, 2, 4, &value) && add_byte(out, value);
    case 'u':
        return read_digits(rest, 4, 4, &value) && add_point(out, value);
    case 'U':
        return read_digits(rest, 8, 4, &value) && add_point(out, value);
    default:
        return false;
    }
}

static const char *read_quoted(struct slice rest, struct text *out, const char **out_end)
{
    while (rest.len && rest.ptr[0] != '"' && rest.ptr[0] != '\n') {
        char c = rest.ptr[0];
        rest = slice_from(rest, 1);
        if (c != '\\')
            text_add_char(out, c);
        else if (!read_escape(&rest, out))
            return "there is no such escape: write \\\\ for a backslash";
    }
    if (!rest.len || rest.ptr[0] != '"')
        return "the text is not closed: write a \" behind it on the same line";
    *out_end = rest.ptr + 1;
    return NULL;
}

const char *literal_text(struct arena *arena, struct slice source, size_t *out_len, struct slice *out_text)
{
    struct text out = TEXT_EMPTY;
    const char *end, *problem;

    if (source.ptr[0] == '`')
        return read_raw(arena, source, out_len, out_text);
    problem = read_quoted(slice_from(source, 1), &out, &end);
    if (!problem) {
        *out_len = (size_t)(end - source.ptr);
        *out_text = arena_copy(arena, text_slice(&out));
    }
    text_fini(&out);
    return problem;
}

/* The base by its prefix, which goes. */
static unsigned cut_base(struct slice *digits)
{
    static const struct {
        char letter;
        unsigned base;
    } prefixes[] = {{'x', 16}, {'o', 8}, {'b', 2}};

    if (digits->len < 2 || digits->ptr[0] != '0')
        return 10;
    for (size_t i = 0; i < WB_COUNT(prefixes); i++) {
        if (ascii_lower(digits->ptr[1]) == prefixes[i].letter) {
            *digits = slice_from(*digits, 2);
            return prefixes[i].base;
        }
    }
    return 8;
}

static bool read_magnitude(struct slice digits, unsigned base, uint64_t *out_value)
{
    bool is_digit = false;

    *out_value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        int digit = ascii_hex(digits.ptr[i]);
        if (digits.ptr[i] == '_') {
            if (!is_digit && base == 10)
                return false;
            is_digit = false;
            continue;
        }
        is_digit = digit >= 0 && (unsigned)digit < base;
        if (!is_digit || __builtin_mul_overflow(*out_value, base, out_value) ||
            __builtin_add_overflow(*out_value, (uint64_t)digit, out_value))
            return false;
    }
    return is_digit;
}

bool literal_number(struct slice source, int64_t *out_number)
{
    bool negative = slice_starts(source, SLICE("-"));
    uint64_t value, limit = (uint64_t)INT64_MAX + negative;
    unsigned base;

    if (negative || slice_starts(source, SLICE("+")))
        source = slice_from(source, 1);
    base = cut_base(&source);
    if (!read_magnitude(source, base, &value) || value > limit)
        return false;
    *out_number = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}
