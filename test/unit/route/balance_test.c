/* SPDX-License-Identifier: MIT */
/* What is compiled of how a backend balances: method, cookies, health checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/text.h"
#include "waybill/route/compile.h"
#include <stdio.h>
#include <stdlib.h>

static struct model_entrypoint entrypoints[] = {{.name = {"http", 4}}};

struct bench {
    struct compiler *compiler;
    struct snapshot *snapshot;
    struct text said;
    unsigned wanted_secure; /* how often somebody was to be called over TLS */
};

static void on_retired(struct snapshot *snapshot, void *arg)
{
    struct bench *bench = arg;
    compiler_free_snapshot(bench->compiler, snapshot);
}

static void on_secure_wanted(void *arg)
{
    ((struct bench *)arg)->wanted_secure++;
}

static void begin(struct bench *bench)
{
    *bench = (struct bench){0};
    bench->compiler = compiler_create(&(struct compile_options){.entrypoints = entrypoints,
                                                                .entrypoint_count = 1,
                                                                .health_interval_ms = 7000,
                                                                .secure_wanted = on_secure_wanted,
                                                                .secure_arg = bench,
                                                                .retire = on_retired,
                                                                .retire_arg = bench});
}

static void end(struct bench *bench)
{
    snapshot_unref(&bench->snapshot);
    compiler_destroy(&bench->compiler);
    text_fini(&bench->said);
}

/* Backends of these options, each with its servers or the same two, under names "b0", "b1", ... */
static const struct route_backend *compile(struct bench *bench, const struct model_backend *options, size_t count)
{
    struct fragment *fragment = fragment_create(SLICE("docker"));
    struct arena *arena = &fragment->arena;
    struct model model = {.count = 0};
    struct diagnostics diagnostics;

    fragment->frontends = ARENA_ARRAY(arena, struct model_frontend, count);
    fragment->backends = ARENA_ARRAY(arena, struct model_backend, count);
    fragment->frontend_count = fragment->backend_count = count;
    for (size_t i = 0; i < count; i++) {
        struct model_backend *backend = &fragment->backends[i];
        *backend = options[i];
        backend->name = slice_of(arena_format(arena, "b%zu", i));
        if (backend->server_count == 0) {
            backend->server_count = 2;
            backend->servers = ARENA_ARRAY(arena, struct model_server, 2);
            backend->servers[0] = (struct model_server){
                .name = SLICE("s0"), .url = SLICE("http://10.0.0.1:80"), .weight = 1};
            backend->servers[1] = (struct model_server){
                .name = SLICE("s1"), .url = SLICE("http://[fd00::1]:81/x"), .weight = 1};
        }
        struct model_frontend *frontend = &fragment->frontends[i];
        *frontend = (struct model_frontend){.name = slice_of(arena_format(arena, "f%zu", i)), .backend = backend->name};
        slices_add(arena, &frontend->entrypoints, SLICE("http"));
        frontend->routes = ARENA_NEW(arena, struct model_route);
        frontend->route_count = 1;
        frontend->routes[0] = (struct model_route){SLICE("r"), slice_of(arena_format(arena, "Host:%zu.t", i))};
    }
    fragment_sort(fragment);
    model_replace(&model, &fragment);
    diagnostics_init(&diagnostics);
    struct snapshot *snapshot = compiler_compile(bench->compiler, &model, &diagnostics);
    text_fini(&bench->said);
    for (size_t i = 0; i < diagnostics.count; i++)
        text_addf(&bench->said, "%s\n", diagnostics.items[i].text);
    diagnostics_fini(&diagnostics);
    model_fini(&model);
    snapshot_unref(&bench->snapshot);
    bench->snapshot = snapshot;
    return snapshot->frontends[0]->backend;
}

static const struct route_backend *compile_check(struct bench *bench, struct model_health_check check)
{
    return compile(bench, &(struct model_backend){.health_check = &check}, 1);
}

static const struct route_backend *compile_sticky(struct bench *bench, const char *cookie, bool old_flag)
{
    struct model_stickiness stickiness = {.cookie_name = slice_of(cookie)};
    struct model_load_balancer balancer = {
        .method = SLICE("wrr"), .sticky = old_flag, .stickiness = old_flag ? NULL : &stickiness};
    return compile(bench, &(struct model_backend){.load_balancer = &balancer}, 1);
}

static void test_the_method_is_read(void **state)
{
    struct bench bench;
    (void)state;

    begin(&bench);
    assert_false(compile(&bench, &(struct model_backend){.origin = SLICE("")}, 1)->is_dynamic);
    struct model_load_balancer balancer = {.method = SLICE("DRR")};
    const struct route_backend *backend = compile(&bench, &(struct model_backend){.load_balancer = &balancer}, 1);
    assert_true(backend->is_dynamic);
    assert_int_equal(backend->cookie_name.len, 0);
    assert_int_equal(backend->servers[0].cookie.len, 0);
    end(&bench);
}

static void test_cookies_are_named_as_in_v17(void **state)
{
    static const struct {
        const char *given, *made;
    } rows[] = {{"session", "session"},
                {"a b;c=\"d\"", "a_b_c__d_"},
                {"!#$%&'*+-.^`|~09azAZ", "!#$%&'*+-.^`|~09azAZ"},
                {"\xc3\xbc\xe2\x82\xac", "__"}, /* a character each */
                {"\xc3x", "_x"}};
    struct bench bench;
    (void)state;

    begin(&bench);
    for (size_t i = 0; i < WB_COUNT(rows); i++)
        assert_true(slice_eq(compile_sticky(&bench, rows[i].given, false)->cookie_name, slice_of(rows[i].made)));
    struct slice made = compile_sticky(&bench, "", false)->cookie_name;
    assert_true(made.len == 6 && made.ptr[0] == '_');
    assert_true(slice_eq(made, SLICE("_3a869"))); /* SHA-1 of _TRAEFIK_BACKEND_b0 */
    assert_true(slice_eq(compile_sticky(&bench, "", true)->cookie_name, SLICE("_3a869")));
    end(&bench);
}

static void test_each_server_has_a_cookie_that_does_not_tell_its_address(void **state)
{
    struct bench bench, other;
    (void)state;

    begin(&bench);
    begin(&other);
    const struct route_backend *backend = compile_sticky(&bench, "c", false), *again = compile_sticky(&other, "d", false);
    assert_int_equal(backend->servers[0].cookie.len, 24);
    assert_false(slice_eq(backend->servers[0].cookie, backend->servers[1].cookie));
    assert_true(slice_eq(backend->servers[0].cookie, again->servers[0].cookie)); /* another router knows it too */
    end(&bench);
    end(&other);
}

static void test_a_check_asks_what_was_configured(void **state)
{
    struct bench bench;
    (void)state;

    begin(&bench);
    assert_false(
        compile_check(&bench, (struct model_health_check){.port = 80})->is_checked); /* without a path there is none */
    assert_int_equal(bench.snapshot->check_count, 0);
    const struct route_backend *backend = compile_check(&bench, (struct model_health_check){.path = SLICE("/h")});
    assert_true(backend->is_checked);
    assert_int_equal(bench.snapshot->check_count, 2);
    assert_int_equal(backend->servers[0].health->interval_ms, 7000);
    assert_int_equal(backend->servers[0].health->port, 80);
    assert_true(slice_starts(backend->servers[0].health->request, SLICE("GET /h HTTP/1.1\r\nHost: 10.0.0.1:80\r\n")));
    assert_true(slice_starts(backend->servers[1].health->request, SLICE("GET /h HTTP/1.1\r\nHost: [fd00::1]:81\r\n")));
    assert_true(slice_eq(backend->servers[1].health->host, SLICE("fd00::1")));
    backend = compile_check(&bench, (struct model_health_check){
                                        .path = SLICE("h"), .port = 9, .interval = SLICE("1m"), .scheme = SLICE("http")});
    assert_int_equal(backend->servers[1].health->interval_ms, 60000);
    assert_int_equal(backend->servers[1].health->port, 9);
    assert_true(slice_starts(backend->servers[1].health->request, SLICE("GET /h HTTP/1.1\r\nHost: [fd00::1]:9\r\n")));
    assert_string_equal(bench.said.ptr ? bench.said.ptr : "", "");
    end(&bench);
}

static void test_options_of_a_check_that_make_no_sense_are_dropped_alone(void **state)
{
    struct model_pair headers[] = {{SLICE("X-Ok"), SLICE("1")},
                                   {SLICE("Bad Name"), SLICE("1")},
                                   {SLICE("X-Split"), SLICE("a\r\nb: c")},
                                   {SLICE("Host"), SLICE("h")}};
    const struct {
        struct model_health_check check;
        const char *said;
        uint64_t interval_ms;
    } rows[] = {
        {{.path = SLICE("/"), .interval = SLICE("often")}, "healthCheck.interval: `often` is no duration", 7000},
        {{.path = SLICE("/"), .interval = SLICE("30")}, "healthCheck.interval: `30` is no duration", 7000},
        {{.path = SLICE("/"), .interval = SLICE("-1s")}, "healthCheck.interval: `-1s` is no duration", 7000},
        {{.path = SLICE("/"), .interval = SLICE("1ns")}, "healthCheck.interval: `1ns` is too often", 100},
        {{.path = SLICE("/"), .port = 70000}, "healthCheck.port: 70000 is none", 7000},
        {{.path = SLICE("/"), .hostname = SLICE("a b")}, "healthCheck.hostname: `a b` is no host name", 7000},
        {{.path = SLICE("/"), .headers = {headers, WB_COUNT(headers), true}},
         "healthCheck.headers: `X-Split` cannot be set",
         7000},
    };
    struct bench bench;
    (void)state;

    begin(&bench);
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        const struct route_backend *backend = compile_check(&bench, rows[i].check);
        assert_true(backend->is_checked);
        assert_int_equal(backend->servers[0].health->interval_ms, rows[i].interval_ms);
        if (!strstr(bench.said.ptr, rows[i].said))
            fail_msg("row %zu: %s", i, bench.said.ptr);
        assert_null(memmem(backend->servers[0].health->request.ptr, backend->servers[0].health->request.len, "b: c", 4));
    }
    end(&bench);
}

/* The router is not to be sent elsewhere by a label. */
static void test_a_path_that_names_a_host_is_no_check(void **state)
{
    static const struct slice paths[] = {
        {"//evil/x", 8}, {"http://evil/", 12}, {"HTTPS://evil", 12}, {"/a\r\nHost: evil", 14}, {"/\0", 2}};
    struct bench bench;
    (void)state;

    begin(&bench);
    for (size_t i = 0; i < WB_COUNT(paths); i++) {
        assert_false(compile_check(&bench, (struct model_health_check){.path = paths[i]})->is_checked);
        assert_non_null(strstr(bench.said.ptr, "servers are not checked"));
    }
    assert_false(compile_check(&bench, (struct model_health_check){.path = SLICE("/"), .scheme = SLICE("ftp")})->is_checked);
    end(&bench);
}

/* A check goes as requests do, unless it says how. */
static void test_a_check_is_asked_over_tls_where_its_server_is_or_it_says_so(void **state)
{
    static const struct {
        const char *server, *scheme;
        int64_t port;
        bool is_secure;
        uint16_t asked_at;
        const char *host, *label;
    } rows[] = {
        {"http://10.0.0.1:81", "", 0, false, 81, "10.0.0.1:81", "http://10.0.0.1:81/h"},
        {"https://10.0.0.1:444", "", 0, true, 444, "10.0.0.1:444", "https://10.0.0.1:444/h"},
        {"https://10.0.0.1", "", 0, true, 443, "10.0.0.1", "https://10.0.0.1:443/h"},
        {"https://10.0.0.1", "https", 8443, true, 8443, "10.0.0.1:8443", "https://10.0.0.1:8443/h"},
        {"http://10.0.0.1:81", "HTTPS", 0, true, 81, "10.0.0.1:81", "https://10.0.0.1:81/h"},
        {"http://10.0.0.1", "https", 0, true, 443, "10.0.0.1", "https://10.0.0.1:443/h"},
        {"http://[fd00::1]", "https", 0, true, 443, "[fd00::1]", "https://fd00::1:443/h"},
        {"https://10.0.0.1", "http", 0, false, 80, "10.0.0.1", "http://10.0.0.1:80/h"},
        {"https://10.0.0.1", "http", 81, false, 81, "10.0.0.1:81", "http://10.0.0.1:81/h"},
    };
    struct bench bench;
    (void)state;

    begin(&bench);
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct model_server server = {.name = SLICE("a"), .url = slice_of(rows[i].server), .weight = 1};
        struct model_health_check check = {.path = SLICE("/h"), .scheme = slice_of(rows[i].scheme), .port = rows[i].port};
        struct model_backend model = {.servers = &server, .server_count = 1, .health_check = &check};
        char begin_of_request[100];
        const struct route_health *health = compile(&bench, &model, 1)->servers[0].health;
        snprintf(begin_of_request, sizeof begin_of_request, "GET /h HTTP/1.1\r\nHost: %s\r\n", rows[i].host);
        assert_int_equal(health->is_secure, rows[i].is_secure);
        assert_int_equal(bench.wanted_secure > 0, rows[i].is_secure || strncmp(rows[i].server, "https", 5) == 0);
        bench.wanted_secure = 0;
        assert_int_equal(health->port, rows[i].asked_at);
        assert_true(slice_starts(health->request, slice_of(begin_of_request)));
        assert_true(slice_eq(health->label, slice_of(rows[i].label)));
        assert_string_equal(bench.said.ptr ? bench.said.ptr : "", "");
    }
    end(&bench);
}

/* What was found in clear is not what would be found over TLS. */
static void test_the_scheme_is_part_of_the_question(void **state)
{
    struct model_health_check clear = {.path = SLICE("/h"), .scheme = SLICE("http"), .port = 9};
    struct model_health_check secure = {.path = SLICE("/h"), .scheme = SLICE("https"), .port = 9};
    struct model_backend backends[] = {{.health_check = &clear}, {.health_check = &secure}};
    struct bench bench;
    (void)state;

    begin(&bench);
    const struct route_backend *first = compile(&bench, backends, 2);
    assert_int_equal(bench.snapshot->check_count, 4);
    assert_ptr_not_equal(first->servers[0].health, bench.snapshot->frontends[1]->backend->servers[0].health);
    end(&bench);
}

static void test_the_same_question_to_the_same_server_is_asked_once_and_remembered(void **state)
{
    struct model_health_check one = {.path = SLICE("/h")}, other = {.path = SLICE("/i")};
    struct model_backend backends[] = {{.health_check = &one}, {.health_check = &one}, {.health_check = &other}};
    struct bench bench;
    (void)state;

    begin(&bench);
    const struct route_backend *first = compile(&bench, backends, 3);
    assert_int_equal(bench.snapshot->check_count, 4);
    struct route_health *health = first->servers[0].health;
    assert_ptr_equal(bench.snapshot->frontends[1]->backend->servers[0].health, health);
    assert_ptr_not_equal(bench.snapshot->frontends[2]->backend->servers[0].health, health);
    cell_set(&health->failing, 3);
    first = compile(&bench, backends, 1);
    assert_ptr_equal(first->servers[0].health, health);
    assert_int_equal(cell_read(&health->failing), 3);
    first = compile(&bench, &backends[2], 1);
    first = compile(&bench, backends, 1);
    assert_int_equal(cell_read(&first->servers[0].health->failing), 0); /* it was given up in between */
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_method_is_read),
        cmocka_unit_test(test_cookies_are_named_as_in_v17),
        cmocka_unit_test(test_each_server_has_a_cookie_that_does_not_tell_its_address),
        cmocka_unit_test(test_a_check_asks_what_was_configured),
        cmocka_unit_test(test_options_of_a_check_that_make_no_sense_are_dropped_alone),
        cmocka_unit_test(test_a_path_that_names_a_host_is_no_check),
        cmocka_unit_test(test_a_check_is_asked_over_tls_where_its_server_is_or_it_says_so),
        cmocka_unit_test(test_the_scheme_is_part_of_the_question),
        cmocka_unit_test(test_the_same_question_to_the_same_server_is_asked_once_and_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
