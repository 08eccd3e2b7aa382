/* SPDX-License-Identifier: MIT */
/* Heads of servers, field by field: nothing here relies on what the session has looked at before. */
#include "waybill/base/error.h"
#include "waybill/http/h2_head.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* behind the three above */
#include <cmocka.h>

enum { ENDED = 1, TO_HEAD = 2 };

static struct response_head out;

#define FIELD(named, valued)                                                        \
    {                                                                               \
        .name = {named, sizeof(named) - 1}, .value = { valued, sizeof(valued) - 1 } \
    }
#define OK FIELD(":status", "200")

struct row {
    struct header fields[4];
    unsigned flags, status; /* 0: refused */
    enum body_kind body;
    uint64_t length;
};

static enum reason read_row(const struct row *row)
{
    struct header fields[WB_COUNT(row->fields)];
    struct h2_head head = {.fields = fields};

    memcpy(fields, row->fields, sizeof fields);
    while (head.count < WB_COUNT(fields) && fields[head.count].name.ptr)
        head.count++;
    return h2_read_response(&head, row->flags & ENDED, row->flags & TO_HEAD, &out);
}

static void test_heads(void **state)
{
    static const struct row rows[] = {
        {{OK}, 0, 200, BODY_UNTIL_CLOSE, 0},
        {{OK}, ENDED, 200, BODY_LENGTH, 0},
        {{OK, FIELD("content-length", "5")}, 0, 200, BODY_LENGTH, 5},
        {{OK, FIELD("content-length", "0")}, ENDED, 200, BODY_LENGTH, 0},
        {{OK, FIELD("content-length", "9223372036854775807")}, 0, 200, BODY_LENGTH, INT64_MAX},
        {{OK, FIELD("content-length", "5")}, ENDED | TO_HEAD, 200, BODY_NONE, 5},
        {{FIELD(":status", "304"), FIELD("content-length", "5")}, ENDED, 304, BODY_NONE, 5},
        {{FIELD(":status", "204")}, 0, 204, BODY_NONE, 0},
        {{FIELD(":status", "103")}, 0, 103, BODY_NONE, 0},
        {{FIELD(":status", "999")}, 0, 999, BODY_UNTIL_CLOSE, 0},
        {{OK, FIELD("x", " \ty z\t ")}, 0, 200, BODY_UNTIL_CLOSE, 0},
        {{OK, FIELD("x", "")}, 0, 200, BODY_UNTIL_CLOSE, 0},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        if (read_row(&rows[i]) != REASON_NONE)
            fail_msg("row %zu refused", i);
        assert_int_equal(out.status, rows[i].status);
        assert_int_equal(out.body, rows[i].body);
        assert_int_equal(out.content_length, rows[i].length);
        assert_true(out.keep_alive && out.phrase.ptr);
    }
    assert_int_equal(read_row(&rows[10]), REASON_NONE);
    assert_int_equal(out.headers.count, 1);
    assert_true(slice_eq(out.headers.items[0].value, SLICE("y z")));
}

static void test_what_is_refused(void **state)
{
    static const struct row rows[] = {
        {{{.name = {NULL, 0}}}, 0, 0, 0, 0},
        {{FIELD("x", "y")}, 0, 0, 0, 0},
        {{FIELD("x", "y"), OK}, 0, 0, 0, 0},
        {{OK, OK}, 0, 0, 0, 0},
        {{OK, FIELD(":path", "/")}, 0, 0, 0, 0},
        {{FIELD(":status", "")}, 0, 0, 0, 0},
        {{FIELD(":status", "20")}, 0, 0, 0, 0},
        {{FIELD(":status", "2000")}, 0, 0, 0, 0},
        {{FIELD(":status", "099")}, 0, 0, 0, 0},
        {{FIELD(":status", "2x0")}, 0, 0, 0, 0},
        {{FIELD(":status", "101")}, 0, 0, 0, 0},
        {{OK, FIELD("", "y")}, 0, 0, 0, 0},
        {{OK, FIELD("X", "y")}, 0, 0, 0, 0},
        {{OK, FIELD("x y", "z")}, 0, 0, 0, 0},
        {{OK, FIELD("x:", "z")}, 0, 0, 0, 0},
        {{OK, FIELD("x", "a\r\nb")}, 0, 0, 0, 0},
        {{OK, FIELD("x", "a\0b")}, 0, 0, 0, 0},
        {{OK, FIELD("x", "a\177")}, 0, 0, 0, 0},
        {{OK, FIELD("connection", "close")}, 0, 0, 0, 0},
        {{OK, FIELD("keep-alive", "1")}, 0, 0, 0, 0},
        {{OK, FIELD("proxy-connection", "x")}, 0, 0, 0, 0},
        {{OK, FIELD("transfer-encoding", "chunked")}, 0, 0, 0, 0},
        {{OK, FIELD("upgrade", "x")}, 0, 0, 0, 0},
        {{OK, FIELD("content-length", "5"), FIELD("content-length", "5")}, 0, 0, 0, 0},
        {{OK, FIELD("content-length", "5, 5")}, 0, 0, 0, 0},
        {{OK, FIELD("content-length", "+5")}, 0, 0, 0, 0},
        {{OK, FIELD("content-length", "")}, 0, 0, 0, 0},
        {{OK, FIELD("content-length", "9223372036854775808")}, 0, 0, 0, 0},
        {{OK, FIELD("content-length", "5")}, ENDED, 0, 0, 0},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++)
        if (read_row(&rows[i]) != REASON_SERVER_MALFORMED)
            fail_msg("row %zu taken", i);
}

static void test_a_head_over_the_limits_is_refused(void **state)
{
    struct header field = OK;
    struct header many[HEADERS_MAX + 2] = {OK};
    (void)state;

    assert_int_equal(h2_read_response(&(struct h2_head){&field, 1, true}, true, false, &out), REASON_SERVER_MALFORMED);
    for (unsigned i = 1; i < WB_COUNT(many); i++)
        many[i] = (struct header)FIELD("x", "y");
    assert_int_equal(h2_read_response(&(struct h2_head){many, HEADERS_MAX + 1, false}, true, false, &out), REASON_NONE);
    assert_int_equal(h2_read_response(&(struct h2_head){many, HEADERS_MAX + 2, false}, true, false, &out),
                     REASON_SERVER_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_a_head_over_the_limits_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
