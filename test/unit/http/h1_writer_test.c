/* SPDX-License-Identifier: MIT */
#include "waybill/http/h1_writer.h"
#include "waybill/http/reason.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
/* behind the four above */
#include <cmocka.h>

static char bytes[256];
static struct head_out out;
static struct headers headers;

static int start(void **state)
{
    (void)state;
    head_out_init(&out, bytes, sizeof bytes);
    headers_clear(&headers);
    return 0;
}

static void expect_written(const char *expected)
{
    assert_true(head_out_ok(&out));
    assert_int_equal(out.len, strlen(expected));
    assert_memory_equal(bytes, expected, out.len);
}

static void test_request_head_is_written_without_removed_fields(void **state)
{
    (void)state;
    headers_add(&headers, SLICE("hOST"), SLICE("a.test"));
    headers_add(&headers, SLICE("X-Gone"), SLICE("1"));
    headers_add(&headers, SLICE("X-Empty"), SLICE(""));
    headers_remove_name(&headers, SLICE("x-gone"));
    head_out_request_line(&out, SLICE("GET"), SLICE("/x?y"));
    head_out_fields(&out, &headers);
    head_out_field_u64(&out, SLICE("Content-Length"), UINT64_MAX);
    head_out_field_u64(&out, SLICE("Age"), 0);
    head_out_end(&out);
    expect_written(
        "GET /x?y HTTP/1.1\r\nhOST: a.test\r\nX-Empty: \r\nContent-Length: 18446744073709551615\r\nAge: 0\r\n\r\n");
}

static void test_status_line_gets_a_phrase(void **state)
{
    (void)state;
    head_out_status_line(&out, 404, (struct slice){0});
    head_out_status_line(&out, 404, SLICE(""));
    head_out_status_line(&out, 200, SLICE("Fine"));
    head_out_status_line(&out, 299, (struct slice){0});
    head_out_raw(&out, SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
    expect_written("HTTP/1.1 404 Not Found\r\nHTTP/1.1 404 \r\nHTTP/1.1 200 Fine\r\nHTTP/1.1 299 status code "
                   "299\r\nHTTP/1.1 100 Continue\r\n\r\n");
}

static void test_bytes_that_break_a_line_make_it_fail(void **state)
{
    static const struct slice texts[] = {{"a\r", 2}, {"a\nb", 3}, {"\0", 1}, {"0123456789abcdef\n", 17}};
    for (size_t i = 0; i < 4; i++) {
        start(state);
        head_out_field(&out, SLICE("X"), texts[i]);
        assert_false(head_out_ok(&out));
        start(state);
        head_out_field(&out, texts[i], SLICE("x"));
        assert_false(head_out_ok(&out));
        start(state);
        head_out_request_line(&out, SLICE("GET"), texts[i]);
        assert_false(head_out_ok(&out));
        start(state);
        head_out_status_line(&out, 200, texts[i]);
        assert_false(head_out_ok(&out));
    }
    start(state);
    head_out_request_line(&out, SLICE("GET"), SLICE("/a b"));
    assert_false(head_out_ok(&out));
    start(state);
    head_out_field(&out, SLICE("X"), SLICE("tab\t and \x80 are fine"));
    assert_true(head_out_ok(&out));
}

static void test_overflow_is_sticky_and_never_writes_past_the_end(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity < 40; capacity++) {
        char *small = malloc(capacity ? capacity : 1);
        head_out_init(&out, small, capacity);
        head_out_request_line(&out, SLICE("GET"), SLICE("/"));
        head_out_field(&out, SLICE("Name"), SLICE("value"));
        head_out_end(&out);
        assert_int_equal(head_out_ok(&out), capacity >= 31);
        assert_true(out.len <= capacity);
        free(small);
    }
}

static void expect_chunk(uint64_t len, const char *expected)
{
    char chunk[CHUNK_HEAD_MAX];
    size_t written = chunk_head_write(chunk, len);
    assert_int_equal(written, strlen(expected));
    assert_memory_equal(chunk, expected, written);
}

static void test_chunk_heads_are_hexadecimal(void **state)
{
    (void)state;
    expect_chunk(1, "1\r\n");
    expect_chunk(26, "1a\r\n");
    expect_chunk(16384, "4000\r\n");
    expect_chunk(UINT64_MAX, "ffffffffffffffff\r\n");
}

static void test_every_reason_has_its_row(void **state)
{
    (void)state;
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        const struct reason_row *row = reason_row((enum reason)i);
        assert_true(row->name[0] && row->text[0]);
        assert_true(row->status == 0 || (row->status >= 400 && row->status < 600));
        assert_int_equal(row->body.len == 0, row->status == 0 || i == REASON_AUTH_UNREACHABLE);
    }
    assert_int_equal(reason_row(REASON_NO_FRONTEND)->status, 404);
    assert_true(slice_eq(reason_row(REASON_NO_FRONTEND)->body, SLICE("404 page not found\n")));
    assert_true(reason_row(REASON_BAD_FRAMING)->close);
}

static void test_every_status_has_a_phrase(void **state)
{
    (void)state;
    assert_string_equal(status_phrase(200), "OK");
    assert_string_equal(status_phrase(418), "I'm a teapot");
    assert_string_equal(status_phrase(299), "status code 299");
    assert_string_equal(status_phrase(999), "status code 999");
    for (unsigned status = 0; status < 1100; status++)
        assert_true(status_phrase(status)[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_request_head_is_written_without_removed_fields, start),
        cmocka_unit_test_setup(test_status_line_gets_a_phrase, start),
        cmocka_unit_test_setup(test_bytes_that_break_a_line_make_it_fail, start),
        cmocka_unit_test_setup(test_overflow_is_sticky_and_never_writes_past_the_end, start),
        cmocka_unit_test(test_chunk_heads_are_hexadecimal),
        cmocka_unit_test(test_every_reason_has_its_row),
        cmocka_unit_test(test_every_status_has_a_phrase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
