/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "filter/credentials.h"
#include "waybill/base/base64.h"
#include "waybill/base/error.h"
#include <stdio.h>
#include <stdlib.h>

#define ASSERT_TEXT(slice, text) assert_true(slice_eq(slice, SLICE(text)))

static void test_basic_is_a_name_and_a_password(void **state)
{
    struct basic_credentials basic;
    (void)state;

    assert_true(basic_credentials_read(SLICE("Basic YWxpY2U6c2VjcmV0"), &basic));
    ASSERT_TEXT(basic.name, "alice");
    ASSERT_TEXT(basic.password, "secret");
    assert_true(basic_credentials_read(SLICE("basic   YTpiOmM="), &basic)); /* a:b:c */
    ASSERT_TEXT(basic.name, "a");
    ASSERT_TEXT(basic.password, "b:c");
    assert_true(basic_credentials_read(SLICE("BASIC Og=="), &basic));
    assert_int_equal(basic.name.len + basic.password.len, 0);
    assert_true(basic_credentials_read(SLICE("Basic YQA6AGI="), &basic)); /* NULs are bytes */
    assert_int_equal(basic.name.len, 2);
    assert_int_equal(basic.password.len, 2);
}

static void test_what_is_not_basic_is_none(void **state)
{
    static const char *const bad[] = {"",
                                      "Basic",
                                      "Basic ",
                                      "Basic !!!",
                                      "Basic YWxpY2U=", /* no colon */
                                      "Basic YWxpY2U6c2VjcmV0 x",
                                      "Basic YWxpY2U6c2VjcmV0,",
                                      "BasicYWxpY2U6c2VjcmV0",
                                      "Basic\tYWxpY2U6c2VjcmV0",
                                      "Bearer YWxpY2U6c2VjcmV0",
                                      "Basic YWxpY2U6c2VjcmV",
                                      "Basics YWxpY2U6c2VjcmV0"};
    struct basic_credentials basic;
    (void)state;

    for (size_t i = 0; i < WB_COUNT(bad); i++)
        if (basic_credentials_read(slice_of(bad[i]), &basic))
            fail_msg("`%s` was taken", bad[i]);
}

static void test_basic_has_a_limit(void **state)
{
    static char bytes[BASIC_BYTES_MAX + 3], text[6 + BASE64_SIZE(sizeof bytes)] = "Basic ";
    struct basic_credentials basic;
    (void)state;

    memset(bytes, ':', sizeof bytes);
    base64_encode(slice_make(bytes, BASIC_BYTES_MAX / 3 * 3), text + 6);
    assert_true(basic_credentials_read(slice_of(text), &basic));
    base64_encode(slice_make(bytes, BASIC_BYTES_MAX + 1), text + 6);
    assert_false(basic_credentials_read(slice_of(text), &basic));
}

static void test_digest_parameters_are_read(void **state)
{
    struct digest_credentials digest;
    (void)state;

    assert_true(digest_credentials_read(
        SLICE("Digest username=\"Mu\\\"fa\\\\sa\", realm = \"a, b=c\",NONCE=\"n\" , uri=\"/x?y=1\",, response=\"0\", "
              "opaque=\"\", algorithm=MD5,qop=auth, nc=00000001, cnonce=\"\\c\", userhash=false,"),
        &digest));
    ASSERT_TEXT(digest.username, "Mu\"fa\\sa");
    ASSERT_TEXT(digest.realm, "a, b=c");
    ASSERT_TEXT(digest.nonce, "n");
    ASSERT_TEXT(digest.uri, "/x?y=1");
    ASSERT_TEXT(digest.opaque, "");
    ASSERT_TEXT(digest.algorithm, "MD5");
    ASSERT_TEXT(digest.qop, "auth");
    ASSERT_TEXT(digest.nc, "00000001");
    ASSERT_TEXT(digest.cnonce, "c");
    assert_true(digest_credentials_read(SLICE("digest qop=\"auth\""), &digest));
    ASSERT_TEXT(digest.qop, "auth");
    assert_int_equal(digest.username.len, 0);
}

static void test_what_is_not_digest_is_none(void **state)
{
    static const char *const bad[] = {"",
                                      "Digest",
                                      "Basic nc=1",
                                      "Digest nc",
                                      "Digest nc=",
                                      "Digest nc=1 qop=auth",
                                      "Digest nc=1, nc=2",
                                      "Digest opaque=\"\", opaque=\"\"",
                                      "Digest uri=\"/x",
                                      "Digest uri=\"/x\\",
                                      "Digest uri=\"/x\\\"",
                                      "Digest uri=\"/x\"y",
                                      "Digest uri=\"/x\" nc=1",
                                      "Digest nc=\"1\"\"2\"",
                                      "Digest nc=a\"b\""};
    struct digest_credentials digest;
    (void)state;

    for (size_t i = 0; i < WB_COUNT(bad); i++)
        if (digest_credentials_read(slice_of(bad[i]), &digest))
            fail_msg("`%s` was taken", bad[i]);
}

static void test_backslashes_have_a_limit(void **state)
{
    struct digest_credentials digest;
    char *text = wb_format("Digest username=\"\\%0*d\"", DIGEST_VALUE_MAX, 1);
    (void)state;

    assert_true(digest_credentials_read(slice_of(text), &digest));
    assert_int_equal(digest.username.len, DIGEST_VALUE_MAX);
    free(text);
    text = wb_format("Digest username=\"\\%0*d\"", DIGEST_VALUE_MAX + 1, 1);
    assert_false(digest_credentials_read(slice_of(text), &digest));
    free(text);
    text = wb_format("Digest uri=\"%0*d\"", 10000, 1); /* nothing to be unquoted */
    assert_true(digest_credentials_read(slice_of(text), &digest));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_basic_is_a_name_and_a_password),
        cmocka_unit_test(test_what_is_not_basic_is_none),
        cmocka_unit_test(test_basic_has_a_limit),
        cmocka_unit_test(test_digest_parameters_are_read),
        cmocka_unit_test(test_what_is_not_digest_is_none),
        cmocka_unit_test(test_backslashes_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
