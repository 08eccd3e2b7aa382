/* SPDX-License-Identifier: MIT */
/*
 * Many frontends, each with a host, a path, a backend and a container of its own: what they may cost. Bounds of time are those of
 * a build that is not optimised, in CPU time; test/bench/scale.py asks the program with 100,000. Fragments are mapped, and not in
 * the bytes. With sanitizers there are fewer of them, and sizes say nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/model/diagnostic.h"
#include "waybill/route/compile.h"
#include "waybill/route/match.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef WB_SANITIZED
enum { FRONTENDS = 3000, RELOADS = 3, SIZES_COUNT = 0 };
#else
enum { FRONTENDS = 30000, RELOADS = 6, SIZES_COUNT = 1 };
#endif
enum { BYTES_MAX = 2100, FIRST_MS = 3000, CHANGE_MS = 500, MATCHES = 100000, MATCHES_MS = 1000 };

static struct model_entrypoint entrypoint = {.name = {"http", 4}};

static double cpu_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static size_t heap_bytes(void)
{
    struct mallinfo2 heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
}

static void on_retired(struct snapshot *snapshot, void *arg)
{
    *(struct snapshot **)arg = snapshot;
}

static void add_service(struct fragment *fragment, unsigned i, bool changed)
{
    struct arena *arena = &fragment->arena;
    struct model_frontend *frontend = &fragment->frontends[i];
    struct model_backend *backend = &fragment->backends[i];
    backend->name = slice_of(arena_format(arena, "backend-%u", i));
    backend->servers = ARENA_NEW(arena, struct model_server);
    backend->server_count = 1;
    *backend->servers = (struct model_server){
        .name = SLICE("server-1"),
        .weight = 1,
        .url = slice_of(arena_format(arena, "http://10.%u.%u.%u:%u", i >> 16, i >> 8 & 255, i & 255, changed ? 81 : 80)),
        .identity = slice_of(arena_format(arena, "%064x", i))};
    frontend->name = slice_of(arena_format(arena, "frontend-%u", i));
    frontend->backend = backend->name;
    frontend->since = 1 + i;
    frontend->routes = ARENA_NEW(arena, struct model_route);
    frontend->routes->rule = slice_of(arena_format(arena, "Host:service-%u.example.com;PathPrefix:/api", i));
    frontend->route_count = 1;
}

static struct fragment *make_fragment(unsigned changed)
{
    struct fragment *fragment = fragment_create(SLICE("docker"));
    struct slices usual = {&entrypoint.name, 1};
    fragment->frontends = ARENA_ARRAY(&fragment->arena, struct model_frontend, FRONTENDS);
    fragment->backends = ARENA_ARRAY(&fragment->arena, struct model_backend, FRONTENDS);
    fragment->frontend_count = fragment->backend_count = FRONTENDS;
    for (unsigned i = 0; i < FRONTENDS; i++)
        add_service(fragment, i, i == changed);
    fragment_sort(fragment);
    fragment_set_defaults(fragment, &usual, &usual, NULL);
    return fragment;
}

struct rig {
    struct compiler *compiler;
    struct snapshot *snapshot, *retired;
};

/* Returns the CPU time of the compilation. */
static double publish(struct rig *rig, struct fragment *fragment)
{
    struct model model = {.count = 0};
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    model_replace(&model, &fragment);
    double before = cpu_ms();
    struct snapshot *made = compiler_compile(rig->compiler, &model, &diagnostics);
    double took = cpu_ms() - before;
    assert_int_equal(diagnostics.count, 0);
    if (rig->snapshot) {
        snapshot_unref(&rig->snapshot);
        compiler_free_snapshot(rig->compiler, rig->retired);
    }
    rig->snapshot = made;
    model_fini(&model);
    diagnostics_fini(&diagnostics);
    return took;
}

static void check_matches(const struct rig *rig)
{
    double before = cpu_ms();
    for (unsigned i = 0; i < MATCHES; i++) {
        char host[64], name[32];
        unsigned which = i * 7919u % FRONTENDS;
        int len = snprintf(host, sizeof host, "Service-%u.example.com", which);
        struct match_input input = {.method = SLICE("GET"), .host = {host, (size_t)len}, .path = SLICE("/api/x")};
        const struct route_frontend *found = match_table_find(rig->snapshot->entrypoints[0].table, &input).frontend;
        snprintf(name, sizeof name, "frontend-%u", which);
        if (!found || !slice_eq(found->name, slice_of(name)))
            fail_msg("%s does not lead to %s", host, name);
    }
    assert_true(cpu_ms() - before < MATCHES_MS);
}

static void test_many_frontends_are_small_and_change_fast(void **state)
{
    struct rig rig = {NULL};
    struct compile_options options = {
        .entrypoints = &entrypoint, .entrypoint_count = 1, .retire = on_retired, .retire_arg = &rig.retired};
    (void)state;
    size_t empty = heap_bytes(), settled = 0;
    rig.compiler = compiler_create(&options);
    double first = publish(&rig, make_fragment(FRONTENDS));
    size_t each = (heap_bytes() - empty) / FRONTENDS;
    assert_true(first < FIRST_MS);
    if (SIZES_COUNT && each >= BYTES_MAX)
        fail_msg("%zu bytes each", each);
    assert_int_equal(compiler_frontends_compiled(rig.compiler), FRONTENDS);
    check_matches(&rig);
    for (unsigned i = 0; i < RELOADS; i++) {
        size_t compiled = compiler_frontends_compiled(rig.compiler);
        double took = publish(&rig, make_fragment(i * (FRONTENDS / RELOADS)));
        assert_true(took < CHANGE_MS);
        assert_in_range(compiler_frontends_compiled(rig.compiler) - compiled, 1, 2); /* and the one that changes back */
        if (i == 1)
            settled = heap_bytes();
    }
    assert_true(!SIZES_COUNT || heap_bytes() < settled + settled / 100);
    check_matches(&rig);
    snapshot_unref(&rig.snapshot);
    compiler_free_snapshot(rig.compiler, rig.retired);
    compiler_destroy(&rig.compiler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_frontends_are_small_and_change_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
