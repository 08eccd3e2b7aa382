/* SPDX-License-Identifier: MIT */
#include "sim_message.h"
#include <stdlib.h>

static bool next_line(struct slice *rest, struct slice *out_line)
{
    const char *end = rest->len ? memmem(rest->ptr, rest->len, "\r\n", 2) : NULL;

    if (!end)
        return false;
    *out_line = slice_make(rest->ptr, (size_t)(end - rest->ptr));
    *rest = slice_from(*rest, out_line->len + 2);
    return true;
}

static bool field_of(struct slice fields, const char *name, unsigned *index, struct slice *out_value)
{
    struct slice line;

    while (next_line(&fields, &line)) {
        size_t colon = slice_find(line, ':');
        if (!slice_eq_nocase(slice_head(line, colon), slice_of(name)))
            continue;
        if ((*index)--)
            continue;
        *out_value = slice_trim(slice_from(line, colon + 1));
        return true;
    }
    return false;
}

struct slice sim_message_field(const struct sim_message *message, const char *name)
{
    struct slice value = SLICE("");
    unsigned index = 0;
    field_of(message->fields, name, &index, &value);
    return value;
}

unsigned sim_message_field_count(const struct sim_message *message, const char *name)
{
    for (unsigned count = 0;; count++) {
        unsigned index = count;
        struct slice value;
        if (!field_of(message->fields, name, &index, &value))
            return count;
    }
}

unsigned sim_message_status(const struct sim_message *message)
{
    uint64_t status = 0;
    if (slice_starts(message->first_line, SLICE("HTTP/1.")))
        (void)slice_to_u64(slice_head(slice_from(message->first_line, 9), 3), 999, &status);
    return (unsigned)status;
}

struct slice sim_message_method(const struct sim_message *message)
{
    return slice_head(message->first_line, slice_find(message->first_line, ' '));
}

struct slice sim_message_target(const struct sim_message *message)
{
    struct slice rest = slice_from(message->first_line, slice_find(message->first_line, ' ') + 1);
    return slice_head(rest, slice_find(rest, ' '));
}

static bool read_size(struct slice line, size_t *out_size)
{
    *out_size = 0;
    if (line.len == 0 || line.len > 8)
        return false;
    for (size_t i = 0; i < line.len; i++) {
        const char *digits = "0123456789abcdef", *digit = strchr(digits, ascii_lower(line.ptr[i]));
        if (!digit || !*digit)
            return false;
        *out_size = *out_size * 16 + (size_t)(digit - digits);
    }
    return true;
}

/* The payload is gathered only once the end is there, so that reading byte by byte stays cheap. */
static void read_chunks(struct slice bytes, bool gather, struct sim_message *m)
{
    struct slice rest = slice_from(bytes, m->head_bytes), line;
    size_t size;

    while (next_line(&rest, &line)) {
        if (!read_size(line, &size)) {
            m->broken = true;
            return;
        }
        if (size == 0) {
            m->trailers.ptr = rest.ptr;
            while (next_line(&rest, &line)) {
                if (line.len)
                    continue;
                m->trailers.len = (size_t)(line.ptr - m->trailers.ptr);
                m->complete = true;
                m->bytes = (size_t)(rest.ptr - bytes.ptr);
                return;
            }
            return;
        }
        if (gather)
            text_add(&m->body, slice_head(rest, size));
        if (rest.len < size + 2)
            return;
        if (!slice_starts(slice_from(rest, size), SLICE("\r\n"))) {
            m->broken = true;
            return;
        }
        rest = slice_from(rest, size + 2);
    }
}

static void read_plain(struct slice bytes, size_t length, bool over, struct sim_message *m)
{
    struct slice body = slice_head(slice_from(bytes, m->head_bytes), length);

    m->complete = body.len == length;
    if (m->complete || over)
        text_add(&m->body, body);
    m->bytes = m->head_bytes + body.len;
}

static void read_whole_chunks(struct slice bytes, bool over, struct sim_message *m)
{
    read_chunks(bytes, false, m);
    if (m->complete || over)
        read_chunks(bytes, true, m);
}

static bool has_body(const struct sim_message *m, enum sim_kind kind)
{
    unsigned status = sim_message_status(m);

    if (kind == SIM_REQUEST)
        return true;
    return kind == SIM_RESPONSE && status >= 200 && status != 204 && status != 304;
}

void sim_message_read(struct slice bytes, enum sim_kind kind, bool over, struct sim_message *m)
{
    const char *end = bytes.len ? memmem(bytes.ptr, bytes.len, "\r\n\r\n", 4) : NULL;
    struct slice head;
    uint64_t length = 0;

    *m = (struct sim_message){.fields = SLICE(""), .first_line = SLICE("")};
    if (!end) {
        m->broken = over && bytes.len;
        return;
    }
    head = slice_make(bytes.ptr, (size_t)(end - bytes.ptr) + 2);
    m->head_came = true;
    m->head_bytes = head.len + 2;
    next_line(&head, &m->first_line);
    m->fields = head;
    struct slice written = sim_message_field(m, "Content-Length");
    m->chunked = sim_message_field_count(m, "Transfer-Encoding") > 0;
    if (written.len && !slice_to_u64(written, UINT32_MAX, &length))
        m->broken = true;
    m->until_close = kind != SIM_REQUEST && has_body(m, kind) && !m->chunked && !written.len;
    if (!has_body(m, kind))
        read_plain(bytes, 0, over, m);
    else if (m->chunked)
        read_whole_chunks(bytes, over, m);
    else if (m->until_close)
        read_plain(bytes, SIZE_MAX, over, m);
    else
        read_plain(bytes, (size_t)length, over, m);
    if (m->until_close)
        m->complete = over;
    m->broken = m->broken || (over && !m->complete);
}

void sim_message_fini(struct sim_message *message)
{
    text_fini(&message->body);
}

uint64_t sim_path_number(struct slice path, unsigned index)
{
    struct slice part = SLICE("");
    uint64_t number = 0;

    path = slice_head(path, slice_find(path, '?'));
    for (unsigned i = 0; i <= index + 1; i++)
        if (!slice_cut(&path, '/', &part))
            return 0;
    return slice_to_u64(part, UINT32_MAX, &number) ? number : 0;
}

static char body_byte(uint64_t id, size_t at)
{
    return (char)('a' + (id * 7 + at + at / 26 * id) % 26);
}

void sim_body_add(struct text *text, uint64_t id, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_add_char(text, body_byte(id, i));
}

bool sim_body_is(struct slice body, uint64_t id, size_t count)
{
    for (size_t i = 0; i < body.len && i < count; i++)
        if (body.ptr[i] != body_byte(id, i))
            return false;
    return body.len == count;
}
