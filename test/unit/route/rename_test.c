/* SPDX-License-Identifier: MIT */
/* Names of containers' frontends hold a position that shifts with each container that comes: that compiles nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/route/compile.h"
#include "waybill/route/match.h"

enum { FRONTENDS = 3 };

static struct model_entrypoint http = {.name = {"http", 4}};

struct bench {
    struct compiler *compiler;
    struct diagnostics diagnostics;
    struct snapshot *latest, *retired;
};

static void on_retired(struct snapshot *snapshot, void *arg)
{
    ((struct bench *)arg)->retired = snapshot;
}

static void set_up(struct bench *bench)
{
    struct compile_options options = {
        .entrypoints = &http, .entrypoint_count = 1, .retire = on_retired, .retire_arg = bench};

    *bench = (struct bench){.compiler = compiler_create(&options)};
    diagnostics_init(&bench->diagnostics);
}

/* The one before goes. */
static void publish(struct bench *bench, struct snapshot *snapshot)
{
    if (bench->latest)
        snapshot_unref(&bench->latest);
    if (bench->retired)
        compiler_free_snapshot(bench->compiler, bench->retired);
    bench->retired = NULL;
    bench->latest = snapshot;
}

static void tear_down(struct bench *bench)
{
    publish(bench, NULL);
    assert_int_equal(compiler_live_snapshots(bench->compiler), 0);
    compiler_destroy(&bench->compiler);
    diagnostics_fini(&bench->diagnostics);
}

/* Hosts a.t, b.t, c.t by frontends whose names begin at `first`; `rule` is the last one's, or NULL. */
static void compile(struct bench *bench, unsigned first, const char *rule)
{
    struct fragment *fragment = fragment_create(SLICE("docker"));
    struct arena *arena = &fragment->arena;
    struct model model = {0};

    fragment->backends = ARENA_NEW(arena, struct model_backend);
    fragment->backend_count = 1;
    fragment->backends->name = SLICE("backend-web");
    fragment->backends->servers = ARENA_NEW(arena, struct model_server);
    fragment->backends->server_count = 1;
    *fragment->backends->servers = (struct model_server){
        .name = SLICE("server"), .url = SLICE("http://10.0.0.1:80"), .weight = 1};
    fragment->frontends = ARENA_ARRAY(arena, struct model_frontend, FRONTENDS);
    fragment->frontend_count = FRONTENDS;
    for (unsigned i = 0; i < FRONTENDS; i++) {
        struct model_frontend *frontend = &fragment->frontends[i];
        const char *own = i + 1 == FRONTENDS && rule ? rule : arena_format(arena, "Host:%c.t", 'a' + (int)i);
        frontend->name = slice_of(arena_format(arena, "frontend-%u", first + i));
        frontend->backend = SLICE("backend-web");
        slices_add(arena, &frontend->entrypoints, SLICE("http"));
        frontend->routes = ARENA_NEW(arena, struct model_route);
        frontend->route_count = 1;
        frontend->routes[0] = (struct model_route){slice_of(arena_format(arena, "route-%u", first + i)), slice_of(own)};
    }
    diagnostics_fini(&bench->diagnostics);
    diagnostics_init(&bench->diagnostics);
    model_replace(&model, &fragment);
    publish(bench, compiler_compile(bench->compiler, &model, &bench->diagnostics));
    model_fini(&model);
}

static const struct route_frontend *find(const struct bench *bench, const char *host)
{
    struct match_input input = {.method = SLICE("GET"), .host = slice_of(host), .path = SLICE("/")};

    return match_table_find(bench->latest->entrypoints[0].table, &input).frontend;
}

static void assert_named(const struct bench *bench, const char *host, const char *name)
{
    const struct route_frontend *frontend = find(bench, host);

    assert_non_null(frontend);
    assert_true(slice_eq(frontend->name, slice_of(name)));
    assert_true(slice_eq(frontend->short_name, slice_from(slice_of(name), 9)));
    assert_int_equal(frontend->backend->server_count, 1);
    assert_true(slice_eq(frontend->backend->servers[0].url, SLICE("http://10.0.0.1:80")));
}

/* Copies of copies end, and so does the original when nothing is called by it any more. */
static void test_names_that_shift_compile_nothing(void **state)
{
    struct bench bench;
    (void)state;

    set_up(&bench);
    for (unsigned first = 0; first < 6; first++) {
        char name[] = "frontend-?";
        compile(&bench, first, NULL);
        for (unsigned i = 0; i < FRONTENDS; i++) {
            name[9] = (char)('0' + first + i);
            assert_named(&bench, (const char *[]){"a.t", "b.t", "c.t"}[i], name);
        }
        assert_int_equal(compiler_frontends_compiled(bench.compiler), FRONTENDS);
    }
    compile(&bench, 0, NULL); /* under the first names again */
    assert_named(&bench, "a.t", "frontend-0");
    assert_int_equal(compiler_frontends_compiled(bench.compiler), FRONTENDS);
    tear_down(&bench);
}

static void test_two_of_one_content_keep_their_names(void **state)
{
    struct bench bench;
    (void)state;

    set_up(&bench);
    for (unsigned first = 0; first < 3; first++) {
        compile(&bench, first, "Host:b.t");
        assert_int_equal(bench.latest->frontend_count, FRONTENDS);
        assert_false(slice_eq(bench.latest->frontends[1]->name, bench.latest->frontends[2]->name));
        assert_int_equal(compiler_frontends_compiled(bench.compiler), FRONTENDS - 1);
    }
    tear_down(&bench);
}

/* A message names the frontend: it has to be made anew for each name. */
static void test_what_is_said_has_the_name_of_now(void **state)
{
    struct bench bench;
    (void)state;

    set_up(&bench);
    for (unsigned first = 0; first < 3; first++) {
        char name[] = "frontend frontend-?";
        name[18] = (char)('0' + first + FRONTENDS - 1);
        for (unsigned again = 0; again < 2; again++) {
            compile(&bench, first, "Hots:c.t");
            assert_int_equal(bench.diagnostics.count, 1);
            assert_non_null(strstr(bench.diagnostics.items[0].text, name));
            assert_int_equal(bench.latest->left_out_count, 1);
        }
        assert_int_equal(compiler_frontends_compiled(bench.compiler), FRONTENDS + first);
    }
    tear_down(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_that_shift_compile_nothing),
        cmocka_unit_test(test_two_of_one_content_keep_their_names),
        cmocka_unit_test(test_what_is_said_has_the_name_of_now),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
