/* SPDX-License-Identifier: MIT */
#include "waybill/http/h1_writer.h"
#include "chars.h"
#include "waybill/base/pen.h"

static void put(struct head_out *out, const char *bytes, size_t len)
{
    if (out->capacity - out->len < len) {
        out->failed = true;
        return;
    }
    if (len)
        memcpy(out->base + out->len, bytes, len);
    out->len += len;
}

/* Bytes that would end a line or a string early must not come from a value: the head would say something else. */
static bool breaks_line(struct slice text)
{
    for (size_t at = 0; (at = find_control(text.ptr, at, text.len)) < text.len; at++)
        if (text.ptr[at] == '\r' || text.ptr[at] == '\n' || text.ptr[at] == '\0')
            return true;
    return false;
}

static void put_checked(struct head_out *out, struct slice text)
{
    if (breaks_line(text))
        out->failed = true;
    else
        put(out, text.ptr, text.len);
}

#define PUT_LITERAL(out, text) put((out), (text), sizeof(text) - 1)

void head_out_request_line(struct head_out *out, struct slice method, struct slice target)
{
    if (method.len == 0 || target.len == 0 || slice_find(target, ' ') < target.len)
        out->failed = true;
    put_checked(out, method);
    PUT_LITERAL(out, " ");
    put_checked(out, target);
    PUT_LITERAL(out, " HTTP/1.1\r\n");
}

void head_out_status_line(struct head_out *out, unsigned status, struct slice phrase)
{
    if (status < 100 || status > 999) {
        out->failed = true;
        return;
    }
    char digits[4] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10), (char)('0' + status % 10), ' '};
    PUT_LITERAL(out, "HTTP/1.1 ");
    put(out, digits, sizeof digits);
    put_checked(out, phrase.ptr ? phrase : slice_of(status_phrase(status)));
    PUT_LITERAL(out, "\r\n");
}

void head_out_field(struct head_out *out, struct slice name, struct slice value)
{
    if (name.len == 0 || out->capacity - out->len < name.len + value.len + 4) {
        out->failed = true;
        return;
    }
    char *start = out->base + out->len, *at = start;
    memcpy(at, name.ptr, name.len);
    at += name.len;
    *at++ = ':';
    *at++ = ' ';
    if (value.len)
        memcpy(at, value.ptr, value.len);
    at += value.len;
    if (breaks_line(slice_make(start, (size_t)(at - start)))) {
        out->failed = true;
        return;
    }
    *at++ = '\r';
    *at = '\n';
    out->len += name.len + value.len + 4;
}

void head_out_field_u64(struct head_out *out, struct slice name, uint64_t value)
{
    char digits[PEN_U64_MAX];

    head_out_field(out, name, slice_make(digits, (size_t)(pen_u64(digits, value) - digits)));
}

void head_out_fields(struct head_out *out, const struct headers *headers)
{
    for (unsigned i = 0; i < headers->count; i++)
        if (!headers->items[i].gone)
            head_out_field(out, headers->items[i].name, headers->items[i].value);
}

void head_out_end(struct head_out *out)
{
    PUT_LITERAL(out, "\r\n");
}

void head_out_raw(struct head_out *out, struct slice bytes)
{
    put(out, bytes.ptr, bytes.len);
}

size_t chunk_head_write(char out[CHUNK_HEAD_MAX], uint64_t len)
{
    static const char digits[] = "0123456789abcdef";
    size_t count = 1;

    for (uint64_t rest = len >> 4; rest > 0; rest >>= 4)
        count++;
    for (size_t i = 0; i < count; i++)
        out[i] = digits[len >> (4 * (count - 1 - i)) & 15];
    out[count] = '\r';
    out[count + 1] = '\n';
    return count + 2;
}
