/* SPDX-License-Identifier: MIT */
/* The CNAME record of a name, from the bytes of a DNS message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "dns_answer.h"
#include <stdlib.h>

/* Literals end with a NUL, which is the root of a name where one is wanted. */
#define HEAD(questions, answers) "\x12\x34\x81\x80\x00" questions "\x00" answers "\x00\x00\x00\x00"
#define QUESTION \
    "\x01"       \
    "b\x04"      \
    "test\x00\x00\x05\x00\x01"
#define OWNER      "\xc0\x0c" /* the name of the question */
#define CNAME(ttl) "\x00\x05\x00\x01" ttl

static struct dns_alias alias;

static enum dns_outcome read_exact(const char *bytes, size_t len, const char *name)
{
    char *copy = malloc(len); /* of that very size, for the sanitizer */

    memcpy(copy, bytes, len);
    enum dns_outcome outcome = dns_read_alias(slice_make(copy, len), slice_of(name), &alias);
    free(copy);
    return outcome;
}

#define READ(bytes) read_exact("" bytes, sizeof(bytes) - 1, "b.test")

static void test_a_record_gives_its_target_and_ttl(void **state)
{
    (void)state;
    assert_int_equal(READ(HEAD("\x01", "\x01") QUESTION OWNER CNAME("\x00\x00\x0e\x10") "\x00\x08\x01"
                                                                                        "A\x04"
                                                                                        "TEST\x00"),
                     DNS_ALIAS);
    assert_string_equal(alias.target, "a.test");
    assert_int_equal(alias.ttl_s, 3600);
    /* The target ends as the question does. */
    assert_int_equal(READ(HEAD("\x01", "\x01") QUESTION OWNER CNAME("\x00\x00\x00\x00") "\x00\x04\x01"
                                                                                        "a\xc0\x0e"),
                     DNS_ALIAS);
    assert_string_equal(alias.target, "a.test");
    assert_int_equal(alias.ttl_s, 0);
}

static void test_the_highest_bit_of_a_ttl_makes_it_zero(void **state)
{
    (void)state;
    assert_int_equal(READ(HEAD("\x01", "\x01") QUESTION OWNER CNAME("\x80\x00\x00\x01") "\x00\x04\x01"
                                                                                        "a\xc0\x0e"),
                     DNS_ALIAS);
    assert_int_equal(alias.ttl_s, 0);
}

/* Whoever answers may say more than was asked: what is said of other names is nothing to us. */
static void test_only_the_record_of_the_name_counts(void **state)
{
    (void)state;
    assert_int_equal(READ(HEAD("\x01", "\x02") QUESTION
                          "\x01"
                          "c\xc0\x0e" CNAME("\x00\x00\x00\x01") "\x00\x04\x01"
                                                                "x\xc0\x0e" OWNER CNAME("\x00\x00\x00\x02") "\x00\x04\x01"
                                                                                                            "a\xc0\x0e"),
                     DNS_ALIAS);
    assert_string_equal(alias.target, "a.test");
    assert_int_equal(READ(HEAD("\x01", "\x01") QUESTION "\x01"
                                                        "c\xc0\x0e" CNAME("\x00\x00\x00\x01") "\x00\x04\x01"
                                                                                              "x\xc0\x0e"),
                     DNS_NO_ALIAS);
    assert_int_equal(READ(HEAD("\x01", "\x01") QUESTION OWNER "\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\x7f\x00\x00\x01"),
                     DNS_NO_ALIAS);
    assert_int_equal(READ(HEAD("\x01", "\x01") QUESTION OWNER "\x00\x05\x00\x03\x00\x00\x00\x01\x00\x04\x01"
                                                              "a\xc0\x0e"),
                     DNS_NO_ALIAS); /* another class */
    assert_int_equal(READ(HEAD("\x01", "\x00") QUESTION), DNS_NO_ALIAS);
}

static void test_every_beginning_of_an_answer_is_refused(void **state)
{
    static const char whole[] = HEAD("\x01", "\x01") QUESTION OWNER CNAME("\x00\x00\x0e\x10") "\x00\x04\x01"
                                                                                              "a\xc0\x0e";
    (void)state;

    for (size_t len = 0; len < sizeof whole - 1; len++)
        assert_int_equal(read_exact(whole, len, "b.test"), DNS_MALFORMED);
}

static void test_names_in_circles_and_forwards_are_refused(void **state)
{
    (void)state;
    assert_int_equal(READ(HEAD("\x00", "\x01") "\xc0\x0c"), DNS_MALFORMED); /* to itself */
    assert_int_equal(READ(HEAD("\x00", "\x01") "\x01"
                                               "a\xc0\x0c"),
                     DNS_MALFORMED); /* to its begin */
    assert_int_equal(READ(HEAD("\x00", "\x01") "\xc0\x0e\x01"
                                               "a\x00"),
                     DNS_MALFORMED); /* forwards */
    assert_int_equal(READ(HEAD("\x01", "\x01") QUESTION "\x01"
                                                        "a\xc0\xff"),
                     DNS_MALFORMED); /* outside */
    assert_int_equal(READ(HEAD("\x00", "\x01") "\x40"
                                               "a\x00\x00\x05\x00\x01"),
                     DNS_MALFORMED); /* no such label */
}

static void test_targets_that_are_no_hosts_are_refused(void **state)
{
    (void)state;
    assert_int_equal(READ(HEAD("\x01", "\x01") QUESTION OWNER CNAME("\x00\x00\x00\x01") "\x00\x04\x01/\xc0\x0e"),
                     DNS_MALFORMED);
    assert_int_equal(READ(HEAD("\x01", "\x01") QUESTION OWNER CNAME("\x00\x00\x00\x01") "\x00\x04\x01\x00\xc0\x0e"),
                     DNS_MALFORMED);
    assert_int_equal(READ(HEAD("\x01", "\x01") QUESTION OWNER CNAME("\x00\x00\x00\x01") "\x00\x01\x00"), DNS_MALFORMED);
    /* Its length says otherwise. */
    assert_int_equal(READ(HEAD("\x01", "\x01") QUESTION OWNER CNAME("\x00\x00\x00\x01") "\x00\x05\x01"
                                                                                        "a\xc0\x0e\x00"),
                     DNS_MALFORMED);
}

static void test_a_name_longer_than_any_is_refused(void **state)
{
    char bytes[600] = HEAD("\x00", "\x01");
    size_t len = 12;
    (void)state;

    for (int i = 0; i < 4; i++) { /* 4 * 64 + 1 bytes: one label more than fits */
        bytes[len] = 63;
        memset(bytes + len + 1, 'a', 63);
        len += 64;
    }
    bytes[len++] = '\0';
    assert_int_equal(read_exact(bytes, len + 100, "b.test"), DNS_MALFORMED);
}

static void test_hosts(void **state)
{
    char longest[300];
    (void)state;

    assert_true(dns_is_host(SLICE("a.test")));
    assert_true(dns_is_host(SLICE("_acme.a-b.test")));
    assert_true(dns_is_host(SLICE("localhost")));
    assert_false(dns_is_host(SLICE("")));
    assert_false(dns_is_host(SLICE(".")));
    assert_false(dns_is_host(SLICE("a.test.")));
    assert_false(dns_is_host(SLICE("10.0.0.1")));
    assert_false(dns_is_host(SLICE("a.1")));
    assert_false(dns_is_host(SLICE("[::1]")));
    assert_false(dns_is_host(SLICE("a b.test")));
    assert_false(dns_is_host(SLICE("gr\xc3\xbcn.test")));
    memset(longest, 'a', sizeof longest);
    assert_true(dns_is_host(slice_make(longest, 63)));
    assert_false(dns_is_host(slice_make(longest, 64)));
    for (size_t i = 1; i < sizeof longest; i += 2)
        longest[i] = '.';
    assert_true(dns_is_host(slice_make(longest, 253)));
    assert_false(dns_is_host(slice_make(longest, 255)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_record_gives_its_target_and_ttl),
        cmocka_unit_test(test_the_highest_bit_of_a_ttl_makes_it_zero),
        cmocka_unit_test(test_only_the_record_of_the_name_counts),
        cmocka_unit_test(test_every_beginning_of_an_answer_is_refused),
        cmocka_unit_test(test_names_in_circles_and_forwards_are_refused),
        cmocka_unit_test(test_targets_that_are_no_hosts_are_refused),
        cmocka_unit_test(test_a_name_longer_than_any_is_refused),
        cmocka_unit_test(test_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
