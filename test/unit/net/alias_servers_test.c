/* SPDX-License-Identifier: MIT */
/* hostResolver.resolvConfig: who is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/error.h"
#include "waybill/net/alias.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct alias_servers servers;

/* What is wrong with a file of that text; free it. */
static char *read_text(const char *text)
{
    char path[] = "/tmp/alias_servers.XXXXXX";
    int file = mkstemp(path);

    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    char *problem = alias_servers_read(slice_of(path), &servers);
    unlink(path);
    return problem;
}

static void assert_server(size_t number, const char *ip, uint16_t port)
{
    char text[ADDRESS_TEXT_SIZE];

    assert_true(number < servers.count);
    text[address_format_ip(&servers.items[number], text)] = '\0';
    assert_string_equal(text, ip);
    assert_int_equal(servers.items[number].port, port);
}

static void test_servers_are_read_in_their_order(void **state)
{
    (void)state;
    assert_null(read_text("# nameserver 9.9.9.9\nsearch a.test\nnameserver 10.0.0.53\n nameserver\t2001:db8::53 # second\r\n"
                          "nameserver 127.0.0.1:5353\nnameserver 10.0.0.54\noptions ndots:2\n"));
    assert_int_equal(servers.count, 3); /* resolvers take no more */
    assert_server(0, "10.0.0.53", 53);
    assert_server(1, "2001:db8::53", 53);
    assert_server(2, "127.0.0.1", 5353);
    assert_null(read_text("nameserver [::1]:5353\nnameservers 1.2.3.4\nnameserver\n"));
    assert_int_equal(servers.count, 1);
    assert_server(0, "::1", 5353);
}

static void assert_problem(const char *text, const char *wanted)
{
    char *problem = read_text(text);

    assert_non_null(problem);
    if (!strstr(problem, wanted))
        fail_msg("%s: %s", text, problem);
    free(problem);
}

static void test_what_is_wrong_is_named(void **state)
{
    (void)state;
    assert_problem("search a.test\n", "names no server: add a line `nameserver ADDRESS`");
    assert_problem("", "names no server");
    assert_problem("nameserver dns.test\n", "`nameserver dns.test`: write an IP address");
    assert_problem("nameserver 127.0.0.1:0\n", "`nameserver 127.0.0.1:0`");
    assert_problem("nameserver 127.0.0.1:99999\n", "`nameserver 127.0.0.1:99999`");
    assert_problem("nameserver [::1]x:53\n", "`nameserver [::1]x:53`");
    char *problem = alias_servers_read(SLICE("/no/such/file"), &servers);
    assert_string_equal(problem, "/no/such/file: No such file or directory");
    free(problem);
    problem = alias_servers_read(SLICE("/tmp"), &servers);
    assert_string_equal(problem, "/tmp: Is a directory");
    free(problem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers_are_read_in_their_order),
        cmocka_unit_test(test_what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
