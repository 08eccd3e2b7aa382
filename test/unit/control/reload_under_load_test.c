/* SPDX-License-Identifier: MIT */
/* Real workers on loopback: snapshots are swapped while clients ask. Says most when run under TSan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/clock.h"
#include "waybill/control/control.h"
#include "waybill/exchange/filters.h"
#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORKERS = 2, CLIENTS = 4, SWAPS = 1000, SWAP_EVERY_MS = 2, PER_CONNECTION = 50, WARM_SWAPS = 300 };

/* An origin: a thread for each connection; answers with the request's X-Id. */
struct origin {
    int listening;
    uint16_t port;
    pthread_t thread;
    atomic_uint conns; /* threads that serve one */
    atomic_bool stop;
};

struct origin_conn {
    struct origin *origin;
    int fd;
};

struct client {
    pthread_t thread;
    uint16_t port;
    unsigned number;
    unsigned answered, failed;
    atomic_bool stop;
    char first_failure[200];
};

struct rig {
    struct loop *loop;
    struct worker *workers[WORKERS];
    struct control *control;
    struct entrypoint entrypoint;
    struct model_entrypoint outer;
    struct arena arena;
    int sockets[WORKERS];
    uint16_t port;
    struct origin origins[2];
    struct client clients[CLIENTS];
    pthread_t starter;
    struct deadline tick;
    unsigned swaps, waits;
    size_t heap_before, heap_after;
    size_t live_most, live_last;
    bool ended;
};

static bool send_all(int fd, const char *bytes, size_t count)
{
    while (count) {
        ssize_t wrote = send(fd, bytes, count, MSG_NOSIGNAL);
        if (wrote <= 0)
            return false;
        bytes += wrote;
        count -= (size_t)wrote;
    }
    return true;
}

/* One head; what is behind it must be nothing. */
static bool read_head(int fd, char *head, size_t size)
{
    size_t len = 0;
    while (len < size - 1) {
        ssize_t got = recv(fd, head + len, size - 1 - len, 0);
        if (got <= 0)
            return false;
        len += (size_t)got;
        head[len] = '\0';
        if (strstr(head, "\r\n\r\n"))
            return true;
    }
    return false;
}

static const char *id_of(const char *head)
{
    const char *id = strcasestr(head, "X-Id: ");
    return id ? id + 6 : "";
}

static void *serve_connection(void *arg)
{
    struct origin_conn *conn = arg;
    int fd = conn->fd;
    char head[4096], answer[256];

    while (read_head(fd, head, sizeof head)) {
        const char *id = id_of(head);
        int len = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nX-Id: %.*s\r\nContent-Length: 0\r\n\r\n",
                           (int)strcspn(id, "\r"), id);
        if (!send_all(fd, answer, (size_t)len))
            break;
    }
    close(fd);
    atomic_fetch_sub(&conn->origin->conns, 1);
    free(conn);
    return NULL;
}

static void *accept_connections(void *arg)
{
    struct origin *origin = arg;

    for (;;) {
        int fd = accept(origin->listening, NULL, NULL);
        if (fd < 0 || atomic_load(&origin->stop)) {
            if (fd >= 0)
                close(fd);
            return NULL;
        }
        pthread_t thread;
        struct origin_conn *conn = wb_alloc(sizeof *conn);
        *conn = (struct origin_conn){.origin = origin, .fd = fd};
        atomic_fetch_add(&origin->conns, 1);
        WB_REQUIRE(pthread_create(&thread, NULL, serve_connection, conn) == 0);
        pthread_detach(thread);
    }
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    WB_REQUIRE(fd >= 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static void origin_start(struct origin *origin)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;

    origin->listening = socket(AF_INET, SOCK_STREAM, 0);
    WB_REQUIRE(bind(origin->listening, (struct sockaddr *)&at, size) == 0 && listen(origin->listening, 128) == 0);
    WB_REQUIRE(getsockname(origin->listening, (struct sockaddr *)&at, &size) == 0);
    origin->port = ntohs(at.sin_port);
    WB_REQUIRE(pthread_create(&origin->thread, NULL, accept_connections, origin) == 0);
}

static void origin_stop(struct origin *origin)
{
    atomic_store(&origin->stop, true);
    int wake = connect_to(origin->port);
    pthread_join(origin->thread, NULL);
    if (wake >= 0)
        close(wake);
    while (atomic_load(&origin->conns)) /* the workers have closed them all */
        usleep(1000);
    close(origin->listening);
}

static bool ask(struct client *client, int fd, unsigned sequence)
{
    char request[200], head[4096] = "", expected[40];
    int len = snprintf(request, sizeof request, "GET /%u HTTP/1.1\r\nHost: a.test\r\nX-Id: %u.%u\r\n\r\n", sequence,
                       client->number, sequence);

    snprintf(expected, sizeof expected, "%u.%u\r", client->number, sequence);
    bool good = send_all(fd, request, (size_t)len) && read_head(fd, head, sizeof head) &&
                strncmp(head, "HTTP/1.1 200 ", 13) == 0 && strncmp(id_of(head), expected, strlen(expected)) == 0;
    if (!good && client->failed == 0)
        snprintf(client->first_failure, sizeof client->first_failure, "request %u: %.150s", sequence, head);
    return good;
}

static void *run_client(void *arg)
{
    struct client *client = arg;
    unsigned sequence = 0;

    while (!atomic_load(&client->stop)) {
        int fd = connect_to(client->port);
        for (unsigned i = 0; fd >= 0 && i < PER_CONNECTION && !atomic_load(&client->stop); i++) {
            if (ask(client, fd, sequence++)) {
                client->answered++;
                continue;
            }
            client->failed++;
            break;
        }
        if (fd < 0)
            client->failed++;
        else
            close(fd);
    }
    return NULL;
}

/* Each round gives another model: one server or two, and a frontend that comes and goes. */
static void deliver_round(struct rig *rig, unsigned round)
{
    struct fragment *fragment = fragment_create(SLICE("file"));
    struct arena *arena = &fragment->arena;

    fragment->backends = ARENA_NEW(arena, struct model_backend);
    fragment->backend_count = 1;
    fragment->backends[0] = (struct model_backend){.name = SLICE("b"),
                                                   .servers = ARENA_ARRAY(arena, struct model_server, 2)};
    for (unsigned i = 0; i < 2; i++)
        if (i == 0 || round % 3)
            fragment->backends[0].servers[fragment->backends[0].server_count++] = (struct model_server){
                .name = slice_of(arena_format(arena, "s%u", i)),
                .url = slice_of(arena_format(arena, "http://127.0.0.1:%u", rig->origins[i].port)),
                .weight = 1 + round % 2};
    fragment->frontends = ARENA_ARRAY(arena, struct model_frontend, 2);
    fragment->frontend_count = 2;
    for (unsigned i = 0; i < 2; i++) {
        struct model_frontend *frontend = &fragment->frontends[i];
        frontend->name = slice_of(arena_format(arena, "f%u", i ? round : 0));
        frontend->backend = SLICE("b");
        slices_add(arena, &frontend->entrypoints, SLICE("http"));
        frontend->routes = ARENA_NEW(arena, struct model_route);
        frontend->route_count = 1;
        frontend->routes[0].rule = i ? slice_of(arena_format(arena, "HostRegexp:{x:[a-z]+}%u.test", round))
                                     : SLICE("Host:a.test");
    }
    fragment_sort(fragment);
    control_sink(rig->control)
        ->deliver(control_sink(rig->control)->arg, SLICE("file"), &(struct delivery){.fragment = fragment});
}

static size_t heap_in_use(void)
{
    return mallinfo2().uordblks;
}

static void stop_clients(struct rig *rig)
{
    pthread_join(rig->starter, NULL);
    for (size_t i = 0; i < CLIENTS; i++)
        atomic_store(&rig->clients[i].stop, true);
    for (size_t i = 0; i < CLIENTS; i++)
        pthread_join(rig->clients[i].thread, NULL);
}

static void end(struct rig *rig)
{
    rig->ended = true;
    rig->live_last = control_live_snapshots(rig->control);
    for (size_t i = 0; i < WORKERS; i++)
        worker_drain(rig->workers[i]);
    for (size_t i = 0; i < WORKERS; i++)
        worker_join(rig->workers[i]);
    for (size_t i = 0; i < WORKERS; i++)
        worker_destroy(&rig->workers[i]);
    deadline_queue_remove(&rig->loop->deadlines, &rig->tick);
    control_destroy(&rig->control);
    uv_loop_stop(rig->loop);
}

static void on_tick(struct deadline *deadline)
{
    struct rig *rig = WB_CONTAINER_OF(deadline, struct rig, tick);
    size_t live = control_live_snapshots(rig->control);

    rig->live_most = live > rig->live_most ? live : rig->live_most;
    if (rig->swaps < SWAPS) {
        deliver_round(rig, ++rig->swaps);
        if (rig->swaps == WARM_SWAPS)
            rig->heap_before = heap_in_use();
    } else if (rig->waits == 0) {
        rig->heap_after = heap_in_use();
        stop_clients(rig);
        rig->waits++;
    } else if ((live == 1 && rig->waits > 5) || rig->waits++ > 500) {
        end(rig);
        return;
    }
    loop_set_deadline_in(rig->loop, &rig->tick, SWAP_EVERY_MS);
}

static void start_workers(struct rig *rig)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        struct worker_options options = {
            .number = i + 1,
            .entrypoints = &rig->entrypoint,
            .entrypoint_count = 1,
            .listening = &rig->sockets[i],
            .upstream = {.dial_timeout_ms = 5000, .idle_timeout_ms = 90000, .max_idle_per_server = 200},
            .entry = {.head_timeout_ms = 10000, .idle_timeout_ms = 180000, .limits = h1_default_limits},
            .body_timeout_ms = 60000,
            .clients_max = 1000,
            .peers = rig->workers,
            .peer_count = WORKERS,
            .host_name = SLICE("waybill"),
        };
        rig->workers[i] = worker_create(&options);
    }
    for (unsigned i = 0; i < WORKERS; i++)
        assert_int_equal(worker_start(rig->workers[i]), 0);
}

static void start_rig(struct rig *rig)
{
    struct diagnostics diagnostics;

    arena_init(&rig->arena, 0);
    rig->outer.name = SLICE("http");
    diagnostics_init(&diagnostics);
    entrypoint_compile(&rig->outer, 1, 0, &rig->arena, &diagnostics, &rig->entrypoint);
    diagnostics_fini(&diagnostics);
    for (size_t i = 0; i < 2; i++)
        origin_start(&rig->origins[i]);
    assert_int_equal(listen_open(SLICE("127.0.0.1"), 0, rig->sockets, WORKERS, &rig->port), 0);
    rig->loop = uv_loop_create(rig);
    start_workers(rig);
    rig->control = control_create(&(struct control_options){
        .loop = rig->loop,
        .compile = {.filters = exchange_filters, .entrypoints = &rig->outer, .entrypoint_count = 1},
        .workers = rig->workers,
        .worker_count = WORKERS,
    });
    deadline_init(&rig->tick, on_tick);
    deliver_round(rig, 0);
}

/* Until then the answer is 503, which would count as a lost request. */
static void await_first_snapshot(uint16_t port)
{
    struct client probe = {.port = port, .number = CLIENTS};
    uint64_t until_ms = clock_monotonic_ms() + 10000;
    bool answered = false;

    for (unsigned sequence = 0; !answered && clock_monotonic_ms() < until_ms; sequence++) {
        int fd = connect_to(port);
        answered = fd >= 0 && ask(&probe, fd, sequence);
        if (fd >= 0)
            close(fd);
        if (!answered)
            usleep(1000);
    }
}

static void *start_clients_soon(void *arg)
{
    struct rig *rig = arg;

    await_first_snapshot(rig->port);
    for (unsigned i = 0; i < CLIENTS; i++) {
        rig->clients[i].port = rig->port;
        rig->clients[i].number = i;
        WB_REQUIRE(pthread_create(&rig->clients[i].thread, NULL, run_client, &rig->clients[i]) == 0);
    }
    return NULL;
}

static void test_a_thousand_snapshots_under_load(void **state)
{
    static struct rig rig;
    uint64_t began_ms = clock_monotonic_ms();
    unsigned answered = 0;
    (void)state;

    start_rig(&rig);
    WB_REQUIRE(pthread_create(&rig.starter, NULL, start_clients_soon, &rig) == 0);
    loop_set_deadline_in(rig.loop, &rig.tick, 200);
    uv_loop_run_all(rig.loop);
    uv_loop_destroy(&rig.loop);
    for (size_t i = 0; i < 2; i++)
        origin_stop(&rig.origins[i]);
    for (size_t i = 0; i < CLIENTS; i++) {
        if (rig.clients[i].failed)
            fail_msg("client %zu: %u failed, %s", i, rig.clients[i].failed, rig.clients[i].first_failure);
        answered += rig.clients[i].answered;
    }
    assert_true(rig.ended);
    assert_int_equal(rig.swaps, SWAPS);
    assert_int_equal(rig.live_last, 1);
    assert_true(answered > 1000);
    print_message("%u answers, at most %zu snapshots at once, heap %+ld bytes in %d swaps, %llu ms\n", answered,
                  rig.live_most, (long)rig.heap_after - (long)rig.heap_before, SWAPS - WARM_SWAPS,
                  (unsigned long long)(clock_monotonic_ms() - began_ms));
#ifndef WB_SANITIZED
    assert_true(rig.heap_after < rig.heap_before + 512 * 1024);
#endif
    arena_fini(&rig.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_thousand_snapshots_under_load)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
