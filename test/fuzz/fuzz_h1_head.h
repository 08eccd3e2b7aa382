/* SPDX-License-Identifier: MIT */
/* The head fuzz targets' common part: the outcome must not depend on the cuts. The first input byte draws them. */
#pragma once
#include "waybill/base/error.h"
#include "waybill/http/h1_reader.h"
#include "waybill/http/h1_writer.h"
#include "waybill/http/target.h"
#include <stdlib.h>

/* What is compared of an outcome. */
struct head_outcome {
    enum h1_result result;
    enum reason reason;
    size_t head_len;
    unsigned fields;
    enum body_kind body;
    uint64_t length;
    bool keep_alive;
};

static inline bool outcomes_equal(const struct head_outcome *a, const struct head_outcome *b)
{
    if (a->result != b->result)
        return false;
    if (a->result == H1_BAD)
        return a->reason == b->reason;
    return a->result == H1_NEED_MORE || (a->head_len == b->head_len && a->fields == b->fields && a->body == b->body &&
                                         a->length == b->length && a->keep_alive == b->keep_alive);
}

/* A copy of exactly these bytes, so that ASan sees a look past them. */
static inline char *exact_copy(const uint8_t *bytes, size_t len)
{
    char *copy = malloc(len ? len : 1);
    if (len)
        memcpy(copy, bytes, len);
    return copy;
}

static const struct h1_limits fuzz_limits = {.head_bytes = 2048, .target_bytes = 256, .fields = 20};

/* No slice of a head may point out of its bytes or hold what the scan forbids. */
static inline void check_slice(struct slice part, const char *bytes, size_t len)
{
    if (part.len > 0 && !(part.len == 1 && part.ptr[0] == '/'))
        WB_REQUIRE(part.ptr >= bytes && part.ptr + part.len <= bytes + len);
    WB_REQUIRE(slice_find(part, '\r') == part.len && slice_find(part, '\n') == part.len &&
               slice_find(part, '\0') == part.len);
}

static inline void check_headers(const struct headers *headers, const char *bytes, size_t len)
{
    for (unsigned i = 0; i < headers->count; i++) {
        WB_REQUIRE(headers->items[i].name.len > 0);
        check_slice(headers->items[i].name, bytes, len);
        check_slice(headers->items[i].value, bytes, len);
    }
}
