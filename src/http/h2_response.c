/* SPDX-License-Identifier: MIT */
#include "waybill/http/h2_head.h"
#include "chars.h"

/* RFC 9113 8.2.1; and 8.2.2: what HTTP/1 says of its connection has no place here. */
static bool name_is_fine(struct slice name, enum header_id id)
{
    for (size_t i = 0; i < name.len; i++)
        if (!char_is(name.ptr[i], CHAR_TOKEN) || ascii_lower(name.ptr[i]) != name.ptr[i])
            return false;
    return name.len > 0 && !header_is_of_connection(id);
}

static bool read_status(const struct h2_head *head, unsigned *out_status)
{
    const struct header *first = head->fields;
    uint64_t status;

    /* 101 is of HTTP/1 alone (RFC 9113 8.6). */
    if (head->count == 0 || !slice_eq(first->name, SLICE(":status")) || first->value.len != 3 ||
        !slice_to_u64(first->value, 999, &status) || status < 100 || status == 101)
        return false;
    *out_status = (unsigned)status;
    return true;
}

static bool read_fields(const struct h2_head *head, struct response_head *out, struct slice *out_length)
{
    *out_length = SLICE("");
    for (unsigned i = 1; i < head->count; i++) {
        struct slice name = head->fields[i].name, value = slice_trim(head->fields[i].value);
        enum header_id id = header_id_of(name);
        if (!name_is_fine(name, id) || !header_value_is_valid(value) || !headers_add(&out->headers, name, value))
            return false;
        if (id != HEADER_CONTENT_LENGTH)
            continue;
        if (out_length->len || !slice_to_u64(value, INT64_MAX, &out->content_length))
            return false;
        *out_length = value;
    }
    return true;
}

/* RFC 9113 8.1.1. That a length is kept the session has an eye on. */
static enum body_kind framing_of(const struct response_head *head, struct slice length, bool ended, bool request_is_head)
{
    if (request_is_head || head->status < 200 || head->status == 204 || head->status == 304)
        return BODY_NONE;
    return length.len || ended ? BODY_LENGTH : BODY_UNTIL_CLOSE;
}

enum reason h2_read_response(const struct h2_head *head, bool ended, bool request_is_head, struct response_head *out)
{
    struct slice length;

    headers_clear(&out->headers);
    out->version = HTTP_1_1;
    out->keep_alive = true;
    out->content_length = 0;
    if (head->too_large || !read_status(head, &out->status) || !read_fields(head, out, &length))
        return REASON_SERVER_MALFORMED;
    out->phrase = slice_of(status_phrase(out->status)); /* HTTP/2 has none */
    out->body = framing_of(out, length, ended, request_is_head);
    return ended && out->body == BODY_LENGTH && out->content_length > 0 ? REASON_SERVER_MALFORMED : REASON_NONE;
}
