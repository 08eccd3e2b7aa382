/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/error.h"
#include "waybill/http/accept_encoding.h"

static void test_what_is_named_is_liked_as_much_as_it_says(void **state)
{
    static const struct {
        const char *value;
        unsigned gzip, brotli;
    } rows[] = {
        {"gzip", 1000, 0},
        {"GZIP, deflate", 1000, 0},
        {"x-gzip", 1000, 0},
        {"br", 0, 1000},
        {"gzip;q=0.5, br;q=0.75", 500, 750},
        {"gzip ; Q=0.123 ,br;q=1.000", 123, 1000},
        {"gzip;level=9;q=0.2", 200, 0},
        {"*", 1000, 0},
        {"*;q=0.1, br", 100, 1000},
        {"gzip;q=0, *", 0, 0},
        {"*, gzip;q=0", 0, 0},
        {"*;q=0", 0, 0},
        {"identity", 0, 0},
        {"", 0, 0},
        {", ,gzip,,", 1000, 0},
        {"gzipped, bro", 0, 0},
        {"gzip;q=", 0, 0},
        {"gzip;q=2", 0, 0},
        {"gzip;q=1.001", 0, 0},
        {"gzip;q=-1", 0, 0},
        {"gzip;q=0.1234", 0, 0},
        {"gzip;q=.5", 0, 0},
        {"gzip;q=0,5", 0, 0},
        {"gzip;q=1e3", 0, 0},
    };
    struct headers headers;
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        headers_clear(&headers);
        headers_add(&headers, SLICE("accept-ENCODING"), slice_of(rows[i].value));
        struct accept_encoding found = accept_encoding_read(&headers);
        if (found.gzip != rows[i].gzip || found.brotli != rows[i].brotli)
            fail_msg("`%s`: gzip %u, brotli %u", rows[i].value, found.gzip, found.brotli);
    }
}

static void test_several_fields_are_one_list_and_removed_ones_none(void **state)
{
    struct headers headers;
    (void)state;

    headers_clear(&headers);
    assert_int_equal(accept_encoding_read(&headers).gzip, 0);
    headers_add(&headers, SLICE("Accept-Encoding"), SLICE("br;q=0.1"));
    headers_add(&headers, SLICE("Accept-Encoding"), SLICE("gzip"));
    assert_int_equal(accept_encoding_read(&headers).gzip, 1000);
    assert_int_equal(accept_encoding_read(&headers).brotli, 100);
    headers_remove_name(&headers, SLICE("Accept-Encoding"));
    assert_int_equal(accept_encoding_read(&headers).gzip, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_named_is_liked_as_much_as_it_says),
        cmocka_unit_test(test_several_fields_are_one_list_and_removed_ones_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
