/* SPDX-License-Identifier: MIT */
/* links: base http */
#include "waybill/base/error.h"
#include "waybill/base/text.h"
#include "waybill/http/body.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct body_outcome {
    enum body_result result;
    struct text payload;
    size_t begun; /* where the next message would start */
    unsigned trailers;
};

static struct headers trailers;

/* All at once, or in pieces with part of the payload taken each time. */
static struct body_outcome read_body(enum body_kind kind, uint64_t length, struct slice in, unsigned draw, bool pieces)
{
    struct body_outcome outcome = {.result = BODY_MORE, .payload = TEXT_EMPTY};
    struct body_reader body;
    size_t there = pieces ? 0 : in.len;

    headers_clear(&trailers);
    body_reader_init(&body, kind, length);
    for (;;) {
        size_t skip, unread = there - outcome.begun;
        struct slice payload;
        char *copy = malloc(unread ? unread : 1);
        if (unread)
            memcpy(copy, in.ptr + outcome.begun, unread);
        outcome.result = body_read(&body, slice_make(copy, unread), there == in.len, &trailers, &skip, &payload);
        WB_REQUIRE(skip + payload.len <= unread);
        WB_REQUIRE((outcome.result == BODY_PAYLOAD) == (payload.len > 0));
        outcome.begun += skip;
        draw = draw * 1103515245u + 12345u;
        if (outcome.result == BODY_PAYLOAD) {
            size_t count = pieces ? 1 + (draw >> 20) % payload.len : payload.len;
            text_add(&outcome.payload, slice_head(payload, count));
            body_took(&body, count);
            outcome.begun += count;
        }
        free(copy);
        if (outcome.result == BODY_END || outcome.result == BODY_INVALID)
            break;
        WB_REQUIRE(outcome.result == BODY_PAYLOAD || there < in.len);
        if (outcome.result == BODY_MORE) {
            size_t step = 1 + (draw >> 16 & 7);
            there = in.len - there < step ? in.len : there + step;
        }
    }
    WB_REQUIRE(body_ended(&body) == (outcome.result == BODY_END));
    WB_REQUIRE(body.received == outcome.payload.len);
    outcome.trailers = trailers.count;
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2 || size > 20000)
        return 0;
    enum body_kind kind = bytes[0] < 200 ? BODY_CHUNKED : bytes[0] < 230 ? BODY_LENGTH : BODY_UNTIL_CLOSE;
    struct slice in = {(const char *)bytes + 1, size - 1};
    struct body_outcome whole = read_body(kind, bytes[0] & 63, in, 0, false);
    struct body_outcome pieces = read_body(kind, bytes[0] & 63, in, bytes[0], true);

    WB_REQUIRE(whole.result == pieces.result);
    WB_REQUIRE(slice_eq(text_slice(&whole.payload), text_slice(&pieces.payload)));
    WB_REQUIRE(whole.result == BODY_INVALID || (whole.begun == pieces.begun && whole.trailers == pieces.trailers));
    text_fini(&whole.payload);
    text_fini(&pieces.payload);
    return 0;
}
