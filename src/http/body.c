/* SPDX-License-Identifier: MIT */
#include "waybill/http/body.h"
#include "chars.h"
#include "field_scan.h"
#include "waybill/base/error.h"

enum chunk_state {
    CHUNK_SIZE,      /* at a hex digit, or behind one */
    CHUNK_EXTENSION, /* behind ';' */
    CHUNK_SIZE_LF,   /* behind the CR of the size line */
    CHUNK_PAYLOAD,
    CHUNK_CR, /* behind the payload */
    CHUNK_LF,
    CHUNK_TRAILERS,
    CHUNK_REFUSED,
};

enum { CHUNK_DIGITS_MAX = 16, TRAILER_FIELDS_MAX = 64 };

void body_reader_init(struct body_reader *body, enum body_kind kind, uint64_t content_length)
{
    *body = (struct body_reader){.kind = kind, .state = CHUNK_SIZE};
    if (kind == BODY_LENGTH)
        body->remaining = content_length;
    body->ended = kind == BODY_NONE || (kind == BODY_LENGTH && content_length == 0);
}

static enum body_result refuse(struct body_reader *body)
{
    body->state = CHUNK_REFUSED;
    return BODY_INVALID;
}

static struct slice take_payload(const struct body_reader *body, struct slice in)
{
    return body->remaining < in.len ? slice_head(in, (size_t)body->remaining) : in;
}

static enum body_result read_length(struct body_reader *body, struct slice in, bool eof, struct slice *out_payload)
{
    if (in.len > 0) {
        *out_payload = take_payload(body, in);
        return BODY_PAYLOAD;
    }
    return eof ? refuse(body) : BODY_MORE;
}

static enum body_result read_until_close(struct body_reader *body, struct slice in, bool eof, struct slice *out_payload)
{
    if (in.len > 0) {
        *out_payload = in;
        return BODY_PAYLOAD;
    }
    body->ended = eof;
    return eof ? BODY_END : BODY_MORE;
}

/* One byte of the size line before its LF. */
static bool take_size_byte(struct body_reader *body, char byte)
{
    if (char_is(byte, CHAR_HEX)) {
        if (body->digits++ == CHUNK_DIGITS_MAX)
            return false;
        body->remaining = body->remaining << 4 | hex_value(byte);
        return body->remaining <= INT64_MAX;
    }
    if (body->digits == 0)
        return false;
    if (byte == ';')
        body->state = CHUNK_EXTENSION;
    else if (byte == '\r')
        body->state = CHUNK_SIZE_LF;
    return byte == ';' || byte == '\r';
}

/* RFC 9112 7.1.1 lets us ignore extensions; they must not be a free way to make us read. What was sent as
 * payload pays for them, so a long body may carry many. */
static bool take_extension_byte(struct body_reader *body, char byte)
{
    if (byte == '\r') {
        body->state = CHUNK_SIZE_LF;
        return true;
    }
    if (((unsigned char)byte < 0x20 && byte != '\t') || byte == 0x7f)
        return false;
    return ++body->line_bytes <= BODY_EXTENSION_BYTES;
}

static bool end_size_line(struct body_reader *body, char byte)
{
    body->digits = 0;
    if (byte != '\n')
        return false;
    if (body->remaining == 0) {
        body->state = CHUNK_TRAILERS;
        body->line_bytes = 0;
        return true;
    }
    body->state = CHUNK_PAYLOAD;
    body->line_bytes -= body->remaining < body->line_bytes ? (size_t)body->remaining : body->line_bytes;
    return true;
}

static bool take_framing_byte(struct body_reader *body, char byte)
{
    switch ((enum chunk_state)body->state) {
    case CHUNK_SIZE:
        return take_size_byte(body, byte);
    case CHUNK_EXTENSION:
        return take_extension_byte(body, byte);
    case CHUNK_SIZE_LF:
        return end_size_line(body, byte);
    case CHUNK_CR:
        body->state = CHUNK_LF;
        return byte == '\r';
    case CHUNK_LF:
        body->state = CHUNK_SIZE;
        return byte == '\n';
    case CHUNK_PAYLOAD:
    case CHUNK_TRAILERS:
    case CHUNK_REFUSED:
        break;
    }
    return false;
}

static void add_trailers(struct slice section, struct headers *trailers)
{
    while (section.ptr[0] != '\r') {
        size_t end = slice_find(section, '\n');
        struct slice name, value;
        field_split(slice_head(section, end - 1), &name, &value);
        if (header_trailer_allowed(name))
            headers_add(trailers, name, value); /* a full table: the rest is not passed on */
        section = slice_from(section, end + 1);
    }
}

/* The section stays in `in` until it is complete; line_bytes is how much of it was looked at, `remaining`
 * where the current line began, `digits` the part of the line and the lines so far. */
static enum body_result read_trailers(struct body_reader *body, struct slice in, struct headers *trailers, size_t *out_skip)
{
    struct slice looked_at = slice_head(in, BODY_TRAILER_BYTES);
    struct field_scan scan = {
        .at = body->line_bytes,
        .line_start = (size_t)body->remaining,
        .part = body->digits & 3,
        .lines = body->digits >> 2,
    };
    enum reason reason;
    enum scan_result result = field_scan(&scan, looked_at, TRAILER_FIELDS_MAX, &reason);

    body->line_bytes = scan.at;
    body->remaining = scan.line_start;
    body->digits = scan.part | scan.lines << 2;
    if (result == SCAN_BAD || (result == SCAN_MORE && looked_at.len == BODY_TRAILER_BYTES))
        return refuse(body);
    if (result == SCAN_MORE)
        return BODY_MORE;
    if (trailers)
        add_trailers(slice_head(in, scan.at), trailers);
    *out_skip += scan.at;
    body->ended = true;
    return BODY_END;
}

static enum body_result read_chunked(struct body_reader *body, struct slice in, struct headers *trailers, size_t *out_skip,
                                     struct slice *out_payload)
{
    size_t at = 0;

    while (body->state != CHUNK_PAYLOAD && body->state != CHUNK_TRAILERS) {
        if (at == in.len) {
            *out_skip = at;
            return BODY_MORE;
        }
        if (!take_framing_byte(body, in.ptr[at++]))
            return refuse(body);
    }
    *out_skip = at;
    in = slice_from(in, at);
    if (body->state == CHUNK_TRAILERS)
        return read_trailers(body, in, trailers, out_skip);
    if (in.len == 0)
        return BODY_MORE;
    *out_payload = take_payload(body, in);
    return BODY_PAYLOAD;
}

enum body_result body_read(struct body_reader *body, struct slice in, bool eof, struct headers *trailers, size_t *out_skip,
                           struct slice *out_payload)
{
    *out_skip = 0;
    *out_payload = SLICE("");
    if (body->state == CHUNK_REFUSED)
        return BODY_INVALID;
    if (body->ended)
        return BODY_END;
    switch (body->kind) {
    case BODY_NONE:
        break;
    case BODY_LENGTH:
        return read_length(body, in, eof, out_payload);
    case BODY_UNTIL_CLOSE:
        return read_until_close(body, in, eof, out_payload);
    case BODY_CHUNKED: {
        enum body_result result = read_chunked(body, in, trailers, out_skip, out_payload);
        return result == BODY_MORE && eof ? refuse(body) : result;
    }
    }
    return BODY_END;
}

void body_took(struct body_reader *body, size_t count)
{
    body->received += count;
    if (body->kind == BODY_UNTIL_CLOSE)
        return;
    WB_REQUIRE(count <= body->remaining);
    body->remaining -= count;
    if (body->remaining > 0)
        return;
    if (body->kind == BODY_LENGTH)
        body->ended = true;
    else if (body->kind == BODY_CHUNKED && body->state == CHUNK_PAYLOAD)
        body->state = CHUNK_CR;
}
