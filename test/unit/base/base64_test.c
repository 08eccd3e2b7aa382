/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/base64.h"
#include "waybill/base/error.h"

/* RFC 4648 10. */
static const struct {
    const char *bytes, *text;
} cases[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xfe", "+//+"},
};

static void test_bytes_become_text_and_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        struct slice bytes = slice_of(cases[i].bytes), text = slice_of(cases[i].text);
        char made[16];
        unsigned char back[16];
        size_t len;

        assert_int_equal(base64_encode(bytes, made), text.len);
        assert_string_equal(made, cases[i].text);
        assert_int_equal(BASE64_SIZE(bytes.len), text.len + 1);
        assert_true(base64_decode(text, back, &len));
        assert_true(slice_eq(slice_make((const char *)back, len), bytes));
    }
}

static void test_only_one_text_means_some_bytes(void **state)
{
    static const char *const bad[] = {"Z",    "Zg",   "Zg=",   "Zh==",   "Zm9=",     "Zm9v=", "====",      "=",
                                      "Zm9-", "Zm9_", " Zg==", "Zg==\n", "Zg==Zg==", "Zm=v",  "\xc3\xbcgg"};
    (void)state;
    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        unsigned char bytes[16];
        size_t len;
        if (base64_decode(slice_of(bad[i]), bytes, &len))
            fail_msg("`%s` was taken", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_become_text_and_come_back),
        cmocka_unit_test(test_only_one_text_means_some_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
