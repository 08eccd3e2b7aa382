/* SPDX-License-Identifier: MIT */
/*
 * h1_writer - heads and chunk framing, written into memory the caller gives.
 *
 * Overflow is sticky: write freely, ask head_out_ok once. Values come from messages that were checked
 * or from the configuration; bytes that would break a line (CR, LF, NUL) make it not ok.
 * Thread: any. Owner: the memory is the caller's.
 */
#pragma once
#include "waybill/http/message.h"

struct head_out {
    char *base;
    size_t len, capacity;
    bool failed;
};

static inline void head_out_init(struct head_out *out, char *base, size_t capacity)
{
    *out = (struct head_out){.base = base, .capacity = capacity};
}
static inline bool head_out_ok(const struct head_out *out)
{
    return !out->failed;
}

/* "GET /x HTTP/1.1\r\n" */
void head_out_request_line(struct head_out *out, struct slice method, struct slice target);
/* "HTTP/1.1 200 OK\r\n"; without a phrase (ptr NULL) the standard one; an empty one stays empty. */
void head_out_status_line(struct head_out *out, unsigned status, struct slice phrase);
void head_out_field(struct head_out *out, struct slice name, struct slice value);
void head_out_field_u64(struct head_out *out, struct slice name, uint64_t value);
/* All fields of the table that are not gone, as spelled. */
void head_out_fields(struct head_out *out, const struct headers *headers);
void head_out_end(struct head_out *out);
/* Raw bytes: "HTTP/1.1 100 Continue\r\n\r\n". */
void head_out_raw(struct head_out *out, struct slice bytes);

enum { CHUNK_HEAD_MAX = 20 };
/* "1a\r\n"; returns its length. `len` is not 0. */
size_t chunk_head_write(char out[CHUNK_HEAD_MAX], uint64_t len);
