/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/net/address.h"
#include "waybill/base/error.h"
#include <netinet/in.h>
#include <sys/socket.h>

static void test_addresses_are_read_and_written(void **state)
{
    static const struct {
        const char *text, *ip;
    } good[] = {
        {"10.0.0.1", "10.0.0.1"},         {"0.0.0.0", "0.0.0.0"},
        {"255.109.10.9", "255.109.10.9"}, {"::1", "::1"},
        {"[2001:DB8::a]", "2001:db8::a"}, {"::ffff:192.0.2.7", "192.0.2.7"},
        {"::ffff:c000:207", "192.0.2.7"}, {"[::ffff:192.0.2.7]", "192.0.2.7"},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(good); i++) {
        struct address address, again;
        struct sockaddr_storage storage;
        char ip[ADDRESS_TEXT_SIZE];
        assert_true(address_parse(slice_of(good[i].text), 80, &address));
        assert_int_equal(address_format_ip(&address, ip), strlen(good[i].ip));
        assert_string_equal(ip, good[i].ip);
        address_to_sockaddr(&address, &storage);
        assert_true(address_from_sockaddr((struct sockaddr *)&storage, &again));
        assert_memory_equal(&address, &again, sizeof address);
    }
}

static void test_what_is_no_address_is_refused(void **state)
{
    static const char *const bad[] = {"",         "1.2.3",      "1.2.3.4.5",    "01.2.3.4x", "256.0.0.1", " 1.2.3.4",
                                      "1.2.3.4 ", "localhost",  "fe80::1%eth0", "[::1",      "::1]",      "[]",
                                      "[::1]:80", "1.2.3.4:80", ":::",          "12345::",   "1.2.3.4/8"};
    struct address address;
    (void)state;

    for (size_t i = 0; i < WB_COUNT(bad); i++)
        if (address_parse(slice_of(bad[i]), 0, &address))
            fail_msg("`%s` was taken for an address", bad[i]);
    assert_false(address_parse(slice_make("1.2.3.4\0x", 9), 0, &address));
}

static void test_a_port_may_follow_what_a_proxy_says(void **state)
{
    static const struct {
        const char *text, *ip; /* NULL: none */
    } cases[] = {
        {"10.0.0.1", "10.0.0.1"},
        {"10.0.0.1:80", "10.0.0.1"},
        {"10.0.0.1:", "10.0.0.1"},
        {"::1", "::1"},
        {"[::1]", "::1"},
        {"[::1]:80", "::1"},
        {"[2001:db8::a]:8", "2001:db8::a"},
        {"2001:db8::a", "2001:db8::a"},
        {":80", NULL},
        {"", NULL},
        {"10.0.0.1:80:80", NULL},
        {"[::1]80", NULL},
        {"host:80", NULL},
        {"]:1", NULL},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        struct address address;
        char ip[ADDRESS_TEXT_SIZE] = "";
        bool is_one = address_parse_forwarded(slice_of(cases[i].text), &address);
        if (is_one)
            address_format_ip(&address, ip);
        if (is_one != (cases[i].ip != NULL) || (is_one && strcmp(ip, cases[i].ip) != 0))
            fail_msg("`%s`: `%s`", cases[i].text, ip);
    }
}

static bool lies_in(const char *network_text, const char *address_text)
{
    struct network network;
    struct address address;

    assert_true(network_parse(slice_of(network_text), &network));
    assert_true(address_parse(slice_of(address_text), 0, &address));
    return networks_have(&network, 1, &address);
}

static void test_networks_have_what_lies_in_them(void **state)
{
    (void)state;
    assert_true(lies_in("10.0.0.0/8", "10.255.0.1"));
    assert_false(lies_in("10.0.0.0/8", "11.0.0.1"));
    assert_true(lies_in("192.0.2.7", "192.0.2.7"));
    assert_false(lies_in("192.0.2.7", "192.0.2.6"));
    assert_true(lies_in("192.0.2.128/25", "192.0.2.200"));
    assert_false(lies_in("192.0.2.128/25", "192.0.2.127"));
    assert_true(lies_in("192.0.2.254/31", "192.0.2.255"));
    assert_true(lies_in("0.0.0.0/0", "203.0.113.9"));
    assert_false(lies_in("0.0.0.0/0", "2001:db8::1"));
    assert_true(lies_in("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(lies_in("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(lies_in("::1/128", "::1"));
    /* The same address in its two spellings. */
    assert_true(lies_in("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert_true(lies_in("::ffff:10.0.0.0/104", "10.1.2.3"));
    assert_false(lies_in("::ffff:10.0.0.0/104", "11.1.2.3"));
    assert_true(lies_in("10.1.2.3/8", "10.9.9.9")); /* host bits count as zero */
}

static void test_what_is_no_network_is_refused(void **state)
{
    static const char *const bad[] = {
        "",        "/8",       "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",        "10.0.0.0/8/8",      "10.0.0.0/ 8",
        "::1/129", "10.0.0/8", "host/8",    "10.0.0.0/8x", "10.0.0.0/255.0.0.0", "::ffff:10.0.0.0/95"};
    struct network network;
    (void)state;

    for (size_t i = 0; i < WB_COUNT(bad); i++)
        if (network_parse(slice_of(bad[i]), &network))
            fail_msg("`%s` was taken for a network", bad[i]);
}

static void test_loopback(void **state)
{
    static const char *const yes[] = {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}, *const no[] = {"128.0.0.1",
                                                                                                           "::2", "10.0.0.1",
                                                                                                           "7f00::1"};
    struct address address;
    (void)state;

    for (size_t i = 0; i < WB_COUNT(yes); i++)
        assert_true(address_parse(slice_of(yes[i]), 0, &address) && address_is_loopback(&address));
    for (size_t i = 0; i < WB_COUNT(no); i++)
        assert_true(address_parse(slice_of(no[i]), 0, &address) && !address_is_loopback(&address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_are_read_and_written),      cmocka_unit_test(test_what_is_no_address_is_refused),
        cmocka_unit_test(test_a_port_may_follow_what_a_proxy_says), cmocka_unit_test(test_networks_have_what_lies_in_them),
        cmocka_unit_test(test_what_is_no_network_is_refused),       cmocka_unit_test(test_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
