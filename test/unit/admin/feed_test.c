/* SPDX-License-Identifier: MIT */
/* /api/events over real workers: readers come and go on their threads while main tells them what changes. Says most when run under
 * TSan; the sim test of the same events says what they are. */
#include "ask.h"
#include "waybill/model/board.h"
#include "waybill/model/diagnostic.h"
#include "waybill/net/loop.h"
#include "waybill/worker/worker.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { WORKERS = 3, READERS = 8, RUN_MS = 1500 };

struct rig {
    struct entrypoint entrypoint;
    struct worker *workers[WORKERS];
    const struct exchange_counters *counters[WORKERS];
    uint16_t port;
    struct loop *loop; /* main's: this thread's */
    struct board *board;
    struct admin *admin;
    struct deadline look;
    unsigned looks;
    atomic_bool over;
    atomic_uint hellos, diagnostics, ends;
};

/* -1: the doors are closed. */
static int connect_to(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 10};
    int number = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(number, (struct sockaddr *)&to, sizeof to) != 0) {
        close(number);
        return -1;
    }
    setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return number;
}

static unsigned count_in(const char *text, const char *part)
{
    unsigned count = 0;

    for (; (text = strstr(text, part)); text++)
        count++;
    return count;
}

/* Reads for so many reads, or to the end. */
static void listen_once(struct rig *rig, unsigned reads)
{
    static const char request[] = "GET /api/events HTTP/1.1\r\nHost: a\r\n\r\n";
    char text[8192];
    int number = connect_to(rig->port);

    if (number < 0)
        return;
    (void)send(number, request, sizeof request - 1, MSG_NOSIGNAL);
    for (unsigned i = 0; i < reads; i++) {
        ssize_t got = recv(number, text, sizeof text - 1, 0);
        if (got <= 0)
            break;
        text[got] = '\0';
        atomic_fetch_add(&rig->hellos, count_in(text, "event: hello"));
        atomic_fetch_add(&rig->diagnostics, count_in(text, "event: diagnostics"));
        atomic_fetch_add(&rig->ends, count_in(text, "event: end"));
    }
    close(number);
}

static void *read_events(void *arg)
{
    struct rig *rig = arg;

    for (unsigned turn = 1; !atomic_load(&rig->over); turn++)
        listen_once(rig, turn % 7);
    return NULL;
}

static void *read_to_the_end(void *arg)
{
    listen_once(arg, UINT32_MAX);
    return NULL;
}

static void say_something(struct rig *rig)
{
    struct diagnostics list;

    diagnostics_init(&list);
    diagnostics_add(&list, DIAGNOSTIC_WARNING, SLICE("somewhere"), "something, for the %uth time", rig->looks);
    board_set_diagnostics(rig->board, SLICE("routes"), &list);
    diagnostics_fini(&list);
}

static void on_look(struct deadline *deadline)
{
    struct rig *rig = WB_CONTAINER_OF(deadline, struct rig, look);

    if (rig->looks++ < RUN_MS / 20) {
        say_something(rig);
        loop_set_deadline_in(rig->loop, &rig->look, 20);
        return;
    }
    atomic_store(&rig->over, true);
    admin_drain(rig->admin);
    for (size_t i = 0; i < WORKERS; i++)
        worker_drain(rig->workers[i]);
    uv_loop_stop(rig->loop);
}

static void start(struct rig *rig)
{
    int sockets[WORKERS];

    rig->entrypoint = (struct entrypoint){.name = SLICE("traefik"), .has_local = true};
    rig->loop = uv_loop_create(rig);
    rig->board = board_create();
    rig->admin = admin_create(&(struct admin_options){
        .api = true, .counters = rig->counters, .counter_count = WORKERS, .board = rig->board, .loop = rig->loop});
    assert_int_equal(listen_open(SLICE("127.0.0.1"), 0, sockets, WORKERS, &rig->port), 0);
    for (size_t i = 0; i < WORKERS; i++) {
        rig->workers[i] = worker_create(&(struct worker_options){
            .number = (unsigned)i + 1,
            .entrypoints = &rig->entrypoint,
            .entrypoint_count = 1,
            .listening = &sockets[i],
            .entry = {.head_timeout_ms = 10000, .idle_timeout_ms = 60000, .limits = h1_default_limits},
            .body_timeout_ms = 60000,
            .clients_max = 1000,
            .clients_reserved = 10,
            .peers = rig->workers,
            .peer_count = WORKERS,
            .local = admin_routes(rig->admin),
            .host_name = SLICE("waybill"),
        });
        rig->counters[i] = worker_counters(rig->workers[i]);
    }
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(worker_start(rig->workers[i]), 0);
    deadline_init(&rig->look, on_look);
    loop_set_deadline_in(rig->loop, &rig->look, 20);
}

static void stop(struct rig *rig)
{
    for (size_t i = 0; i < WORKERS; i++)
        worker_join(rig->workers[i]);
    for (size_t i = 0; i < WORKERS; i++)
        worker_destroy(&rig->workers[i]);
    loop_remove_deadline(rig->loop, &rig->look);
    uv_loop_destroy(&rig->loop);
    admin_destroy(&rig->admin);
    board_destroy(&rig->board);
}

static void test_readers_come_and_go_on_many_threads(void **state)
{
    struct rig *rig = wb_alloc(sizeof *rig);
    pthread_t threads[READERS];
    (void)state;

    start(rig);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i < 2 ? read_to_the_end : read_events, rig), 0);
    uv_loop_run_all(rig->loop);
    stop(rig);
    for (size_t i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    assert_true(atomic_load(&rig->hellos) > READERS);
    assert_true(atomic_load(&rig->diagnostics) > READERS);
    assert_true(atomic_load(&rig->ends) >= 2);
    free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_readers_come_and_go_on_many_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
