/* SPDX-License-Identifier: MIT */
#include "waybill/base/pen.h"
#include "waybill/base/utf8.h"

static const char hex_digits[] = "0123456789abcdef";

/* 1233 / 4096 is a little more than the logarithm of 2 to base 10. */
static unsigned digits_of(uint64_t number)
{
    static const uint64_t powers[] = {0,
                                      10,
                                      100,
                                      1000,
                                      10000,
                                      100000,
                                      1000000,
                                      10000000,
                                      100000000,
                                      1000000000,
                                      10000000000,
                                      100000000000,
                                      1000000000000,
                                      10000000000000,
                                      100000000000000,
                                      1000000000000000,
                                      10000000000000000,
                                      100000000000000000,
                                      1000000000000000000,
                                      10000000000000000000u};
    unsigned bits = 64u - (unsigned)__builtin_clzll(number | 1), about = bits * 1233 >> 12;

    return about + (number >= powers[about]);
}

char *pen_u64(char *at, uint64_t number)
{
    static const char pairs[] =
        "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
        "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
    char *end = at + digits_of(number), *to = end;

    for (; number >= 100; number /= 100)
        memcpy(to -= 2, pairs + number % 100 * 2, 2);
    if (number >= 10)
        memcpy(to - 2, pairs + number * 2, 2);
    else
        to[-1] = (char)('0' + number);
    return end;
}

static bool is_hidden(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x061c || point == 0x200e || point == 0x200f ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

/* Length of the printable character at the start of `text`, or 0. C1 controls, line separators and the marks that turn the
 * direction of writing count as not printable: they could make a line look like another one. */
static size_t printable_length(struct slice text)
{
    uint32_t point;
    size_t len = utf8_decode(text, &point);

    return len == 0 || is_hidden(point) ? 0 : len;
}

static bool is_plain(char c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* None of eight bytes needs anything to be done. Exact where all are ASCII: no byte borrows from the next or carries into it then. */
static bool are_plain(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t quote = word ^ ('"' * ones), slash = word ^ ('\\' * ones), past_del = word + ones;

    return ((word | past_del | (word - ' ' * ones) | (quote - ones) | (slash - ones)) & highs) == 0;
}

static uint64_t eight_bytes(const char *from)
{
    uint64_t word;

    memcpy(&word, from, sizeof word);
    return word;
}

/* Two halves, which may be some of the same bytes. */
static uint64_t four_and_four(const char *front, const char *back)
{
    uint32_t low, high;

    memcpy(&low, front, sizeof low);
    memcpy(&high, back, sizeof high);
    return (uint64_t)high << 32 | low;
}

/* What is plain in front, of fewer than eight bytes or of those before one that is not. */
static size_t copy_few(char *at, const char *from, size_t len)
{
    size_t count = 0;

    if (len >= 4 && len < 8 && are_plain(four_and_four(from, from + len - 4))) {
        memcpy(at, from, 4);
        memcpy(at + len - 4, from + len - 4, 4);
        return len;
    }
    while (count < len && is_plain(from[count])) {
        at[count] = from[count];
        count++;
    }
    return count;
}

char *pen_plain(char *at, struct slice *part)
{
    const char *from = part->ptr;
    size_t left = part->len;

    for (; left >= 8 && are_plain(eight_bytes(from)); left -= 8) {
        memcpy(at, from, 8);
        at += 8;
        from += 8;
    }
    if (left < 8 && left != part->len && are_plain(eight_bytes(from + left - 8))) {
        memcpy(at + left - 8, from + left - 8, 8); /* the last eight, some of them again */
        *part = slice_make(from + left, 0);
        return at + left;
    }
    size_t few = copy_few(at, from, left);
    *part = slice_make(from + few, left - few);
    return at + few;
}

static char *pen_hex_byte(char *at, unsigned char byte)
{
    *at++ = hex_digits[byte >> 4];
    *at++ = hex_digits[byte & 15];
    return at;
}

char *pen_special(char *at, struct slice *part, bool quoted)
{
    char first = part->ptr[0];
    size_t len = printable_length(*part);

    if (len && quoted && (first == '"' || first == '\\')) {
        *at++ = '\\';
        *at++ = first;
    } else if (len) {
        at = pen_bytes(at, part->ptr, len);
    } else {
        len = 1;
        if (first == '\n')
            at = PEN_LITERAL(at, "\\n");
        else if (first == '\t')
            at = PEN_LITERAL(at, "\\t");
        else
            at = pen_hex_byte(PEN_LITERAL(at, "\\x"), (unsigned char)first);
    }
    *part = slice_from(*part, len);
    return at;
}

char *pen_json_special(char *at, struct slice *part)
{
    uint32_t point;
    size_t len = utf8_decode(*part, &point);

    if (len == 0) {
        len = 1;
        at = PEN_LITERAL(at, "\\ufffd");
    } else if (point == '"' || point == '\\') {
        *at++ = '\\';
        *at++ = (char)point;
    } else if (is_hidden(point)) { /* none is past U+FFFF */
        at = pen_hex_byte(PEN_LITERAL(at, "\\u"), (unsigned char)(point >> 8));
        at = pen_hex_byte(at, (unsigned char)point);
    } else {
        at = pen_bytes(at, part->ptr, len);
    }
    *part = slice_from(*part, len);
    return at;
}

char *pen_escaped(char *at, struct slice part)
{
    for (at = pen_plain(at, &part); part.len; at = pen_plain(at, &part))
        at = pen_special(at, &part, true);
    return at;
}

char *pen_json(char *at, struct slice part)
{
    for (at = pen_plain(at, &part); part.len; at = pen_plain(at, &part))
        at = pen_json_special(at, &part);
    return at;
}
