/* SPDX-License-Identifier: MIT */
/* Real workers on loopback: one of them checks a server, all of them know the result, whatever snapshots come meanwhile. Says most
 * when run under TSan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/clock.h"
#include "waybill/route/compile.h"
#include "waybill/worker/worker.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORKERS = 4, INTERVAL_MS = 100, PATIENCE_MS = 10000 };

/* Answers one connection after the other, each once. */
struct origin {
    int listening;
    uint16_t port;
    pthread_t thread;
    atomic_uint status, checks;
    atomic_bool stop;
};

struct rig {
    struct origin origin;
    struct entrypoint entrypoint;
    struct model_entrypoint outer;
    int sockets[WORKERS];
    uint16_t ports[WORKERS];
    struct worker *workers[WORKERS];
    struct compiler *compiler;
    pthread_mutex_t lock; /* of what was retired */
    struct snapshot *retired[64];
    size_t retired_count;
};

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int number = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(number, (struct sockaddr *)&to, sizeof to), 0);
    return number;
}

/* All until the end, or until the head is there. */
static size_t receive(int number, char *out, size_t size)
{
    size_t len = 0;

    while (len < size - 1) {
        ssize_t got = recv(number, out + len, size - 1 - len, 0);
        if (got <= 0)
            break;
        len += (size_t)got;
        out[len] = '\0';
        if (strstr(out, "\r\n\r\n"))
            break;
    }
    out[len] = '\0';
    return len;
}

static void *run_origin(void *arg)
{
    struct origin *origin = arg;
    char head[4096], answer[100];

    for (;;) {
        int number = accept(origin->listening, NULL, NULL);
        if (atomic_load(&origin->stop)) {
            close(number);
            return NULL;
        }
        receive(number, head, sizeof head);
        bool is_check = strncmp(head, "GET /health ", 12) == 0;
        if (is_check)
            atomic_fetch_add(&origin->checks, 1);
        int len = snprintf(answer, sizeof answer, "HTTP/1.1 %u X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                           is_check ? atomic_load(&origin->status) : 200);
        (void)!send(number, answer, (size_t)len, MSG_NOSIGNAL);
        close(number);
    }
}

static void origin_start(struct origin *origin)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;

    atomic_store(&origin->status, 200);
    origin->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(origin->listening, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(origin->listening, 128), 0);
    assert_int_equal(getsockname(origin->listening, (struct sockaddr *)&at, &size), 0);
    origin->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&origin->thread, NULL, run_origin, origin), 0);
}

static void origin_stop(struct origin *origin)
{
    atomic_store(&origin->stop, true);
    close(connect_to(origin->port));
    pthread_join(origin->thread, NULL);
    close(origin->listening);
}

static void on_retired(struct snapshot *snapshot, void *arg)
{
    struct rig *rig = arg;

    pthread_mutex_lock(&rig->lock);
    rig->retired[rig->retired_count++] = snapshot;
    pthread_mutex_unlock(&rig->lock);
}

static void free_retired(struct rig *rig)
{
    pthread_mutex_lock(&rig->lock);
    while (rig->retired_count)
        compiler_free_snapshot(rig->compiler, rig->retired[--rig->retired_count]);
    pthread_mutex_unlock(&rig->lock);
}

/* The route, and another one whose name says `round`. */
static void publish(struct rig *rig, unsigned round)
{
    struct fragment *fragment = fragment_create(SLICE("file"));
    struct arena *arena = &fragment->arena;
    struct model model = {.count = 0};
    struct diagnostics diagnostics;

    fragment->backends = ARENA_NEW(arena, struct model_backend);
    fragment->backend_count = 1;
    fragment->backends[0] = (struct model_backend){.name = SLICE("b"),
                                                   .servers = ARENA_NEW(arena, struct model_server),
                                                   .server_count = 1,
                                                   .health_check = ARENA_NEW(arena, struct model_health_check)};
    *fragment->backends[0].health_check = (struct model_health_check){.path = SLICE("/health"), .interval = SLICE("100ms")};
    fragment->backends[0].servers[0] = (struct model_server){
        .name = SLICE("s"), .url = slice_of(arena_format(arena, "http://127.0.0.1:%u", rig->origin.port)), .weight = 1};
    fragment->frontends = ARENA_ARRAY(arena, struct model_frontend, 2);
    fragment->frontend_count = 2;
    for (unsigned i = 0; i < 2; i++) {
        struct model_frontend *frontend = &fragment->frontends[i];
        frontend->name = slice_of(arena_format(arena, "f%u", i ? round + 1 : 0));
        frontend->backend = SLICE("b");
        slices_add(arena, &frontend->entrypoints, SLICE("http"));
        frontend->routes = ARENA_NEW(arena, struct model_route);
        frontend->route_count = 1;
        frontend->routes[0].rule = slice_of(arena_format(arena, "Host:%u.test", i ? round + 1 : 0));
    }
    fragment_sort(fragment);
    model_replace(&model, &fragment);
    diagnostics_init(&diagnostics);
    struct snapshot *snapshot = compiler_compile(rig->compiler, &model, &diagnostics);
    diagnostics_fini(&diagnostics);
    model_fini(&model);
    for (unsigned i = 0; i < WORKERS; i++) {
        struct snapshot *given = snapshot_ref(snapshot);
        worker_adopt(rig->workers[i], &given);
    }
    snapshot_unref(&snapshot);
    free_retired(rig);
}

static void start(struct rig *rig)
{
    *rig = (struct rig){.outer = {.name = SLICE("http")}, .entrypoint = {.name = SLICE("http")}};
    pthread_mutex_init(&rig->lock, NULL);
    origin_start(&rig->origin);
    rig->compiler = compiler_create(&(struct compile_options){
        .entrypoints = &rig->outer, .entrypoint_count = 1, .retire = on_retired, .retire_arg = rig});
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(listen_open(SLICE("127.0.0.1"), 0, &rig->sockets[i], 1, &rig->ports[i]), 0);
        rig->workers[i] = worker_create(&(struct worker_options){
            .number = i + 1,
            .entrypoints = &rig->entrypoint,
            .entrypoint_count = 1,
            .listening = &rig->sockets[i],
            .upstream = {.worker = i, .workers = WORKERS, .idle_timeout_ms = 1000},
            .entry = {.head_timeout_ms = 10000, .idle_timeout_ms = 60000, .limits = h1_default_limits},
            .body_timeout_ms = 60000,
            .clients_max = 100,
            .peers = rig->workers,
            .peer_count = WORKERS,
            .host_name = SLICE("waybill"),
        });
    }
    for (unsigned i = 0; i < WORKERS; i++)
        assert_int_equal(worker_start(rig->workers[i]), 0);
}

static void stop(struct rig *rig)
{
    for (unsigned i = 0; i < WORKERS; i++)
        worker_drain(rig->workers[i]);
    for (unsigned i = 0; i < WORKERS; i++)
        worker_join(rig->workers[i]);
    for (unsigned i = 0; i < WORKERS; i++)
        worker_destroy(&rig->workers[i]);
    free_retired(rig);
    assert_int_equal(compiler_live_snapshots(rig->compiler), 0);
    compiler_destroy(&rig->compiler);
    origin_stop(&rig->origin);
    pthread_mutex_destroy(&rig->lock);
}

static unsigned ask(const struct rig *rig, unsigned worker)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: 0.test\r\nConnection: close\r\n\r\n";
    char head[4096];
    uint64_t status = 0;
    int number = connect_to(rig->ports[worker]);

    assert_int_equal(send(number, request, sizeof request - 1, MSG_NOSIGNAL), (ssize_t)sizeof request - 1);
    if (receive(number, head, sizeof head) > 12)
        (void)slice_to_u64(slice_make(head + 9, 3), 999, &status);
    close(number);
    return (unsigned)status;
}

/* Until every worker says so; snapshots change under them all the time. */
static void await_all(struct rig *rig, unsigned status, unsigned *round)
{
    uint64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;

    for (unsigned agreed = 0; agreed < WORKERS;) {
        assert_true(clock_monotonic_ms() < until_ms);
        publish(rig, ++*round);
        agreed = 0;
        for (unsigned i = 0; i < WORKERS; i++)
            agreed += ask(rig, i) == status;
    }
}

static void test_one_worker_checks_and_all_know(void **state)
{
    struct rig rig;
    unsigned round = 0;
    (void)state;

    start(&rig);
    uint64_t begun_ms = clock_monotonic_ms();
    for (unsigned turn = 0; turn < 3; turn++) {
        await_all(&rig, 200, &round);
        atomic_store(&rig.origin.status, 500);
        await_all(&rig, 503, &round);
        atomic_store(&rig.origin.status, 200);
    }
    await_all(&rig, 200, &round);
    usleep(500000);
    unsigned passed = (unsigned)(clock_monotonic_ms() - begun_ms);
    print_message("%u checks in %u ms, %u snapshots\n", atomic_load(&rig.origin.checks), passed, round);
    assert_in_range(atomic_load(&rig.origin.checks), 7,
                    passed / INTERVAL_MS + 2); /* not so many for each worker or snapshot */
    stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_worker_checks_and_all_know)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
