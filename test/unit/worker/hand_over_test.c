/* SPDX-License-Identifier: MIT */
/* Real workers on loopback: a crowded one hands new connections to an idler peer, and doors close at the cap. No snapshot is
 * there, so ordinary requests are answered 503 and nothing else is needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/clock.h"
#include "waybill/worker/worker.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 120, WORKERS = 2, PATIENCE_MS = 5000 };

static size_t open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int number = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(number >= 0);
    assert_int_equal(connect(number, (struct sockaddr *)&to, sizeof to), 0);
    return number;
}

static void send_request(int number)
{
    static const char request[] = "GET /ping HTTP/1.1\r\nHost: a.test\r\n\r\n";
    assert_int_equal(send(number, request, sizeof request - 1, MSG_NOSIGNAL), (ssize_t)sizeof request - 1);
}

/* The status of the next answer, which comes in one piece; 0: none within the time. */
static unsigned await_status(int number, int within_ms)
{
    struct pollfd wanted = {.fd = number, .events = POLLIN};
    char answer[2048];
    uint64_t status = 0;

    if (poll(&wanted, 1, within_ms) != 1)
        return 0;
    ssize_t got = recv(number, answer, sizeof answer, 0);
    if (got > 12)
        (void)slice_to_u64(slice_make(answer + 9, 3), 999, &status);
    return (unsigned)status;
}

static unsigned ask(int number)
{
    send_request(number);
    return await_status(number, PATIENCE_MS);
}

static bool answer_ping(void *arg, const struct local_request *request, struct local_answer *out_answer)
{
    (void)arg;
    if (request->entrypoint != 1 || request->filtered)
        return false;
    *out_answer = (struct local_answer){.status = 200, .fixed_body = SLICE("OK")};
    return true;
}

struct rig {
    struct entrypoint entrypoints[2]; /* [1] has internal routes */
    int sockets[WORKERS][2];
    uint16_t ports[WORKERS][2];
    struct worker *workers[WORKERS];
    size_t worker_count;
};

static void create(struct rig *rig, size_t worker_count, size_t clients_max, size_t clients_reserved)
{
    *rig = (struct rig){.worker_count = worker_count};
    rig->entrypoints[0].name = SLICE("http");
    rig->entrypoints[1] = (struct entrypoint){.name = SLICE("traefik"), .has_local = true};
    for (size_t i = 0; i < worker_count; i++) {
        for (size_t e = 0; e < 2; e++)
            assert_int_equal(listen_open(SLICE("127.0.0.1"), 0, &rig->sockets[i][e], 1, &rig->ports[i][e]), 0);
        rig->workers[i] = worker_create(&(struct worker_options){
            .number = (unsigned)i + 1,
            .entrypoints = rig->entrypoints,
            .entrypoint_count = 2,
            .listening = rig->sockets[i],
            .entry = {.head_timeout_ms = 10000, .idle_timeout_ms = 60000, .limits = h1_default_limits},
            .body_timeout_ms = 60000,
            .clients_max = clients_max,
            .clients_reserved = clients_reserved,
            .peers = rig->workers,
            .peer_count = worker_count,
            .local = {.answer = answer_ping},
            .host_name = SLICE("waybill"),
        });
    }
}

static void start(struct rig *rig, size_t worker_count, size_t clients_max, size_t clients_reserved)
{
    create(rig, worker_count, clients_max, clients_reserved);
    for (size_t i = 0; i < worker_count; i++)
        assert_int_equal(worker_start(rig->workers[i]), 0);
}

static void stop(struct rig *rig)
{
    for (size_t i = 0; i < rig->worker_count; i++)
        worker_drain(rig->workers[i]);
    for (size_t i = 0; i < rig->worker_count; i++)
        worker_join(rig->workers[i]);
    for (size_t i = 0; i < rig->worker_count; i++)
        worker_destroy(&rig->workers[i]);
}

static uint64_t clients_of(const struct rig *rig, size_t worker)
{
    return cell_read(&worker_counters(rig->workers[worker])->clients);
}

static void test_a_crowded_worker_hands_connections_to_an_idler_one(void **state)
{
    struct rig rig;
    int clients[CLIENTS];
    (void)state;

    start(&rig, 1, 1000, 10);
    stop(&rig); /* libuv keeps two descriptors from its first loop on */
    size_t files = open_files();
    start(&rig, WORKERS, 1000, 10);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = connect_to(rig.ports[0][0]); /* nobody knocks at the second worker's doors */
        assert_int_equal(ask(clients[i]), 503);
    }
    uint64_t first = clients_of(&rig, 0), second = clients_of(&rig, 1);
    assert_int_equal(first + second, CLIENTS);
    assert_true(second > 0);
    print_message("%d and %d clients\n", (int)first, (int)second);
    assert_true(first <= second + second / 4 + 17);
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(ask(clients[i]), 503);
    assert_int_equal(clients_of(&rig, 0), first); /* a connection stays where it is */
    stop(&rig);
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(await_status(clients[i], PATIENCE_MS), 0); /* the end, not an answer */
        close(clients[i]);
    }
    assert_int_equal(open_files(), files);
}

/* They wait in the kernel's queue when the first worker starts, which hands over before the second has taken any. */
static void test_a_burst_is_shared_with_the_idler_worker(void **state)
{
    enum { RACE_MARGIN = 4 }; /* a peer's load is read in two steps */
    struct rig rig;
    int clients[CLIENTS];
    (void)state;

    create(&rig, WORKERS, 1000, 10);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = connect_to(rig.ports[0][0]);
        send_request(clients[i]);
    }
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(worker_start(rig.workers[i]), 0);
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(await_status(clients[i], PATIENCE_MS), 503);
    uint64_t first = clients_of(&rig, 0), second = clients_of(&rig, 1);
    print_message("%d and %d clients\n", (int)first, (int)second);
    assert_int_equal(first + second, CLIENTS);
    assert_true(first <= second + second / 4 + 17 + RACE_MARGIN);
    /* So it was when the last one was handed over. */
    assert_true(first + RACE_MARGIN > second - 1 + (second - 1) / 4 + 16);
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(ask(clients[i]), 503);
    assert_int_equal(clients_of(&rig, 0), first);
    stop(&rig);
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(await_status(clients[i], PATIENCE_MS), 0);
        close(clients[i]);
    }
}

static void test_at_the_cap_ordinary_doors_close_and_those_of_internal_routes_do_not(void **state)
{
    enum { MAX = 8, RESERVED = 2 };
    struct rig rig;
    int clients[MAX], waiting, reserved[RESERVED], beyond;
    (void)state;

    start(&rig, 1, MAX, RESERVED);
    for (size_t i = 0; i < MAX; i++) {
        clients[i] = connect_to(rig.ports[0][0]);
        assert_int_equal(ask(clients[i]), 503);
    }
    waiting = connect_to(rig.ports[0][0]);
    send_request(waiting);
    assert_int_equal(await_status(waiting, 200), 0);
    for (size_t i = 0; i < RESERVED; i++) {
        reserved[i] = connect_to(rig.ports[0][1]);
        assert_int_equal(ask(reserved[i]), 200);
    }
    beyond = connect_to(rig.ports[0][1]);
    send_request(beyond);
    assert_int_equal(await_status(beyond, 200), 0);
    close(clients[0]);
    close(clients[1]);
    close(reserved[0]);
    assert_int_equal(await_status(beyond, PATIENCE_MS), 200);
    close(beyond);
    close(reserved[1]);
    assert_int_equal(await_status(waiting, PATIENCE_MS), 503);
    close(waiting);
    for (size_t i = 2; i < MAX; i++)
        close(clients[i]);
    stop(&rig);
}

static void test_a_worker_answers_a_knock_once_it_has_opened_its_mail(void **state)
{
    struct rig rig;
    (void)state;

    create(&rig, 1, 100, 0);
    struct worker *worker = rig.workers[0];
    assert_true(worker_answered(worker)); /* nobody has knocked */
    worker_knock(worker);
    worker_knock(worker);
    assert_false(worker_answered(worker)); /* it does not run yet */
    assert_int_equal(worker_start(worker), 0);
    for (uint64_t end_ns = clock_monotonic_ns() + UINT64_C(5000000000); !worker_answered(worker);) {
        assert_true(clock_monotonic_ns() < end_ns);
        usleep(1000);
    }
    stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_worker_answers_a_knock_once_it_has_opened_its_mail),
        cmocka_unit_test(test_a_crowded_worker_hands_connections_to_an_idler_one),
        cmocka_unit_test(test_a_burst_is_shared_with_the_idler_worker),
        cmocka_unit_test(test_at_the_cap_ordinary_doors_close_and_those_of_internal_routes_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
