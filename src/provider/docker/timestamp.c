/* SPDX-License-Identifier: MIT */
#include "timestamp.h"
#include <time.h>

static bool read_digits(struct slice *text, size_t count, int *out_value)
{
    uint64_t value;

    if (text->len < count || !slice_to_u64(slice_head(*text, count), 9999, &value))
        return false;
    *out_value = (int)value;
    *text = slice_from(*text, count);
    return true;
}

static bool read_sign(struct slice *text, const char *allowed, char *out_sign)
{
    if (text->len == 0 || text->ptr[0] == '\0' || !strchr(allowed, text->ptr[0]))
        return false;
    *out_sign = text->ptr[0];
    *text = slice_from(*text, 1);
    return true;
}

static int64_t read_fraction(struct slice *text)
{
    int64_t ns = 0, unit = 100000000;
    char sign;

    if (!read_sign(text, ".", &sign))
        return 0;
    while (text->len && text->ptr[0] >= '0' && text->ptr[0] <= '9') {
        ns += unit * (text->ptr[0] - '0');
        unit /= 10;
        *text = slice_from(*text, 1);
    }
    return ns;
}

static bool read_zone(struct slice *text, int64_t *out_seconds)
{
    char sign;
    int hours, minutes;

    *out_seconds = 0;
    if (!read_sign(text, "Zz+-", &sign))
        return false;
    if (sign == 'Z' || sign == 'z')
        return true;
    char colon;
    if (!read_digits(text, 2, &hours) || !read_sign(text, ":", &colon) || !read_digits(text, 2, &minutes))
        return false;
    *out_seconds = (int64_t)(hours * 60 + minutes) * 60 * (sign == '-' ? -1 : 1);
    return true;
}

uint64_t timestamp_parse(struct slice text)
{
    struct tm parts = {0};
    char sign;
    int64_t zone;

    if (!read_digits(&text, 4, &parts.tm_year) || !read_sign(&text, "-", &sign) || !read_digits(&text, 2, &parts.tm_mon) ||
        !read_sign(&text, "-", &sign) || !read_digits(&text, 2, &parts.tm_mday) || !read_sign(&text, "Tt ", &sign) ||
        !read_digits(&text, 2, &parts.tm_hour) || !read_sign(&text, ":", &sign) || !read_digits(&text, 2, &parts.tm_min) ||
        !read_sign(&text, ":", &sign) || !read_digits(&text, 2, &parts.tm_sec))
        return 0;
    int64_t fraction = read_fraction(&text);
    if (!read_zone(&text, &zone) || text.len)
        return 0;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    if (parts.tm_year < 70 || parts.tm_year > 600 || parts.tm_mon < 0 || parts.tm_mon > 11)
        return 0;
    int64_t seconds = (int64_t)timegm(&parts) - zone;
    return seconds < 0 ? 0 : (uint64_t)seconds * 1000000000u + (uint64_t)fraction;
}
