/* SPDX-License-Identifier: MIT */
/* Headers in the JSON format: which, in which order, under which names. */
#include "access_private.h"

enum { MARK_BYTES = 64 }; /* around a name and a value: a prefix, quotes, "REDACTED" */

/* As Go spells it: a capital in front and behind each dash. */
static char canonical(struct slice name, size_t at)
{
    char c = name.ptr[at];

    if (at == 0 || name.ptr[at - 1] == '-')
        return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    return ascii_lower(c);
}

static int compare_names(struct slice one, struct slice other)
{
    size_t at = 0;

    while (at < one.len && at < other.len && canonical(one, at) == canonical(other, at))
        at++;
    if (at < one.len && at < other.len)
        return (unsigned char)canonical(one, at) < (unsigned char)canonical(other, at) ? -1 : 1;
    return one.len < other.len ? -1 : one.len > other.len;
}

void access_headers_rank(uint8_t out_ranks[HEADER_ID_COUNT])
{
    for (unsigned id = HEADER_OTHER + 1; id < HEADER_ID_COUNT; id++) {
        unsigned before = 0;
        for (unsigned other = HEADER_OTHER + 1; other < HEADER_ID_COUNT; other++)
            before += compare_names(header_name(other), header_name(id)) < 0;
        out_ranks[id] = (uint8_t)before;
    }
}

static int compare(const struct access_rules *rules, const struct header *one, const struct header *other)
{
    if (one->id != HEADER_OTHER && other->id != HEADER_OTHER)
        return rules->ranks[one->id] - rules->ranks[other->id];
    return compare_names(one->name, other->name);
}

/* Those of one name in the order in which they came. Host is RequestHost, and was never a header to v1.7. */
static unsigned sort_headers(const struct access_rules *rules, const struct headers *headers,
                             const struct header *out_sorted[HEADERS_MAX])
{
    unsigned count = 0;

    for (unsigned i = 0; i < headers->count; i++) {
        const struct header *header = &headers->items[i];
        unsigned at = count;
        if (header->gone || header->id == HEADER_HOST)
            continue;
        for (; at > 0 && compare(rules, header, out_sorted[at - 1]) < 0; at--)
            out_sorted[at] = out_sorted[at - 1];
        out_sorted[at] = header;
        count++;
    }
    return count;
}

static char *put_name(char *at, const struct header *header)
{
    bool capital = true;

    if (header->id != HEADER_OTHER)
        return pen_slice(at, header_name((enum header_id)header->id));
    for (size_t i = 0; i < header->name.len; i++) {
        char c = header->name.ptr[i];
        bool is_small = c >= 'a' && c <= 'z';
        *at++ = !capital ? ascii_lower(c) : is_small ? (char)(c - 'a' + 'A') : c;
        capital = c == '-';
    }
    return at;
}

static char *put_header(char *at, struct slice prefix, const struct header *header, enum header_mode mode)
{
    at = put_name(pen_slice(pen_char(at, '"'), prefix), header);
    at = PEN_LITERAL(at, "\":\"");
    at = mode == HEADER_REDACT ? PEN_LITERAL(at, "REDACTED") : pen_json(at, header->value);
    return PEN_LITERAL(at, "\",");
}

static size_t most_bytes(const struct header *const *sorted, unsigned count)
{
    size_t bytes = count * MARK_BYTES;

    for (unsigned i = 0; i < count; i++)
        bytes += sorted[i]->name.len + PEN_JSON_MAX * sorted[i]->value.len;
    return bytes;
}

static enum header_mode mode_of(const struct access_rules *rules, const struct header *header)
{
    return header->id != HEADER_OTHER ? (enum header_mode)rules->modes[header->id] : access_header_mode(rules, header->name);
}

/* The first of a name stands for all. */
static bool comes_again(const struct access_rules *rules, const struct header *const *sorted, unsigned i)
{
    return i > 0 && compare(rules, sorted[i - 1], sorted[i]) == 0;
}

void access_headers_add(struct text *out, const struct access_rules *rules, struct slice prefix,
                        const struct headers *headers)
{
    const struct header *sorted[HEADERS_MAX];
    unsigned count = sort_headers(rules, headers, sorted);
    char *at = text_room(out, most_bytes(sorted, count));

    for (unsigned i = 0; i < count; i++) {
        enum header_mode mode = mode_of(rules, sorted[i]);
        if (mode != HEADER_DROP && !comes_again(rules, sorted, i))
            at = put_header(at, prefix, sorted[i], mode);
    }
    text_end(out, at);
}
