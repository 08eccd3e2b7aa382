/* SPDX-License-Identifier: MIT */
/* Known answers: RFC 1321, RFC 3174, RFC 4231, and `openssl passwd -apr1`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/apr1.h"
#include "waybill/base/digest.h"
#include "waybill/base/error.h"
#include <stdio.h>

static void assert_hex(const unsigned char *bytes, size_t count, const char *wanted)
{
    char hex[65];
    for (size_t i = 0; i < count; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    assert_string_equal(hex, wanted);
}

static void test_hashes_are_those_of_the_standards(void **state)
{
    unsigned char sum[DIGEST_HMAC_BYTES];
    char hex[DIGEST_MD5_HEX];
    (void)state;

    digest_md5_hex(SLICE("abc"), hex);
    assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");
    digest_md5_hex(SLICE(""), hex);
    assert_string_equal(hex, "d41d8cd98f00b204e9800998ecf8427e");
    digest_sha1(SLICE("abc"), sum);
    assert_hex(sum, DIGEST_SHA1_BYTES, "a9993e364706816aba3e25717850c26c9cd0d89d");
    digest_hmac(SLICE("Jefe"), SLICE("what do ya want for nothing?"), sum);
    assert_hex(sum, sizeof sum, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void test_every_byte_counts_in_a_comparison(void **state)
{
    unsigned char one[33] = {0}, other[33] = {0};
    (void)state;

    assert_true(digest_equal(one, other, sizeof one));
    for (size_t i = 0; i < sizeof one; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            other[i] = (unsigned char)(1u << bit);
            assert_false(digest_equal(one, other, sizeof one));
            other[i] = 0;
        }
    assert_true(digest_equal("a", "b", 0));
}

static void test_apr1_is_that_of_htpasswd(void **state)
{
    static char hundred[101];
    memset(hundred, 'x', 100);
    const struct {
        const char *password, *salt, *sum;
    } cases[] = {
        {"", "a", "lsAcX0kKaMIVmrCtUuk5b0"},
        {"secret", "H6uskkkW", "NNBs2U5LAblMB3OM9KekS/"},
        {"a", "12345678", "68ZQVfPkWX/wcXr/41VxQ."},
        {"gr\xc3\xbcn", "x.Y/9", "a8waWgN9nCtf6rpc.BkPK1"},
        {"0123456789abcdef", "saltsalt", "noZiBycUL1t9WTQEO7/nr1"},
        {"0123456789abcdefg", "s", "vBGBjU5fyn8tTWt.U6c8s1"},
        {hundred, "abcdefgh", "9/cwT0JwksL/fA2yBHBE6/"},
    };
    char sum[APR1_SIZE];
    (void)state;

    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        apr1_hash(slice_of(cases[i].password), slice_of(cases[i].salt), sum);
        assert_string_equal(sum, cases[i].sum);
    }
}

static void test_apr1_has_room_for_the_longest_password(void **state)
{
    static char longest[APR1_PASSWORD_MAX];
    char sum[APR1_SIZE];
    (void)state;

    memset(longest, 'y', sizeof longest);
    apr1_hash(slice_make(longest, sizeof longest), SLICE("12345678"), sum);
    assert_int_equal(strlen(sum), APR1_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hashes_are_those_of_the_standards),
        cmocka_unit_test(test_every_byte_counts_in_a_comparison),
        cmocka_unit_test(test_apr1_is_that_of_htpasswd),
        cmocka_unit_test(test_apr1_has_room_for_the_longest_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
