/* SPDX-License-Identifier: MIT */
/* links: base http */
/* What a client sends behind its preface. The first byte draws the cuts: the outcome must not depend on them. A request that is taken
 * must be one in HTTP/1 as well. */
#include "waybill/base/error.h"
#include "waybill/base/text.h"
#include "waybill/http/h1_reader.h"
#include "waybill/http/h1_writer.h"
#include "waybill/http/h2_head.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct request_head head, again;

static void check_round_trip(void)
{
    static char written[160 * 1024];
    struct head_out out;
    struct h1_reader reader = {0};
    struct h1_limits limits = {.head_bytes = sizeof written, .target_bytes = 64 * 1024, .fields = HEADERS_MAX};
    enum reason reason;
    size_t len;

    head_out_init(&out, written, sizeof written);
    head_out_request_line(&out, head.method, head.target);
    head_out_fields(&out, &head.headers);
    head_out_end(&out);
    WB_REQUIRE(head_out_ok(&out));
    /* A second reading of the target, by its views, is the exchange's. */
    WB_REQUIRE(h1_read_request(&reader, slice_make(written, out.len), &limits, &again, &len, &reason) == H1_HEAD);
    WB_REQUIRE(len == out.len && again.headers.count == head.headers.count);
    WB_REQUIRE(slice_eq(again.method, head.method) && slice_eq(again.target, head.target));
    WB_REQUIRE(slice_eq(again.host, head.host) && slice_eq(again.port, head.port));
    WB_REQUIRE(head.body == BODY_CHUNKED || again.body == head.body);
    WB_REQUIRE(again.content_length == head.content_length);
}

static void describe(struct text *out, struct h2_stream *stream)
{
    struct slice piece;
    size_t count = 0;

    while ((piece = h2_stream_payload(stream)).len) {
        count += piece.len;
        h2_stream_took(stream, piece.len);
    }
    /* How much of a body comes before its fault is found may depend on the cuts. */
    text_addf(out, "%d: %u heads, %zu bytes, %u trailers, ended %d, closed %d ", stream->id, stream->heads,
              stream->ended ? count : 0, stream->trailers.count, stream->ended, stream->closed);
    if (stream->heads) {
        bool whole = stream->ended && stream->received == 0;
        enum reason reason = h2_read_request(&stream->head, whole, &h1_default_limits, &stream->arena, &head);
        WB_REQUIRE(reason == REASON_NONE || reason_row(reason)->status >= 400);
        if (reason == REASON_NONE)
            check_round_trip();
        text_addf(out, "%s", reason_row(reason)->name);
    }
    text_add(out, SLICE("\n"));
}

/* Nothing is drained meanwhile: what was answered by then would depend on the cuts. */
static void feed(struct h2_session *session, struct slice bytes, size_t step)
{
    for (size_t at = 0; at < bytes.len; at += step) {
        size_t count = bytes.len - at < step ? bytes.len - at : step;
        char *copy = malloc(count); /* exactly so much: ASan sees a look past it */
        memcpy(copy, bytes.ptr + at, count);
        h2_session_feed(session, slice_make(copy, count), 1);
        free(copy);
    }
}

/* *out_left: it was the client who left; nghttp2 looks at nothing that comes behind its GOAWAY in a later piece. */
static char *outcome(struct slice bytes, size_t step, bool *out_left)
{
    struct stock stock;
    struct h2_pool pool;
    struct buffer out = {0};
    struct text text = TEXT_EMPTY;

    stock_init(&stock);
    h2_pool_init(&pool, &stock);
    struct h2_session *session = h2_session_create(H2_SERVER, &h2_default_limits, &pool);
    h2_session_feed(session, h2_preface, 1);
    feed(session, bytes, step);
    for (struct h2_stream *stream; (stream = h2_session_next_changed(session));) {
        describe(&text, stream);
        h2_stream_release(&stream);
    }
    for (int i = 0; i < 1000 && h2_session_has_output(session); i++) {
        buffer_borrow(&out, &stock, BUFFER_SIZE);
        h2_session_drain(session, &out);
        buffer_return(&out, &stock);
        for (struct h2_stream *stream; (stream = h2_session_next_changed(session));)
            h2_stream_release(&stream);
    }
    bool over = h2_session_is_over(session), flooded = h2_session_is_flooded(session);
    text_addf(&text, "over %d, flooded %d", over, flooded);
    *out_left = over && !flooded && !h2_session_fault(session);
    h2_session_destroy(&session);
    WB_REQUIRE(stock.lent_bytes == 0);
    h2_pool_fini(&pool);
    stock_fini(&stock);
    return text_take(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2 || size > 65536)
        return 0;
    struct slice input = slice_make((const char *)bytes + 1, size - 1);
    bool whole_left, cut_left;
    char *whole = outcome(input, input.len, &whole_left), *cut = outcome(input, bytes[0] % 61 + 1, &cut_left);
    WB_REQUIRE(whole_left || cut_left || strcmp(whole, cut) == 0);
    free(whole);
    free(cut);
    return 0;
}
