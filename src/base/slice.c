/* SPDX-License-Identifier: MIT */
#include "waybill/base/slice.h"
#include "waybill/base/error.h"

bool slice_eq_nocase(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
            return false;
    return true;
}

bool slice_starts_nocase(struct slice text, struct slice prefix)
{
    return text.len >= prefix.len && slice_eq_nocase(slice_head(text, prefix.len), prefix);
}

int slice_compare(struct slice a, struct slice b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared ? memcmp(a.ptr, b.ptr, shared) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

static struct slice trim_set(struct slice text, const char *set)
{
    while (text.len && text.ptr[0] && strchr(set, text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len && text.ptr[text.len - 1] && strchr(set, text.ptr[text.len - 1]))
        text.len--;
    return text;
}

struct slice slice_trim(struct slice text)
{
    return trim_set(text, " \t");
}

struct slice slice_trim_space(struct slice text)
{
    return trim_set(text, " \t\r\n\v\f");
}

size_t slice_find(struct slice text, char c)
{
    const char *at = text.len ? memchr(text.ptr, c, text.len) : NULL;
    return at ? (size_t)(at - text.ptr) : text.len;
}

size_t slice_find_last(struct slice text, char c)
{
    const char *at = text.len ? memrchr(text.ptr, c, text.len) : NULL;
    return at ? (size_t)(at - text.ptr) : text.len;
}

bool slice_cut(struct slice *rest, char separator, struct slice *out_part)
{
    if (!rest->ptr)
        return false;
    size_t at = slice_find(*rest, separator);
    *out_part = slice_head(*rest, at);
    *rest = at < rest->len ? slice_from(*rest, at + 1) : (struct slice){NULL, 0};
    return true;
}

bool slice_list_has(struct slice list, struct slice token)
{
    struct slice part;
    while (slice_cut(&list, ',', &part))
        if (slice_eq_nocase(slice_trim(part), token))
            return true;
    return false;
}

bool slice_to_u64(struct slice text, uint64_t max, uint64_t *out_value)
{
    uint64_t value = 0;
    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(text.ptr[i] - '0');
        if (value > (max - digit) / 10 || digit > max)
            return false;
        value = value * 10 + digit;
    }
    *out_value = value;
    return true;
}

bool slice_to_bool(struct slice text, bool *out_truth)
{
    static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
    static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};

    for (size_t i = 0; i < WB_COUNT(yes); i++) {
        bool truth = slice_eq(text, slice_of(yes[i]));
        if (truth || slice_eq(text, slice_of(no[i]))) {
            *out_truth = truth;
            return true;
        }
    }
    return false;
}

char *slice_dup(struct slice text)
{
    return wb_strndup(text.ptr, text.len);
}
