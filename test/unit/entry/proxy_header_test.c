/* SPDX-License-Identifier: MIT */
/* PROXY headers, each read with every cut: what has come decides nothing that what follows could change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/error.h"
#include "waybill/base/text.h"
#include "waybill/entry/proxy_header.h"
#include <stdio.h>
#include <stdlib.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4        "\xcb\x00\x71\x05\xc0\x00\x02\x01\x9c\x40\x00\x50"
#define V6        "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\5\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x9c\x40\x00\x50"
#define MAPPED    "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\1\2\3\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\1\2\4\x9c\x40\x00\x50"

/* Of exactly its bytes, so that ASan sees a look past them. */
static enum proxy_read read_copy(struct slice bytes, struct proxy_header *out)
{
    char *copy = wb_strndup(bytes.ptr, bytes.len), *exact = malloc(bytes.len ? bytes.len : 1);
    memcpy(exact, copy, bytes.len);
    enum proxy_read outcome = proxy_header_read(slice_make(exact, bytes.len), out);
    free(exact);
    free(copy);
    return outcome;
}

/* "203.0.113.5:40000", "-" (a header that names nobody), "bad", "absent" or "more". */
static const char *outcome_of(struct slice bytes, size_t *out_len)
{
    static char text[ADDRESS_TEXT_SIZE + 8];
    struct proxy_header header;

    *out_len = 0;
    switch (read_copy(bytes, &header)) {
    case PROXY_ABSENT:
        return "absent";
    case PROXY_MORE:
        return "more";
    case PROXY_BAD:
        return "bad";
    case PROXY_HEADER:
        break;
    }
    *out_len = header.len;
    if (!header.names_client)
        return "-";
    size_t len = address_format_ip(&header.client, text);
    snprintf(text + len, sizeof text - len, ":%u", header.client.port);
    return text;
}

/* Whole, and with a request behind it; cut anywhere it needs more, or is bad already. */
static void expect(const char *place, struct slice bytes, const char *wanted)
{
    struct text more = TEXT_EMPTY;
    size_t len;

    text_add(&more, bytes);
    text_add(&more, SLICE("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    for (int followed = 0; followed < 2; followed++) {
        const char *got = outcome_of(followed ? text_slice(&more) : bytes, &len);
        if (strcmp(got, wanted) != 0)
            fail_msg("%s, followed %d: %s, not %s", place, followed, got, wanted);
        if (strcmp(wanted, "bad") != 0 && len != bytes.len)
            fail_msg("%s, followed %d: took %zu of %zu bytes", place, followed, len, bytes.len);
    }
    for (size_t cut = 0; cut < bytes.len; cut++) {
        const char *got = outcome_of(slice_head(bytes, cut), &len);
        if (strcmp(got, "more") != 0 && (strcmp(wanted, "bad") != 0 || strcmp(got, "bad") != 0))
            fail_msg("%s, cut at %zu: %s", place, cut, got);
    }
    text_fini(&more);
}

static void test_a_line_names_the_client(void **state)
{
    static const struct {
        const char *line, *wanted;
    } rows[] = {
        {"PROXY TCP4 203.0.113.5 192.0.2.1 40000 80\r\n", "203.0.113.5:40000"},
        {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535"},
        {"PROXY TCP4 1.2.3.4 1.2.3.4 0 0\r\n", "1.2.3.4:0"},
        {"PROXY TCP6 2001:db8::5 2001:db8::1 40000 80\r\n", "2001:db8::5:40000"},
        {"PROXY TCP6 ::ffff:10.1.2.3 ::1 1 2\r\n", "10.1.2.3:1"},
        {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:65535"},
        {"PROXY UNKNOWN\r\n", "-"},
        {"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
         "-"},
    };
    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++)
        expect(rows[i].line, slice_of(rows[i].line), rows[i].wanted);
}

static void test_what_is_no_line_is_bad(void **state)
{
    static const char *const bad[] = {
        "PROXY \r\n",
        "PROXY TCP4\r\n",
        "PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
        "PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n",
        "PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.400 1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP4 1.2.3.4:5 1.2.3.4 1 2\r\n",
        "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP6 [::1] ::1 1 2\r\n",
        "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
        "PROXY TCP4\t1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
        "PROXY UNKNOWN\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r\n",
    };
    char *endless = wb_format("PROXY UNKNOWN %0200d\r\n", 0);
    (void)state;
    for (size_t i = 0; i < WB_COUNT(bad); i++)
        expect(bad[i], slice_of(bad[i]), "bad");
    expect("endless", slice_of(endless), "bad");
    free(endless);
}

static void test_a_block_names_the_client_and_more_is_passed_over(void **state)
{
    static const struct {
        const char *place;
        struct slice bytes;
        const char *wanted;
    } rows[] = {
        {"v4", SLICE(SIGNATURE "\x21\x11\0\x0c" V4), "203.0.113.5:40000"},
        {"v6", SLICE(SIGNATURE "\x21\x21\0\x24" V6), "2001:db8::5:40000"},
        {"mapped", SLICE(SIGNATURE "\x21\x21\0\x24" MAPPED), "10.1.2.3:40000"},
        {"v4 and more", SLICE(SIGNATURE "\x21\x11\0\x13" V4 "\x04\0\x04zone"), "203.0.113.5:40000"},
        {"more that is no TLV", SLICE(SIGNATURE "\x21\x11\0\x0f" V4 "\xff\xff\xff"), "203.0.113.5:40000"},
        {"local", SLICE(SIGNATURE "\x20\0\0\0"), "-"},
        {"local with an address", SLICE(SIGNATURE "\x20\x11\0\x0c" V4), "-"},
        {"unspecified", SLICE(SIGNATURE "\x21\0\0\x03xyz"), "-"},
        {"unix", SLICE(SIGNATURE "\x21\x31\0\x02xy"), "-"},
        {"version 1 in it", SLICE(SIGNATURE "\x11\x11\0\x0c" V4), "bad"},
        {"command 2", SLICE(SIGNATURE "\x22\x11\0\x0c" V4), "bad"},
        {"datagrams", SLICE(SIGNATURE "\x21\x12\0\x0c" V4), "bad"},
        {"family 4", SLICE(SIGNATURE "\x21\x41\0\x0c" V4), "bad"},
        {"v4 too short", SLICE(SIGNATURE "\x21\x11\0\x0b" V4), "bad"},
        {"v6 too short", SLICE(SIGNATURE "\x21\x21\0\x23" V6), "bad"},
        {"too much behind it", SLICE(SIGNATURE "\x21\x11\x0f\xf1" V4), "bad"},
        {"as much as can be said", SLICE(SIGNATURE "\x21\x11\xff\xff" V4), "bad"},
    };
    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++)
        expect(rows[i].place, rows[i].bytes, rows[i].wanted);
}

static void test_as_much_behind_the_addresses_as_is_allowed(void **state)
{
    struct text bytes = TEXT_EMPTY;
    (void)state;
    text_add(&bytes, SLICE(SIGNATURE "\x21\x11\x0f\xf0" V4));
    while (bytes.len < PROXY_BLOCK_MAX)
        text_add_char(&bytes, 'x');
    expect("4096 bytes", text_slice(&bytes), "203.0.113.5:40000");
    text_fini(&bytes);
}

static void test_what_begins_with_something_else_is_left_alone(void **state)
{
    static const char *const absent[] = {"GET / HTTP/1.1\r\n", "PROPFIND / HTTP/1.1\r\n", "PROXYING",     "proxy TCP4",
                                         "\r\nGET / HTTP/1.1", "\r\n\r\nGET /",           "\x16\x03\x01", "\r\n\r\n\r\n"};
    size_t len;
    (void)state;
    for (size_t i = 0; i < WB_COUNT(absent); i++)
        assert_string_equal(outcome_of(slice_of(absent[i]), &len), "absent");
    assert_string_equal(outcome_of(SLICE("\r\n\r\n\0\r\nQUIT\r"), &len), "absent");
    assert_string_equal(outcome_of(SLICE("PR"), &len), "more");
    assert_string_equal(outcome_of(SLICE("\r\n\r\n"), &len), "more");
    assert_string_equal(outcome_of(SLICE(""), &len), "more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_names_the_client),
        cmocka_unit_test(test_what_is_no_line_is_bad),
        cmocka_unit_test(test_a_block_names_the_client_and_more_is_passed_over),
        cmocka_unit_test(test_as_much_behind_the_addresses_as_is_allowed),
        cmocka_unit_test(test_what_begins_with_something_else_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
