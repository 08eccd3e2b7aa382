/* SPDX-License-Identifier: MIT */
/* Lines in files: order, limits, disks that are full, files that are moved away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/clock.h"
#include "waybill/base/line_writer.h"
#include "waybill/base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/line_writer.XXXXXX";
static char path[100], moved[100];
static pthread_mutex_t said_lock = PTHREAD_MUTEX_INITIALIZER;
static struct text said; /* by the router's log */

static void hear(enum log_level level, const char *line, void *arg)
{
    (void)level;
    (void)arg;
    pthread_mutex_lock(&said_lock);
    text_addf(&said, "%s\n", line);
    pthread_mutex_unlock(&said_lock);
}

static int begin(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/line_writer.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a/b/access.log", folder);
    snprintf(moved, sizeof moved, "%s/a/b/access.log.1", folder);
    log_set_sink(hear, NULL);
    return 0;
}

static int end(void **state)
{
    char command[200];

    (void)state;
    log_set_sink(NULL, NULL);
    text_fini(&said);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
    return 0;
}

static bool has_said(const char *part)
{
    pthread_mutex_lock(&said_lock);
    bool has = said.ptr && strstr(said.ptr, part);
    pthread_mutex_unlock(&said_lock);
    return has;
}

static struct text read_file(const char *name)
{
    struct text all = TEXT_EMPTY;
    char part[4096];
    FILE *file = fopen(name, "r");

    assert_non_null(file);
    for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;)
        text_add(&all, slice_make(part, got));
    fclose(file);
    return all;
}

static void expect_file(const char *name, const char *wanted)
{
    struct text all = read_file(name);
    assert_string_equal(all.ptr ? all.ptr : "", wanted);
    text_fini(&all);
}

static struct line_writer *make(const char *name, size_t waiting_max, bool threadless)
{
    struct line_writer_options options = {.what = "access log", .waiting_max = waiting_max, .threadless = threadless};
    assert_int_equal(log_file_open(&options.file, slice_of(name)), 0);
    return line_writer_create(&options);
}

static void post(struct line_writer *writer, const char *lines, uint64_t count)
{
    struct text text = TEXT_EMPTY;

    text_add(&text, slice_of(lines));
    line_writer_post(writer, &text, count);
    assert_int_equal(text.len, 0);
    text_fini(&text);
}

static void test_lines_come_in_order_behind_what_is_there(void **state)
{
    (void)state;
    for (int threadless = 0; threadless < 2; threadless++) {
        struct line_writer *writer = make(path, 1000, threadless);
        for (int i = 0; i < 10; i++) {
            char line[20];
            snprintf(line, sizeof line, "%d.%d\n", threadless, i);
            post(writer, line, 1);
        }
        line_writer_destroy(&writer);
    }
    expect_file(path,
                "0.0\n0.1\n0.2\n0.3\n0.4\n0.5\n0.6\n0.7\n0.8\n0.9\n1.0\n1.1\n1.2\n1.3\n1.4\n1.5\n1.6\n1.7\n1.8\n1.9\n");
    assert_null(said.ptr);
}

static void test_what_waits_is_bounded(void **state)
{
    struct line_writer *writer = make(path, 10, true);
    (void)state;

    post(writer, "1\n2\n3\n4\n", 4);
    post(writer, "5\n6\n", 2);
    post(writer, "7\n", 1);
    assert_int_equal(line_writer_lost(writer), 2);
    assert_true(has_said("access log") && has_said(path) && has_said("lines are lost"));
    said.len = 0;
    post(writer, "8\n", 1);
    assert_int_equal(said.len, 0);
    line_writer_work(writer);
    post(writer, "9\n", 1); /* there is room again */
    line_writer_destroy(&writer);
    expect_file(path, "1\n2\n3\n4\n7\n9\n");
}

/* Memory that a worker has filled comes back to it; but not what one huge line has made of it, and not without bound. */
static void test_room_is_used_again(void **state)
{
    struct line_writer *writer = make(path, LINE_WRITER_WAITING_MAX, true);
    struct text lines = TEXT_EMPTY;
    const char *first, *got;
    int kept = 0;
    (void)state;

    text_add(&lines, SLICE("1\n"));
    first = lines.ptr;
    line_writer_post(writer, &lines, 1);
    assert_null(lines.ptr);
    line_writer_work(writer);
    text_add(&lines, SLICE("2\n"));
    line_writer_post(writer, &lines, 1);
    assert_ptr_equal(lines.ptr, first);
    assert_int_equal(lines.len, 0);
    text_reserve(&lines, 1024 * 1024);
    text_add(&lines, SLICE("3\n"));
    line_writer_post(writer, &lines, 1);
    line_writer_work(writer);
    for (int i = 0; i < 20; i++)
        post(writer, "4\n", 1);
    line_writer_work(writer);
    for (int i = 0; i < 20; i++) {
        text_add(&lines, SLICE("5\n"));
        line_writer_post(writer, &lines, 1);
        got = lines.ptr;
        assert_true(lines.capacity < 1024 * 1024);
        kept += got != NULL;
        text_fini(&lines);
    }
    assert_int_equal(kept, 4);
    line_writer_destroy(&writer);
    struct text all = read_file(path);
    assert_int_equal(all.len, 2 * 43);
    text_fini(&all);
}

static void test_a_full_disk_is_told_of_once(void **state)
{
    struct line_writer *writer = make("/dev/full", 1000, true);
    (void)state;

    post(writer, "1\n2\n", 2);
    line_writer_work(writer);
    assert_true(has_said("access log /dev/full: No space left on device: requests go on"));
    said.len = 0;
    for (int i = 0; i < 5; i++) {
        post(writer, "3\n", 1);
        line_writer_work(writer);
    }
    assert_int_equal(said.len, 0);
    assert_int_equal(line_writer_lost(writer), 7);
    line_writer_destroy(&writer);
}

/* The half of a line that went into the last room does not spoil the next one. */
static void test_when_there_is_room_again_lines_are_whole(void **state)
{
    struct line_writer *writer = make(path, 1000, true);
    struct rlimit limit, before;
    (void)state;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    post(writer, "first\nsecond\n", 2);
    post(writer, "third\n", 1);
    line_writer_work(writer);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(has_said("File too large"));
    post(writer, "fourth\n", 1);
    line_writer_work(writer);
    assert_true(has_said("can be written again; 2 lines were lost"));
    line_writer_destroy(&writer);
    expect_file(path, "first\nseco\nfourth\n");
}

static void test_a_file_that_was_moved_is_opened_anew(void **state)
{
    (void)state;
    for (int threadless = 0; threadless < 2; threadless++) {
        struct line_writer *writer = make(path, 1000, threadless);
        post(writer, "before\n", 1);
        if (threadless)
            line_writer_work(writer);
        assert_int_equal(rename(path, moved), 0);
        post(writer, "still old\n", 1);
        line_writer_reopen(writer);
        post(writer, "new\n", 1);
        line_writer_destroy(&writer);
        expect_file(moved, "before\nstill old\n");
        expect_file(path, "new\n");
        assert_int_equal(unlink(path), 0);
    }
}

static void test_a_file_that_cannot_be_opened_anew_goes_on(void **state)
{
    struct line_writer *writer = make(path, 1000, true);
    (void)state;

    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    line_writer_reopen(writer);
    post(writer, "on\n", 1);
    line_writer_destroy(&writer);
    assert_true(has_said("cannot be opened again: Is a directory"));
    expect_file(moved, "on\n");
}

static void test_a_path_that_cannot_be_is_refused(void **state)
{
    struct log_file file;
    char below[120];
    (void)state;

    assert_int_equal(log_file_open(&file, slice_of(path)), 0);
    log_file_close(&file);
    snprintf(below, sizeof below, "%s/c", path);
    assert_int_equal(log_file_open(&file, slice_of(below)), -ENOTDIR);
    assert_int_equal(log_file_open(&file, slice_of(folder)), -EISDIR);
}

static void *speak_between(void *arg)
{
    const int *fd = arg;
    char line[200];

    memset(line, '-', sizeof line);
    line[sizeof line - 1] = '\n';
    for (int i = 0; i < 5000; i++)
        assert_int_equal(write(*fd, line, sizeof line), sizeof line);
    return NULL;
}

/* As `docker logs` shows both of them: what others write to the same pipe stands between lines, never in one. */
static void test_in_a_pipe_lines_stay_whole_beside_those_of_others(void **state)
{
    enum { BATCHES = 50, LINES = 100 };
    struct line_writer_options options = {.what = "access log", .waiting_max = LINE_WRITER_WAITING_MAX};
    struct text lines = TEXT_EMPTY, all = TEXT_EMPTY;
    size_t mine = 0, others = 0;
    pthread_t thread;
    int ends[2];
    (void)state;

    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 8192) > 0); /* so that it is full most of the time */
    options.file.fd = ends[1];
    struct line_writer *writer = line_writer_create(&options);
    assert_int_equal(pthread_create(&thread, NULL, speak_between, &ends[1]), 0);
    for (int batch = 0; batch < BATCHES; batch++) {
        for (int i = 0; i < LINES; i++)
            text_addf(&lines, "%0250d\n", i);
        line_writer_post(writer, &lines, LINES);
    }
    while (all.len < BATCHES * LINES * 251 + 5000 * 200) {
        char part[1000];
        ssize_t got = read(ends[0], part, sizeof part);
        assert_true(got > 0);
        text_add(&all, slice_make(part, (size_t)got));
    }
    pthread_join(thread, NULL);
    line_writer_destroy(&writer);
    for (struct slice rest = text_slice(&all), line; rest.len && slice_cut(&rest, '\n', &line);) {
        mine += line.len == 250 && line.ptr[0] == '0';
        others += line.len == 199 && slice_find(line, '0') == line.len;
    }
    assert_int_equal(mine, BATCHES * LINES);
    assert_int_equal(others, 5000);
    text_fini(&all);
    close(ends[0]);
    close(ends[1]);
}

/* More than may wait, to a pipe that nobody reads. */
static struct line_writer *fill_a_pipe(int *out_reader)
{
    struct line_writer *writer;
    char *much = malloc(100001);

    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    *out_reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(*out_reader >= 0);
    writer = make(path, LINE_WRITER_WAITING_MAX, false);
    memset(much, 'x', 100000);
    much[100000] = '\0';
    for (int i = 0; i < 100; i++)
        post(writer, much, 1);
    free(much);
    return writer;
}

static void test_who_posts_does_not_wait_for_a_pipe_that_nobody_reads(void **state)
{
    int reader;
    struct line_writer *writer = fill_a_pipe(&reader);
    (void)state;

    assert_true(line_writer_lost(writer) > 0 && has_said("bufferingSize"));
    signal(SIGPIPE, SIG_IGN);
    close(reader);
    line_writer_destroy(&writer);
    assert_true(has_said("Broken pipe"));
}

static void test_the_end_does_not_wait_for_a_pipe_that_nobody_reads(void **state)
{
    int reader; /* stays open: so the thread hangs until the program ends */
    struct line_writer *writer = fill_a_pipe(&reader);
    uint64_t from_ms = clock_monotonic_ms();
    (void)state;

    line_writer_destroy(&writer);
    assert_null(writer);
    assert_true(clock_monotonic_ms() - from_ms < 10000);
}

static void *write_lines(void *arg)
{
    struct line_writer *writer = arg;

    for (int i = 0; i < 1000; i++)
        post(writer, "0123456789012345678901234567890123456789\n", 1);
    return NULL;
}

static void test_lines_of_many_threads_stay_whole(void **state)
{
    struct line_writer *writer = make(path, LINE_WRITER_WAITING_MAX, false);
    pthread_t threads[4];
    size_t lines = 0;
    (void)state;

    for (size_t i = 0; i < WB_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, writer), 0);
    for (size_t i = 0; i < WB_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    line_writer_destroy(&writer);
    struct text all = read_file(path);
    for (struct slice rest = text_slice(&all), line; rest.len && slice_cut(&rest, '\n', &line); lines++)
        assert_true(slice_eq(line, SLICE("0123456789012345678901234567890123456789")));
    assert_int_equal(lines, 4000);
    text_fini(&all);
}

/* Who starts a router before whoever reads its log waits for nobody. */
static void test_a_fifo_that_nobody_reads_is_opened_at_once(void **state)
{
    struct log_file file;
    char fifo[sizeof folder + 16], bytes[8] = "";
    (void)state;

    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(log_file_open(&file, slice_of(fifo)), 0);
    assert_int_equal(fcntl(file.fd, F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(write(file.fd, "abc\n", 4), 4);
    int reader = open(fifo, O_RDONLY | O_NONBLOCK);
    assert_int_equal(read(reader, bytes, sizeof bytes), 4);
    assert_int_equal(log_file_reopen(&file), 0);
    assert_int_equal(write(file.fd, "def\n", 4), 4);
    assert_int_equal(read(reader, bytes, sizeof bytes), 4);
    assert_string_equal(bytes, "def\n");
    close(reader);
    log_file_close(&file);
}

static void *log_lines(void *arg)
{
    for (int i = 0; i < *(int *)arg; i++)
        wb_log_error("a line of some length, so that the pipe is full soon: %d", i);
    return NULL;
}

/* The router's log is a pipe that is read too seldom: threads that log go on, and later it is said what is missing. */
static void test_a_log_that_nobody_reads_holds_nobody_up(void **state)
{
    enum { THREADS = 4, LINES = 1000, MORE = 3 };
    char fifo[sizeof folder + 16], *bytes = wb_alloc(1 << 20);
    pthread_t threads[THREADS];
    int count = LINES, more = MORE;
    (void)state;

    log_set_sink(NULL, NULL);
    snprintf(fifo, sizeof fifo, "%s/log-fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    int reader = open(fifo, O_RDONLY | O_NONBLOCK);
    assert_int_equal(log_open(slice_of(fifo)), 0);
    uint64_t began_ms = clock_monotonic_ms();
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_lines, &count), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_in_range(clock_monotonic_ms() - began_ms, LOG_PATIENCE_MS / 2, 20 * LOG_PATIENCE_MS);
    ssize_t before = read(reader, bytes, 1 << 20);
    assert_true(before > 0 && bytes[before - 1] == '\n');
    log_lines(&more);
    bytes[0] = '\0';
    ssize_t after = read(reader, bytes, (1 << 20) - 1);
    bytes[after > 0 ? after : 0] = '\0';
    size_t written = 0;
    for (const char *at = bytes; (at = strchr(at, '\n')); at++)
        written++;
    assert_non_null(strstr(bytes, "lines were lost while nobody read the router's log"));
    assert_int_equal(written, 1 + MORE);
    close(reader);
    assert_int_equal(log_open(SLICE("")), 0);
    log_set_sink(hear, NULL);
    free(bytes);
}

static void test_the_routers_own_log_in_a_file_and_as_json(void **state)
{
    (void)state;
    log_set_sink(NULL, NULL);
    assert_int_equal(log_open(slice_of(path)), 0);
    wb_log_error("one \"%s\"", "\n\x1b[31m");
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(log_reopen(), 0);
    log_set_json(true);
    wb_log_error("two \"%s\"", "\n\xc2\x9b\xe2\x80\xae\xff");
    log_set_json(false);
    assert_int_equal(log_open(SLICE("/dev/null/x")), -ENOTDIR);
    assert_int_equal(log_open(SLICE("")), 0);
    struct text first = read_file(moved), second = read_file(path);
    assert_non_null(strstr(first.ptr, "Z\" level=error msg=\"one \\\"\\n\\x1b[31m\\\"\"\n"));
    assert_true(
        slice_starts(text_slice(&second),
                     SLICE("{\"level\":\"error\",\"msg\":\"two \\\"\\u000a\\u009b\\u202e\\ufffd\\\"\",\"time\":\"20")));
    text_fini(&first);
    text_fini(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines_come_in_order_behind_what_is_there, begin, end),
        cmocka_unit_test_setup_teardown(test_what_waits_is_bounded, begin, end),
        cmocka_unit_test_setup_teardown(test_room_is_used_again, begin, end),
        cmocka_unit_test_setup_teardown(test_a_full_disk_is_told_of_once, begin, end),
        cmocka_unit_test_setup_teardown(test_when_there_is_room_again_lines_are_whole, begin, end),
        cmocka_unit_test_setup_teardown(test_a_file_that_was_moved_is_opened_anew, begin, end),
        cmocka_unit_test_setup_teardown(test_a_file_that_cannot_be_opened_anew_goes_on, begin, end),
        cmocka_unit_test_setup_teardown(test_a_path_that_cannot_be_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_who_posts_does_not_wait_for_a_pipe_that_nobody_reads, begin, end),
        cmocka_unit_test_setup_teardown(test_in_a_pipe_lines_stay_whole_beside_those_of_others, begin, end),
        cmocka_unit_test_setup_teardown(test_the_end_does_not_wait_for_a_pipe_that_nobody_reads, begin, end),
        cmocka_unit_test_setup_teardown(test_lines_of_many_threads_stay_whole, begin, end),
        cmocka_unit_test_setup_teardown(test_a_fifo_that_nobody_reads_is_opened_at_once, begin, end),
        cmocka_unit_test_setup_teardown(test_a_log_that_nobody_reads_holds_nobody_up, begin, end),
        cmocka_unit_test_setup_teardown(test_the_routers_own_log_in_a_file_and_as_json, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
