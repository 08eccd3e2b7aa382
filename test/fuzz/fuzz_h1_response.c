/* SPDX-License-Identifier: MIT */
/* links: base http */
#include "fuzz_h1_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct response_head head;

static struct head_outcome read_prefix(struct h1_reader *reader, const uint8_t *bytes, size_t len, bool request_is_head)
{
    char *copy = exact_copy(bytes, len);
    struct head_outcome outcome = {.reason = REASON_NONE};

    outcome.result = h1_read_response(reader, slice_make(copy, len), &fuzz_limits, request_is_head, &head, &outcome.head_len,
                                      &outcome.reason);
    if (outcome.result == H1_HEAD) {
        WB_REQUIRE(outcome.head_len <= len && head.status >= 100 && head.status <= 999);
        check_headers(&head.headers, copy, len);
        check_slice(head.phrase, copy, len);
        outcome.fields = head.headers.count;
        outcome.body = head.body;
        outcome.length = head.content_length;
        outcome.keep_alive = head.keep_alive;
        WB_REQUIRE(head.body != BODY_UNTIL_CLOSE || !head.keep_alive);
        headers_remove_hop_by_hop(&head.headers, head.body == BODY_CHUNKED);
    } else if (outcome.result == H1_BAD) {
        WB_REQUIRE(outcome.reason == REASON_SERVER_MALFORMED);
    }
    free(copy);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0 || size > 4096)
        return 0;
    unsigned draw = *bytes++;
    bool request_is_head = (draw & 1) != 0;
    size--;
    struct h1_reader reader = {0};
    struct head_outcome whole = read_prefix(&reader, bytes, size, request_is_head);
    struct head_outcome pieces = {.result = H1_NEED_MORE};
    reader = (struct h1_reader){0};
    for (size_t len = 0; pieces.result == H1_NEED_MORE && len < size;) {
        draw = draw * 1103515245u + 12345u;
        size_t step = size > 600 ? 1 + (draw >> 16 & 63) : 1 + (draw >> 16 & 3);
        len = size - len < step ? size : len + step;
        pieces = read_prefix(&reader, bytes, len, request_is_head);
    }
    WB_REQUIRE(outcomes_equal(&whole, &pieces));
    return 0;
}
