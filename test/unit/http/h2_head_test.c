/* SPDX-License-Identifier: MIT */
#include "waybill/base/error.h"
#include "waybill/http/h2_head.h"
#include "waybill/http/websocket.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
/* behind the four above */
#include <cmocka.h>

static struct arena arena;
static struct request_head out;

/* "name: value\n" lines; a pseudo field begins with its colon. */
static enum reason read_lines(const char *lines, bool ended)
{
    static struct header fields[HEADERS_MAX];
    struct h2_head head = {.fields = fields};
    struct slice rest = slice_of(lines), line;

    while (slice_cut(&rest, '\n', &line) && line.len) {
        size_t colon = 1 + slice_find(slice_from(line, 1), ':');
        fields[head.count++] = (struct header){.name = slice_head(line, colon), .value = slice_from(line, colon + 2)};
    }
    return h2_read_request(&head, ended, &h1_default_limits, &arena, &out);
}

#define GET ":method: GET\n:scheme: http\n:path: /x?y\n:authority: A.test:8080\n"

static void test_a_request_is_what_http1_gives(void **state)
{
    (void)state;
    assert_int_equal(read_lines(GET "x-a: 1\ncookie: a=1\nx-b: 2\ncookie: b=2\n", true), REASON_NONE);
    assert_true(slice_eq(out.method, SLICE("GET")) && slice_eq(out.target, SLICE("/x?y")) && out.safe_to_repeat);
    assert_true(slice_eq(out.host, SLICE("A.test")) && slice_eq(out.port, SLICE("8080")));
    assert_true(slice_eq(headers_value(&out.headers, HEADER_HOST), SLICE("A.test:8080")));
    assert_true(slice_eq(headers_value(&out.headers, HEADER_COOKIE), SLICE("a=1; b=2")));
    assert_int_equal(out.headers.count, 4);
    assert_int_equal(out.body, BODY_NONE);
    assert_int_equal(out.version, HTTP_2);
    assert_int_equal(read_lines(GET "content-length: 5\nexpect: 100-continue\n", false), REASON_NONE);
    assert_true(out.body == BODY_LENGTH && out.content_length == 5 && out.expect_continue);
    assert_int_equal(read_lines(GET, false), REASON_NONE);
    assert_int_equal(out.body, BODY_CHUNKED);
}

#define SOCKET ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:path: /x?y\n:authority: A.test:8080\n"

/* RFC 8441 5: as HTTP/1 asks for it, with a key of ours. */
static void test_a_websocket_is_a_get_that_asks_for_it(void **state)
{
    char keys[2][WEBSOCKET_KEY_SIZE];
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        const char *own =
            i ? SOCKET "sec-websocket-version: 13\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\nexpect: 100-continue\n"
              : SOCKET "sec-websocket-version: 13\n";
        assert_int_equal(read_lines(own, i == 0), REASON_NONE);
        assert_true(slice_eq(out.method, SLICE("GET")) && slice_eq(out.target, SLICE("/x?y")));
        assert_true(slice_eq(out.host, SLICE("A.test")) &&
                    slice_eq(headers_value(&out.headers, HEADER_UPGRADE), SLICE("websocket")));
        assert_true(out.upgrade && out.body == BODY_NONE && !out.expect_continue);
        assert_true(websocket_request_is_valid(out.method, &out.headers));
        struct slice key = headers_value(&out.headers, HEADER_SEC_WEBSOCKET_KEY);
        memcpy(keys[i], key.ptr, key.len + 1);
    }
    assert_string_not_equal(keys[0], keys[1]);
    assert_string_not_equal(keys[1], "dGhlIHNhbXBsZSBub25jZQ==");
    assert_int_equal(read_lines(":method: CONNECT\n:protocol: WebSocket\n:scheme: http\n:path: /\n:authority: a\n", false),
                     REASON_NONE);
    /* Elsewhere the key is a field like any other. */
    assert_int_equal(read_lines(GET "sec-websocket-key: x\n", true), REASON_NONE);
    assert_true(!out.upgrade && slice_eq(headers_value(&out.headers, HEADER_SEC_WEBSOCKET_KEY), SLICE("x")));
}

static void test_what_is_refused_and_why(void **state)
{
    static const struct {
        const char *lines;
        enum reason reason;
    } rows[] = {
        {":method: GET\n:scheme: http\n:authority: a\n", REASON_BAD_TARGET},
        {":method: GET\n:scheme: ftp\n:path: /\n:authority: a\n", REASON_BAD_TARGET},
        {":method: GET\n:scheme: http\n:path: http://b/\n:authority: a\n", REASON_BAD_TARGET},
        {":method: GET\n:scheme: http\n:path: /a b\n:authority: a\n", REASON_BAD_TARGET},
        {":method: GET\n:scheme: http\n:path: /\n", REASON_MISSING_HOST},
        {":method: GET\n:scheme: http\n:path: /\n:authority: u@a\n", REASON_BAD_HOST},
        {":method: CONNECT\n:authority: a:1\n", REASON_UNKNOWN_METHOD},
        {":method: BREW\n:scheme: http\n:path: /\n:authority: a\n", REASON_UNKNOWN_METHOD},
        {":method: G T\n:scheme: http\n:path: /\n:authority: a\n", REASON_BAD_REQUEST_LINE},
        {":method: CONNECT\n:protocol: connect-udp\n:scheme: https\n:path: /\n:authority: a\n", REASON_UNKNOWN_PROTOCOL},
        {":method: CONNECT\n:protocol: websocket, x\n:scheme: https\n:path: /\n:authority: a\n", REASON_UNKNOWN_PROTOCOL},
        {":method: CONNECT\n:protocol: websocket\n:authority: a\n", REASON_BAD_TARGET},
        {":method: CONNECT\n:protocol: websocket\n:scheme: ws\n:path: /\n:authority: a\n", REASON_BAD_TARGET},
        {":method: CONNECT\n:protocol: websocket\n:scheme: http\n:path: *\n:authority: a\n", REASON_BAD_TARGET},
        {":method: CONNECT\n:protocol: websocket\n:scheme: http\n:path: /\n", REASON_MISSING_HOST},
        {GET ":protocol: websocket\n", REASON_BAD_FIELD},
        {":method: connect\n:protocol: websocket\n:scheme: http\n:path: /\n:authority: a\n", REASON_BAD_FIELD},
        {SOCKET ":protocol: websocket\n", REASON_BAD_FIELD},
        {SOCKET "x: y\n:protocol: websocket\n", REASON_BAD_FIELD},
        {SOCKET "content-length: 0\n", REASON_BAD_FRAMING},
        {SOCKET "upgrade: websocket\n", REASON_BAD_FIELD},
        {GET ":method: GET\n", REASON_BAD_FIELD},
        {GET ":status: 200\n", REASON_BAD_FIELD},
        {"x: y\n" GET, REASON_BAD_FIELD},
        {GET "host: b.test\n", REASON_BAD_HOST},
        {GET "host: A.test:8080\nhost: A.test:8080\n", REASON_BAD_HOST},
        {GET "X-Upper: 1\n", REASON_BAD_FIELD},
        {GET "x: a\rb\n", REASON_BAD_FIELD},
        {GET "connection: close\n", REASON_BAD_FIELD},
        {GET "upgrade: websocket\n", REASON_BAD_FIELD},
        {GET "te: gzip\n", REASON_BAD_FIELD},
        {GET "transfer-encoding: chunked\n", REASON_BAD_FRAMING},
        {GET "content-length: 5\n", REASON_BAD_FRAMING}, /* and no body */
        {GET "content-length: +5\n", REASON_BAD_FRAMING},
        {GET "content-length: 0\ncontent-length: 0\n", REASON_BAD_FRAMING},
    };
    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        enum reason reason = read_lines(rows[i].lines, true);
        if (reason != rows[i].reason)
            fail_msg("row %zu: %s", i, reason_row(reason)->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_is_what_http1_gives),
        cmocka_unit_test(test_a_websocket_is_a_get_that_asks_for_it),
        cmocka_unit_test(test_what_is_refused_and_why),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_fini(&arena);
    return failed;
}
