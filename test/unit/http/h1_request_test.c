/* SPDX-License-Identifier: MIT */
#include "pieces.h"
#include "h1_reader_llhttp.h"
#include "h1_scan.h"
#include "llhttp.h"

#define HOST "Host: a.test\r\n"

static size_t needed;

static char *outcome_of(struct slice bytes)
{
    struct piece_reading reading = {.is_request = true, .limits = &h1_default_limits};
    char *text = read_in_pieces(&reading, bytes);
    needed = reading.needed;
    return text;
}

static void expect_outcome(struct slice bytes, const char *expected)
{
    char *text = outcome_of(bytes);
    if (strcmp(text, expected) != 0)
        print_message("input: %.*s\n", SLICE_ARG(bytes));
    assert_string_equal(text, expected);
    free(text);
}
#define EXPECT(literal, expected) expect_outcome(SLICE(literal), expected)
#define EXPECT_BAD(literal, name) expect_outcome(SLICE(literal), "BAD " #name)
/* Decided with the first `early` bytes, not later. */
#define EXPECT_BAD_AT(literal, name, early)           \
    do {                                              \
        expect_outcome(SLICE(literal), "BAD " #name); \
        assert_int_equal(needed, early);              \
    } while (0)

static void expect_head(struct slice bytes)
{
    char *text = outcome_of(bytes);
    if (strncmp(text, "HEAD ", 5) != 0)
        print_message("input: %.*s\n", SLICE_ARG(bytes));
    assert_true(strncmp(text, "HEAD ", 5) == 0);
    free(text);
}
#define EXPECT_HEAD(literal) expect_head(SLICE(literal))

static void test_llhttp_is_strict_and_no_lenient_flag_is_on(void **state)
{
    (void)state;
    assert_true(llhttp_is_strict());
}

static void test_plain_request_gives_its_parts(void **state)
{
    (void)state;
    EXPECT("GET /x?y=1 HTTP/1.1\r\nHost: a.test:8080\r\nX-Empty:\r\nX-Pad: \t v w \t\r\n\r\nrest",
           "HEAD 68 m=GET t=/x?y=1 form=0 a=a.test:8080 h=a.test p=8080 v=1 body=0 cl=0 keep=1 exp=0 up=0"
           " {Host=a.test:8080} {X-Empty=} {X-Pad=v w}");
    EXPECT("GET / HTTP/1.0\r\n\r\n", "HEAD 18 m=GET t=/ form=0 a= h= p= v=0 body=0 cl=0 keep=0 exp=0 up=0");
    EXPECT("GET / HTTP/1.1\r\nHost: a.test\r\n\r", "MORE");
    EXPECT("", "MORE");
}

static void test_connection_decides_whether_it_is_kept(void **state)
{
    (void)state;
    EXPECT("GET / HTTP/1.1\r\nHost: a\r\nConnection: Foo, CLOSE\r\n\r\n",
           "HEAD 51 m=GET t=/ form=0 a=a h=a p= v=1 body=0 cl=0 keep=0 exp=0 up=0 {Host=a} {Connection=Foo, CLOSE}");
    EXPECT("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
           "HEAD 51 m=GET t=/ form=0 a=a h=a p= v=0 body=0 cl=0 keep=1 exp=0 up=0 {Host=a} {Connection=keep-alive}");
}

static void test_upgrade_needs_its_connection_token_and_no_body(void **state)
{
    (void)state;
    EXPECT("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
           "HEAD 68 m=GET t=/ form=0 a=a h=a p= v=1 body=0 cl=0 keep=1 exp=0 up=1 {Host=a} {Connection=Upgrade} "
           "{Upgrade=websocket}");
    EXPECT("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
           "HEAD 47 m=GET t=/ form=0 a=a h=a p= v=1 body=0 cl=0 keep=1 exp=0 up=0 {Host=a} {Upgrade=websocket}");
    EXPECT("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 3\r\n\r\n",
           "HEAD 79 m=GET t=/ form=0 a=a h=a p= v=1 body=1 cl=3 keep=1 exp=0 up=0 {Host=a} {Connection=upgrade} {Upgrade=x} "
           "{Content-Length=3}");
}

static void test_body_is_framed_by_length_or_chunks(void **state)
{
    (void)state;
    EXPECT("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 9223372036854775807\r\n\r\n",
           "HEAD 87 m=POST t=/ form=0 a=a h=a p= v=1 body=1 cl=9223372036854775807 keep=1 exp=1 up=0 {Host=a} "
           "{Expect=100-Continue} {Content-Length=9223372036854775807}");
    EXPECT("POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: Chunked\r\n\r\n",
           "HEAD 56 m=POST t=/ form=0 a=a h=a p= v=1 body=2 cl=0 keep=1 exp=0 up=0 {Host=a} {transfer-encoding=Chunked}");
}

static void test_ambiguous_framing_is_refused(void **state)
{
    (void)state;
#define FRAMED(fields) "POST / HTTP/1.1\r\n" HOST fields "\r\n"
    EXPECT_BAD(FRAMED("Content-Length: 13\r\nTransfer-Encoding: chunked\r\n"), BAD_FRAMING);
    EXPECT_BAD(FRAMED("Transfer-Encoding: chunked\r\nContent-Length: 13\r\n"), BAD_FRAMING);
    EXPECT_BAD(FRAMED("Transfer-Encoding: gzip\r\nContent-Length: 13\r\n"), BAD_FRAMING);
    EXPECT_BAD(FRAMED("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), BAD_FRAMING);
    EXPECT_BAD(FRAMED("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), BAD_FRAMING);
    EXPECT_BAD(FRAMED("Transfer-Encoding: chunked, chunked\r\n"), BAD_FRAMING);
    EXPECT_BAD(FRAMED("Transfer-Encoding: ,chunked\r\n"), BAD_FRAMING);
    EXPECT_BAD(FRAMED("Transfer-Encoding: chunked,\r\n"), BAD_FRAMING);
    EXPECT_BAD(FRAMED("Transfer-Encoding: chunked, identity\r\n"), BAD_FRAMING);
    EXPECT_BAD(FRAMED("Transfer-Encoding:\xa0"
                      "chunked\r\n"),
               BAD_FRAMING);
    EXPECT_BAD(FRAMED("Transfer-Encoding: chunked;q=1\r\n"), BAD_FRAMING);
    EXPECT_BAD(FRAMED("Transfer-Encoding: \"chunked\"\r\n"), BAD_FRAMING);
    EXPECT_BAD(FRAMED("Transfer-Encoding: chun ked\r\n"), BAD_FRAMING);
    EXPECT_BAD(FRAMED("Transfer-Encoding:\r\n"), BAD_FRAMING);
    EXPECT_BAD(FRAMED("Transfer-Encoding: identity\r\n"), UNKNOWN_CODING);
    EXPECT_BAD(FRAMED("Transfer-Encoding: xchunked\r\n"), UNKNOWN_CODING);
    EXPECT_BAD(FRAMED("Transfer-Encoding: gzip\r\n"), UNKNOWN_CODING);
    EXPECT_BAD(FRAMED("Transfer-Encoding: gzip, chunked\r\n"), UNKNOWN_CODING);
    EXPECT_BAD("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", BAD_FRAMING);
}

static void test_content_length_is_digits_and_one(void **state)
{
    (void)state;
    static const char *const values[] = {
        "",
        " ",
        "5,",
        "5, 5",
        "5,5",
        "+5",
        "0x5",
        "1_0",
        "-1",
        "abc",
        "5 5",
        "5\t5",
        "5a",
        ".5",
        "5.0",
        "18446744073709551616",
        "9223372036854775808",
        "18446744073709551615",
        "99999999999999999999999",
        "\"5\"",
    };
    for (size_t i = 0; i < WB_COUNT(values); i++) {
        char *head = wb_format("POST / HTTP/1.1\r\n" HOST "Content-Length: %s\r\n\r\n", values[i]);
        expect_outcome(slice_of(head), "BAD BAD_FRAMING");
        free(head);
    }
    EXPECT_BAD(FRAMED("Content-Length: 5\r\nContent-Length: 5\r\n"), BAD_FRAMING);
    EXPECT_BAD(FRAMED("Content-Length: 5\r\nContent-Length: 6\r\n"), BAD_FRAMING);
    EXPECT_BAD(FRAMED("Content-Length: 5\r\nX: y\r\ncontent-length: 5\r\n"), BAD_FRAMING);
    EXPECT_HEAD(FRAMED("Content-Length:  \t5  \r\n"));
    EXPECT_HEAD(FRAMED("Content-Length: 0005\r\n"));
}

static void test_line_ends_are_crlf_only(void **state)
{
    (void)state;
    EXPECT_BAD("GET / HTTP/1.1\nHost: a\n\n", BAD_LINE_END);
    EXPECT_BAD("GET / HTTP/1.1\r\nHost: a\n\r\n", BAD_LINE_END);
    EXPECT_BAD("GET / HTTP/1.1\r\nHost: a\r\n\n", BAD_LINE_END);
    EXPECT_BAD("GET / HTTP/1.1\rHost: a\r\n\r\n", BAD_LINE_END);
    EXPECT_BAD("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", BAD_LINE_END);
    EXPECT_BAD("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", BAD_LINE_END);
    EXPECT_BAD("GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n", BAD_LINE_END);
    EXPECT_BAD("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", BAD_LINE_END);
    EXPECT_BAD("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", BAD_LINE_END);
    EXPECT_BAD("GET\n", BAD_LINE_END);
    EXPECT_BAD("GET /\n", BAD_LINE_END);
    EXPECT_BAD("GET / HT\n", BAD_LINE_END);
    EXPECT_BAD("GET / HTTP/1.1\r\nHost\n", BAD_LINE_END);
}

static void test_folded_lines_are_refused(void **state)
{
    (void)state;
    EXPECT_BAD(FRAMED("X: a\r\n TE: chunked\r\n"), BAD_LINE_END);
    EXPECT_BAD(FRAMED("X: a\r\n\tTE: chunked\r\n"), BAD_LINE_END);
    EXPECT_BAD(FRAMED("Content-Length: 5\r\n 6\r\n"), BAD_LINE_END);
    EXPECT_BAD("GET / HTTP/1.1\r\n Host: a\r\n\r\n", BAD_LINE_END);
    EXPECT_BAD("GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", BAD_LINE_END);
}

static void test_names_are_tokens(void **state)
{
    (void)state;
    EXPECT_BAD(FRAMED(": x\r\n"), BAD_FIELD);
    EXPECT_BAD(FRAMED("Bad Name: x\r\n"), BAD_FIELD);
    EXPECT_BAD(FRAMED("Name : x\r\n"), BAD_FIELD);
    EXPECT_BAD(FRAMED("Name\t: x\r\n"), BAD_FIELD);
    EXPECT_BAD(FRAMED("Name\r\n"), BAD_FIELD);
    EXPECT_BAD(FRAMED("N\xc3\xa4me: x\r\n"), BAD_FIELD);
    EXPECT_BAD(FRAMED("N(me: x\r\n"), BAD_FIELD);
    EXPECT_BAD(FRAMED("N\0me: x\r\n"), BAD_FIELD);
    EXPECT_HEAD(FRAMED("!#$%&'*+-.^_`|~09azAZ: x\r\n"));
}

static void test_every_byte_in_a_value_is_judged(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char head[] = "GET / HTTP/1.1\r\nHost: a\r\nX-Value-Of-A-Field: abcdefgh?ijklmnop\r\n\r\n";
        *strchr(head, '?') = (char)byte;
        struct slice bytes = {head, sizeof head - 1};
        if (byte == '\r' || byte == '\n')
            expect_outcome(bytes, "BAD BAD_LINE_END");
        else if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            expect_outcome(bytes, "BAD BAD_FIELD");
        else
            expect_head(bytes);
    }
}

static void test_every_byte_in_a_target_is_judged_and_llhttp_agrees(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char head[] = "GET /p~q HTTP/1.1\r\nHost: a\r\n\r\n";
        *strchr(head, '~') = (char)byte;
        struct slice bytes = {head, sizeof head - 1};
        if (byte == '\n')
            expect_outcome(bytes, "BAD BAD_LINE_END");
        else if (byte == '\r' || byte == '\t' || byte == ' ')
            expect_outcome(bytes, "BAD BAD_REQUEST_LINE");
        else if (byte < 0x20 || byte == 0x7f || byte == '#')
            expect_outcome(bytes, "BAD BAD_TARGET");
        else
            expect_head(bytes);
    }
    EXPECT_HEAD("GET /?\"<>[]^`{|}\\ HTTP/1.1\r\n" HOST "\r\n");
}

static void test_request_line_has_three_parts(void **state)
{
    (void)state;
    EXPECT_BAD("GET /\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("NONSENSE\r\n\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("GET\r\n\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("GET  / HTTP/1.1\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("GET /  HTTP/1.1\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("GET / HTTP/1.1 \r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("GET /\tHTTP/1.1\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("GET\t/ HTTP/1.1\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD(" GET / HTTP/1.1\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("GET /a b HTTP/1.1\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("GET / http/1.1\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("GET / HTTP/1\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("GET / HTTP/1,1\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("GET / HTTP/x.1\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("GET / ICE/1.1\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("GET / RTSP/1.0\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("G\0T / HTTP/1.1\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("G(T / HTTP/1.1\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("\x16\x03\x01\x02\x00\x01", BAD_REQUEST_LINE);   /* TLS on a plain port */
    EXPECT_BAD("\0\0\0\x08\x04\xd2\x16\x2f", BAD_REQUEST_LINE); /* Postgres */
}

static void test_other_versions_are_505(void **state)
{
    (void)state;
    EXPECT_BAD("GET / HTTP/2.0\r\n", BAD_VERSION);
    EXPECT_BAD("GET / HTTP/3.0\r\n", BAD_VERSION);
    EXPECT_BAD("GET / HTTP/0.9\r\n", BAD_VERSION);
    EXPECT_BAD("GET / HTTP/1.2\r\n", BAD_VERSION);
    EXPECT_BAD("GET / HTTP/1.32\r\n", BAD_VERSION);
    EXPECT_BAD("GET / HTTP/1.10\r\n", BAD_VERSION);
    EXPECT_BAD("GET / HTTP/11.1\r\n", BAD_REQUEST_LINE);
    EXPECT_BAD("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BAD_VERSION);
}

static void test_methods_are_those_of_llhttp(void **state)
{
    (void)state;
#define TRY_METHOD(number, name, text)                                       \
    do {                                                                     \
        if (strcmp(#text, "CONNECT") == 0)                                   \
            break;                                                           \
        EXPECT_HEAD(#text " / HTTP/1.1\r\n" HOST "\r\n");                    \
        EXPECT_BAD("X" #text " / HTTP/1.1\r\n" HOST "\r\n", UNKNOWN_METHOD); \
    } while (0);
    HTTP_METHOD_MAP(TRY_METHOD)
    EXPECT_BAD("BREW / HTTP/1.1\r\n" HOST "\r\n", UNKNOWN_METHOD);
    EXPECT_BAD("get / HTTP/1.1\r\n" HOST "\r\n", UNKNOWN_METHOD);
    EXPECT_BAD("DESCRIBE / HTTP/1.1\r\n" HOST "\r\n", UNKNOWN_METHOD);
    EXPECT_BAD("CONNECT a.test:80 HTTP/1.1\r\n" HOST "\r\n", UNKNOWN_METHOD);
    EXPECT_BAD("CONNECT / HTTP/1.1\r\n" HOST "\r\n", UNKNOWN_METHOD);
    EXPECT_BAD("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKL", UNKNOWN_METHOD);
}

static void test_properties_of_methods(void **state)
{
    (void)state;
    assert_true(method_find(SLICE("GET"))->safe_to_repeat && method_find(SLICE("TRACE"))->safe_to_repeat);
    assert_true(!method_find(SLICE("PUT"))->safe_to_repeat && !method_find(SLICE("DELETE"))->safe_to_repeat);
    assert_true(!method_find(SLICE("POST"))->safe_to_repeat && !method_find(SLICE("PATCH"))->safe_to_repeat);
    assert_null(method_find(SLICE("PRI")));
}

static void test_forms_of_the_target(void **state)
{
    (void)state;
    EXPECT("GET http://other.test:81/p?q HTTP/1.1\r\nHost: a.test\r\n\r\n",
           "HEAD 55 m=GET t=/p?q form=1 a=other.test:81 h=other.test p=81 v=1 body=0 cl=0 keep=1 exp=0 up=0 {Host=a.test}");
    EXPECT("GET HTTPS://other.test HTTP/1.1\r\nHost: a.test\r\n\r\n",
           "HEAD 49 m=GET t=/ form=1 a=other.test h=other.test p= v=1 body=0 cl=0 keep=1 exp=0 up=0 {Host=a.test}");
    EXPECT("OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n",
           "HEAD 36 m=OPTIONS t=* form=2 a=a.test h=a.test p= v=1 body=0 cl=0 keep=1 exp=0 up=0 {Host=a.test}");
    EXPECT_HEAD("GET http://[::1]:80/ HTTP/1.1\r\n" HOST "\r\n");
    EXPECT_BAD("GET * HTTP/1.1\r\n" HOST "\r\n", BAD_TARGET);
    EXPECT_BAD("OPTIONS ** HTTP/1.1\r\n" HOST "\r\n", BAD_TARGET);
    EXPECT_BAD("GET /a#/../admin HTTP/1.1\r\n" HOST "\r\n", BAD_TARGET);
    EXPECT_BAD("GET a.test:80 HTTP/1.1\r\n" HOST "\r\n", BAD_TARGET);
    EXPECT_BAD("GET ftp://a.test/ HTTP/1.1\r\n" HOST "\r\n", BAD_TARGET);
    EXPECT_BAD("GET http:///x HTTP/1.1\r\n" HOST "\r\n", BAD_TARGET);
    EXPECT_BAD("GET http:// HTTP/1.1\r\n" HOST "\r\n", BAD_TARGET);
    EXPECT_BAD("GET http://u@a.test/ HTTP/1.1\r\n" HOST "\r\n", BAD_TARGET);
    EXPECT_BAD("GET http://a.test?q HTTP/1.1\r\n" HOST "\r\n", BAD_TARGET);
    EXPECT_BAD("GET http://other.test/ HTTP/1.1\r\n\r\n", MISSING_HOST);
    EXPECT_BAD("GET http://other.test/ HTTP/1.1\r\nHost: a@b\r\n\r\n", BAD_HOST);
}

static void test_utf8_in_a_target_passes_llhttp(void **state)
{
    (void)state;
    EXPECT("GET /gr\xc3\xbcn HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n",
           "HEAD 51 m=GET t=/gr\xc3\xbcn form=0 a=a h=a p= v=1 body=1 cl=2 keep=1 exp=0 up=0 {Host=a} {Content-Length=2}");
    EXPECT_BAD("UNSUBSCRIBE /\xc3\xbc HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n", BAD_FRAMING);
}

static void test_host_is_there_once_and_well_formed(void **state)
{
    (void)state;
    EXPECT_BAD("GET / HTTP/1.1\r\n\r\n", MISSING_HOST);
    EXPECT_BAD("GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n", BAD_HOST);
    EXPECT_BAD("GET / HTTP/1.1\r\nHost: a.test\r\nhost: a.test\r\n\r\n", BAD_HOST);
    EXPECT_BAD("GET / HTTP/1.0\r\nHost: a.test\r\nHost: a.test\r\n\r\n", BAD_HOST);
    EXPECT_BAD("GET / HTTP/1.1\r\nHost:\r\n\r\n", BAD_HOST);
    EXPECT_BAD("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", BAD_HOST);
    EXPECT_BAD("GET / HTTP/1.1\r\nHost: u@a.test\r\n\r\n", BAD_HOST);
    EXPECT_BAD("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", BAD_HOST);
    EXPECT_HEAD("GET / HTTP/1.0\r\nHost:\r\n\r\n");
}

static void test_empty_lines_before_a_request_are_skipped(void **state)
{
    (void)state;
    EXPECT("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
           "HEAD 31 m=GET t=/ form=0 a=a h=a p= v=1 body=0 cl=0 keep=1 exp=0 up=0 {Host=a}");
    char many[2 * 40 + 1];
    for (size_t i = 0; i < 40; i++)
        memcpy(many + 2 * i, "\r\n", 3);
    expect_outcome(slice_of(many), "BAD BAD_REQUEST_LINE");
}

static void test_faults_show_as_early_as_the_bytes_allow(void **state)
{
    (void)state;
    EXPECT_BAD_AT("GET /\r\nHost: a\r\n\r\n", BAD_REQUEST_LINE, 6);
    EXPECT_BAD_AT("BREW / HTTP/1.1\r\n\r\n", UNKNOWN_METHOD, 5);
    EXPECT_BAD_AT("GET /#a HTTP/1.1\r\n\r\n", BAD_TARGET, 6);
    EXPECT_BAD_AT("GET / HTTP/2.0\r\n\r\n", BAD_VERSION, 12);
    EXPECT_BAD_AT("GET / HTTP/1.1\r\nA : b\r\n\r\n", BAD_FIELD, 18);
    EXPECT_BAD_AT("\x16\x03\x01", BAD_REQUEST_LINE, 1);
    /* The first fault in byte order is the one named. */
    EXPECT_BAD("GET /# HTTP/2.0\r\nBad Name: x\r\n\r\n", BAD_TARGET);
    EXPECT_BAD("GET / HTTP/1.1\r\nBad Name: x\n\r\n", BAD_FIELD);
    EXPECT_BAD("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\nBad Name: x\r\n\r\n", BAD_FIELD);
}

static char *make_head(size_t target_len, size_t value_len, unsigned fields)
{
    struct text text = TEXT_EMPTY;
    text_add(&text, SLICE("GET /"));
    for (size_t i = 1; i < target_len; i++)
        text_add_char(&text, 'p');
    text_add(&text, SLICE(" HTTP/1.1\r\nHost: a\r\nX: "));
    for (size_t i = 0; i < value_len; i++)
        text_add_char(&text, 'v');
    for (unsigned i = 2; i < fields; i++)
        text_add(&text, SLICE("\r\nY: z"));
    text_add(&text, SLICE("\r\n\r\n"));
    return text_take(&text);
}

static void expect_with_limits(char *head, const struct h1_limits *limits, const char *expected)
{
    struct piece_reading reading = {.is_request = true, .limits = limits};
    char *text = read_in_pieces(&reading, slice_of(head));
    assert_int_equal(strncmp(text, expected, strlen(expected)), 0);
    free(text);
    free(head);
}

static void test_limits_hold_to_the_byte(void **state)
{
    (void)state;
    const struct h1_limits limits = {.head_bytes = 200, .target_bytes = 50, .fields = 5};
    const size_t fixed = strlen("GET  HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n");
    expect_with_limits(make_head(50, 10, 2), &limits, "HEAD ");
    expect_with_limits(make_head(51, 10, 2), &limits, "BAD TARGET_TOO_LONG");
    expect_with_limits(make_head(10, 10, 5), &limits, "HEAD ");
    expect_with_limits(make_head(10, 10, 6), &limits, "BAD HEAD_TOO_LARGE");
    expect_with_limits(make_head(10, 190 - fixed, 2), &limits, "HEAD 200 ");
    expect_with_limits(make_head(10, 191 - fixed, 2), &limits, "BAD HEAD_TOO_LARGE");
    expect_with_limits(make_head(10, 900, 2), &limits, "BAD HEAD_TOO_LARGE");
}

static void test_default_limits_refuse_what_is_too_large(void **state)
{
    (void)state;
    expect_with_limits(make_head(32 * 1024, 1, 2), &h1_default_limits, "HEAD ");
    expect_with_limits(make_head(32 * 1024 + 1, 1, 2), &h1_default_limits, "BAD TARGET_TOO_LONG");
    expect_with_limits(make_head(1, 65000, 2), &h1_default_limits, "HEAD ");
    expect_with_limits(make_head(1, 66000, 2), &h1_default_limits, "BAD HEAD_TOO_LARGE");
    expect_with_limits(make_head(1, 1, 100), &h1_default_limits, "HEAD ");
    expect_with_limits(make_head(1, 1, 101), &h1_default_limits, "BAD HEAD_TOO_LARGE");
}

static void test_another_protocol_is_known_by_its_first_line(void **state)
{
    static const char *const foreign[] = {
        "INVALID CONNECTION PREFACE\r\n\r\n", "QUIT now please\n", "A B C\r\n", "GET index.html now\r\n", "X http:/a Y\r\n",
    };
    static const char *const are_not[] = {
        "",
        "\n",
        " \n",
        "  \n",
        "   \r\n",
        "GET\r\n",
        "GET /\r\n",
        "EHLO a.test\r\n",            /* could be a request of HTTP/0.9 */
        "INVALID CONNECTION PREFACE", /* not whole */
        "GET /x HTTQ/1.1\r\n",
        "GET * NOTHING\r\n",
        "GET HTTP://a.test/ NOTHING\r\n",
        "GET https://a.test/ NOTHING\r\n",
        "GET a.test HTTP/1.1\r\n",
        "GET a b HTTP/3\r\n",
        "\x16\x03\x01 a b\r\n", /* TLS */
        " INVALID PREFACE x\r\n",
        "PRI  x\r\n",
        "A B \n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", /* its client waits for an answer */
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(foreign); i++)
        assert_true(h1_is_foreign(slice_of(foreign[i])));
    for (size_t i = 0; i < WB_COUNT(are_not); i++)
        assert_false(h1_is_foreign(slice_of(are_not[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_llhttp_is_strict_and_no_lenient_flag_is_on),
        cmocka_unit_test(test_plain_request_gives_its_parts),
        cmocka_unit_test(test_connection_decides_whether_it_is_kept),
        cmocka_unit_test(test_upgrade_needs_its_connection_token_and_no_body),
        cmocka_unit_test(test_body_is_framed_by_length_or_chunks),
        cmocka_unit_test(test_ambiguous_framing_is_refused),
        cmocka_unit_test(test_content_length_is_digits_and_one),
        cmocka_unit_test(test_line_ends_are_crlf_only),
        cmocka_unit_test(test_folded_lines_are_refused),
        cmocka_unit_test(test_names_are_tokens),
        cmocka_unit_test(test_every_byte_in_a_value_is_judged),
        cmocka_unit_test(test_every_byte_in_a_target_is_judged_and_llhttp_agrees),
        cmocka_unit_test(test_request_line_has_three_parts),
        cmocka_unit_test(test_other_versions_are_505),
        cmocka_unit_test(test_methods_are_those_of_llhttp),
        cmocka_unit_test(test_properties_of_methods),
        cmocka_unit_test(test_forms_of_the_target),
        cmocka_unit_test(test_utf8_in_a_target_passes_llhttp),
        cmocka_unit_test(test_host_is_there_once_and_well_formed),
        cmocka_unit_test(test_empty_lines_before_a_request_are_skipped),
        cmocka_unit_test(test_faults_show_as_early_as_the_bytes_allow),
        cmocka_unit_test(test_limits_hold_to_the_byte),
        cmocka_unit_test(test_default_limits_refuse_what_is_too_large),
        cmocka_unit_test(test_another_protocol_is_known_by_its_first_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
