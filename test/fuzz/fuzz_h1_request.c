/* SPDX-License-Identifier: MIT */
/* links: base http */
#include "fuzz_h1_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct request_head head;

/* What is written from a head that was read is read again as the same head. */
static void check_round_trip(void)
{
    static struct request_head again;
    static char written[8192];
    struct head_out out;
    struct h1_reader reader = {0};
    enum reason reason;
    size_t len;
    unsigned fields = head.headers.count;

    if (head.version != HTTP_1_1 || head.form == TARGET_ABSOLUTE)
        return;
    head_out_init(&out, written, sizeof written);
    head_out_request_line(&out, head.method, head.target);
    head_out_fields(&out, &head.headers);
    head_out_end(&out);
    WB_REQUIRE(head_out_ok(&out));
    WB_REQUIRE(h1_read_request(&reader, slice_make(written, out.len), &h1_default_limits, &again, &len, &reason) == H1_HEAD);
    WB_REQUIRE(len == out.len && again.headers.count == fields && slice_eq(again.target, head.target));
}

static struct head_outcome read_prefix(struct h1_reader *reader, const uint8_t *bytes, size_t len)
{
    char *copy = exact_copy(bytes, len);
    struct head_outcome outcome = {.reason = REASON_NONE};

    outcome.result = h1_read_request(reader, slice_make(copy, len), &fuzz_limits, &head, &outcome.head_len, &outcome.reason);
    if (outcome.result == H1_HEAD) {
        WB_REQUIRE(outcome.head_len <= len);
        check_headers(&head.headers, copy, len);
        check_slice(head.method, copy, len);
        check_slice(head.target, copy, len);
        outcome.fields = head.headers.count;
        outcome.body = head.body;
        outcome.length = head.content_length;
        outcome.keep_alive = head.keep_alive;
        check_round_trip();
        headers_remove_forwarding(&head.headers);
        headers_remove_hop_by_hop(&head.headers, head.body == BODY_CHUNKED);
    } else if (outcome.result == H1_BAD) {
        WB_REQUIRE(reason_row(outcome.reason)->status >= 400);
        WB_REQUIRE(head.method.len <= len && head.target.len <= len);
    }
    free(copy);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0 || size > 4096)
        return 0;
    unsigned draw = *bytes++;
    size--;
    struct h1_reader reader = {0};
    struct head_outcome whole = read_prefix(&reader, bytes, size);
    struct head_outcome pieces = {.result = H1_NEED_MORE};
    reader = (struct h1_reader){0};
    for (size_t len = 0; pieces.result == H1_NEED_MORE && len < size;) {
        draw = draw * 1103515245u + 12345u;
        size_t step = size > 600 ? 1 + (draw >> 16 & 63) : 1 + (draw >> 16 & 3);
        len = size - len < step ? size : len + step;
        pieces = read_prefix(&reader, bytes, len);
    }
    WB_REQUIRE(outcomes_equal(&whole, &pieces));
    return 0;
}
