/* SPDX-License-Identifier: MIT */
/* links: base http */
/* The fields of a trace, one `Name: value` a line: what was understood comes back the same when it is written and read again. */
#include "waybill/base/error.h"
#include "waybill/http/trace_context.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void read_lines(struct headers *headers, struct slice rest)
{
    headers_clear(headers);
    for (struct slice line; headers->count < HEADERS_MAX && slice_cut(&rest, '\n', &line);) {
        struct slice name = slice_head(line, slice_find(line, ':'));
        headers_add(headers, name, slice_trim(slice_from(line, name.len + 1)));
    }
}

static bool is_same(const struct trace_context *one, const struct trace_context *other)
{
    return one->trace.high == other->trace.high && one->trace.low == other->trace.low && one->span == other->span;
}

static void check_written(const struct trace_context *context)
{
    char parent[TRACE_PARENT_CHARS], b3[TRACE_B3_CHARS];
    struct trace_context again;
    struct headers headers;

    trace_parent_write(context, parent);
    headers_clear(&headers);
    headers_add(&headers, SLICE("traceparent"), slice_make(parent, sizeof parent));
    trace_context_read(&headers, &again);
    WB_REQUIRE(again.from_parent && is_same(&again, context));
    WB_REQUIRE((again.sampling == TRACE_SAMPLED) == (context->sampling >= TRACE_SAMPLED));

    headers_clear(&headers);
    headers_add(&headers, SLICE("b3"), slice_make(b3, trace_b3_write(context, b3)));
    trace_context_read(&headers, &again);
    WB_REQUIRE(!again.from_parent && is_same(&again, context) && again.parent == context->parent);
    WB_REQUIRE(context->sampling == TRACE_UNDECIDED || again.sampling == context->sampling);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct trace_context context;
    struct headers headers;

    read_lines(&headers, slice_make((const char *)bytes, size));
    trace_context_read(&headers, &context);
    WB_REQUIRE(trace_context_has_trace(&context) == (context.span != 0));
    WB_REQUIRE(context.spellings || !context.span);
    if (context.span)
        check_written(&context);
    trace_context_remove(&headers, false);
    trace_context_read(&headers, &context);
    WB_REQUIRE(!context.spellings);
    return 0;
}
