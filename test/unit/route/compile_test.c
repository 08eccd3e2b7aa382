/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "server_url.h"
#include "waybill/route/compile.h"
#include "waybill/route/match.h"
#include <stdio.h>
#include <stdlib.h>

static struct model_entrypoint entrypoints[] = {{.name = {"http", 4}}, {.name = {"alt", 3}}};

/* Builds fragments, compiles them, and keeps what was retired. */
struct bench {
    struct compiler *compiler;
    struct diagnostics diagnostics;
    struct snapshot *retired[8];
    size_t retired_count;
};

static void on_retired(struct snapshot *snapshot, void *arg)
{
    struct bench *bench = arg;
    bench->retired[bench->retired_count++] = snapshot;
}

static void bench_init(struct bench *bench, const struct filter_ops *const *filters)
{
    *bench = (struct bench){0};
    struct compile_options options = {
        .filters = filters, .entrypoints = entrypoints, .entrypoint_count = 2, .retire = on_retired, .retire_arg = bench};
    bench->compiler = compiler_create(&options);
    diagnostics_init(&bench->diagnostics);
}

static void bench_free_retired(struct bench *bench)
{
    for (size_t i = 0; i < bench->retired_count; i++)
        compiler_free_snapshot(bench->compiler, bench->retired[i]);
    bench->retired_count = 0;
}

static void bench_fini(struct bench *bench)
{
    bench_free_retired(bench);
    assert_int_equal(compiler_live_snapshots(bench->compiler), 0);
    compiler_destroy(&bench->compiler);
    diagnostics_fini(&bench->diagnostics);
}

static struct fragment *fragment_with(const char *provider, size_t frontends, size_t backends)
{
    struct fragment *fragment = fragment_create(slice_of(provider));
    fragment->frontends = ARENA_ARRAY(&fragment->arena, struct model_frontend, frontends);
    fragment->backends = ARENA_ARRAY(&fragment->arena, struct model_backend, backends);
    return fragment;
}

static struct model_backend *add_backend(struct fragment *fragment, const char *name, const char *const *urls, size_t count)
{
    struct model_backend *backend = &fragment->backends[fragment->backend_count++];
    backend->name = slice_of(name);
    backend->servers = ARENA_ARRAY(&fragment->arena, struct model_server, count + 1);
    backend->server_count = count;
    for (size_t i = 0; i < count; i++)
        backend->servers[i] = (struct model_server){
            .name = slice_of(arena_format(&fragment->arena, "server-%zu", i)), .url = slice_of(urls[i]), .weight = 1};
    return backend;
}
#define BACKEND(fragment, name, ...) \
    add_backend(fragment, name, (const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

static struct model_frontend *add_frontend(struct fragment *fragment, const char *name, const char *rule,
                                           const char *backend)
{
    struct model_frontend *frontend = &fragment->frontends[fragment->frontend_count++];
    *frontend = (struct model_frontend){.name = slice_of(name), .backend = slice_of(backend), .pass_host_header = true};
    slices_add(&fragment->arena, &frontend->entrypoints, SLICE("http"));
    if (rule) {
        frontend->routes = ARENA_NEW(&fragment->arena, struct model_route);
        frontend->routes[0] = (struct model_route){SLICE("route"), slice_of(rule)};
        frontend->route_count = 1;
    }
    return frontend;
}

static struct snapshot *compile(struct bench *bench, struct fragment **fragments, size_t count)
{
    struct model model = {.count = 0};
    diagnostics_fini(&bench->diagnostics);
    diagnostics_init(&bench->diagnostics);
    for (size_t i = 0; i < count; i++) {
        fragment_sort(fragments[i]);
        model_replace(&model, &fragments[i]);
    }
    struct snapshot *snapshot = compiler_compile(bench->compiler, &model, &bench->diagnostics);
    model_fini(&model);
    return snapshot;
}

static const struct route_frontend *find(const struct snapshot *snapshot, size_t entrypoint, const char *host,
                                         const char *path)
{
    struct match_input input = {.method = SLICE("GET"), .host = slice_of(host), .path = slice_of(path)};
    return match_table_find(snapshot->entrypoints[entrypoint].table, &input).frontend;
}

static bool said(const struct bench *bench, enum severity severity, const char *text)
{
    for (size_t i = 0; i < bench->diagnostics.count; i++)
        if (bench->diagnostics.items[i].severity == severity && strstr(bench->diagnostics.items[i].text, text))
            return true;
    return false;
}

static bool name_is(const struct route_frontend *frontend, const char *name)
{
    return frontend && slice_eq(frontend->name, slice_of(name));
}

static void test_model_becomes_tables_of_each_entrypoint(void **state)
{
    struct bench bench;
    struct fragment *fragment = fragment_with("docker", 3, 1);
    (void)state;
    bench_init(&bench, NULL);
    BACKEND(fragment, "backend-web", "http://10.0.0.1:80", "http://[fd00::1]:8080");
    add_frontend(fragment, "frontend-one", "Host:a.t", "backend-web");
    slices_add(&fragment->arena, &add_frontend(fragment, "two", "Host:b.t", "backend-web")->entrypoints, SLICE("alt"));
    struct snapshot *snapshot = compile(&bench, &fragment, 1);
    assert_int_equal(bench.diagnostics.count, 0);
    assert_true(name_is(find(snapshot, 0, "a.t", "/"), "frontend-one"));
    assert_null(find(snapshot, 1, "a.t", "/"));
    assert_true(name_is(find(snapshot, 1, "b.t", "/"), "two"));
    const struct route_frontend *one = find(snapshot, 0, "a.t", "/");
    assert_true(slice_eq(one->short_name, SLICE("one")));
    assert_int_equal(one->priority, 8);
    assert_int_equal(one->backend->server_count, 2);
    assert_true(slice_eq(one->backend->servers[1].host, SLICE("fd00::1")));
    assert_true(slice_eq(one->backend->servers[1].host_port, SLICE("[fd00::1]:8080")));
    assert_int_equal(one->backend->servers[1].port, 8080);
    assert_int_equal(one->backend->weight_gcd, 1);
    assert_int_equal(one->backend->slot, find(snapshot, 1, "b.t", "/")->backend->slot);
    snapshot_unref(&snapshot);
    bench_fini(&bench);
}

static void test_order_is_priority_provider_age_name(void **state)
{
    struct bench bench;
    struct fragment *fragments[] = {fragment_with("file", 8, 1), fragment_with("docker", 8, 1)};
    (void)state;
    bench_init(&bench, NULL);
    for (size_t i = 0; i < 2; i++)
        BACKEND(fragments[i], "b", "http://10.0.0.1:80");
    add_frontend(fragments[0], "a", "Host:a.t", "b");
    add_frontend(fragments[0], "long", "Host:a.t;PathPrefix:/p", "b");
    add_frontend(fragments[1], "z", "Host:a.t", "b")->since = 5;
    add_frontend(fragments[1], "y", "Host:a.t", "b")->since = 7;
    add_frontend(fragments[1], "x", "Host:a.t", "b");
    add_frontend(fragments[1], "w", "Host:b.t;PathPrefix:/p", "b");
    add_frontend(fragments[1], "v", "Host:b.t", "b")->priority = 500;
    add_frontend(fragments[1], "u", "Host:b.t;PathPrefix:/pp", "b")->priority = -500;
    struct snapshot *snapshot = compile(&bench, fragments, 2);
    static const char *const order[] = {"v", "u", "w", "long", "z", "y", "x", "a"};
    assert_int_equal(snapshot->frontend_count, 8);
    for (size_t i = 0; i < 8; i++)
        if (!name_is(snapshot->frontends[i], order[i]))
            fail_msg("%zu: " SLICE_FMT, i, SLICE_ARG(snapshot->frontends[i]->name));
    assert_true(name_is(find(snapshot, 0, "a.t", "/"), "z"));
    assert_true(name_is(find(snapshot, 0, "b.t", "/pp"), "v"));
    snapshot_unref(&snapshot);
    bench_fini(&bench);
}

/* Adds one that is remembered; `add_frontend` makes it among the live ones, from where it is moved. */
static struct model_frontend *add_remembered(struct fragment *fragment, const char *name, const char *rule)
{
    struct model_frontend *live = add_frontend(fragment, name, rule, "gone");
    if (!fragment->remembered)
        fragment->remembered = ARENA_ARRAY(&fragment->arena, struct model_frontend, 8);
    struct model_frontend *remembered = &fragment->remembered[fragment->remembered_count++];
    *remembered = *live;
    remembered->absence = ABSENCE_NOT_RUNNING;
    remembered->absent_because = SLICE("container web was stopped");
    fragment->frontend_count--;
    return remembered;
}

static void test_remembered_frontends_come_after_every_live_one(void **state)
{
    struct bench bench;
    struct fragment *fragments[] = {fragment_with("docker", 8, 1), fragment_with("file", 8, 1)};
    (void)state;
    bench_init(&bench, NULL);
    for (size_t i = 0; i < 2; i++)
        BACKEND(fragments[i], "b", "http://10.0.0.1:80");
    add_remembered(fragments[0], "old", "Host:a.t;PathPrefix:/p")->priority = 1000;
    add_remembered(fragments[0], "older", "Host:b.t")->white_list = ARENA_NEW(&fragments[0]->arena, struct model_white_list);
    add_remembered(fragments[0], "unreadable", "host:c.t");
    add_frontend(fragments[0], "live", "Host:a.t", "b");
    add_frontend(fragments[1], "any", "PathPrefix:/q", "b");
    struct snapshot *snapshot = compile(&bench, fragments, 2);
    assert_int_equal(snapshot->frontend_count, 4);
    assert_int_equal(bench.diagnostics.count, 0);
    assert_true(name_is(snapshot->frontends[2], "old"));
    assert_true(name_is(find(snapshot, 0, "a.t", "/p"), "live"));
    assert_true(name_is(find(snapshot, 0, "b.t", "/q"), "any"));
    const struct route_frontend *older = find(snapshot, 0, "b.t", "/p");
    assert_true(name_is(older, "older"));
    assert_int_equal(older->absent, REASON_SERVICE_NOT_RUNNING);
    assert_true(slice_eq(older->absent_because, SLICE("container web was stopped")));
    assert_int_equal(find(snapshot, 0, "a.t", "/")->absent, REASON_NONE);
    snapshot_unref(&snapshot);
    bench_fini(&bench);
}

static void test_a_remembered_frontend_is_another_than_the_live_one(void **state)
{
    struct bench bench;
    struct snapshot *snapshots[2];
    (void)state;
    bench_init(&bench, NULL);
    for (int round = 0; round < 2; round++) {
        struct fragment *fragment = fragment_with("docker", 2, 1);
        if (round)
            add_remembered(fragment, "f", "Host:a.t");
        else
            add_frontend(fragment, "f", "Host:a.t", "gone");
        snapshots[round] = compile(&bench, &fragment, 1);
        assert_int_equal(find(snapshots[round], 0, "a.t", "/")->absent, round ? REASON_SERVICE_NOT_RUNNING : REASON_NONE);
    }
    snapshot_unref(&snapshots[0]);
    snapshot_unref(&snapshots[1]);
    bench_fini(&bench);
}

static void test_bad_rule_leaves_out_its_frontend_only(void **state)
{
    struct bench bench;
    (void)state;
    bench_init(&bench, NULL);
    for (int round = 0; round < 2; round++) { /* the second time it is remembered, and said again */
        struct fragment *fragment = fragment_with("docker", 4, 1);
        BACKEND(fragment, "b", "http://10.0.0.1:80");
        add_frontend(fragment, "good", "Host:a.t", "b");
        add_frontend(fragment, "bad", "host:b.t", "b");
        add_frontend(fragment, "unread", "Host:c.t", "b")->left_out_because = SLICE("its rule is a number");
        add_frontend(fragment, "nowhere", "Host:d.t", "b")->entrypoints.count = 0;
        struct snapshot *snapshot = compile(&bench, &fragment, 1);
        assert_int_equal(snapshot->frontend_count, 1);
        assert_true(said(&bench, DIAGNOSTIC_ERROR, "frontend bad is left out: `host` is not a matcher: write `Host`"));
        assert_true(said(&bench, DIAGNOSTIC_ERROR, "its rule is a number"));
        assert_true(said(&bench, DIAGNOSTIC_ERROR, "frontend nowhere is left out"));
        assert_int_equal(compiler_frontends_compiled(bench.compiler), 4);
        assert_non_null(find(snapshot, 0, "a.t", "/"));
        assert_null(find(snapshot, 0, "b.t", "/"));
        if (round == 1)
            bench_free_retired(&bench);
        snapshot_unref(&snapshot);
    }
    bench_fini(&bench);
}

/* What is said of it is said at its new place. */
static void test_a_line_that_moves_compiles_nothing(void **state)
{
    static const char *const places[] = {"rules.toml:1", "rules.toml:7"};
    struct bench bench;
    (void)state;
    bench_init(&bench, NULL);
    for (size_t round = 0; round < 2; round++) {
        struct fragment *fragment = fragment_with("file", 1, 1);
        BACKEND(fragment, "b", "ftp://10.0.0.1:80")->origin = slice_of(places[round]);
        add_frontend(fragment, "bad", "host:b.t", "b")->origin = slice_of(places[round]);
        struct snapshot *snapshot = compile(&bench, &fragment, 1);
        assert_int_equal(compiler_frontends_compiled(bench.compiler), 1);
        assert_int_equal(bench.diagnostics.count, 2);
        for (size_t i = 0; i < 2; i++)
            assert_string_equal(bench.diagnostics.items[i].place, places[round]);
        if (round == 1)
            bench_free_retired(&bench);
        snapshot_unref(&snapshot);
    }
    bench_fini(&bench);
}

static void test_no_backend_or_no_server_answers_503(void **state)
{
    struct bench bench;
    struct fragment *fragment = fragment_with("docker", 3, 2);
    (void)state;
    bench_init(&bench, NULL);
    BACKEND(fragment, "bad", "h3://10.0.0.1:443");
    add_frontend(fragment, "gone", "Host:a.t", "missing");
    add_frontend(fragment, "empty", "Host:b.t", "bad");
    add_frontend(fragment, "all", NULL, "bad");
    struct snapshot *snapshot = compile(&bench, &fragment, 1);
    assert_null(find(snapshot, 0, "a.t", "/")->backend);
    assert_int_equal(find(snapshot, 0, "b.t", "/")->backend->server_count, 0);
    assert_true(name_is(find(snapshot, 0, "other.t", "/x"), "all"));
    assert_int_equal(find(snapshot, 0, "other.t", "/x")->priority, 0);
    assert_true(said(&bench, DIAGNOSTIC_ERROR, "its backend `missing` does not exist"));
    assert_true(said(&bench, DIAGNOSTIC_ERROR, "does not begin with http://, https:// or h2c://"));
    snapshot_unref(&snapshot);
    bench_fini(&bench);
}

static void test_bad_servers_are_left_out_alone(void **state)
{
    struct bench bench;
    struct fragment *fragment = fragment_with("docker", 1, 1);
    (void)state;
    bench_init(&bench, NULL);
    struct model_backend *backend = BACKEND(fragment, "b", "http://10.0.0.1:80x", "http://10.0.0.2:80", "ftp://10.0.0.3",
                                            "http://10.0.0.4", "http://10.0.0.5:80", "http://10.0.0.2:80", "http://Name:81");
    backend->servers[3].weight = 0;
    backend->servers[4].weight = -1;
    backend->servers[5].weight = 6;
    backend->servers[6].weight = INT64_MAX;
    add_frontend(fragment, "f", "Host:a.t", "b");
    struct snapshot *snapshot = compile(&bench, &fragment, 1);
    const struct route_backend *made = find(snapshot, 0, "a.t", "/")->backend;
    assert_int_equal(made->server_count, 4);
    assert_true(slice_eq(made->servers[0].host_port, SLICE("10.0.0.2:80")));
    assert_int_equal(made->servers[0].weight, 6); /* of the same address once more */
    assert_int_equal(made->servers[1].weight, 1);
    assert_int_equal(made->servers[1].port, 80);
    assert_int_equal(made->weight_max, 1000000);
    assert_int_equal(made->weight_gcd, 1);
    assert_true(said(&bench, DIAGNOSTIC_ERROR, "server server-0 is left out: its URL `http://10.0.0.1:80x`"));
    assert_true(said(&bench, DIAGNOSTIC_WARNING, "server server-4 has weight -1 and counts as 1"));
    assert_int_equal(made->servers[2].weight, 1);
    snapshot_unref(&snapshot);
    bench_fini(&bench);
}

static void test_weight_zero_is_never_chosen_when_allowed(void **state)
{
    struct bench bench;
    struct fragment *fragment = fragment_with("docker", 1, 1);
    (void)state;
    bench_init(&bench, NULL);
    compiler_destroy(&bench.compiler);
    struct compile_options options = {.entrypoints = entrypoints,
                                      .entrypoint_count = 1,
                                      .allow_min_weight_zero = true,
                                      .retire = on_retired,
                                      .retire_arg = &bench};
    bench.compiler = compiler_create(&options);
    struct model_backend *backend = BACKEND(fragment, "b", "http://10.0.0.1:80", "http://10.0.0.2:80");
    backend->servers[0].weight = 0;
    add_frontend(fragment, "f", "Host:a.t", "b");
    struct snapshot *snapshot = compile(&bench, &fragment, 1);
    const struct route_backend *made = find(snapshot, 0, "a.t", "/")->backend;
    assert_int_equal(made->server_count, 2); /* a cookie may lead to it */
    assert_int_equal(made->servers[0].weight, 0);
    assert_int_equal(made->weight_max, made->servers[1].weight);
    snapshot_unref(&snapshot);
    bench_fini(&bench);
}

/* A fragment of two frontends on two backends; the second one's server is at `url`. */
static struct fragment *two_services(const char *url, const char *identity)
{
    struct fragment *fragment = fragment_with("docker", 2, 2);
    BACKEND(fragment, "b1", "http://10.0.0.1:80");
    struct model_backend *second = BACKEND(fragment, "b2", url);
    second->servers[0].identity = slice_of(identity);
    add_frontend(fragment, "f1", "Host:a.t", "b1");
    add_frontend(fragment, "f2", "Host:b.t", "b2");
    return fragment;
}

static void test_a_change_compiles_what_changed_and_keeps_slots(void **state)
{
    struct bench bench;
    struct fragment *fragment = two_services("http://10.0.0.2:80", "one");
    (void)state;
    bench_init(&bench, NULL);
    struct snapshot *first = compile(&bench, &fragment, 1);
    assert_int_equal(compiler_frontends_compiled(bench.compiler), 2);
    const struct route_frontend *f1 = find(first, 0, "a.t", "/"), *f2 = find(first, 0, "b.t", "/");
    uint32_t server_slot = f2->backend->servers[0].slot;
    uint64_t server_generation = f2->backend->servers[0].generation;

    /* Same address, another container: another identity, another slot while the first is still named. */
    fragment = two_services("http://10.0.0.2:80", "two");
    struct snapshot *second = compile(&bench, &fragment, 1);
    assert_int_equal(compiler_frontends_compiled(bench.compiler), 3);
    assert_ptr_equal(find(second, 0, "a.t", "/"), f1);
    const struct route_frontend *changed = find(second, 0, "b.t", "/");
    assert_ptr_not_equal(changed, f2);
    assert_int_not_equal(changed->backend->servers[0].slot, server_slot);
    assert_int_equal(second->server_slot_count, 3);
    assert_int_equal(second->number, first->number + 1);

    snapshot_unref(&first);
    assert_int_equal(bench.retired_count, 1);
    assert_int_equal(compiler_live_snapshots(bench.compiler), 2);
    bench_free_retired(&bench);
    assert_int_equal(compiler_live_snapshots(bench.compiler), 1);

    /* Now the slot is free: it comes back under another generation. */
    fragment = two_services("http://10.0.0.3:80", "three");
    struct snapshot *third = compile(&bench, &fragment, 1);
    const struct route_server *reused = &find(third, 0, "b.t", "/")->backend->servers[0];
    assert_int_equal(reused->slot, server_slot);
    assert_int_not_equal(reused->generation, server_generation);
    assert_int_equal(third->server_slot_count, 3);
    snapshot_unref(&second);
    snapshot_unref(&third);
    bench_fini(&bench);
}

static void test_balancer_position_survives_other_changes(void **state)
{
    struct bench bench;
    struct fragment *fragment = two_services("http://10.0.0.2:80", "one");
    (void)state;
    bench_init(&bench, NULL);
    struct snapshot *first = compile(&bench, &fragment, 1);
    fragment = two_services("http://10.0.0.2:80", "one");
    fragment->frontends[1].priority = 77;
    fragment->backends[1].load_balancer = ARENA_NEW(&fragment->arena, struct model_load_balancer);
    fragment->backends[1].load_balancer->method = SLICE("WRR");
    struct snapshot *second = compile(&bench, &fragment, 1);
    const struct route_backend *before = find(first, 0, "b.t", "/")->backend, *after = find(second, 0, "b.t", "/")->backend;
    assert_ptr_not_equal(before, after);
    assert_int_equal(before->slot, after->slot);
    assert_int_equal(before->generation, after->generation);
    assert_int_equal(before->servers[0].slot, after->servers[0].slot);
    snapshot_unref(&first);
    snapshot_unref(&second);
    bench_fini(&bench);
}

static void test_what_protects_and_cannot_be_read_closes_the_frontend(void **state)
{
    struct bench bench;
    struct fragment *fragment = fragment_with("docker", 8, 3);
    (void)state;
    bench_init(&bench, NULL);
    BACKEND(fragment, "b", "http://10.0.0.1:80");
    add_frontend(fragment, "closed", "Host:closed.t", "b")->closed_because = SLICE("`x` is no network");
    add_frontend(fragment, "open", "Host:open.t", "b");
    struct snapshot *snapshot = compile(&bench, &fragment, 1);
    assert_true(find(snapshot, 0, "closed.t", "/")->closed);
    assert_true(find(snapshot, 0, "closed.t", "/")->closed_because.len > 0);
    assert_false(find(snapshot, 0, "open.t", "/")->closed);
    assert_true(said(&bench, DIAGNOSTIC_CLOSED, "`x` is no network"));
    snapshot_unref(&snapshot);
    bench_fini(&bench);
}

/* Answers are passed on at once, whatever it says; so only what it cannot mean is told. */
static void test_a_flush_interval_is_looked_at(void **state)
{
    static const struct {
        const char *text;
        bool means_something;
    } cases[] = {{"100ms", true}, {"0", true}, {"2", true}, {"-1s", false}, {"soon", false}};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        struct bench bench;
        struct fragment *fragment = fragment_with("docker", 1, 1);
        struct model_response_forwarding forwarding = {.flush_interval = slice_of(cases[i].text)};
        bench_init(&bench, NULL);
        BACKEND(fragment, "b", "http://10.0.0.1:80")->response_forwarding = &forwarding;
        add_frontend(fragment, "open", "Host:open.t", "b");
        struct snapshot *snapshot = compile(&bench, &fragment, 1);
        assert_false(find(snapshot, 0, "open.t", "/")->closed);
        assert_int_equal(said(&bench, DIAGNOSTIC_WARNING, "flushInterval"), !cases[i].means_something);
        snapshot_unref(&snapshot);
        bench_fini(&bench);
    }
}

static enum filter_compiled make_filter(const struct filter_source *from, const void **out_config)
{
    if (from->frontend->priority == 1)
        return FILTER_ABSENT;
    if (from->frontend->priority == 2) {
        diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place, "filter says no");
        return FILTER_CLOSED;
    }
    *out_config = arena_strdup(from->arena, "made");
    return FILTER_MADE;
}

static void test_filters_are_compiled_in_their_order(void **state)
{
    static const struct filter_ops one = {.name = "one", .compile = make_filter},
                                   two = {.name = "two", .compile = make_filter};
    static const struct filter_ops *const filters[] = {&one, &two, NULL};
    struct bench bench;
    struct fragment *fragment = fragment_with("docker", 3, 1);
    (void)state;
    bench_init(&bench, filters);
    BACKEND(fragment, "b", "http://10.0.0.1:80");
    add_frontend(fragment, "absent", "Host:absent.t", "b")->priority = 1;
    add_frontend(fragment, "closed", "Host:closed.t", "b")->priority = 2;
    add_frontend(fragment, "made", "Host:made.t", "b")->priority = 3;
    struct snapshot *snapshot = compile(&bench, &fragment, 1);
    assert_int_equal(find(snapshot, 0, "absent.t", "/")->filter_count, 0);
    assert_true(find(snapshot, 0, "closed.t", "/")->closed);
    const struct route_frontend *made = find(snapshot, 0, "made.t", "/");
    assert_int_equal(made->filter_count, 2);
    assert_ptr_equal(made->filters[0].ops, &one);
    assert_ptr_equal(made->filters[1].ops, &two);
    assert_string_equal(made->filters[1].config, "made");
    assert_true(said(&bench, DIAGNOSTIC_CLOSED, "filter says no"));
    snapshot_unref(&snapshot);
    bench_fini(&bench);
}

static void test_server_urls(void **state)
{
    static const struct {
        const char *url, *host, *host_port;
        uint16_t port;
    } rows[] = {
        {"http://10.0.0.1:8080", "10.0.0.1", "10.0.0.1:8080", 8080},
        {"http://name", "name", "name", 80},
        {"HTTP://name:/path?x", "name", "name", 80},
        {"http://[::1]:99/", "::1", "[::1]:99", 99},
        {"http://[::1]", "::1", "[::1]", 80},
        {"http://name:0", NULL, NULL, 0},
        {"http://name:65536", NULL, NULL, 0},
        {"http://name:80 ", NULL, NULL, 0},
        {"http://user@name:80", NULL, NULL, 0},
        {"http://:80", NULL, NULL, 0},
        {"http://", NULL, NULL, 0},
        {"https://name", "name", "name", 443},
        {"HTTPS://[::1]:8443/x", "::1", "[::1]:8443", 8443},
        {"https://", NULL, NULL, 0},
        {"h2c://name", "name", "name", 80},
        {"H2C://[::1]:50051/x", "::1", "[::1]:50051", 50051},
        {"h2c://", NULL, NULL, 0},
        {"h2://name", NULL, NULL, 0},
        {"name:80", NULL, NULL, 0},
        {"", NULL, NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct server_url url;
        const char *wrong = server_url_parse(slice_of(rows[i].url), &url);
        if (!wrong != !!rows[i].host)
            fail_msg("%s: %s", rows[i].url, wrong ? wrong : "taken");
        if (wrong)
            continue;
        assert_true(slice_eq(url.host, slice_of(rows[i].host)));
        assert_true(slice_eq(url.host_port, slice_of(rows[i].host_port)));
        assert_int_equal(url.port, rows[i].port);
        assert_int_equal(url.is_secure, ascii_lower(rows[i].url[4]) == 's');
        assert_int_equal(url.is_h2c, rows[i].url[1] == '2');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_becomes_tables_of_each_entrypoint),
        cmocka_unit_test(test_order_is_priority_provider_age_name),
        cmocka_unit_test(test_remembered_frontends_come_after_every_live_one),
        cmocka_unit_test(test_a_remembered_frontend_is_another_than_the_live_one),
        cmocka_unit_test(test_bad_rule_leaves_out_its_frontend_only),
        cmocka_unit_test(test_a_line_that_moves_compiles_nothing),
        cmocka_unit_test(test_no_backend_or_no_server_answers_503),
        cmocka_unit_test(test_bad_servers_are_left_out_alone),
        cmocka_unit_test(test_weight_zero_is_never_chosen_when_allowed),
        cmocka_unit_test(test_a_change_compiles_what_changed_and_keeps_slots),
        cmocka_unit_test(test_balancer_position_survives_other_changes),
        cmocka_unit_test(test_what_protects_and_cannot_be_read_closes_the_frontend),
        cmocka_unit_test(test_a_flush_interval_is_looked_at),
        cmocka_unit_test(test_filters_are_compiled_in_their_order),
        cmocka_unit_test(test_server_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
