/* SPDX-License-Identifier: MIT */
/* What stands in a file, and what is no file at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "waybill/base/file_text.h"

enum { MOST = 40000 };

static void test_a_file_up_to_the_limit(void **state)
{
    char path[] = "/tmp/waybill-file-text-XXXXXX";
    int file = mkstemp(path);
    (void)state;

    for (size_t count = MOST - 1; count <= MOST + 1; count++) {
        struct text text = TEXT_EMPTY;
        text_add(&text, SLICE("before"));
        assert_int_equal(ftruncate(file, (off_t)count), 0);
        assert_int_equal(pwrite(file, "x", 1, (off_t)count - 1), 1);
        wb_err error = file_text_add(&text, slice_of(path), MOST);
        assert_int_equal(error, count <= MOST ? 0 : -EFBIG);
        if (!error)
            assert_true(text.len == 6 + count && slice_starts(text_slice(&text), SLICE("before")) &&
                        text.ptr[text.len - 1] == 'x');
        assert_int_equal(pwrite(file, "\0", 1, (off_t)count - 1), 1);
        text_fini(&text);
    }
    close(file);
    unlink(path);
}

static void test_what_is_none_is_not_waited_for(void **state)
{
    char *pipe = wb_format("/tmp/waybill-file-text-%d.pipe", (int)getpid());
    const struct {
        const char *path;
        wb_err error;
    } rows[] = {{"/nowhere/file", -ENOENT}, {"/tmp", -EISDIR}, {"/dev/zero", -EINVAL}, {"", -ENOENT}, {pipe, -EINVAL}};
    (void)state;

    assert_int_equal(mkfifo(pipe, 0600), 0);
    alarm(10);
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct text text = TEXT_EMPTY;
        assert_int_equal(file_text_add(&text, slice_of(rows[i].path), MOST), rows[i].error);
        text_fini(&text);
    }
    alarm(0);
    unlink(pipe);
    free(pipe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_up_to_the_limit),
        cmocka_unit_test(test_what_is_none_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
