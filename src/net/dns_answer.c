/* SPDX-License-Identifier: MIT */
#include "dns_answer.h"

enum { HEADER_BYTES = 12, LABEL_MAX = 63, TYPE_CNAME = 5, CLASS_IN = 1 };

/* A message as it is read. */
struct dns_reader {
    const unsigned char *bytes;
    size_t len, at;
};

static bool read_u16(struct dns_reader *reader, unsigned *out)
{
    if (reader->len - reader->at < 2)
        return false;
    *out = (unsigned)reader->bytes[reader->at] << 8 | reader->bytes[reader->at + 1];
    reader->at += 2;
    return true;
}

static bool read_u32(struct dns_reader *reader, uint32_t *out)
{
    unsigned high, low;

    if (!read_u16(reader, &high) || !read_u16(reader, &low))
        return false;
    *out = (uint32_t)high << 16 | low;
    return true;
}

static bool is_host_byte(char c)
{
    c = ascii_lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* A name being put together from its labels. */
struct dns_name {
    char text[DNS_NAME_MAX];
    size_t len;
    bool is_host; /* so far */
};

static bool add_label(struct dns_name *name, const unsigned char *label, size_t len)
{
    if (name->len + len + 1 >= sizeof name->text)
        return false;
    if (name->len)
        name->text[name->len++] = '.';
    for (size_t i = 0; i < len; i++) {
        char c = ascii_lower((char)label[i]);
        name->is_host = name->is_host && is_host_byte(c);
        name->text[name->len++] = c;
    }
    return true;
}

/* RFC 1035 4.1.4. A pointer leads to what was said before, so each one goes back further than the last: no circles. */
static bool read_name(struct dns_reader *reader, struct dns_name *name)
{
    size_t at = reader->at, begin = reader->at;
    bool jumped = false;

    *name = (struct dns_name){.is_host = true};
    while (at < reader->len) {
        unsigned head = reader->bytes[at++];
        if (head == 0) {
            if (!jumped)
                reader->at = at;
            return true;
        }
        if (head <= LABEL_MAX) {
            if (reader->len - at < head || !add_label(name, reader->bytes + at, head))
                return false;
            at += head;
            continue;
        }
        if (head < 0xc0 || at == reader->len)
            return false;
        size_t target = (size_t)(head & 0x3f) << 8 | reader->bytes[at++];
        if (target >= begin)
            return false;
        if (!jumped)
            reader->at = at;
        jumped = true;
        begin = at = target;
    }
    return false;
}

static bool skip_questions(struct dns_reader *reader, unsigned count)
{
    struct dns_name name;
    unsigned type, class;

    for (; count; count--)
        if (!read_name(reader, &name) || !read_u16(reader, &type) || !read_u16(reader, &class))
            return false;
    return true;
}

static bool fill_alias(struct dns_reader *reader, size_t end, uint32_t ttl_s, struct dns_alias *out)
{
    struct dns_name target;

    if (!read_name(reader, &target) || reader->at != end || !target.is_host || target.len == 0)
        return false;
    memcpy(out->target, target.text, target.len);
    out->target[target.len] = '\0';
    out->ttl_s = ttl_s >> 31 ? 0 : ttl_s; /* RFC 2181 8 */
    return true;
}

enum dns_outcome dns_read_alias(struct slice message, struct slice name, struct dns_alias *out)
{
    struct dns_reader reader = {.bytes = (const unsigned char *)message.ptr, .len = message.len, .at = 4};
    unsigned questions, answers, type, class, len;
    struct dns_name owner;
    uint32_t ttl_s;

    if (message.len < HEADER_BYTES || !read_u16(&reader, &questions) || !read_u16(&reader, &answers))
        return DNS_MALFORMED;
    reader.at = HEADER_BYTES;
    if (!skip_questions(&reader, questions))
        return DNS_MALFORMED;
    for (; answers; answers--) {
        if (!read_name(&reader, &owner) || !read_u16(&reader, &type) || !read_u16(&reader, &class) ||
            !read_u32(&reader, &ttl_s) || !read_u16(&reader, &len) || reader.len - reader.at < len)
            return DNS_MALFORMED;
        size_t end = reader.at + len;
        if (type == TYPE_CNAME && class == CLASS_IN && slice_eq(slice_make(owner.text, owner.len), name))
            return fill_alias(&reader, end, ttl_s, out) ? DNS_ALIAS : DNS_MALFORMED;
        reader.at = end;
    }
    return DNS_NO_ALIAS;
}

bool dns_is_host(struct slice name)
{
    struct slice rest = name, label = SLICE("");
    bool has_letter = false;

    if (name.len == 0 || name.len >= DNS_NAME_MAX)
        return false;
    while (slice_cut(&rest, '.', &label)) {
        if (label.len == 0 || label.len > LABEL_MAX)
            return false;
        has_letter = false;
        for (size_t i = 0; i < label.len; i++) {
            if (!is_host_byte(label.ptr[i]))
                return false;
            has_letter = has_letter || label.ptr[i] < '0' || label.ptr[i] > '9';
        }
    }
    return has_letter; /* of the last label: digits alone end an address */
}
