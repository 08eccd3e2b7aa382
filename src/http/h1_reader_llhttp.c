/* SPDX-License-Identifier: MIT */
#include "h1_reader_llhttp.h"
#include "llhttp.h"

struct finding {
    struct headers *headers;
    bool too_many;
    bool complete;
};

static int on_field_name(llhttp_t *parser, const char *at, size_t len)
{
    struct finding *finding = parser->data;

    /* The value follows; a field with none keeps this empty slice. */
    if (headers_add(finding->headers, slice_make(at, len), slice_make(at + len, 0)))
        return HPE_OK;
    finding->too_many = true;
    return HPE_USER;
}

static int on_field_value(llhttp_t *parser, const char *at, size_t len)
{
    struct finding *finding = parser->data;

    /* llhttp cuts the leading white space off. */
    while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
        len--;
    finding->headers->items[finding->headers->count - 1].value = slice_make(at, len);
    return HPE_OK;
}

static int on_head_complete(llhttp_t *parser)
{
    struct finding *finding = parser->data;

    /* What the fields mean is decided by h1_reader, not by llhttp behind this point. */
    finding->complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_field_name,
    .on_header_value = on_field_value,
    .on_headers_complete = on_head_complete,
};

static enum head_fault judge(llhttp_errno_t outcome, const struct finding *finding)
{
    if (outcome == HPE_PAUSED && finding->complete)
        return HEAD_FINE;
    if (finding->too_many)
        return HEAD_TOO_MANY;
    if (outcome == HPE_INVALID_CONTENT_LENGTH || outcome == HPE_UNEXPECTED_CONTENT_LENGTH)
        return HEAD_BAD_LENGTH;
    if (outcome == HPE_INVALID_TRANSFER_ENCODING)
        return HEAD_BAD_CODING;
    return HEAD_MALFORMED;
}

enum head_fault llhttp_read_head(bool is_request, struct slice first_line, struct slice rest, struct headers *out_headers)
{
    struct finding finding = {.headers = out_headers};
    llhttp_t parser;

    headers_clear(out_headers);
    llhttp_init(&parser, is_request ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    parser.data = &finding;
    llhttp_errno_t outcome = llhttp_execute(&parser, first_line.ptr, first_line.len);
    if (rest.len > 0 && outcome == HPE_OK)
        outcome = llhttp_execute(&parser, rest.ptr, rest.len);
    /* Both checks must agree on where the head ends (with pause, llhttp may point at the last LF). */
    struct slice last = rest.len > 0 ? rest : first_line;
    enum head_fault fault = judge(outcome, &finding);
    if (fault == HEAD_FINE && llhttp_get_error_pos(&parser) + 1 < last.ptr + last.len)
        return HEAD_MALFORMED;
    return fault;
}

bool llhttp_is_strict(void)
{
    llhttp_t request, response;

    llhttp_init(&request, HTTP_REQUEST, &settings);
    llhttp_init(&response, HTTP_RESPONSE, &settings);
    return LLHTTP_STRICT_MODE == 1 && request.lenient_flags == 0 && response.lenient_flags == 0;
}
