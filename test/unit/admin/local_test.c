/* SPDX-License-Identifier: MIT */
/* Which entrypoint, method and moment gets which answer: ping, dashboard, redirects. */
#include "ask.h"
#include "dashboard.h"
#include <stdio.h>

static void assert_ping(struct world *world, const char *line, unsigned status, const char *body)
{
    assert_true(world_ask(world, line));
    assert_int_equal(world->answer.status, status);
    assert_slice(world->answer.content_type, "text/plain; charset=utf-8");
    assert_slice(world_body(world), body);
}

static void test_ping_answers_before_the_filters_and_nothing_else_does(void **state)
{
    static const char *const others[] = {"GET /api",        "GET /health",      "GET /",
                                         "GET /dashboard/", "GET /api/version", "GET /api/overview",
                                         "GET /ping/",      "GET /api/",        "GET /dashboard/status"};
    struct world world;
    (void)state;

    world_init(&world);
    world.request.filtered = false;
    assert_ping(&world, "GET /ping", 200, "OK");
    assert_ping(&world, "HEAD /ping", 200, "OK"); /* the exchange leaves the body away */
    for (size_t i = 0; i < WB_COUNT(others); i++)
        assert_left(&world, others[i]);
    world.request.filtered = true;
    for (size_t i = 0; i < WB_COUNT(others); i++)
        assert_true(world_ask(&world, others[i]));
    world_fini(&world);
}

static void test_ping_is_where_it_was_asked_for_or_else_where_the_api_is(void **state)
{
    struct world world;
    (void)state;

    world_init(&world);
    assert_ping(&world, "GET /ping", 200, "OK");
    assert_redirect(&world, "GET /ping/", 301, "/ping");
    world.request.entrypoint = PING_ENTRYPOINT;
    assert_left(&world, "GET /ping");
    world.options.ping = true;
    world_restart(&world);
    assert_ping(&world, "GET /ping", 200, "OK");
    assert_redirect(&world, "GET /ping/", 301, "/ping");
    assert_left(&world, "GET /api");
    assert_left(&world, "GET /api/");
    assert_left(&world, "GET /");
    assert_left(&world, "GET /dashboard/");
    for (world.request.entrypoint = HTTP_ENTRYPOINT; world.request.entrypoint <= API_ENTRYPOINT;
         world.request.entrypoint++) {
        assert_left(&world, "GET /ping");
        assert_left(&world, "GET /ping/");
    }
    world.options.ping_entrypoint = world.request.entrypoint = API_ENTRYPOINT;
    world.options.api = false;
    world_restart(&world);
    assert_ping(&world, "GET /ping", 200, "OK");
    world.options.ping = false;
    world_restart(&world);
    assert_left(&world, "GET /ping");
    world_fini(&world);
}

static void test_ping_takes_get_and_head_only(void **state)
{
    struct world world;
    (void)state;

    world_init(&world);
    assert_left(&world, "POST /ping");
    assert_left(&world, "OPTIONS /ping");
    assert_left(&world, "GET /pings");
    assert_left(&world, "GET /ping/x");
    assert_ping(&world, "GET /ping?x=1", 200, "OK");
    world_fini(&world);
}

static void test_ping_is_503_while_draining(void **state)
{
    struct world world;
    (void)state;

    world_init(&world);
    world.request.draining = true;
    assert_ping(&world, "GET /ping", 503, "Service Unavailable");
    assert_ping(&world, "HEAD /ping", 503, "Service Unavailable");
    assert_json(&world, "GET /api", "{}");
    world_fini(&world);
}

static void assert_ready(struct world *world, const char *line, unsigned status, const char *body)
{
    assert_true(world_ask(world, line));
    assert_int_equal(world->answer.status, status);
    assert_slice(world_body(world), body);
}

/* /ping: it lives. /ready: it knows where requests lead, from everybody who says so. */
static void test_ready_waits_for_each_provider(void **state)
{
    static const struct slice providers[] = {{"docker", 6}, {"file", 4}};
    struct fragment *docker = fragment_create(SLICE("docker")), *file = fragment_create(SLICE("file"));
    struct world world;
    (void)state;

    world_init(&world);
    world.request.filtered = false;
    assert_ready(&world, "GET /ready", 200, "OK\n");
    world.request.snapshot = NULL;
    assert_ready(&world, "GET /ready", 503, "waiting for a configuration\n");
    assert_ping(&world, "GET /ping", 200, "OK");
    world.options.ready_providers = providers;
    world.options.ready_provider_count = 2;
    world_restart(&world);
    assert_ready(&world, "GET /ready", 503, "waiting for docker\n");
    world.request.snapshot = &world.snapshot;
    model_replace(&world.snapshot.model, &file);
    assert_ready(&world, "GET /ready", 503, "waiting for docker\n");
    model_replace(&world.snapshot.model, &docker);
    assert_ready(&world, "GET /ready", 200, "OK\n");
    world.request.draining = true;
    assert_ready(&world, "HEAD /ready", 503, "shutting down\n");
    assert_left(&world, "POST /ready");
    world.request.entrypoint = HTTP_ENTRYPOINT;
    assert_left(&world, "GET /ready");
    world_fini(&world);
}

static void test_api_is_on_its_entrypoint_only_and_only_when_on(void **state)
{
    static const char *const lines[] = {"GET /api", "GET /health", "GET /", "GET /dashboard/", "GET /api/"};
    struct world world;
    (void)state;

    world_init(&world);
    for (size_t i = 0; i < WB_COUNT(lines); i++) {
        world.request.entrypoint = HTTP_ENTRYPOINT;
        assert_left(&world, lines[i]);
        world.request.entrypoint = API_ENTRYPOINT;
        assert_true(world_ask(&world, lines[i]));
    }
    world.options.api = false;
    world_restart(&world);
    for (size_t i = 0; i < WB_COUNT(lines); i++)
        assert_left(&world, lines[i]);
    world_fini(&world);
}

static void test_root_leads_to_the_dashboard(void **state)
{
    struct world world;
    (void)state;

    world_init(&world);
    assert_redirect(&world, "GET /", 302, "/dashboard/");
    assert_slice(world_body(&world), "<a href=\"/dashboard/\">Found</a>.\n\n");
    assert_redirect(&world, "GET /dashboard/status", 302, "/dashboard/");
    assert_left(&world, "GET /dashboard");
    assert_left(&world, "HEAD /");
    assert_left(&world, "POST /");
    world_fini(&world);
}

static void test_forwarded_prefix_leads_back_through_the_proxy_before_us(void **state)
{
    static const struct {
        const char *prefix, *location;
    } cases[] = {
        {"/traefik", "/traefik/dashboard/"},
        {"/a/b/", "/a/b/dashboard/"},
        {"/", "/dashboard/"},
        {"/a%2F", "/a%2F/dashboard/"},
        {"", "/dashboard/"},
        {"//evil.example", "/dashboard/"},
        {"/a//b", "/dashboard/"},
        {"/\\evil.example", "/dashboard/"},
        {"\\\\evil.example", "/dashboard/"},
        {"https://evil.example", "/dashboard/"},
        {"evil", "/dashboard/"},
        {"/a\r\nSet-Cookie: x=1", "/dashboard/"},
        {"/a b", "/dashboard/"},
        {"/\tevil.example", "/dashboard/"},
        {"/a?x=", "/dashboard/"},
        {"/a#", "/dashboard/"},
        {"/\"><script>", "/dashboard/"},
        {"/\xc3\xa9", "/dashboard/"},
    };
    struct world world;
    (void)state;

    world_init(&world);
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        headers_clear(&world.headers);
        assert_true(headers_add_id(&world.headers, HEADER_X_FORWARDED_PREFIX, slice_of(cases[i].prefix)));
        assert_redirect(&world, "GET /", 302, cases[i].location);
        assert_redirect(&world, "GET /dashboard/status", 302, "/dashboard/");
    }
    world_fini(&world);
}

static void test_all_of_it_can_be_below_a_path(void **state)
{
    struct world world;
    (void)state;

    world_init(&world);
    world.options.path = SLICE("/status");
    world_restart(&world);
    assert_ping(&world, "GET /status/ping", 200, "OK");
    assert_json(&world, "GET /status/api", "{}");
    assert_redirect(&world, "GET /status", 302, "/status/dashboard/");
    assert_redirect(&world, "GET /status/", 302, "/status/dashboard/");
    assert_redirect(&world, "GET /status/dashboard/status", 302, "/status/dashboard/");
    assert_redirect(&world, "GET /status/api/?x=1", 301, "/status/api?x=1");
    headers_clear(&world.headers);
    assert_true(headers_add_id(&world.headers, HEADER_X_FORWARDED_PREFIX, SLICE("/cut")));
    assert_redirect(&world, "GET /status/", 302, "/cut/status/dashboard/");
    assert_left(&world, "GET /ping");
    assert_left(&world, "GET /api");
    assert_left(&world, "GET /");
    assert_left(&world, "GET /statusping");
    assert_left(&world, "GET /statuss/ping");
    assert_left(&world, "GET /stat");
    world_fini(&world);
}

static void assert_file(struct world *world, const char *line, const char *content_type)
{
    assert_true(world_ask(world, line));
    assert_int_equal(world->answer.status, 200);
    assert_slice(world->answer.content_type, content_type);
    assert_true(world->answer.fixed_body.len > 500);
    assert_slice(world->answer.extra_name[0], "Content-Security-Policy");
    assert_true(slice_starts(world->answer.extra_value[0],
                             SLICE("default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
                                   "img-src 'self' data:; ")));
    assert_null(strstr(world->answer.extra_value[0].ptr, "unsafe"));
    assert_slice(world->answer.extra_name[1], "X-Content-Type-Options");
    assert_slice(world->answer.extra_value[1], "nosniff");
}

static const char *kind_of(const char *name)
{
    const char *ending = strrchr(name, '.');
    return strcmp(ending, ".css") == 0    ? "text/css; charset=utf-8"
           : strcmp(ending, ".html") == 0 ? "text/html; charset=utf-8"
                                          : "text/javascript; charset=utf-8";
}

static void test_dashboard_files_are_in_the_program(void **state)
{
    struct world world;
    char line[80];
    (void)state;

    world_init(&world);
    assert_in_range(dashboard_file_count, 10, 100);
    for (size_t i = 0; i < dashboard_file_count; i++) {
        bool is_page = strcmp(dashboard_files[i].name, "index.html") == 0;
        snprintf(line, sizeof line, "GET /dashboard/%s", is_page ? "" : dashboard_files[i].name);
        assert_file(&world, line, kind_of(dashboard_files[i].name));
    }
    assert_file(&world, "HEAD /dashboard/", "text/html; charset=utf-8");
    assert_true(slice_starts(world_body(&world), SLICE("<!doctype html>")));
    assert_true(slice_ends(world_body(&world), SLICE("</html>\n")));
    assert_file(&world, "GET /dashboard/main.js?v=1", "text/javascript; charset=utf-8");
    assert_not_found(&world, "GET /dashboard/none");
    assert_not_found(&world, "GET /dashboard/index.html");
    assert_not_found(&world, "GET /dashboard/../dashboard/main.js");
    assert_not_found(&world, "GET /dashboard//");
    assert_left(&world, "POST /dashboard/");
    world.options.dashboard = false;
    world_restart(&world);
    assert_left(&world, "GET /dashboard/");
    assert_left(&world, "GET /dashboard/status");
    assert_left(&world, "GET /");
    world_fini(&world);
}

/* Security case A8: a name out of a label must not become markup or code. */
static void test_dashboard_page_writes_text_only_and_loads_nothing_from_elsewhere(void **state)
{
    static const char *const words[] = {"innerHTML",      "outerHTML",  "insertAdjacentHTML",
                                        "document.write", "eval(",      "new Function",
                                        "srcdoc",         "DOMParser",  "createContextualFragment",
                                        " style=\"",      " onclick=",  " onerror=",
                                        " onload=",       "src=\"http", "href=\"http",
                                        "@import",        "url(http",   "url(//",
                                        "setTimeout('",   "import(",    "from 'http"};
    (void)state;

    for (size_t i = 0; i < dashboard_file_count; i++) {
        char *text = slice_dup(slice_make((const char *)dashboard_files[i].bytes, dashboard_files[i].len));
        for (size_t j = 0; j < WB_COUNT(words); j++)
            assert_null(strstr(text, words[j]));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ping_answers_before_the_filters_and_nothing_else_does),
        cmocka_unit_test(test_ping_is_where_it_was_asked_for_or_else_where_the_api_is),
        cmocka_unit_test(test_ping_takes_get_and_head_only),
        cmocka_unit_test(test_ping_is_503_while_draining),
        cmocka_unit_test(test_ready_waits_for_each_provider),
        cmocka_unit_test(test_api_is_on_its_entrypoint_only_and_only_when_on),
        cmocka_unit_test(test_root_leads_to_the_dashboard),
        cmocka_unit_test(test_forwarded_prefix_leads_back_through_the_proxy_before_us),
        cmocka_unit_test(test_all_of_it_can_be_below_a_path),
        cmocka_unit_test(test_dashboard_files_are_in_the_program),
        cmocka_unit_test(test_dashboard_page_writes_text_only_and_loads_nothing_from_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
