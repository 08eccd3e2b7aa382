/* SPDX-License-Identifier: MIT */
/* One POST to a small server of its own: what goes there, what comes back, what does not. */
#include "waybill/callout/post.h"
#include "waybill/base/clock.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

struct server {
    int listening;
    unsigned port;
    pthread_t thread;
    const char *answer; /* NULL: says nothing until the client goes */
    size_t padding;     /* bytes behind the answer */
    char got[4096];
};

static void *serve(void *arg)
{
    struct server *server = arg;
    int fd = accept(server->listening, NULL, NULL);
    size_t len = 0;
    ssize_t got;

    while (!memmem(server->got, len, "END", 3) && (got = read(fd, server->got + len, sizeof server->got - 1 - len)) > 0)
        len += (size_t)got;
    if (server->answer) {
        assert_true(write(fd, server->answer, strlen(server->answer)) > 0);
        for (size_t i = 0; i < server->padding; i++)
            assert_int_equal(write(fd, "x", 1), 1);
    } else {
        char byte;
        while (read(fd, &byte, 1) > 0)
            continue;
    }
    close(fd);
    return NULL;
}

static void begin(struct server *server, const char *answer, size_t padding)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    *server = (struct server){.answer = answer, .padding = padding};
    server->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listening, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->listening, 4), 0);
    assert_int_equal(getsockname(server->listening, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void end(struct server *server)
{
    pthread_join(server->thread, NULL);
    close(server->listening);
}

static void post_to(unsigned port, struct callout_post *post)
{
    char *url = wb_format("http://127.0.0.1:%u/write?db=a", port);

    post->url = slice_of(url);
    post->content_type = SLICE("text/plain");
    post->body = SLICE("a\0b\nEND");
    callout_post(post);
    free(url);
}

static void test_a_post_and_its_answer(void **state)
{
    struct callout_post post = {.timeout_ms = 5000};
    struct server server;
    (void)state;

    begin(&server, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", 0);
    post_to(server.port, &post);
    end(&server);
    assert_int_equal(post.status, 404);
    assert_string_equal(post.answer.ptr, "none");
    assert_int_equal(post.error.len, 0);
    assert_non_null(strstr(server.got, "POST /write?db=a HTTP/1.1\r\n"));
    assert_non_null(strstr(server.got, "Content-Length: 7\r\n"));
    assert_non_null(strstr(server.got, "Content-Type: text/plain\r\n"));
    assert_non_null(memmem(server.got, sizeof server.got, "\r\n\r\na\0b\nEND", 11));
    callout_post_fini(&post);
}

static void test_of_a_long_answer_the_beginning_is_kept(void **state)
{
    struct callout_post post = {.timeout_ms = 5000};
    struct server server;
    (void)state;

    begin(&server, "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n", 70000);
    post_to(server.port, &post);
    end(&server);
    assert_int_equal(post.status, 200);
    assert_int_equal(post.answer.len, POST_ANSWER_MAX);
    callout_post_fini(&post);
}

static void test_what_does_not_answer_is_an_error(void **state)
{
    struct callout_post post = {.timeout_ms = 300};
    struct server server;
    (void)state;

    begin(&server, NULL, 0);
    post_to(server.port, &post);
    end(&server);
    assert_int_equal(post.status, 0);
    assert_true(post.error.len > 0);
    callout_post_fini(&post);
    post = (struct callout_post){.timeout_ms = 300};
    post_to(1, &post);
    assert_int_equal(post.status, 0);
    assert_non_null(strstr(post.error.ptr, "onnect"));
    callout_post_fini(&post);
    post = (struct callout_post){.url = SLICE("file:///etc/passwd"), .body = SLICE(""), .timeout_ms = 300};
    callout_post(&post);
    assert_int_equal(post.status, 0);
    assert_true(post.error.len > 0 && post.answer.len == 0);
    callout_post_fini(&post);
}

static void *stop_soon(void *arg)
{
    usleep(100000);
    atomic_store((atomic_bool *)arg, true);
    return NULL;
}

static void test_it_can_be_stopped(void **state)
{
    atomic_bool stopped = false;
    struct callout_post post = {.timeout_ms = 60000, .stopped = &stopped};
    struct server server;
    pthread_t thread;
    uint64_t began_ms = clock_monotonic_ms();
    (void)state;

    begin(&server, NULL, 0);
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stopped), 0);
    post_to(server.port, &post);
    assert_true(clock_monotonic_ms() - began_ms < 5000);
    assert_int_equal(post.status, 0);
    pthread_join(thread, NULL);
    end(&server);
    callout_post_fini(&post);
}

static void test_values_of_a_query_are_escaped(void **state)
{
    struct text out = TEXT_EMPTY;
    (void)state;

    callout_add_query(&out, slice_make("aZ9-._~ &=+\"\0\xc3", 13));
    assert_string_equal(out.ptr, "aZ9-._~%20%26%3D%2B%22%00");
    text_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_post_and_its_answer),
        cmocka_unit_test(test_of_a_long_answer_the_beginning_is_kept),
        cmocka_unit_test(test_what_does_not_answer_is_an_error),
        cmocka_unit_test(test_it_can_be_stopped),
        cmocka_unit_test(test_values_of_a_query_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
