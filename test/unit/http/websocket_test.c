/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/error.h"
#include "waybill/http/websocket.h"

#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" /* RFC 6455 1.3 */

static struct headers request, answer;

/* Pairs of name and value, up to NULL. */
static void give(struct headers *headers, const char *const *pairs)
{
    headers_clear(headers);
    for (; pairs[0]; pairs += 2)
        assert_true(headers_add(headers, slice_of(pairs[0]), slice_of(pairs[1])));
}

#define GIVE(headers, ...) give(headers, (const char *const[]){__VA_ARGS__, NULL})

static void test_it_is_named_among_others_in_any_case(void **state)
{
    (void)state;
    assert_true(websocket_is_wanted(SLICE("websocket")));
    assert_true(websocket_is_wanted(SLICE("foo, WebSocket")));
    assert_false(websocket_is_wanted(SLICE("")));
    assert_false(websocket_is_wanted(SLICE("websockets")));
    assert_false(websocket_is_wanted(SLICE("websocket/13")));
}

static void test_the_request(void **state)
{
    static const char *const bad_keys[] = {"",
                                           "dGhl",
                                           KEY "=",
                                           "dGhlIHNhbXBsZSBub25jZQ=A",
                                           "dGhlIHNhbXBsZSBub25jZ===",
                                           "dGhlIHNhbXBsZSBub2 jZQ==",
                                           "dGhlIHNhbXBsZSBub2-jZQ=="};
    static const char *const bad_versions[] = {"", "8", "013", "13, 8", "13.0"};
    (void)state;

    GIVE(&request, "sec-websocket-version", "13", "SEC-WEBSOCKET-KEY", KEY);
    assert_true(websocket_request_is_valid(SLICE("GET"), &request));
    assert_false(websocket_request_is_valid(SLICE("HEAD"), &request));
    assert_false(websocket_request_is_valid(SLICE("POST"), &request));
    GIVE(&request, "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "////IHNhbXBsZSBub25jZf==");
    assert_true(websocket_request_is_valid(SLICE("GET"), &request));
    for (size_t i = 0; i < WB_COUNT(bad_keys); i++) {
        GIVE(&request, "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", bad_keys[i]);
        assert_false(websocket_request_is_valid(SLICE("GET"), &request));
    }
    for (size_t i = 0; i < WB_COUNT(bad_versions); i++) {
        GIVE(&request, "Sec-WebSocket-Version", bad_versions[i], "Sec-WebSocket-Key", KEY);
        assert_false(websocket_request_is_valid(SLICE("GET"), &request));
    }
}

static void test_two_fields_are_none(void **state)
{
    (void)state;
    GIVE(&request, "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", KEY, "Sec-WebSocket-Key", KEY);
    assert_false(websocket_request_is_valid(SLICE("GET"), &request));
    request.items[1].gone = true;
    assert_true(websocket_request_is_valid(SLICE("GET"), &request));
    GIVE(&request, "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", KEY, "Sec-WebSocket-Version", "8");
    assert_false(websocket_request_is_valid(SLICE("GET"), &request));
}

static void test_the_answer_proves_that_the_key_was_read(void **state)
{
    (void)state;
    GIVE(&request, "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", KEY);
    GIVE(&answer, "Upgrade", "WebSocket", "Sec-WebSocket-Accept", ACCEPT);
    assert_true(websocket_answer_is_valid(&request, &answer));
    GIVE(&answer, "Upgrade", "websocket", "Sec-WebSocket-Accept", "S3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_false(websocket_answer_is_valid(&request, &answer));
    GIVE(&answer, "Upgrade", "websocket", "Sec-WebSocket-Accept", KEY);
    assert_false(websocket_answer_is_valid(&request, &answer));
    GIVE(&answer, "Upgrade", "websocket");
    assert_false(websocket_answer_is_valid(&request, &answer));
    GIVE(&answer, "Upgrade", "h2c", "Sec-WebSocket-Accept", ACCEPT);
    assert_false(websocket_answer_is_valid(&request, &answer));
    GIVE(&answer, "Sec-WebSocket-Accept", ACCEPT);
    assert_false(websocket_answer_is_valid(&request, &answer));
    GIVE(&answer, "Upgrade", "websocket", "Sec-WebSocket-Accept", ACCEPT);
    GIVE(&request, "Sec-WebSocket-Version", "13"); /* a filter took it */
    assert_false(websocket_answer_is_valid(&request, &answer));
}

static void test_keys_are_valid_and_unlike(void **state)
{
    char key[WEBSOCKET_KEY_SIZE], other[WEBSOCKET_KEY_SIZE];
    (void)state;

    for (int i = 0; i < 100; i++) {
        websocket_make_key(key);
        websocket_make_key(other);
        GIVE(&request, "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", key);
        assert_true(websocket_request_is_valid(SLICE("GET"), &request));
        assert_string_not_equal(key, other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_named_among_others_in_any_case),
        cmocka_unit_test(test_the_request),
        cmocka_unit_test(test_two_fields_are_none),
        cmocka_unit_test(test_the_answer_proves_that_the_key_was_read),
        cmocka_unit_test(test_keys_are_valid_and_unlike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
