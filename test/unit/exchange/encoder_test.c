/* SPDX-License-Identifier: MIT */
/* What is encoded is decoded by the libraries' own decoders, whatever the pieces; and one encoder's memory is limited. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "lib/decode.h"
#include "filter/encoder.h"
#include "waybill/base/text.h"

static const enum encoding both[] = {ENCODING_GZIP, ENCODING_BROTLI};
static uint64_t seed;

static size_t draw(size_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % below;
}

static void add_words(struct text *text, size_t count)
{
    static const char *const words[] = {"router ", "label ", "container ", "<div class=\"a\">", "0123456789", "\n"};
    while (text->len < count)
        text_addf(text, "%s%zu", words[draw(WB_COUNT(words))], draw(1000));
}

/* Does the work with an out buffer of so many bytes at a time. */
static void work(struct encoder *encoder, enum encoder_work kind, struct slice in, size_t room, struct text *out)
{
    char *memory = wb_alloc(room);
    for (;;) {
        struct buffer buffer = {.base = memory, .capacity = room};
        bool done = encoder_run(encoder, kind, &in, &buffer);
        text_add(out, buffer_slice(&buffer));
        if (done)
            break;
        assert_int_equal(buffer_room(&buffer), 0); /* not done only because it is full */
    }
    assert_int_equal(in.len, 0);
    free(memory);
}

static void test_any_pieces_decode_to_the_same(void **state)
{
    (void)state;
    for (size_t e = 0; e < WB_COUNT(both); e++)
        for (unsigned round = 0; round < 20; round++) {
            struct text plain = TEXT_EMPTY, coded = TEXT_EMPTY, decoded = TEXT_EMPTY;
            struct encoder encoder;
            seed = round;
            add_words(&plain, draw(60000));
            encoder_begin(&encoder, both[e]);
            for (size_t at = 0; at < plain.len;) {
                size_t count = 1 + draw(round % 2 ? 100 : 20000);
                struct slice piece = slice_head(slice_from(text_slice(&plain), at), count);
                at += piece.len;
                work(&encoder, ENCODER_TAKE, piece, ENCODER_ROOM_MIN + draw(3000), &coded);
                if (draw(10))
                    continue;
                /* Whatever was flushed can be read at once. */
                work(&encoder, ENCODER_FLUSH, SLICE(""), ENCODER_ROOM_MIN + draw(3000), &coded);
                decoded.len = 0;
                assert_true(decode(both[e], text_slice(&coded), &decoded));
                assert_int_equal(decoded.len, at);
            }
            work(&encoder, ENCODER_FINISH, SLICE(""), ENCODER_ROOM_MIN + draw(3000), &coded);
            encoder_end(&encoder);
            assert_int_equal(encoder.bytes, 0);
            decoded.len = 0;
            assert_true(decode(both[e], text_slice(&coded), &decoded));
            assert_true(slice_eq(text_slice(&plain), text_slice(&decoded)));
            text_fini(&plain);
            text_fini(&coded);
            text_fini(&decoded);
        }
}

static void test_nothing_is_a_whole_stream_too(void **state)
{
    (void)state;
    for (size_t e = 0; e < WB_COUNT(both); e++) {
        struct text coded = TEXT_EMPTY, decoded = TEXT_EMPTY;
        struct encoder encoder;
        encoder_begin(&encoder, both[e]);
        work(&encoder, ENCODER_FINISH, SLICE(""), ENCODER_ROOM_MIN, &coded);
        encoder_end(&encoder);
        assert_true(coded.len > 0);
        assert_true(decode(both[e], text_slice(&coded), &decoded));
        assert_int_equal(decoded.len, 0);
        text_fini(&coded);
        text_fini(&decoded);
    }
}

/* Text, then noise, in small and in large pieces. */
static void test_memory_has_a_limit_whatever_passes(void **state)
{
    (void)state;
    for (size_t e = 0; e < WB_COUNT(both); e++)
        for (unsigned round = 0; round < 4; round++) {
            struct text plain = TEXT_EMPTY, coded = TEXT_EMPTY;
            struct encoder encoder;
            size_t most = 0;
            seed = round;
            add_words(&plain, 1500000);
            for (size_t i = 0; round % 2 && i < plain.len; i++)
                plain.ptr[i] = (char)draw(256);
            encoder_begin(&encoder, both[e]);
            for (size_t at = 0; at < plain.len;) {
                struct slice piece = slice_head(slice_from(text_slice(&plain), at), round < 2 ? 70000 : 3000);
                at += piece.len;
                work(&encoder, ENCODER_TAKE, piece, BUFFER_SIZE, &coded);
                if (draw(8) == 0)
                    work(&encoder, ENCODER_FLUSH, SLICE(""), BUFFER_SIZE, &coded);
                most = encoder.bytes > most ? encoder.bytes : most;
            }
            work(&encoder, ENCODER_FINISH, SLICE(""), BUFFER_SIZE, &coded);
            most = encoder.bytes > most ? encoder.bytes : most;
            encoder_end(&encoder);
            if (most > encoder_bytes(both[e]))
                fail_msg("encoding %zu holds %zu bytes, not %zu", e, most, encoder_bytes(both[e]));
            text_fini(&plain);
            text_fini(&coded);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_pieces_decode_to_the_same),
        cmocka_unit_test(test_nothing_is_a_whole_stream_too),
        cmocka_unit_test(test_memory_has_a_limit_whatever_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
