/* SPDX-License-Identifier: MIT */
#include "settings/read_words.h"
#include "waybill/base/clock.h"
#include "waybill/settings/healthcheck.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

/* A router that answers one request with what it is told. */
struct router {
    int listener;
    uint16_t port;
    const char *answer; /* NULL: never answers */
    bool in_single_bytes;
    char request[512];
    pthread_t thread;
};

static void send_answer(const struct router *router, int number)
{
    size_t len = strlen(router->answer), step = router->in_single_bytes ? 1 : len;
    for (size_t at = 0; at < len; at += step) {
        if (send(number, router->answer + at, step, MSG_NOSIGNAL) < 0)
            return;
        if (router->in_single_bytes)
            usleep(500);
    }
}

static void *answer_once(void *arg)
{
    struct router *router = arg;
    size_t len = 0;
    int number = accept(router->listener, NULL, NULL);
    if (number < 0)
        return NULL;
    while (!strstr(router->request, "\r\n\r\n") && len < sizeof router->request - 1) {
        ssize_t got = recv(number, router->request + len, sizeof router->request - 1 - len, 0);
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    if (router->answer) {
        send_answer(router, number);
    } else {
        char rest;
        (void)!recv(number, &rest, 1, 0); /* until the asker gives up */
    }
    close(number);
    return NULL;
}

static void router_open(struct router *router, const char *answer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    *router = (struct router){.answer = answer};
    router->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(router->listener, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(listen(router->listener, 1), 0);
    assert_int_equal(getsockname(router->listener, (struct sockaddr *)&address, &bytes), 0);
    router->port = ntohs(address.sin_port);
}

static int ask(struct router *router, const char *host, uint64_t timeout_ms, struct text *out_line)
{
    char *address = wb_format("%s:%u", host, (unsigned)router->port);
    assert_int_equal(pthread_create(&router->thread, NULL, answer_once, router), 0);
    int code = healthcheck_ask(slice_of(address), SLICE("/ping"), timeout_ms, out_line);
    pthread_join(router->thread, NULL);
    close(router->listener);
    free(address);
    return code;
}

static void expect_line(struct text *line, const struct router *router, const char *before, const char *after)
{
    char *wanted = router ? wb_format("%s127.0.0.1:%u%s", before, (unsigned)router->port, after)
                          : wb_format("%s%s", before, after);
    assert_string_equal(text_slice(line).ptr, wanted);
    free(wanted);
    text_fini(line);
}

static void test_a_router_that_answers_200_is_healthy(void **state)
{
    (void)state;
    struct router router;
    struct text line = TEXT_EMPTY;
    router_open(&router, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    assert_int_equal(ask(&router, "127.0.0.1", 5000, &line), 0);
    expect_line(&line, &router, "OK: http://", "/ping\n");
    assert_true(slice_starts(slice_of(router.request), SLICE("HEAD /ping HTTP/1.1\r\nHost: 127.0.0.1:")));
    assert_true(slice_ends(slice_of(router.request), SLICE("\r\n\r\n")));
}

static void test_an_answer_may_come_in_single_bytes(void **state)
{
    (void)state;
    struct router router;
    struct text line = TEXT_EMPTY;
    router_open(&router, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    router.in_single_bytes = true;
    assert_int_equal(ask(&router, "127.0.0.1", 5000, &line), 0);
    text_fini(&line);
}

static void test_an_address_of_all_interfaces_is_asked_on_loopback(void **state)
{
    (void)state;
    static const char *const hosts[] = {"", "0.0.0.0"};
    for (size_t i = 0; i < WB_COUNT(hosts); i++) {
        struct router router;
        struct text line = TEXT_EMPTY;
        router_open(&router, "HTTP/1.1 200 OK\r\n\r\n");
        assert_int_equal(ask(&router, hosts[i], 5000, &line), 0);
        expect_line(&line, &router, "OK: http://", "/ping\n");
    }
}

static void test_another_status_is_unhealthy_and_shown(void **state)
{
    (void)state;
    struct router router;
    struct text line = TEXT_EMPTY;
    router_open(&router, "HTTP/1.1 503 Service Unavailable\r\n\r\n");
    assert_int_equal(ask(&router, "127.0.0.1", 5000, &line), 1);
    expect_line(&line, NULL, "Bad healthcheck status: 503 Service Unavailable\n", "");
    router_open(&router, "HTTP/1.0 404 \x1b[31mred\r\n\r\n");
    assert_int_equal(ask(&router, "127.0.0.1", 5000, &line), 1);
    expect_line(&line, NULL, "Bad healthcheck status: 404 \\x1b[31mred\n", "");
}

static void test_what_is_no_http_answer_is_unhealthy(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "",    "200\r\n", "HTTP/1.1 200", "HTTP/1.1 2000 OK\r\n", "HTTP/1.1 20\r\n", "SSH-2.0-x\r\n", "HTTP/1.1 xyz OK\r\n",
        "\r\n"};
    for (size_t i = 0; i < WB_COUNT(answers); i++) {
        struct router router;
        struct text line = TEXT_EMPTY;
        router_open(&router, answers[i]);
        assert_int_equal(ask(&router, "127.0.0.1", 5000, &line), 1);
        expect_line(&line, &router, "Error calling healthcheck: Head http://", "/ping: malformed answer\n");
    }
}

static void test_a_silent_router_is_given_up_in_time(void **state)
{
    (void)state;
    struct router router;
    struct text line = TEXT_EMPTY;
    uint64_t start = clock_monotonic_ms();
    router_open(&router, NULL);
    assert_int_equal(ask(&router, "127.0.0.1", 100, &line), 1);
    assert_in_range(clock_monotonic_ms() - start, 100, 4000);
    assert_non_null(strstr(line.ptr, "timed out"));
    text_fini(&line);
}

static void test_a_port_where_nobody_listens_is_unhealthy(void **state)
{
    (void)state;
    struct router router;
    struct text line = TEXT_EMPTY;
    router_open(&router, "");
    close(router.listener);
    char *address = wb_format(":%u", (unsigned)router.port);
    assert_int_equal(healthcheck_ask(slice_of(address), SLICE("/ping"), 5000, &line), 1);
    expect_line(&line, &router, "Error calling healthcheck: Head http://", "/ping: Connection refused\n");
    free(address);
}

static void test_without_ping_there_is_nothing_to_ask(void **state)
{
    (void)state;
    struct text line = TEXT_EMPTY;
    expect_ok(read_words("healthcheck"));
    assert_int_equal(healthcheck_run(&settings, false, &line), 1);
    expect_line(&line, NULL, "Error calling healthcheck: please enable `ping` to use health check\n", "");
    expect_ok(read_words("healthcheck", "--ping.entryPoint=nowhere"));
    assert_int_equal(healthcheck_run(&settings, false, &line), 1);
    expect_line(&line, NULL, "Error calling healthcheck: missing `ping` entrypoint\n", "");
}

/* The entrypoint of that name is where the router answers. */
static void expect_asked(const char *flag, const char *name)
{
    struct router router;
    struct text line = TEXT_EMPTY;
    router_open(&router, "HTTP/1.1 200 OK\r\n\r\n");
    char *word = wb_format("--entryPoints=Name:%s Address::%u", name, (unsigned)router.port);
    expect_ok(read_words("healthcheck", flag, word));
    assert_int_equal(pthread_create(&router.thread, NULL, answer_once, &router), 0);
    assert_int_equal(healthcheck_run(&settings, false, &line), 0);
    pthread_join(router.thread, NULL);
    close(router.listener);
    expect_line(&line, &router, "OK: http://", "/ping\n");
    free(word);
}

static void test_the_entrypoint_of_ping_is_asked(void **state)
{
    (void)state;
    expect_asked("--ping.entryPoint=admin", "admin");
}

static void test_the_api_is_asked_where_ping_is_not_on(void **state)
{
    (void)state;
    expect_asked("--api", "traefik");
}

static void write_words(char path[], const char *bytes, size_t len)
{
    int number = mkstemp(path);
    assert_true(number >= 0);
    assert_int_equal(write(number, bytes, len), (ssize_t)len);
    close(number);
}

static void expect_container_words(const char *cmdline, size_t len, const char *wanted)
{
    char path[] = "/tmp/waybill-words-XXXXXX";
    struct container_words words;
    struct text joined = TEXT_EMPTY;

    write_words(path, cmdline, len);
    container_words_read(path, &words);
    for (int i = 0; i < words.argc; i++)
        text_addf(&joined, "%s%s", i ? " " : "", words.argv[i]);
    assert_string_equal(joined.ptr, wanted);
    text_fini(&joined);
    container_words_fini(&words);
    unlink(path);
}

#define WORDS(text) text, sizeof(text)

static void test_the_container_has_the_words_of_its_router(void **state)
{
    (void)state;
    expect_container_words(WORDS("/waybill\0--docker\0--api.entryPoint=x"),
                           "waybill healthcheck --docker --api.entryPoint=x");
    expect_container_words(WORDS("/sbin/docker-init\0--\0/waybill\0--docker"), "waybill healthcheck --docker");
    expect_container_words(WORDS("/waybill"), "waybill healthcheck");
    expect_container_words(WORDS("/bin/sh\0-c\0something"), "waybill healthcheck --ping");
    expect_container_words("", 0, "waybill healthcheck --ping");
}

static void test_in_a_container_nothing_to_ask_is_health(void **state)
{
    (void)state;
    struct text line = TEXT_EMPTY;
    expect_ok(read_words("healthcheck", "--docker"));
    assert_int_equal(healthcheck_run(&settings, true, &line), 0);
    expect_line(&line, NULL, "OK: neither ping nor the API is on, there is nothing to ask\n", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        READING_TEST(test_the_container_has_the_words_of_its_router),
        READING_TEST(test_the_api_is_asked_where_ping_is_not_on),
        READING_TEST(test_in_a_container_nothing_to_ask_is_health),
        READING_TEST(test_a_router_that_answers_200_is_healthy),
        READING_TEST(test_an_answer_may_come_in_single_bytes),
        READING_TEST(test_an_address_of_all_interfaces_is_asked_on_loopback),
        READING_TEST(test_another_status_is_unhealthy_and_shown),
        READING_TEST(test_what_is_no_http_answer_is_unhealthy),
        READING_TEST(test_a_silent_router_is_given_up_in_time),
        READING_TEST(test_a_port_where_nobody_listens_is_unhealthy),
        READING_TEST(test_without_ping_there_is_nothing_to_ask),
        READING_TEST(test_the_entrypoint_of_ping_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
