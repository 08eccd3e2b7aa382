/* SPDX-License-Identifier: MIT */
/*
 * rule_query - the Query matcher over a raw query.
 *
 * The one interpretation (security case P12): pairs are separated by `&` and nothing else; the first `=` ends the key; `+` is
 * a blank and %XX its byte in both; of several pairs with the same key the first counts. A pair with a bad %XX does not
 * count at all.
 */
#include "rule_parts.h"
#include <stdlib.h>

/* Next byte of the decoded text, or -1 at its end, -2 on a bad %XX. */
static int decode_next(struct slice text, size_t *at)
{
    if (*at >= text.len)
        return -1;
    char c = text.ptr[(*at)++];
    if (c == '+')
        return ' ';
    if (c != '%')
        return (unsigned char)c;
    int high = *at + 1 < text.len ? ascii_hex(text.ptr[*at]) : -1;
    int low = *at + 1 < text.len ? ascii_hex(text.ptr[*at + 1]) : -1;
    *at += 2;
    return high < 0 || low < 0 ? -2 : high * 16 + low;
}

static bool is_well_encoded(struct slice text)
{
    int byte;
    for (size_t at = 0; (byte = decode_next(text, &at)) >= 0;)
        continue;
    return byte == -1;
}

static bool decoded_eq(struct slice encoded, struct slice plain)
{
    size_t at = 0;
    for (size_t i = 0; i < plain.len; i++)
        if (decode_next(encoded, &at) != (unsigned char)plain.ptr[i])
            return false;
    return at == encoded.len;
}

static bool decoded_matches(const struct template *template, struct slice encoded)
{
    char near[1024];
    /* Longer values are rare; they alone cost an allocation. */
    char *plain = encoded.len <= sizeof near ? near : wb_alloc(encoded.len);
    size_t len = 0;
    int byte;
    for (size_t at = 0; (byte = decode_next(encoded, &at)) >= 0;)
        plain[len++] = (char)byte;
    bool matches = template_match_whole(template, slice_make(plain, len));
    if (plain != near)
        free(plain);
    return matches;
}

bool query_part_match(const struct query_part *part, struct slice query)
{
    struct slice pair;
    while (slice_cut(&query, '&', &pair)) {
        size_t equals = slice_find(pair, '=');
        struct slice key = slice_head(pair, equals), value = slice_from(pair, equals + 1);
        if (pair.len == 0 || !decoded_eq(key, part->key) || !is_well_encoded(value))
            continue;
        if (part->any_value)
            return true;
        return part->value.has_variable ? decoded_matches(&part->value, value) : decoded_eq(value, part->value.head);
    }
    return false;
}
