/* SPDX-License-Identifier: MIT */
#include "waybill/base/error.h"
#include "waybill/base/text.h"
#include "waybill/http/body.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
/* behind the four above */
#include <cmocka.h>

/* Reads as a caller does: `step` new bytes at a time behind those that are unread, taking at most `take` payload
 * bytes a call. Returns the outcome as text: payload, trailers, what is left. */
static char *read_body(enum body_kind kind, uint64_t length, struct slice in, size_t step, size_t take, bool eof)
{
    struct body_reader body;
    struct text text = TEXT_EMPTY;
    static struct headers trailers;
    size_t begun = 0, there = 0;
    enum body_result result = BODY_MORE;

    headers_clear(&trailers);
    body_reader_init(&body, kind, length);
    for (;;) {
        size_t skip;
        struct slice payload;
        size_t unread = there - begun;
        char *copy = malloc(unread ? unread : 1);
        memcpy(copy, in.ptr + begun, unread);
        result = body_read(&body, slice_make(copy, unread), eof && there == in.len, &trailers, &skip, &payload);
        assert_true(skip + payload.len <= unread);
        begun += skip;
        if (result == BODY_PAYLOAD) {
            assert_true(payload.len > 0);
            size_t count = payload.len < take ? payload.len : take;
            text_add(&text, slice_head(payload, count));
            body_took(&body, count);
            begun += count;
        }
        if (result == BODY_END)
            for (unsigned i = 0; i < trailers.count; i++)
                text_addf(&text, "{%.*s=%.*s}", SLICE_ARG(trailers.items[i].name), SLICE_ARG(trailers.items[i].value));
        free(copy);
        if (result == BODY_END || result == BODY_INVALID || (result == BODY_MORE && there == in.len))
            break;
        if (result == BODY_MORE)
            there += in.len - there < step ? in.len - there : step;
    }
    static const char *const names[] = {[BODY_MORE] = "|MORE", [BODY_END] = "|END", [BODY_INVALID] = "|INVALID"};
    text_addf(&text, "%s", names[result]);
    if (result == BODY_END)
        text_addf(&text, " %zu left", in.len - begun);
    assert_int_equal(body_ended(&body), result == BODY_END);
    if (result == BODY_INVALID) {
        size_t skip;
        struct slice payload;
        assert_int_equal(body_read(&body, SLICE("0\r\n\r\n"), false, NULL, &skip, &payload), BODY_INVALID); /* sticky */
    }
    return text_take(&text);
}

static void expect_body(enum body_kind kind, uint64_t length, struct slice in, bool eof, const char *expected)
{
    static const size_t sizes[] = {SIZE_MAX, 1, 2, 3, 5, 7, 64};
    for (size_t i = 0; i < WB_COUNT(sizes); i++)
        for (size_t j = 0; j < 3; j++) {
            char *text = read_body(kind, length, in, sizes[i], sizes[j], eof);
            if (strcmp(text, expected) != 0)
                print_message("input %.*s, %zu bytes at a time\n", SLICE_ARG(in), sizes[i]);
            assert_string_equal(text, expected);
            free(text);
        }
}
#define CHUNKED(literal, expected) expect_body(BODY_CHUNKED, 0, SLICE(literal), false, expected)
#define REFUSED(literal)           CHUNKED(literal, "|INVALID")

static void test_body_of_a_length_ends_there(void **state)
{
    (void)state;
    expect_body(BODY_LENGTH, 5, SLICE("helloGET /"), false, "hello|END 5 left");
    expect_body(BODY_LENGTH, 0, SLICE("GET /"), false, "|END 5 left");
    expect_body(BODY_LENGTH, 9, SLICE("hello"), false, "hello|MORE");
    expect_body(BODY_LENGTH, 9, SLICE("hello"), true, "hello|INVALID");
    expect_body(BODY_NONE, 0, SLICE("GET /"), false, "|END 5 left");
}

static void test_body_until_close_ends_with_the_connection(void **state)
{
    (void)state;
    expect_body(BODY_UNTIL_CLOSE, 0, SLICE("until the end"), true, "until the end|END 0 left");
    expect_body(BODY_UNTIL_CLOSE, 0, SLICE("until"), false, "until|MORE");
}

static void test_length_of_the_last_byte_taken_ends_at_once(void **state)
{
    (void)state;
    struct body_reader body;
    body_reader_init(&body, BODY_LENGTH, 3);
    assert_false(body_ended(&body));
    body_took(&body, 3);
    assert_true(body_ended(&body));
    assert_int_equal(body.received, 3);
}

static void test_chunked_payload_is_put_together(void **state)
{
    (void)state;
    CHUNKED("5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\nGET", "hello world|END 3 left");
    CHUNKED("A\r\n0123456789\r\n0\r\n\r\n", "0123456789|END 0 left");
    CHUNKED("0000000000000003\r\nabc\r\n000\r\n\r\n", "abc|END 0 left");
    CHUNKED("0\r\n\r\n", "|END 0 left");
    CHUNKED("3;name=value;other=\"quoted \t; text\"\r\nabc\r\n0;last\r\n\r\n", "abc|END 0 left");
    CHUNKED("7fffffffffffffff\r\nabc", "abc|MORE");
    CHUNKED("5\r\nhel", "hel|MORE");
    CHUNKED("5\r\nhello\r\n0\r\n", "hello|MORE");
}

static void test_s6_chunk_sizes_are_hex_digits_only(void **state)
{
    (void)state;
    REFUSED("0x5\r\nhello\r\n");
    REFUSED("+5\r\nhello\r\n");
    REFUSED("-1\r\nhello\r\n");
    REFUSED("5 \r\nhello\r\n");
    REFUSED(" 5\r\nhello\r\n");
    REFUSED("5\t\r\nhello\r\n");
    REFUSED("5 ;a\r\nhello\r\n");
    REFUSED("\r\nhello\r\n");
    REFUSED(";a\r\nhello\r\n");
    REFUSED("00000000000000005\r\nhello\r\n");
    REFUSED("10000000000000005\r\nhello\r\n");
    REFUSED("8000000000000000\r\nhello\r\n");
    REFUSED("ffffffffffffffff\r\nhello\r\n");
    REFUSED("5_\r\nhello\r\n");
    REFUSED("g\r\nhello\r\n");
    REFUSED("5,5\r\nhello\r\n");
}

static void test_s4_s6_line_ends_of_chunks_are_crlf(void **state)
{
    (void)state;
    REFUSED("5\nhello\r\n0\r\n\r\n");
    REFUSED("5\rhello\r\n0\r\n\r\n");
    REFUSED("5;a\nb\r\nhello");
    REFUSED("5;a\rb\r\nhello");
    REFUSED("5;a\0b\r\nhello");
    REFUSED("0\n\r\n");
    REFUSED("0\r\n\n");
    REFUSED("0\r\n\rX");
    CHUNKED("5\r\nhello0\r\n\r\n", "hello|INVALID");
    CHUNKED("5\r\nhello\n0\r\n\r\n", "hello|INVALID");
    CHUNKED("5\r\nhello\r0\r\n\r\n", "hello|INVALID");
    CHUNKED("5\r\nhello!\r\n0\r\n\r\n", "hello|INVALID");
    CHUNKED("5\r\nhello\r\n0\r\nXX\r\n\r\n", "hello|INVALID");
}

static void test_end_of_the_connection_before_the_last_chunk_is_invalid(void **state)
{
    (void)state;
    expect_body(BODY_CHUNKED, 0, SLICE("5\r\nhel"), true, "hel|INVALID");
    expect_body(BODY_CHUNKED, 0, SLICE("5\r\nhello\r\n"), true, "hello|INVALID");
    expect_body(BODY_CHUNKED, 0, SLICE("0\r\n"), true, "|INVALID");
    expect_body(BODY_CHUNKED, 0, SLICE("0\r\n\r\n"), true, "|END 0 left");
    expect_body(BODY_CHUNKED, 0, SLICE(""), true, "|INVALID");
}

static void test_trailers_are_checked_and_filtered(void **state)
{
    (void)state;
    CHUNKED("1\r\na\r\n0\r\nX-Sum: \t1 \r\nGrpc-Status:0\r\n\r\nrest", "a{X-Sum=1}{Grpc-Status=0}|END 4 left");
    CHUNKED("0\r\nContent-Length: 5\r\nHost: x\r\nX-Ok: y\r\nauthorization: z\r\nX_Forwarded_For: 1\r\n\r\n",
            "{X-Ok=y}|END 0 left");
    REFUSED("0\r\nbad name: x\r\n\r\n");
    REFUSED("0\r\nX: a\r\n b\r\n\r\n");
    REFUSED("0\r\n X: a\r\n\r\n");
    REFUSED("0\r\nX: a\n\r\n");
    REFUSED("0\r\nX: a\rb\r\n\r\n");
    REFUSED("0\r\nX: \x01\r\n\r\n");
    REFUSED("0\r\n: x\r\n\r\n");
    REFUSED("0\r\nno colon\r\n\r\n");
}

static char *repeat(const char *head, const char *piece, size_t count, const char *tail)
{
    struct text text = TEXT_EMPTY;
    text_add(&text, slice_of(head));
    for (size_t i = 0; i < count; i++)
        text_add(&text, slice_of(piece));
    text_add(&text, slice_of(tail));
    return text_take(&text);
}

static void expect_repeated(const char *head, const char *piece, size_t count, const char *tail, const char *expected_end)
{
    static const size_t steps[] = {SIZE_MAX, 1, 100};
    char *in = repeat(head, piece, count, tail);
    for (size_t i = 0; i < WB_COUNT(steps); i++) {
        char *text = read_body(BODY_CHUNKED, 0, slice_of(in), steps[i], SIZE_MAX, false);
        assert_true(slice_ends(slice_of(text), slice_of(expected_end)));
        free(text);
    }
    free(in);
}

static void test_extensions_and_trailers_are_bounded(void **state)
{
    (void)state;
    expect_repeated("1;", "e", BODY_EXTENSION_BYTES, "\r\na\r\n0\r\n\r\n", "|END 0 left");
    expect_repeated("1;", "e", BODY_EXTENSION_BYTES + 1, "\r\na\r\n0\r\n\r\n", "|INVALID");
    expect_repeated("", "1;0123456789\r\na\r\n", 1000, "0\r\n\r\n", "|INVALID");
    expect_repeated("", "10;0123456789\r\n0123456789abcdef\r\n", 1000, "0\r\n\r\n", "|END 0 left");
    expect_repeated("0\r\nX: ", "v", BODY_TRAILER_BYTES - 7, "\r\n\r\n", "|END 0 left");
    expect_repeated("0\r\nX: ", "v", BODY_TRAILER_BYTES - 6, "\r\n\r\n", "|INVALID");
    expect_repeated("0\r\n", "X: v\r\n", 64, "\r\n", "|END 0 left");
    expect_repeated("0\r\n", "X: v\r\n", 65, "\r\n", "|INVALID");
}

static void test_trailers_may_be_left_out(void **state)
{
    (void)state;
    struct body_reader body;
    size_t skip;
    struct slice payload;
    body_reader_init(&body, BODY_CHUNKED, 0);
    assert_int_equal(body_read(&body, SLICE("0\r\nX: y\r\n\r\n"), false, NULL, &skip, &payload), BODY_END);
    assert_int_equal(skip, 11);
    assert_int_equal(body_read(&body, SLICE("more"), false, NULL, &skip, &payload), BODY_END);
    assert_int_equal(skip, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_body_of_a_length_ends_there),
        cmocka_unit_test(test_body_until_close_ends_with_the_connection),
        cmocka_unit_test(test_length_of_the_last_byte_taken_ends_at_once),
        cmocka_unit_test(test_chunked_payload_is_put_together),
        cmocka_unit_test(test_s6_chunk_sizes_are_hex_digits_only),
        cmocka_unit_test(test_s4_s6_line_ends_of_chunks_are_crlf),
        cmocka_unit_test(test_end_of_the_connection_before_the_last_chunk_is_invalid),
        cmocka_unit_test(test_trailers_are_checked_and_filtered),
        cmocka_unit_test(test_extensions_and_trailers_are_bounded),
        cmocka_unit_test(test_trailers_may_be_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
