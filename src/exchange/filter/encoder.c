/* SPDX-License-Identifier: MIT */
#include "encoder.h"
#include <malloc.h>
#include <stdlib.h>

/* gzip: what v1.7 uses. brotli: a quality that takes less time and gives fewer bytes, with the windows that need least memory. */
enum { GZIP_LEVEL = 6, GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 8, BROTLI_QUALITY = 5, BROTLI_WINDOW = 16, BROTLI_BLOCK = 16 };
enum { TAKEN_AT_ONCE = 1 << 20 };

static void *take_bytes(void *owner, size_t bytes)
{
    struct encoder *encoder = owner;
    void *memory = wb_alloc(bytes);

    encoder->bytes += malloc_usable_size(memory);
    return memory;
}

static void *take_items(void *owner, unsigned count, unsigned size)
{
    return take_bytes(owner, (size_t)count * size);
}

static void give_back(void *owner, void *memory)
{
    struct encoder *encoder = owner;

    encoder->bytes -= malloc_usable_size(memory);
    free(memory);
}

void encoder_begin(struct encoder *encoder, enum encoding encoding)
{
    *encoder = (struct encoder){.encoding = encoding};
    if (encoding == ENCODING_GZIP) {
        encoder->gzip.zalloc = take_items;
        encoder->gzip.zfree = give_back;
        encoder->gzip.opaque = encoder;
        int status = deflateInit2(&encoder->gzip, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY);
        WB_REQUIRE(status == Z_OK);
        return;
    }
    encoder->brotli = BrotliEncoderCreateInstance(take_bytes, give_back, encoder);
    WB_REQUIRE(encoder->brotli);
    BrotliEncoderSetParameter(encoder->brotli, BROTLI_PARAM_QUALITY, BROTLI_QUALITY);
    BrotliEncoderSetParameter(encoder->brotli, BROTLI_PARAM_LGWIN, BROTLI_WINDOW);
    BrotliEncoderSetParameter(encoder->brotli, BROTLI_PARAM_LGBLOCK, BROTLI_BLOCK);
}

void encoder_end(struct encoder *encoder)
{
    if (encoder->encoding == ENCODING_GZIP)
        deflateEnd(&encoder->gzip);
    else
        BrotliEncoderDestroyInstance(encoder->brotli);
}

static bool run_gzip(z_stream *gzip, enum encoder_work work, struct slice *in, struct buffer *out)
{
    static const int flushes[] = {[ENCODER_TAKE] = Z_NO_FLUSH, [ENCODER_FLUSH] = Z_SYNC_FLUSH, [ENCODER_FINISH] = Z_FINISH};
    size_t taken = in->len < TAKEN_AT_ONCE ? in->len : TAKEN_AT_ONCE;

    gzip->next_in = (Bytef *)(uintptr_t)in->ptr;
    gzip->avail_in = (uInt)taken;
    gzip->next_out = (Bytef *)out->base + out->end;
    gzip->avail_out = (uInt)buffer_room(out);
    int status = deflate(gzip, flushes[work]);
    WB_REQUIRE(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR); /* the last: nothing to do */
    out->end = out->capacity - gzip->avail_out;
    *in = slice_from(*in, taken - gzip->avail_in);
    return work == ENCODER_FINISH ? status == Z_STREAM_END : in->len == 0 && gzip->avail_out > 0;
}

static bool run_brotli(BrotliEncoderState *brotli, enum encoder_work work, struct slice *in, struct buffer *out)
{
    static const BrotliEncoderOperation operations[] = {[ENCODER_TAKE] = BROTLI_OPERATION_PROCESS,
                                                        [ENCODER_FLUSH] = BROTLI_OPERATION_FLUSH,
                                                        [ENCODER_FINISH] = BROTLI_OPERATION_FINISH};
    const uint8_t *next_in = (const uint8_t *)in->ptr;
    uint8_t *next_out = (uint8_t *)out->base + out->end;
    size_t in_left = in->len, out_left = buffer_room(out);

    bool valid = BrotliEncoderCompressStream(brotli, operations[work], &in_left, &next_in, &out_left, &next_out, NULL);
    WB_REQUIRE(valid);
    out->end = out->capacity - out_left;
    *in = slice_from(*in, in->len - in_left);
    if (work == ENCODER_FINISH)
        return BrotliEncoderIsFinished(brotli);
    return in->len == 0 && !BrotliEncoderHasMoreOutput(brotli);
}

bool encoder_run(struct encoder *encoder, enum encoder_work work, struct slice *in, struct buffer *out)
{
    return encoder->encoding == ENCODING_GZIP ? run_gzip(&encoder->gzip, work, in, out)
                                              : run_brotli(encoder->brotli, work, in, out);
}
