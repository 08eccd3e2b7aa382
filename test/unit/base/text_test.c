/* SPDX-License-Identifier: MIT */
/* Slices, texts and their escaping, dates, the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/clock.h"
#include "waybill/base/log.h"
#include "waybill/base/digest.h"
#include "waybill/base/text.h"
#include <stdio.h>
#include <stdlib.h>

static void test_cut_gives_every_part(void **state)
{
    struct slice rest = SLICE("a,,b,"), part;
    static const char *const expected[] = {"a", "", "b", ""};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(expected); i++) {
        assert_true(slice_cut(&rest, ',', &part));
        assert_true(slice_eq(part, slice_of(expected[i])));
    }
    assert_false(slice_cut(&rest, ',', &part));
    rest = SLICE("");
    assert_true(slice_cut(&rest, ',', &part));
    assert_int_equal(part.len, 0);
    assert_false(slice_cut(&rest, ',', &part));
}

static void test_lists_have_tokens(void **state)
{
    (void)state;
    assert_true(slice_list_has(SLICE("close"), SLICE("Close")));
    assert_true(slice_list_has(SLICE("keep-alive , UPGRADE\t"), SLICE("upgrade")));
    assert_true(slice_list_has(SLICE(",, x"), SLICE("x")));
    assert_false(slice_list_has(SLICE("closed, un close"), SLICE("close")));
    assert_false(slice_list_has(SLICE(""), SLICE("x")));
}

static void test_numbers_are_digits_and_nothing_else(void **state)
{
    static const char *const bad[] = {"", "+1", "-1", " 1", "1 ", "0x1", "1_0", "256", "99999999999999999999999", "1.0"};
    uint64_t value;
    (void)state;

    assert_true(slice_to_u64(SLICE("255"), 255, &value) && value == 255);
    assert_true(slice_to_u64(SLICE("000"), 255, &value) && value == 0);
    assert_true(slice_to_u64(SLICE("18446744073709551615"), UINT64_MAX, &value) && value == UINT64_MAX);
    assert_false(slice_to_u64(SLICE("18446744073709551616"), UINT64_MAX, &value));
    for (size_t i = 0; i < WB_COUNT(bad); i++)
        assert_false(slice_to_u64(slice_of(bad[i]), 255, &value));
}

static void test_truths_are_those_of_v1_7(void **state)
{
    bool truth = false;

    (void)state;
    assert_true(slice_to_bool(SLICE("T"), &truth) && truth);
    assert_true(slice_to_bool(SLICE("False"), &truth) && !truth);
    assert_false(slice_to_bool(SLICE("yes"), &truth));
    assert_false(slice_to_bool(SLICE("tRUE"), &truth));
    assert_false(slice_to_bool(SLICE(""), &truth));
}

static void test_every_byte_is_a_hexadecimal_digit_or_none(void **state)
{
    static const char digits[] = "0123456789abcdef";

    (void)state;
    for (int c = 0; c < 256; c++) {
        const char *at = c ? strchr(digits, ascii_lower((char)c)) : NULL;
        assert_int_equal(ascii_hex((char)c), at ? (int)(at - digits) : -1);
    }
}

static void test_numbers_in_decimal(void **state)
{
    (void)state;
    for (uint64_t number = 1; number; number = number > UINT64_MAX / 7 ? 0 : number * 7) {
        for (uint64_t near = number - 1; near <= number + 1; near++) {
            struct text text = TEXT_EMPTY, wanted = TEXT_EMPTY;
            text_add_u64(&text, near);
            text_addf(&wanted, "%llu", (unsigned long long)near);
            assert_string_equal(text.ptr, wanted.ptr);
            text_fini(&text);
            text_fini(&wanted);
        }
    }
    for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10) { /* where a digit more begins */
        char wanted[24], room[PEN_U64_MAX];
        snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)power * 10);
        assert_true(slice_eq(slice_make(room, (size_t)(pen_u64(room, power * 10) - room)), slice_of(wanted)));
        snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)power * 10 - 1);
        assert_true(slice_eq(slice_make(room, (size_t)(pen_u64(room, power * 10 - 1) - room)), slice_of(wanted)));
    }
    for (uint64_t number = 0; number < 1100; number++) {
        struct text text = TEXT_EMPTY;
        char wanted[8];
        text_add_u64(&text, number);
        snprintf(wanted, sizeof wanted, "%u", (unsigned)number);
        assert_string_equal(text.ptr, wanted);
        text_fini(&text);
    }
    struct text text = TEXT_EMPTY;
    text_add_u64(&text, UINT64_MAX);
    assert_string_equal(text.ptr, "18446744073709551615");
    text_fini(&text);
}

/* A pen writes the same, and no more than it says it may. */
static void expect_pen(char *(*pen)(char *at, struct slice part), size_t most, struct slice in, const char *wanted)
{
    char *room = malloc(in.len * most);
    char *end = pen(room, in);

    assert_true(slice_eq(slice_make(room, (size_t)(end - room)), slice_of(wanted)));
    free(room);
}

/* Where in a word of eight a byte stands that needs something done. */
static void test_a_byte_is_escaped_wherever_it_stands(void **state)
{
    static const struct {
        char byte;
        const char *escaped, *json;
    } cases[] = {{'"', "\\\"", "\\\""},      {'\\', "\\\\", "\\\\"},     {'\n', "\\n", "\\u000a"},
                 {0x7f, "\\x7f", "\\u007f"}, {'\0', "\\x00", "\\u0000"}, {(char)0xff, "\\xff", "\\ufffd"},
                 {0x1f, "\\x1f", "\\u001f"}};
    (void)state;

    for (size_t c = 0; c < WB_COUNT(cases); c++)
        for (size_t len = 1; len < 20; len++)
            for (size_t at = 0; at < len; at++) {
                char in[20], wanted[40];
                struct text text = TEXT_EMPTY;
                memset(in, '~', len);
                in[at] = cases[c].byte;
                text_add_escaped(&text, slice_make(in, len));
                snprintf(wanted, sizeof wanted, "%.*s%s%.*s", (int)at, "~~~~~~~~~~~~~~~~~~~~", cases[c].escaped,
                         (int)(len - at - 1), "~~~~~~~~~~~~~~~~~~~~");
                assert_string_equal(text.ptr, wanted);
                expect_pen(pen_escaped, PEN_ESCAPED_MAX, slice_make(in, len), wanted);
                text.len = 0;
                text_add_json(&text, slice_make(in, len));
                snprintf(wanted, sizeof wanted, "%.*s%s%.*s", (int)at, "~~~~~~~~~~~~~~~~~~~~", cases[c].json,
                         (int)(len - at - 1), "~~~~~~~~~~~~~~~~~~~~");
                assert_string_equal(text.ptr, wanted);
                expect_pen(pen_json, PEN_JSON_MAX, slice_make(in, len), wanted);
                text_fini(&text);
            }
}

static void test_md5_is_in_lower_case_hex(void **state)
{
    char hex[DIGEST_MD5_HEX];

    (void)state;
    digest_md5_hex(SLICE("message digest"), hex); /* RFC 1321 A.5 */
    assert_string_equal(hex, "f96b697d7cb7938d525a2f31aaf161d0");
}

static void test_small_things_of_slices(void **state)
{
    (void)state;
    assert_true(slice_eq(slice_trim(SLICE(" \ta b\t ")), SLICE("a b")));
    assert_int_equal(slice_trim(SLICE(" \t ")).len, 0);
    assert_true(slice_eq(slice_trim_space(SLICE("\r\n x\v")), SLICE("x")));
    assert_int_equal(slice_find(SLICE("abcb"), 'b'), 1);
    assert_int_equal(slice_find_last(SLICE("abcb"), 'b'), 3);
    assert_int_equal(slice_find_last(SLICE("abcb"), 'x'), 4);
    assert_true(slice_compare(SLICE("a"), SLICE("ab")) < 0 && slice_compare(SLICE("b"), SLICE("ab")) > 0);
    assert_int_equal(slice_compare(SLICE("ab"), SLICE("ab")), 0);
    assert_true(slice_starts_nocase(SLICE("HTTP://x"), SLICE("http://")));
    assert_false(slice_eq_nocase(SLICE("[a"), SLICE("{a"))); /* only letters have a case */
    assert_int_equal(slice_from(SLICE("abc"), 9).len, 0);
    assert_int_equal(slice_head(SLICE("abc"), 9).len, 3);
}

static void expect_escaped(struct slice raw, const char *expected)
{
    struct text text = TEXT_EMPTY;
    text_add_escaped(&text, raw);
    assert_true(slice_eq(text_slice(&text), slice_of(expected)));
    text_fini(&text);
}

static void test_nothing_breaks_out_of_a_log_line(void **state)
{
    (void)state;
    expect_escaped(SLICE("plain ~"), "plain ~");
    expect_escaped(SLICE("a\"b\\c"), "a\\\"b\\\\c");
    expect_escaped(SLICE("\n{\"level\"}"), "\\n{\\\"level\\\"}");
    expect_escaped(SLICE("\x1b[31m\r\t\x7f"), "\\x1b[31m\\x0d\\t\\x7f");
    expect_escaped(slice_make("\0", 1), "\\x00");
    expect_escaped(SLICE("gr\xc3\xbcn \xe2\x82\xac \xf0\x9f\x98\x80"), "gr\xc3\xbcn \xe2\x82\xac \xf0\x9f\x98\x80");
    expect_escaped(SLICE("\xc2\x9b"), "\\xc2\\x9b");          /* C1 */
    expect_escaped(SLICE("\xe2\x80\xae"), "\\xe2\\x80\\xae"); /* U+202E turns the direction */
    expect_escaped(SLICE("\xe2\x80\xa8"), "\\xe2\\x80\\xa8"); /* U+2028 is a line end to some */
    expect_escaped(SLICE("\xc0\xaf\xff"), "\\xc0\\xaf\\xff"); /* no UTF-8 */
    expect_escaped(SLICE("\xe2\x82"), "\\xe2\\x82");          /* cut off */
    expect_escaped(SLICE("\xed\xa0\x80"), "\\xed\\xa0\\x80"); /* a surrogate */
}

static void test_text_grows_and_is_taken(void **state)
{
    struct text text = TEXT_EMPTY;
    (void)state;

    for (int i = 0; i < 1000; i++)
        text_addf(&text, "%d,", i);
    assert_true(slice_ends(text_slice(&text), SLICE(",999,")));
    char *taken = text_take(&text);
    assert_int_equal(strlen(taken), 3890);
    assert_int_equal(text.len, 0);
    free(taken);
    taken = text_take(&text);
    assert_string_equal(taken, "");
    free(taken);
    text_fini(&text);
}

static void test_dates(void **state)
{
    static const struct {
        uint64_t seconds;
        const char *http, *rfc3339;
    } dates[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"},
        {951782400, "Tue, 29 Feb 2000 00:00:00 GMT", "2000-02-29T00:00:00Z"},
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"},
        {1795420861, "Mon, 23 Nov 2026 08:01:01 GMT", "2026-11-23T08:01:01Z"},
        {4102444799, "Thu, 31 Dec 2099 23:59:59 GMT", "2099-12-31T23:59:59Z"},
    };
    char http[CLOCK_HTTP_DATE_SIZE], rfc3339[CLOCK_RFC3339_SIZE];
    (void)state;

    for (size_t i = 0; i < WB_COUNT(dates); i++) {
        clock_http_date(dates[i].seconds * 1000000000u + 999999999u, http);
        clock_rfc3339(dates[i].seconds * 1000000000u, rfc3339);
        assert_string_equal(http, dates[i].http);
        assert_string_equal(rfc3339, dates[i].rfc3339);
    }
}

static char last_line[400];
static unsigned line_count;

static void take_line(enum log_level level, const char *line, void *arg)
{
    (void)level;
    (void)arg;
    line_count++;
    strncpy(last_line, line, sizeof last_line - 1);
}

static void test_the_log_escapes_and_minds_its_level(void **state)
{
    enum log_level level;
    (void)state;

    log_set_sink(take_line, NULL);
    log_set_level(LOG_WARN);
    wb_log_info("not shown");
    wb_log_debug("not shown");
    assert_int_equal(line_count, 0);
    wb_log_warn("container `%s`", "a\"\nlevel=error msg=forged");
    assert_int_equal(line_count, 1);
    assert_non_null(strstr(last_line, "level=warning msg=\"container `a\\\"\\nlevel=error msg=forged`\""));
    assert_true(strncmp(last_line, "time=\"", 6) == 0);
    assert_true(log_level_parse(SLICE("dEbUg"), &level) && level == LOG_DEBUG);
    assert_true(log_level_parse(SLICE("WARNING"), &level) && level == LOG_WARN);
    assert_false(log_level_parse(SLICE("LOUD"), &level));
    log_set_level(LOG_ERROR);
    log_set_sink(NULL, NULL);
}

static void test_for_a_terminal_quotes_stay(void **state)
{
    struct text text = TEXT_EMPTY;

    (void)state;
    text_add_visible(&text, SLICE("`Path:/a\\d\"`\n\x1b[2J\xe2\x80\xae"));
    assert_string_equal(text.ptr, "`Path:/a\\d\"`\\n\\x1b[2J\\xe2\\x80\\xae");
    text_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_gives_every_part),
        cmocka_unit_test(test_lists_have_tokens),
        cmocka_unit_test(test_numbers_are_digits_and_nothing_else),
        cmocka_unit_test(test_truths_are_those_of_v1_7),
        cmocka_unit_test(test_every_byte_is_a_hexadecimal_digit_or_none),
        cmocka_unit_test(test_numbers_in_decimal),
        cmocka_unit_test(test_a_byte_is_escaped_wherever_it_stands),
        cmocka_unit_test(test_md5_is_in_lower_case_hex),
        cmocka_unit_test(test_small_things_of_slices),
        cmocka_unit_test(test_nothing_breaks_out_of_a_log_line),
        cmocka_unit_test(test_text_grows_and_is_taken),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_the_log_escapes_and_minds_its_level),
        cmocka_unit_test(test_for_a_terminal_quotes_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
