/* SPDX-License-Identifier: MIT */
#include "waybill/callout/callout.h"
#include "lib/fake_server.h"
#include "waybill/base/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char socket_path[80];

struct scene {
    struct fake_server server;
    struct callout *callout;
    atomic_int at_once, most_at_once, requests;
};

static const char events[] = "{\"a\":1}\n{\"b\":22}\r\n\n{\"c\":\"three\"}\n";

static void write_in_pieces(int fd, size_t piece)
{
    for (struct slice rest = slice_of(events); rest.len; rest = slice_from(rest, piece))
        fake_write_chunk(fd, slice_head(rest, piece));
}

static bool answer(struct fake_server *server, int fd, const char *method, const char *target)
{
    struct scene *scene = server->arg;
    int now = atomic_fetch_add(&scene->at_once, 1) + 1;

    atomic_fetch_add(&scene->requests, 1);
    if (now > atomic_load(&scene->most_at_once))
        atomic_store(&scene->most_at_once, now);
    assert_string_equal(method, "GET");
    if (strcmp(target, "/slow") == 0)
        usleep(20000);
    if (strcmp(target, "/hang") == 0)
        fake_hold(server, fd);
    atomic_fetch_sub(&scene->at_once, 1);
    if (strncmp(target, "/cut/", 5) == 0) {
        fake_begin_stream(fd);
        write_in_pieces(fd, (size_t)atoi(target + 5));
        return false;
    }
    if (strcmp(target, "/open") == 0) {
        fake_begin_stream(fd);
        fake_write_chunk(fd, SLICE("one\ntw"));
        fake_hold(server, fd);
        return false;
    }
    if (strcmp(target, "/short") == 0) {
        fake_write(fd, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"));
        return false;
    }
    if (strcmp(target, "/moved") == 0) {
        fake_write(fd, SLICE("HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n"));
        return true;
    }
    fake_write_json(fd, strcmp(target, "/missing") == 0 ? 404 : 200, target);
    return true;
}

static int set_up(void **state)
{
    struct scene *scene = wb_alloc(sizeof *scene);
    char *endpoint, *error = NULL;

    snprintf(socket_path, sizeof socket_path, "/tmp/callout_test_%d.sock", (int)getpid());
    fake_server_start(&scene->server, socket_path, answer, scene);
    endpoint = wb_format("unix://%s", socket_path);
    scene->callout = callout_create(slice_of(endpoint), NULL, &error);
    assert_non_null(scene->callout);
    free(endpoint);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    callout_destroy(&scene->callout);
    fake_server_stop(&scene->server);
    unlink(socket_path);
    free(scene);
    return 0;
}

static struct callout_get get_of(const char *target)
{
    return (struct callout_get){.target = slice_of(target), .body_limit = 1000, .timeout_ms = 5000};
}

static void test_get_brings_status_and_body(void **state)
{
    struct scene *scene = *state;
    struct callout_get gets[] = {get_of("/ok"), get_of("/missing"), get_of("/moved")};

    assert_int_equal(callout_get_all(scene->callout, gets, 3, 1), CALLOUT_OK);
    assert_int_equal(gets[0].status, 200);
    assert_string_equal(gets[0].body.ptr, "/ok");
    assert_int_equal(gets[1].status, 404);
    assert_string_equal(gets[1].body.ptr, "/missing");
    assert_int_equal(gets[2].status, 302); /* never followed */
    for (size_t i = 0; i < 3; i++)
        callout_get_fini(&gets[i]);
}

static void test_gets_go_in_parallel_but_no_more_than_asked_for(void **state)
{
    struct scene *scene = *state;
    struct callout_get gets[20];

    for (size_t i = 0; i < 20; i++)
        gets[i] = get_of("/slow");
    assert_int_equal(callout_get_all(scene->callout, gets, 20, 4), CALLOUT_OK);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(gets[i].status, 200);
        callout_get_fini(&gets[i]);
    }
    assert_in_range(atomic_load(&scene->most_at_once), 2, 4);
}

/* One hangs; the others are told of as they end, and what is waited for in between is not disturbed. */
static void test_calls_that_were_begun_end_one_by_one(void **state)
{
    struct scene *scene = *state;
    struct callout_get hangs = get_of("/hang"), slow = get_of("/slow"), between = get_of("/ok");

    callout_begin(scene->callout, &hangs);
    callout_begin(scene->callout, &slow);
    assert_int_equal(callout_get_all(scene->callout, &between, 1, 1), CALLOUT_OK);
    assert_int_equal(between.status, 200);
    for (int i = 0; i < 100 && !slow.ended; i++)
        assert_int_equal(callout_wait(scene->callout, 1000), CALLOUT_OK);
    assert_int_equal(slow.status, 200);
    assert_false(hangs.ended);
    callout_disconnect(scene->callout); /* drops it */
    assert_false(hangs.ended);
    callout_get_fini(&hangs);
    callout_get_fini(&slow);
    callout_get_fini(&between);
}

static void test_a_body_over_the_limit_is_an_error_that_names_the_place(void **state)
{
    struct scene *scene = *state;
    struct callout_get get = get_of("/ok");

    get.body_limit = 2;
    assert_int_equal(callout_get_all(scene->callout, &get, 1, 1), CALLOUT_OK);
    assert_int_equal(get.status, 0);
    assert_non_null(strstr(get.error.ptr, socket_path));
    assert_non_null(strstr(get.error.ptr, "longer than 2 bytes"));
    callout_get_fini(&get);
}

static void test_a_body_that_is_cut_off_is_an_error(void **state)
{
    struct scene *scene = *state;
    struct callout_get get = get_of("/short");

    assert_int_equal(callout_get_all(scene->callout, &get, 1, 1), CALLOUT_OK);
    assert_int_equal(get.status, 0);
    callout_get_fini(&get);
}

static void test_a_call_ends_at_its_timeout(void **state)
{
    struct scene *scene = *state;
    struct callout_get get = get_of("/hang");
    uint64_t start = clock_monotonic_ms();

    get.timeout_ms = 100;
    assert_int_equal(callout_get_all(scene->callout, &get, 1, 1), CALLOUT_OK);
    assert_int_equal(get.status, 0);
    assert_true(clock_monotonic_ms() - start < 2000);
    callout_get_fini(&get);
}

/* All lines of a stream, joined by bars. */
static char *lines_of(struct callout *callout)
{
    struct text all = TEXT_EMPTY;
    struct slice line;

    for (enum callout_outcome outcome = CALLOUT_OK; outcome == CALLOUT_OK;) {
        outcome = callout_wait(callout, 1000);
        while (callout_stream_line(callout, &line)) {
            text_add(&all, line);
            text_add_char(&all, '|');
        }
    }
    return text_take(&all);
}

static void test_lines_of_a_stream_are_the_same_however_it_is_cut(void **state)
{
    struct scene *scene = *state;

    for (size_t piece = 1; piece <= sizeof events; piece++) {
        char *target = wb_format("/cut/%zu", piece);
        assert_int_equal(callout_stream_open(scene->callout, slice_of(target), 2000), CALLOUT_OK);
        char *lines = lines_of(scene->callout);
        assert_string_equal(lines, "{\"a\":1}|{\"b\":22}||{\"c\":\"three\"}|");
        assert_non_null(strstr(callout_error(scene->callout), "stream"));
        free(lines);
        free(target);
    }
}

static void test_gets_work_while_a_stream_is_open_and_its_lines_are_kept(void **state)
{
    struct scene *scene = *state;
    struct callout_get get = get_of("/ok");
    struct slice line;

    assert_int_equal(callout_stream_open(scene->callout, SLICE("/open"), 2000), CALLOUT_OK);
    assert_int_equal(callout_get_all(scene->callout, &get, 1, 1), CALLOUT_OK);
    assert_int_equal(get.status, 200);
    callout_get_fini(&get);
    assert_int_equal(callout_wait(scene->callout, 1000), CALLOUT_OK);
    assert_true(callout_stream_line(scene->callout, &line));
    assert_true(slice_eq(line, SLICE("one")));
    assert_false(callout_stream_line(scene->callout, &line)); /* "tw" is no whole line */
}

static void test_a_stream_that_is_refused_says_so(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(callout_stream_open(scene->callout, SLICE("/missing"), 2000), CALLOUT_FAILED);
    assert_non_null(strstr(callout_error(scene->callout), "/missing"));
    assert_non_null(strstr(callout_error(scene->callout), "404"));
}

static void *stop_soon(void *arg)
{
    usleep(50000);
    callout_stop(arg);
    return NULL;
}

static void test_another_thread_stops_whatever_is_waited_for(void **state)
{
    static const char *const kinds[] = {"wait", "get", "stream"};

    for (size_t i = 0; i < WB_COUNT(kinds); i++) {
        struct scene *scene = *state;
        struct callout_get get = get_of("/hang");
        char *endpoint = wb_format("unix://%s", socket_path), *error = NULL;
        struct callout *callout = callout_create(slice_of(endpoint), NULL, &error);
        uint64_t start = clock_monotonic_ms();
        pthread_t thread;

        (void)scene;
        free(endpoint);
        assert_int_equal(pthread_create(&thread, NULL, stop_soon, callout), 0);
        enum callout_outcome outcome = i == 0   ? callout_wait(callout, 60000)
                                       : i == 1 ? callout_get_all(callout, &get, 1, 1)
                                                : callout_stream_open(callout, SLICE("/hang"), 60000);
        pthread_join(thread, NULL);
        assert_int_equal(outcome, CALLOUT_STOPPED);
        assert_true(clock_monotonic_ms() - start < 900);
        assert_int_equal(callout_wait(callout, 60000), CALLOUT_STOPPED); /* and from now on */
        callout_get_fini(&get);
        callout_destroy(&callout);
    }
}

static void test_a_socket_file_that_was_replaced_is_seen(void **state)
{
    struct scene *scene = *state;

    assert_false(callout_place_was_replaced(scene->callout));
    fake_server_stop(&scene->server);
    char *old = wb_format("%s.old", socket_path);
    rename(socket_path, old);                                 /* keeps the inode taken */
    assert_false(callout_place_was_replaced(scene->callout)); /* nobody there yet */
    fake_server_start(&scene->server, socket_path, answer, scene);
    assert_true(callout_place_was_replaced(scene->callout));
    callout_disconnect(scene->callout);
    assert_false(callout_place_was_replaced(scene->callout));
    unlink(old);
    free(old);
}

static void test_an_endpoint_that_is_none_is_refused_with_a_hint(void **state)
{
    static const char *const bad[] = {"",          "docker.sock", "unix://",   "unix://relative",
                                      "https://x", "tcp://",      "tcp://a/b", "tcp://a b"};
    static const char *const good[] = {"unix:///var/run/docker.sock", "/var/run/docker.sock", "tcp://127.0.0.1:2375",
                                       "http://h:1/", "tcp://[::1]:2375"};

    (void)state;
    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        char *error = NULL;
        assert_null(callout_create(slice_of(bad[i]), NULL, &error));
        assert_non_null(strstr(error, "write "));
        free(error);
    }
    for (size_t i = 0; i < WB_COUNT(good); i++) {
        char *error = NULL;
        struct callout *callout = callout_create(slice_of(good[i]), NULL, &error);
        assert_non_null(callout);
        callout_destroy(&callout);
    }
}

static void test_tls_is_for_hosts_and_https_needs_it(void **state)
{
    const struct callout_tls tls = {.options = "docker.tls", .insecure_skip_verify = true};
    static const char *const good[] = {"tcp://127.0.0.1:2376", "http://h:1/", "https://h:1"};
    char *error = NULL;

    (void)state;
    for (size_t i = 0; i < WB_COUNT(good); i++) {
        struct callout *callout = callout_create(slice_of(good[i]), &tls, &error);
        assert_non_null(callout);
        callout_destroy(&callout);
    }
    assert_null(callout_create(SLICE("unix:///var/run/docker.sock"), &tls, &error));
    assert_non_null(strstr(error, "leave out docker.tls, or write tcp://host:port"));
    free(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_get_brings_status_and_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gets_go_in_parallel_but_no_more_than_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_calls_that_were_begun_end_one_by_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_body_over_the_limit_is_an_error_that_names_the_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_body_that_is_cut_off_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_call_ends_at_its_timeout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lines_of_a_stream_are_the_same_however_it_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gets_work_while_a_stream_is_open_and_its_lines_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_stream_that_is_refused_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_thread_stops_whatever_is_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_socket_file_that_was_replaced_is_seen, set_up, tear_down),
        cmocka_unit_test(test_tls_is_for_hosts_and_https_needs_it),
        cmocka_unit_test(test_an_endpoint_that_is_none_is_refused_with_a_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
