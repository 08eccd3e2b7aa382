/* SPDX-License-Identifier: MIT */
/*
 * body - where a message body begins and ends (RFC 9112 6, 7): a pure transform over the bytes behind a head.
 *
 * The reader never copies: body_read tells what to skip (framing) and which bytes are payload; the
 * caller passes the payload on and says with body_took how much of it is done. Chunked is ours and strict:
 * hex digits only (at most 16), CRLF only, extensions bounded, no white space before them but BWS before ";" refused.
 * Thread: any. Memory: none of its own. Lengths are bytes.
 */
#pragma once
#include "waybill/http/message.h"

enum body_result {
    BODY_MORE,    /* needs more bytes (skip may still be > 0) */
    BODY_PAYLOAD, /* out_payload holds at least one byte */
    BODY_END,     /* complete; skip covers the last framing bytes */
    BODY_INVALID, /* malformed framing; sticky */
};

enum { BODY_TRAILER_BYTES = 8192, BODY_EXTENSION_BYTES = 4096 };

struct body_reader {
    enum body_kind kind;
    uint64_t remaining; /* of the length, or of the current chunk */
    uint64_t received;  /* payload bytes taken so far */
    unsigned state;     /* of the chunked grammar; private */
    unsigned digits;    /* of the chunk size; private */
    size_t line_bytes;  /* of extension or trailer section; private */
    bool ended;
};

void body_reader_init(struct body_reader *body, enum body_kind kind, uint64_t content_length);
/* `in`: unread bytes, none of which was skipped or took before. `eof`: no more will come. Trailer
 * lines that may be passed on are added to `trailers` as slices of `in` when it is not NULL, in the very call that returns
 * BODY_END (the trailer section must be contiguous in `in` then; BODY_MORE until it is complete).
 * BODY_UNTIL_CLOSE ends at eof; for the other kinds eof before the end is BODY_INVALID. */
enum body_result body_read(struct body_reader *body, struct slice in, bool eof, struct headers *trailers, size_t *out_skip,
                           struct slice *out_payload);
/* `count` payload bytes are done with. */
void body_took(struct body_reader *body, size_t count);
static inline bool body_ended(const struct body_reader *body)
{
    return body->ended;
}
