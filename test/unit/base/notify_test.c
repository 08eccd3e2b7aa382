/* SPDX-License-Identifier: MIT */
#include "waybill/base/notify.h"
#include "waybill/base/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A socket of that name, "@" for a NUL, and the environment that names it. */
static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int number = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    assert_int_equal(
        bind(number, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return number;
}

static void expect_message(int number, const char *wanted)
{
    char message[2048];
    ssize_t len = recv(number, message, sizeof message - 1, 0);

    assert_true(len >= 0);
    message[len] = '\0';
    assert_string_equal(message, wanted);
}

static void test_messages_reach_a_socket_file_and_a_name_that_is_none(void **state)
{
    char path[64], hidden[64];
    struct notify notify;
    (void)state;

    snprintf(path, sizeof path, "/tmp/waybill_notify_%ld", (long)getpid());
    snprintf(hidden, sizeof hidden, "@waybill_notify_%ld", (long)getpid());
    const char *const names[] = {path, hidden};
    for (size_t i = 0; i < WB_COUNT(names); i++) {
        int number = listen_at(names[i]);
        assert_true(notify_open(&notify));
        notify_send(&notify, "READY=1\nSTATUS=%s", "serving");
        expect_message(number, "READY=1\nSTATUS=serving");
        notify_close(&notify);
        close(number);
    }
    unlink(path);
}

static void test_nobody_who_wants_to_hear_is_no_error(void **state)
{
    static const char *const names[] = {"", "/", "relative", "@", "/tmp/waybill_nobody_listens_here"};
    char longest[256];
    struct notify notify;
    (void)state;

    unsetenv("NOTIFY_SOCKET");
    assert_false(notify_open(&notify));
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    setenv("NOTIFY_SOCKET", longest, 1);
    assert_false(notify_open(&notify));
    for (size_t i = 0; i < WB_COUNT(names); i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        assert_false(notify_open(&notify));
        assert_int_equal(notify.socket, -1);
        notify_send(&notify, "READY=1");
        notify_close(&notify);
    }
}

static void test_a_message_is_cut_and_one_that_nobody_takes_is_lost(void **state)
{
    char text[3000], path[64];
    struct notify notify;
    (void)state;

    snprintf(path, sizeof path, "/tmp/waybill_notify_%ld", (long)getpid());
    int number = listen_at(path);
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_true(notify_open(&notify));
    notify_send(&notify, "STATUS=%s", text);
    char got[4096];
    assert_int_equal(recv(number, got, sizeof got, 0), 1023);
    close(number);
    notify_send(&notify, "READY=1"); /* refused: no signal, no error */
    notify_close(&notify);
    unlink(path);
}

static void test_the_watchdog_is_asked_for_by_time_and_for_this_program_only(void **state)
{
    static const struct {
        const char *us, *pid;
        uint64_t ms;
    } cases[] = {
        {"30000000", NULL, 30000},
        {"30000000", "self", 30000},
        {"30000000", "1", 0},
        {"30000000", "x", 0},
        {"soon", NULL, 0},
        {"0", NULL, 0},
        {"1", NULL, 1},
        {NULL, NULL, 0},
    };
    char self[32], path[64];
    struct notify notify;
    (void)state;

    snprintf(self, sizeof self, "%ld", (long)getpid());
    snprintf(path, sizeof path, "/tmp/waybill_notify_%ld", (long)getpid());
    int number = listen_at(path);
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
        if (cases[i].us)
            setenv("WATCHDOG_USEC", cases[i].us, 1);
        if (cases[i].pid)
            setenv("WATCHDOG_PID", strcmp(cases[i].pid, "self") == 0 ? self : cases[i].pid, 1);
        assert_true(notify_open(&notify));
        assert_int_equal(notify.watchdog_ms, cases[i].ms);
        notify_close(&notify);
    }
    close(number);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_reach_a_socket_file_and_a_name_that_is_none),
        cmocka_unit_test(test_nobody_who_wants_to_hear_is_no_error),
        cmocka_unit_test(test_a_message_is_cut_and_one_that_nobody_takes_is_lost),
        cmocka_unit_test(test_the_watchdog_is_asked_for_by_time_and_for_this_program_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
