/* SPDX-License-Identifier: MIT */
/* decode - gzip and brotli, by the libraries that write them. */
#pragma once
#include "waybill/base/text.h"
#include <brotli/decode.h>
#include <string.h>
#include <zlib.h>

/* Adds what `coded` holds, which may break off at a flush; false: it is not of that encoding. */
static inline bool gunzip(struct slice coded, struct text *out)
{
    z_stream stream;
    char bytes[8192];
    int status;

    memset(&stream, 0, sizeof stream);
    stream.next_in = (Bytef *)(uintptr_t)coded.ptr;
    stream.avail_in = (uInt)coded.len;
    if (inflateInit2(&stream, 15 + 16) != Z_OK)
        return false;
    do {
        stream.next_out = (Bytef *)bytes;
        stream.avail_out = sizeof bytes;
        status = inflate(&stream, Z_SYNC_FLUSH);
        text_add(out, slice_make(bytes, sizeof bytes - stream.avail_out));
    } while (status == Z_OK && (stream.avail_in || stream.avail_out == 0));
    inflateEnd(&stream);
    return (status == Z_STREAM_END || status == Z_OK || status == Z_BUF_ERROR) && stream.avail_in == 0;
}

static inline bool unbrotli(struct slice coded, struct text *out)
{
    BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    const uint8_t *next_in = (const uint8_t *)coded.ptr;
    size_t in_left = coded.len;
    BrotliDecoderResult result;

    do {
        uint8_t bytes[8192], *next_out = bytes;
        size_t out_left = sizeof bytes;
        result = BrotliDecoderDecompressStream(state, &in_left, &next_in, &out_left, &next_out, NULL);
        text_add(out, slice_make((const char *)bytes, sizeof bytes - out_left));
    } while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT || BrotliDecoderHasMoreOutput(state));
    BrotliDecoderDestroyInstance(state);
    return result != BROTLI_DECODER_RESULT_ERROR && in_left == 0;
}

static inline bool decode(int brotli, struct slice coded, struct text *out)
{
    return brotli ? unbrotli(coded, out) : gunzip(coded, out);
}
