/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/http/cookie.h"

static struct headers headers;

static void expect(const char *name, const char *value)
{
    struct slice found = SLICE("");

    assert_int_equal(cookie_find(&headers, slice_of(name), &found), value != NULL);
    if (value)
        assert_true(slice_eq(found, slice_of(value)));
}

static void give(const char *field)
{
    headers_clear(&headers);
    assert_true(headers_add(&headers, SLICE("cookie"), slice_of(field)));
}

static void test_a_cookie_is_found_among_others(void **state)
{
    (void)state;
    give("x=1; session=abc; y=2");
    expect("x", "1");
    expect("session", "abc");
    expect("y", "2");
    expect("Session", NULL);
    expect("sess", NULL);
    expect("", NULL);
    give(";;= ; a =\t b=c ;a=second");
    expect("a", "b=c");
    expect("", "");
    give("flag; q=\"in quotes\"; half=\"; empty=");
    expect("flag", NULL);
    expect("q", "in quotes");
    expect("half", "\"");
    expect("empty", "");
}

static void test_cookies_may_be_in_many_fields(void **state)
{
    (void)state;
    headers_clear(&headers);
    expect("a", NULL);
    headers_add(&headers, SLICE("Cookie"), SLICE("a=1"));
    headers_add(&headers, SLICE("X-Cookie"), SLICE("b=1"));
    headers_add(&headers, SLICE("Cookie"), SLICE("b=2; a=3"));
    expect("a", "1");
    expect("b", "2");
    headers.items[0].gone = true;
    expect("a", "3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_cookie_is_found_among_others),
        cmocka_unit_test(test_cookies_may_be_in_many_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
