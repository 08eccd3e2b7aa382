/* SPDX-License-Identifier: MIT */
/*
 * encoder - content coding as a stream: bytes in, coded bytes out, whatever the pieces (RFC 1952, RFC 7932).
 *
 * Thread: one. Owner: its holder, until encoder_end. It must not move meanwhile.
 */
#pragma once
#include "waybill/base/buffer.h"
#include <brotli/encode.h>
#include <zlib.h>

enum encoding { ENCODING_GZIP, ENCODING_BROTLI };

/* What one holds at most, whatever passes (encoder_test). */
enum { ENCODER_GZIP_BYTES = 264 * 1024, ENCODER_BROTLI_BYTES = 1792 * 1024 };

static inline size_t encoder_bytes(enum encoding encoding)
{
    return encoding == ENCODING_GZIP ? ENCODER_GZIP_BYTES : ENCODER_BROTLI_BYTES;
}

enum encoder_work {
    ENCODER_TAKE,   /* bytes; what comes of them may stay inside */
    ENCODER_FLUSH,  /* all that was taken can be decoded from what has come out */
    ENCODER_FINISH, /* no more bytes will come */
};

struct encoder {
    enum encoding encoding;
    z_stream gzip;
    BrotliEncoderState *brotli;
    size_t bytes; /* of memory it holds */
};

enum { ENCODER_ROOM_MIN = 16 }; /* with less room gzip could mark one flush again and again */

void encoder_begin(struct encoder *encoder, enum encoding encoding);
/* Takes from the front of *in, appends to `out`, which has ENCODER_ROOM_MIN of room. True when the work is done; false: `out` is
 * full, call again with the same work when there is room. */
bool encoder_run(struct encoder *encoder, enum encoder_work work, struct slice *in, struct buffer *out);
void encoder_end(struct encoder *encoder);
