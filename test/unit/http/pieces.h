/* SPDX-License-Identifier: MIT */
/* pieces - one head read whole, byte by byte and with every single cut: the outcome must be the same. Each call
 * sees a heap copy of exactly its bytes, so that ASan notices a look past them. */
#pragma once
#include "waybill/base/error.h"
#include "waybill/base/text.h"
#include "waybill/http/h1_reader.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
/* behind the four above */
#include <cmocka.h>

/* A head's outcome as text, so that two of them can be compared and a failure can be read. */
static inline void describe_headers(struct text *text, const struct headers *headers)
{
    for (unsigned i = 0; i < headers->count; i++)
        text_addf(text, " {%.*s=%.*s}", SLICE_ARG(headers->items[i].name), SLICE_ARG(headers->items[i].value));
}

static inline void describe_request(struct text *text, const struct request_head *head, size_t len)
{
    text_addf(text, "HEAD %zu m=%.*s t=%.*s form=%d a=%.*s h=%.*s p=%.*s v=%d body=%d cl=%llu keep=%d exp=%d up=%d", len,
              SLICE_ARG(head->method), SLICE_ARG(head->target), head->form, SLICE_ARG(head->authority),
              SLICE_ARG(head->host), SLICE_ARG(head->port), head->version, head->body,
              (unsigned long long)head->content_length, head->keep_alive, head->expect_continue, head->upgrade);
    describe_headers(text, &head->headers);
}

static inline void describe_response(struct text *text, const struct response_head *head, size_t len)
{
    text_addf(text, "HEAD %zu s=%u p=%.*s v=%d body=%d cl=%llu keep=%d", len, head->status, SLICE_ARG(head->phrase),
              head->version, head->body, (unsigned long long)head->content_length, head->keep_alive);
    describe_headers(text, &head->headers);
}

struct piece_reading {
    bool is_request, request_is_head;
    const struct h1_limits *limits;
    struct h1_reader reader;
    size_t needed; /* bytes there when it was decided */
};

/* One call with the first `len` bytes. True when it was decided; *out_text tells how. */
static inline bool read_prefix(struct piece_reading *reading, struct slice bytes, size_t len, struct text *out_text)
{
    static struct request_head request;
    static struct response_head response;
    char *copy = malloc(len ? len : 1);
    enum reason reason = REASON_NONE;
    enum h1_result result;
    size_t head_len = 0;

    if (len)
        memcpy(copy, bytes.ptr, len);
    struct slice prefix = {copy, len};
    if (reading->is_request)
        result = h1_read_request(&reading->reader, prefix, reading->limits, &request, &head_len, &reason);
    else
        result = h1_read_response(&reading->reader, prefix, reading->limits, reading->request_is_head, &response, &head_len,
                                  &reason);
    if (result == H1_HEAD && reading->is_request)
        describe_request(out_text, &request, head_len);
    else if (result == H1_HEAD)
        describe_response(out_text, &response, head_len);
    else if (result == H1_BAD)
        text_addf(out_text, "BAD %s", reason_row(reason)->name);
    free(copy);
    reading->needed = len;
    return result != H1_NEED_MORE;
}

static inline void start_reading(struct piece_reading *reading)
{
    reading->reader = (struct h1_reader){0};
    reading->needed = 0;
}

/* Reads in every way; fails the test when two differ. The text is "MORE" when nothing was decided. Free it. */
static inline char *read_in_pieces(struct piece_reading *reading, struct slice bytes)
{
    struct text whole = TEXT_EMPTY, other = TEXT_EMPTY;

    start_reading(reading);
    if (!read_prefix(reading, bytes, bytes.len, &whole))
        text_add(&whole, SLICE("MORE"));
    start_reading(reading);
    bool decided = false;
    for (size_t len = 0; len <= bytes.len && !decided; len++)
        decided = read_prefix(reading, bytes, len, &other);
    if (!decided)
        text_add(&other, SLICE("MORE"));
    size_t earliest = reading->needed;
    assert_string_equal(text_slice(&whole).ptr, text_slice(&other).ptr);
    for (size_t cut = 0; cut <= bytes.len && bytes.len < 3000; cut++) {
        text_fini(&other);
        other = TEXT_EMPTY;
        start_reading(reading);
        if (!read_prefix(reading, bytes, cut, &other) && !read_prefix(reading, bytes, bytes.len, &other))
            text_add(&other, SLICE("MORE"));
        if (strcmp(text_slice(&whole).ptr, text_slice(&other).ptr) != 0)
            print_message("cut at %zu of %zu\n", cut, bytes.len);
        assert_string_equal(text_slice(&whole).ptr, text_slice(&other).ptr);
    }
    text_fini(&other);
    reading->needed = earliest;
    return text_take(&whole);
}
