/* SPDX-License-Identifier: MIT */
/* Snapshots and regular expressions shared by threads; says most when run under TSan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/clock.h"
#include "waybill/route/compile.h"
#include "waybill/route/match.h"
#include "waybill/route/thread.h"
#include "regex.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { READERS = 4, SWAPS = 200 };

static struct model_entrypoint entrypoint = {.name = {"http", 4}};
static _Atomic(struct snapshot *) retired[SWAPS + 1];
static atomic_uint retired_count;

static void on_retired(struct snapshot *snapshot, void *arg)
{
    (void)arg;
    atomic_store(&retired[atomic_fetch_add(&retired_count, 1)], snapshot);
}

static struct snapshot *compile_round(struct compiler *compiler, unsigned round)
{
    struct model model = {.count = 0};
    struct diagnostics diagnostics;
    struct fragment *fragment = fragment_create(SLICE("docker"));
    struct arena *arena = &fragment->arena;
    fragment->frontends = ARENA_ARRAY(arena, struct model_frontend, 2);
    fragment->frontend_count = 2;
    for (unsigned i = 0; i < 2; i++) {
        struct model_frontend *frontend = &fragment->frontends[i];
        frontend->name = slice_of(arena_format(arena, "f%u", i));
        slices_add(arena, &frontend->entrypoints, SLICE("http"));
        frontend->routes = ARENA_NEW(arena, struct model_route);
        frontend->route_count = 1;
        /* One stays through all rounds and is shared by all snapshots, the other changes. */
        frontend->routes[0].rule = slice_of(arena_format(arena, "HostRegexp:{x:[a-z]+}%u.t;PathPrefix:/", i ? round : 0));
    }
    model_replace(&model, &fragment);
    diagnostics_init(&diagnostics);
    struct snapshot *snapshot = compiler_compile(compiler, &model, &diagnostics);
    diagnostics_fini(&diagnostics);
    model_fini(&model);
    return snapshot;
}

/* Each reader has one place where the next snapshot is put for it, as a worker's mailbox has. */
struct reader {
    pthread_t thread;
    unsigned index;
    _Atomic(struct snapshot *) next;
    atomic_bool stop;
    unsigned adopted, matched;
};

static void *read_snapshots(void *arg)
{
    struct reader *reader = arg;
    struct snapshot *mine = NULL;
    route_use_thread(reader->index);
    while (!atomic_load(&reader->stop) || atomic_load(&reader->next)) {
        struct snapshot *next = atomic_exchange(&reader->next, NULL);
        if (next) {
            snapshot_unref(&mine);
            mine = next;
            reader->adopted++;
        }
        if (!mine)
            continue;
        struct match_input input = {.method = SLICE("GET"), .host = SLICE("abc0.t"), .path = SLICE("/x")};
        reader->matched += match_table_find(mine->entrypoints[0].table, &input).frontend != NULL;
    }
    snapshot_unref(&mine);
    return NULL;
}

static void test_snapshots_are_freed_once_the_last_reader_is_through(void **state)
{
    struct compile_options options = {.entrypoints = &entrypoint, .entrypoint_count = 1, .retire = on_retired};
    struct compiler *compiler = compiler_create(&options);
    static struct reader readers[READERS];
    unsigned freed = 0;
    (void)state;
    for (unsigned i = 0; i < READERS; i++) {
        readers[i].index = i + 1;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_snapshots, &readers[i]), 0);
    }
    for (unsigned round = 1; round <= SWAPS; round++) {
        struct snapshot *snapshot = compile_round(compiler, round);
        for (unsigned i = 0; i < READERS; i++) {
            struct snapshot *unread = atomic_exchange(&readers[i].next, snapshot_ref(snapshot));
            snapshot_unref(&unread);
        }
        snapshot_unref(&snapshot);
        while (freed < atomic_load(&retired_count) && atomic_load(&retired[freed]))
            compiler_free_snapshot(compiler, atomic_load(&retired[freed++]));
    }
    for (unsigned i = 0; i < READERS; i++)
        atomic_store(&readers[i].stop, true);
    for (unsigned i = 0; i < READERS; i++) {
        pthread_join(readers[i].thread, NULL);
        assert_true(readers[i].adopted > 0);
        assert_true(readers[i].matched > 0);
    }
    while (freed < atomic_load(&retired_count))
        compiler_free_snapshot(compiler, atomic_load(&retired[freed++]));
    assert_int_equal(freed, SWAPS);
    assert_int_equal(compiler_live_snapshots(compiler), 0);
    assert_int_equal(compiler_frontends_compiled(compiler), SWAPS + 1);
    compiler_destroy(&compiler);
}

static void test_regex_takes_linear_time(void **state)
{
    char error[REGEX_ERROR_SIZE], text[100000];
    (void)state;
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '!';
    struct regex *regex = regex_create("(a+)+$", 6, false, error);
    assert_non_null(regex);
    uint64_t before = clock_monotonic_ms();
    assert_false(regex_find(regex, text, sizeof text, 0, REGEX_ANYWHERE, NULL, 0));
    assert_true(clock_monotonic_ms() - before < 2000);
    regex_destroy(regex);
}

static void test_regex_reports_what_it_cannot_read(void **state)
{
    char error[REGEX_ERROR_SIZE] = "";
    (void)state;
    assert_null(regex_create("(", 1, false, error));
    assert_true(error[0] != '\0');
    assert_null(regex_create("(?:(?:x{100}){100}){100}", 24, false, error));
    assert_null(regex_create("a(?=b)", 6, false, error));
    struct regex *named = regex_create("(?P<n>a)(b)?", 12, false, error);
    struct regex_span spans[3];
    assert_int_equal(regex_group_count(named), 2);
    assert_int_equal(regex_group_named(named, "n", 1), 1);
    assert_int_equal(regex_group_named(named, "m", 1), -1);
    assert_true(regex_find(named, "xa", 2, 0, REGEX_ANYWHERE, spans, 3));
    assert_int_equal(spans[1].start, 1);
    assert_false(spans[2].set);
    regex_destroy(named);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snapshots_are_freed_once_the_last_reader_is_through),
        cmocka_unit_test(test_regex_takes_linear_time),
        cmocka_unit_test(test_regex_reports_what_it_cannot_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
