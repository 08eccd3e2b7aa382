/* SPDX-License-Identifier: MIT */
/* A program whose thread hangs ends all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/clock.h"
#include "waybill/base/log.h"
#include "waybill/base/patience.h"
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 100, SLOW_MS = 10000 };

static void *hang(void *arg)
{
    (void)arg;
    for (;;)
        pause();
}

static void wait_for_a_thread_that_hangs(int says)
{
    pthread_t thread;

    dup2(says, STDOUT_FILENO);
    pthread_create(&thread, NULL, hang, NULL);
    patience_begin(WAIT_MS);
    pthread_join(thread, NULL);
    _exit(3);
}

static void test_a_program_does_not_wait_for_ever(void **state)
{
    uint64_t began_ms = clock_monotonic_ms();
    char said[300] = "";
    int pipe_ends[2], status;
    (void)state;

    assert_int_equal(pipe(pipe_ends), 0);
    pid_t child = fork();
    if (child == 0)
        wait_for_a_thread_that_hangs(pipe_ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_in_range(clock_monotonic_ms() - began_ms, WAIT_MS, SLOW_MS);
    assert_true(read(pipe_ends[0], said, sizeof said - 1) > 0);
    assert_non_null(strstr(said, "ending without a thread that does not"));
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void test_a_program_without_such_a_thread_goes_on(void **state)
{
    int status;
    (void)state;

    pid_t child = fork();
    if (child == 0) {
        patience_begin(WAIT_MS);
        patience_end();
        usleep(3 * WAIT_MS * 1000);
        _exit(3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_program_does_not_wait_for_ever),
                                       cmocka_unit_test(test_a_program_without_such_a_thread_goes_on)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
