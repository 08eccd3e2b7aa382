/* SPDX-License-Identifier: MIT */
/*
 * h1_reader - HTTP/1 heads, strictly (RFC 9112; decisions.md 1, 2, 6).
 *
 * A pull parser: the caller keeps the unread bytes of the message contiguous and calls again with more.
 * Line ends are checked as the bytes come, so garbage is refused early; llhttp then parses the complete
 * head in one go, so every slice is whole. The outcome does not depend on how the bytes were cut.
 *
 * Thread: any. Memory: none of its own.
 */
#pragma once
#include "waybill/http/message.h"

enum h1_result {
    H1_NEED_MORE, /* call again with more bytes behind these */
    H1_HEAD,      /* *out is filled */
    H1_BAD,       /* *out_reason says why */
};

struct h1_limits {
    size_t head_bytes;   /* whole head, default 64 KiB */
    size_t target_bytes; /* request target, default 32 KiB */
    unsigned fields;     /* default HEADERS_REQUEST_MAX */
};
extern const struct h1_limits h1_default_limits;

/* How far the check of the bytes has come in the current message. Zero it for a new message. */
struct h1_reader {
    size_t checked;    /* bytes from the start of the message that were looked at */
    size_t line_start; /* where the first line or the current one of the fields begins */
    size_t skipped;    /* empty CRLF lines before a request line: they belong to *out_head_len */
    bool first_line_seen;
    unsigned part;       /* of the line the check is in; private */
    unsigned fields;     /* complete field lines so far */
    size_t target_start; /* of the request target, once its first byte may come; private */
    size_t target_end;   /* private */
};

/* `bytes` starts where the message starts. On H1_HEAD *out_head_len bytes are the head (with the empty
 * line, and CRLFs skipped before it). On H1_BAD out->method and ->target may be filled as far as known, for the log. */
enum h1_result h1_read_request(struct h1_reader *reader, struct slice bytes, const struct h1_limits *limits,
                               struct request_head *out, size_t *out_head_len, enum reason *out_reason);

/* A head of a server. 1xx come out as any other; the caller asks again for the final one. Framing follows RFC 9112
 * 6.3 for the request method given (HEAD, CONNECT is never sent). Violations: REASON_SERVER_MALFORMED. */
enum h1_result h1_read_response(struct h1_reader *reader, struct slice bytes, const struct h1_limits *limits,
                                bool request_is_head, struct response_head *out, size_t *out_head_len,
                                enum reason *out_reason);

/* `bytes` begin with a whole line of another protocol: three words, the second in no form of a target (RFC 9112 3.2), the last
 * of no version of HTTP. Who speaks so is not told anything in HTTP/1. */
bool h1_is_foreign(struct slice bytes);
