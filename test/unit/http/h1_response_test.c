/* SPDX-License-Identifier: MIT */
#include "pieces.h"

static void expect_outcome(struct slice bytes, bool request_is_head, const char *expected)
{
    struct piece_reading reading = {.limits = &h1_default_limits, .request_is_head = request_is_head};
    char *text = read_in_pieces(&reading, bytes);
    if (strcmp(text, expected) != 0)
        print_message("input: %.*s\n", SLICE_ARG(bytes));
    assert_string_equal(text, expected);
    free(text);
}
#define EXPECT(literal, expected)             expect_outcome(SLICE(literal), false, expected)
#define EXPECT_HEAD_ANSWER(literal, expected) expect_outcome(SLICE(literal), true, expected)
#define EXPECT_BAD(literal)                   expect_outcome(SLICE(literal), false, "BAD SERVER_MALFORMED")

static void test_plain_responses_give_their_parts(void **state)
{
    (void)state;
    EXPECT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
           "HEAD 38 s=200 p=OK v=1 body=1 cl=5 keep=1 {Content-Length=5}");
    EXPECT("HTTP/1.1 404 No\tsuch \xc3\xbc thing\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HEAD 61 s=404 p=No\tsuch \xc3\xbc thing v=1 body=2 cl=0 keep=1 {Transfer-Encoding=chunked}");
    EXPECT("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "HEAD 35 s=200 p= v=1 body=1 cl=0 keep=1 {Content-Length=0}");
    EXPECT("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "HEAD 36 s=200 p= v=1 body=1 cl=0 keep=1 {Content-Length=0}");
    EXPECT("HTTP/1.1 200 O", "MORE");
    EXPECT("HTTP/1.1 599 odd\r\n\r\n", "HEAD 20 s=599 p=odd v=1 body=3 cl=0 keep=0");
    EXPECT("HTTP/1.1 999 odd\r\n\r\n", "HEAD 20 s=999 p=odd v=1 body=3 cl=0 keep=0");
}

static void test_without_length_a_body_lasts_until_close(void **state)
{
    (void)state;
    EXPECT("HTTP/1.1 200 OK\r\n\r\n", "HEAD 19 s=200 p=OK v=1 body=3 cl=0 keep=0");
    EXPECT("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n",
           "HEAD 43 s=200 p=OK v=0 body=3 cl=0 keep=0 {Connection=keep-alive}");
}

static void test_connection_decides_whether_it_is_pooled(void **state)
{
    (void)state;
    EXPECT("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HEAD 38 s=200 p=OK v=0 body=1 cl=0 keep=0 {Content-Length=0}");
    EXPECT("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n",
           "HEAD 62 s=200 p=OK v=0 body=1 cl=0 keep=1 {Content-Length=0} {Connection=Keep-Alive}");
    EXPECT("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, close\r\n\r\n",
           "HEAD 60 s=200 p=OK v=1 body=1 cl=0 keep=0 {Content-Length=0} {Connection=x, close}");
}

static void test_some_statuses_and_head_have_no_body(void **state)
{
    (void)state;
    EXPECT_HEAD_ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n",
                       "HEAD 39 s=200 p=OK v=1 body=0 cl=12 keep=1 {Content-Length=12}");
    EXPECT_HEAD_ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                       "HEAD 47 s=200 p=OK v=1 body=0 cl=0 keep=1 {Transfer-Encoding=chunked}");
    EXPECT_HEAD_ANSWER("HTTP/1.1 200 OK\r\n\r\n", "HEAD 19 s=200 p=OK v=1 body=0 cl=0 keep=1");
    EXPECT("HTTP/1.1 304 Not Modified\r\nContent-Length: 12\r\n\r\n",
           "HEAD 49 s=304 p=Not Modified v=1 body=0 cl=12 keep=1 {Content-Length=12}");
    EXPECT("HTTP/1.1 204 No Content\r\n\r\n", "HEAD 27 s=204 p=No Content v=1 body=0 cl=0 keep=1");
    EXPECT("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
           "HEAD 46 s=204 p=No Content v=1 body=0 cl=0 keep=1 {Content-Length=0}");
    EXPECT("HTTP/1.1 100 Continue\r\n\r\n", "HEAD 25 s=100 p=Continue v=1 body=0 cl=0 keep=1");
    EXPECT("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
           "HEAD 40 s=103 p=Early Hints v=1 body=0 cl=0 keep=1 {Link=</a>}");
    EXPECT("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
           "HEAD 69 s=101 p=Switching Protocols v=1 body=0 cl=0 keep=0 {Connection=upgrade} {Upgrade=x}");
}

static void test_204_that_declares_a_body_is_not_pooled(void **state)
{
    (void)state;
    EXPECT("HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n",
           "HEAD 46 s=204 p=No Content v=1 body=0 cl=3 keep=0 {Content-Length=3}");
    EXPECT("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HEAD 55 s=204 p=No Content v=1 body=0 cl=0 keep=0 {Transfer-Encoding=chunked}");
}

static void test_ambiguous_framing_of_a_server_is_malformed(void **state)
{
    (void)state;
#define ANSWER(fields) "HTTP/1.1 200 OK\r\n" fields "\r\n"
    EXPECT_BAD(ANSWER("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"));
    EXPECT_BAD(ANSWER("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"));
    EXPECT_BAD(ANSWER("Content-Length: 5\r\nContent-Length: 6\r\n"));
    EXPECT_BAD(ANSWER("Content-Length: 5\r\nContent-Length: 5\r\n"));
    EXPECT_BAD(ANSWER("Content-Length: 5, 5\r\n"));
    EXPECT_BAD(ANSWER("Content-Length: +5\r\n"));
    EXPECT_BAD(ANSWER("Content-Length:\r\n"));
    EXPECT_BAD(ANSWER("Transfer-Encoding: gzip\r\n"));
    EXPECT_BAD(ANSWER("Transfer-Encoding: gzip, chunked\r\n"));
    EXPECT_BAD(ANSWER("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"));
    EXPECT_BAD("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void test_garbage_is_malformed_at_its_first_byte(void **state)
{
    (void)state;
    struct piece_reading reading = {.limits = &h1_default_limits};
    char *text = read_in_pieces(&reading, SLICE("SSH-2.0-OpenSSH_7.4\r\n\r\n"));
    assert_string_equal(text, "BAD SERVER_MALFORMED");
    assert_int_equal(reading.needed, 1);
    free(text);
    EXPECT_BAD("\r\nHTTP/1.1 200 OK\r\n\r\n");
    EXPECT_BAD("HTTP/2.0 200 OK\r\n");
    EXPECT_BAD("HTTP/1.2 200 OK\r\n");
    EXPECT_BAD("ICE/1.0 200 OK\r\n");
    EXPECT_BAD("HTTP/1.1  200 OK\r\n");
    EXPECT_BAD("HTTP/1.1 20 OK\r\n");
    EXPECT_BAD("HTTP/1.1 099 OK\r\n");
    EXPECT_BAD("HTTP/1.1 2000 OK\r\n");
    EXPECT_BAD("HTTP/1.1 abc OK\r\n");
    EXPECT_BAD("HTTP/1.1 200-OK\r\n");
    EXPECT_BAD("HTTP/1.1 200 O\0K\r\n");
    EXPECT_BAD("HTTP/1.1\r\n");
}

static void test_line_ends_and_fields_are_as_strict_as_requests(void **state)
{
    (void)state;
    EXPECT_BAD("HTTP/1.1 200 OK\nContent-Length: 0\n\n");
    EXPECT_BAD("HTTP/1.1 200 OK\rX");
    EXPECT_BAD("HTTP/1.1 200\n");
    EXPECT_BAD(ANSWER("X: a\n"));
    EXPECT_BAD(ANSWER("X: a\rb\r\n"));
    EXPECT_BAD(ANSWER("X: a\r\n b\r\n"));
    EXPECT_BAD(ANSWER("X : a\r\n"));
    EXPECT_BAD(ANSWER(": a\r\n"));
    EXPECT_BAD(ANSWER("X: a\0b\r\n"));
    EXPECT_BAD(ANSWER("no colon\r\n"));
}

static void test_head_larger_than_its_limit_is_malformed(void **state)
{
    (void)state;
    const struct h1_limits limits = {.head_bytes = 40, .target_bytes = 10, .fields = 2};
    struct piece_reading reading = {.limits = &limits};
    char *text = read_in_pieces(&reading, SLICE("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\nE: f\r\n\r\n"));
    assert_string_equal(text, "BAD SERVER_MALFORMED");
    free(text);
    text = read_in_pieces(&reading, SLICE("HTTP/1.1 200 OK\r\nA: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n\r\n"));
    assert_string_equal(text, "BAD SERVER_MALFORMED");
    free(text);
    text = read_in_pieces(&reading, SLICE("HTTP/1.1 304 OK\r\nA: bbbbbbbbbbbbbbbb\r\n\r\n"));
    assert_int_equal(strncmp(text, "HEAD ", 5), 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_responses_give_their_parts),
        cmocka_unit_test(test_without_length_a_body_lasts_until_close),
        cmocka_unit_test(test_connection_decides_whether_it_is_pooled),
        cmocka_unit_test(test_some_statuses_and_head_have_no_body),
        cmocka_unit_test(test_204_that_declares_a_body_is_not_pooled),
        cmocka_unit_test(test_ambiguous_framing_of_a_server_is_malformed),
        cmocka_unit_test(test_garbage_is_malformed_at_its_first_byte),
        cmocka_unit_test(test_line_ends_and_fields_are_as_strict_as_requests),
        cmocka_unit_test(test_head_larger_than_its_limit_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
