/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/error.h"
#include "waybill/http/trace_context.h"
#include <inttypes.h>
#include <stdio.h>

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define SHORT  "a3ce929d0e0e4736"
#define SPAN   "00f067aa0ba902b7"
#define PARENT "b7ad6b7169203331"
#define ZEROS  "00000000000000000000000000000000"

enum { FIELDS_MAX = 6 };

/* "Name: value" each. */
static void fill(struct headers *headers, const char *const fields[FIELDS_MAX])
{
    headers_clear(headers);
    for (size_t i = 0; i < FIELDS_MAX && fields[i]; i++) {
        struct slice field = slice_of(fields[i]), name = slice_head(field, slice_find(field, ':'));
        assert_true(headers_add(headers, name, slice_trim(slice_from(field, name.len + 1))));
    }
}

/* "trace span parent sampling", with - for what there is not. */
static const char *show(const struct trace_context *context)
{
    static char out[128];
    static const char *const samplings[] = {"-", "0", "1", "d"};
    char trace[TRACE_ID_CHARS + 1] = "-", span[TRACE_SPAN_CHARS + 1] = "-", parent[TRACE_SPAN_CHARS + 1] = "-";

    if (trace_context_has_trace(context))
        trace[trace_id_write(&context->trace, trace)] = '\0';
    if (context->span)
        trace_span_write(context->span, span);
    if (context->parent)
        trace_span_write(context->parent, parent);
    snprintf(out, sizeof out, "%s %s %s %s", trace, span, parent, samplings[context->sampling]);
    return out;
}

static void test_each_spelling_is_read_and_what_is_malformed_is_not_there(void **state)
{
    static const struct {
        const char *fields[FIELDS_MAX];
        unsigned spellings;
        const char *wanted;
    } rows[] = {
        {{NULL}, 0, "- - - -"},
        {{"Accept: b3", "X-B3: 1", "traceparents: 1"}, 0, "- - - -"},
        /* W3C Trace Context 3.2 */
        {{"traceparent: 00-" TRACE "-" SPAN "-01"}, TRACE_W3C, TRACE " " SPAN " - 1"},
        {{"TraceParent: 00-" TRACE "-" SPAN "-00"}, TRACE_W3C, TRACE " " SPAN " - 0"},
        {{"traceparent: 00-" TRACE "-" SPAN "-fe"}, TRACE_W3C, TRACE " " SPAN " - 0"},
        {{"traceparent: 00-" TRACE "-" SPAN "-03"}, TRACE_W3C, TRACE " " SPAN " - 1"},
        {{"traceparent: cc-" TRACE "-" SPAN "-01-what-the-future-will-be"}, TRACE_W3C, TRACE " " SPAN " - 1"},
        {{"traceparent: cc-" TRACE "-" SPAN "-01"}, TRACE_W3C, TRACE " " SPAN " - 1"},
        {{"traceparent: cc-" TRACE "-" SPAN "-01.what"}, TRACE_W3C, "- - - -"},
        {{"traceparent: 00-" TRACE "-" SPAN "-01-what"}, TRACE_W3C, "- - - -"},
        {{"traceparent: 00-" TRACE "-" SPAN "-01-"}, TRACE_W3C, "- - - -"},
        {{"traceparent: ff-" TRACE "-" SPAN "-01"}, TRACE_W3C, "- - - -"},
        {{"traceparent: 00-" TRACE "-" SPAN "-1"}, TRACE_W3C, "- - - -"},
        {{"traceparent: 00-" TRACE "-" SPAN "-0x"}, TRACE_W3C, "- - - -"},
        {{"traceparent: 0x-" TRACE "-" SPAN "-01"}, TRACE_W3C, "- - - -"},
        {{"traceparent: 00_" TRACE "-" SPAN "-01"}, TRACE_W3C, "- - - -"},
        {{"traceparent: 00-" TRACE "_" SPAN "-01"}, TRACE_W3C, "- - - -"},
        {{"traceparent: 00-" TRACE "-" SPAN "_01"}, TRACE_W3C, "- - - -"},
        {{"traceparent: 00-" ZEROS "-" SPAN "-01"}, TRACE_W3C, "- - - -"},
        {{"traceparent: 00-" TRACE "-0000000000000000-01"}, TRACE_W3C, "- - - -"},
        {{"traceparent: 00-4BF92f3577b34da6a3ce929d0e0e4736-" SPAN "-01"}, TRACE_W3C, "- - - -"},
        {{"traceparent: "}, TRACE_W3C, "- - - -"},
        {{"traceparent: 00-" TRACE "-" SPAN "-01", "traceparent: 00-" TRACE "-" SPAN "-01"}, TRACE_W3C, "- - - -"},
        /* B3, in one field */
        {{"b3: " TRACE "-" SPAN}, TRACE_B3_SINGLE, TRACE " " SPAN " - -"},
        {{"B3: " SHORT "-" SPAN "-1"}, TRACE_B3_SINGLE, SHORT " " SPAN " - 1"},
        {{"b3: " TRACE "-" SPAN "-0-" PARENT}, TRACE_B3_SINGLE, TRACE " " SPAN " " PARENT " 0"},
        {{"b3: " TRACE "-" SPAN "-d"}, TRACE_B3_SINGLE, TRACE " " SPAN " - d"},
        {{"b3: 0"}, TRACE_B3_SINGLE, "- - - 0"},
        {{"b3: d"}, TRACE_B3_SINGLE, "- - - d"},
        {{"b3: 4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN}, TRACE_B3_SINGLE, TRACE " " SPAN " - -"},
        {{"b3: "}, TRACE_B3_SINGLE, "- - - -"},
        {{"b3: " TRACE "-" SPAN "-1-" PARENT "-"}, TRACE_B3_SINGLE, "- - - -"},
        {{"b3: " TRACE "-" SPAN "-x"}, TRACE_B3_SINGLE, "- - - -"},
        {{"b3: " TRACE "-" SPAN "-1-"}, TRACE_B3_SINGLE, "- - - -"},
        {{"b3: " TRACE "-"}, TRACE_B3_SINGLE, "- - - -"},
        {{"b3: " TRACE "0-" SPAN}, TRACE_B3_SINGLE, "- - - -"},
        {{"b3: " ZEROS "-" SPAN}, TRACE_B3_SINGLE, "- - - -"},
        /* and in many */
        {{"X-B3-TraceId: " TRACE, "X-B3-SpanId: " SPAN, "X-B3-ParentSpanId: " PARENT, "X-B3-Sampled: 1"},
         TRACE_B3_MULTI,
         TRACE " " SPAN " " PARENT " 1"},
        {{"x-b3-traceid: " SHORT, "x-b3-spanid: " SPAN, "x-b3-sampled: false"}, TRACE_B3_MULTI, SHORT " " SPAN " - 0"},
        {{"x-b3-traceid: " SHORT, "x-b3-spanid: " SPAN, "x-b3-flags: 1"}, TRACE_B3_MULTI, SHORT " " SPAN " - d"},
        {{"x-b3-traceid: " SHORT, "x-b3-spanid: " SPAN, "x-b3-flags: 0", "x-b3-sampled: maybe"},
         TRACE_B3_MULTI,
         SHORT " " SPAN " - -"},
        {{"x-b3-traceid: " SHORT, "x-b3-spanid: " SPAN, "x-b3-parentspanid: none"}, TRACE_B3_MULTI, SHORT " " SPAN " - -"},
        {{"x-b3-sampled: true"}, TRACE_B3_MULTI, "- - - 1"},
        {{"x-b3-traceid: " SHORT}, TRACE_B3_MULTI, "- - - -"},
        {{"x-b3-traceid: " SHORT, "x-b3-spanid: " SHORT SPAN}, TRACE_B3_MULTI, "- - - -"},
        /* which goes first, and what is taken where that cannot be read */
        {{"x-b3-traceid: " SHORT, "x-b3-spanid: " PARENT, "b3: " TRACE "-" SPAN "-0"},
         TRACE_B3_SINGLE | TRACE_B3_MULTI,
         TRACE " " SPAN " - 0"},
        {{"b3: " SHORT "-" PARENT "-1", "traceparent: 00-" TRACE "-" SPAN "-00"},
         TRACE_W3C | TRACE_B3_SINGLE,
         TRACE " " SPAN " - 0"},
        {{"b3: " SHORT "-" PARENT "-1", "traceparent: 00-" TRACE "-" SPAN "-"},
         TRACE_W3C | TRACE_B3_SINGLE,
         SHORT " " PARENT " - 1"},
        {{"x-b3-traceid: " SHORT, "x-b3-spanid: " PARENT, "b3: what"},
         TRACE_B3_SINGLE | TRACE_B3_MULTI,
         SHORT " " PARENT " - -"},
    };
    struct headers headers;
    struct trace_context context;
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        fill(&headers, rows[i].fields);
        trace_context_read(&headers, &context);
        if (context.spellings != rows[i].spellings || strcmp(show(&context), rows[i].wanted) != 0)
            fail_msg("%s: %s (%u)", rows[i].fields[0], show(&context), context.spellings);
        assert_int_equal(context.from_parent,
                         rows[i].spellings & TRACE_W3C && slice_starts(slice_of(rows[i].wanted), SLICE(TRACE)));
    }
}

static unsigned left(const struct headers *headers)
{
    unsigned count = 0;

    for (unsigned i = 0; i < headers->count; i++)
        count += !headers->items[i].gone;
    return count;
}

static void test_fields_go_and_the_state_with_them_unless_it_is_kept(void **state)
{
    static const char *const fields[FIELDS_MAX] = {"traceparent: 1", "TRACESTATE: a=1", "b3: 1", "X-B3-Sampled: 1",
                                                   "Accept: */*"};
    struct headers headers;
    (void)state;

    fill(&headers, fields);
    trace_context_remove(&headers, true);
    assert_int_equal(left(&headers), 2);
    assert_false(headers.items[1].gone);
    trace_context_remove(&headers, false);
    assert_int_equal(left(&headers), 1);
}

static void test_what_is_written_is_what_was_read(void **state)
{
    static const char *const fields[] = {"00-" TRACE "-" SPAN "-01", "00-0000000000000000" SHORT "-" SPAN "-00"};
    static const char *const singles[] = {TRACE "-" SPAN "-1-" PARENT, SHORT "-" SPAN "-0", SHORT "-" SPAN "-d"};
    struct headers headers;
    struct trace_context context;
    char parent[TRACE_PARENT_CHARS], b3[TRACE_B3_CHARS];
    (void)state;

    for (size_t i = 0; i < WB_COUNT(fields); i++) {
        headers_clear(&headers);
        headers_add(&headers, SLICE("traceparent"), slice_of(fields[i]));
        trace_context_read(&headers, &context);
        trace_parent_write(&context, parent);
        assert_true(slice_eq(slice_make(parent, sizeof parent), slice_of(fields[i])));
    }
    for (size_t i = 0; i < WB_COUNT(singles); i++) {
        headers_clear(&headers);
        headers_add(&headers, SLICE("b3"), slice_of(singles[i]));
        trace_context_read(&headers, &context);
        assert_true(slice_eq(slice_make(b3, trace_b3_write(&context, b3)), slice_of(singles[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_spelling_is_read_and_what_is_malformed_is_not_there),
        cmocka_unit_test(test_fields_go_and_the_state_with_them_unless_it_is_kept),
        cmocka_unit_test(test_what_is_written_is_what_was_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
