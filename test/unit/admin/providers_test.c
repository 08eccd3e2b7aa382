/* SPDX-License-Identifier: MIT */
#include "ask.h"

static void test_before_any_snapshot_the_api_is_an_empty_object(void **state)
{
    struct world world;
    (void)state;

    world_init(&world);
    world.request.snapshot = NULL;
    assert_json(&world, "GET /api", "{}");
    assert_json(&world, "GET /api/providers", "{}");
    assert_not_found(&world, "GET /api/providers/docker");
    world_fini(&world);
}

static void test_documents_are_those_v17_gave(void **state)
{
    struct world world;
    (void)state;

    world_init(&world);
    world_add_docker(&world);
    assert_json(&world, "GET /api", "{\"docker\":" WORLD_DOCKER "}");
    assert_json(&world, "GET /api/providers", "{\"docker\":" WORLD_DOCKER "}");
    assert_json(&world, "GET /api/providers/docker", WORLD_DOCKER);
    assert_json(&world, "GET /api/providers/docker?pretty=1", WORLD_DOCKER);
    assert_json(&world, "GET /api/providers/docker/backends", WORLD_BACKENDS);
    assert_json(&world, "GET /api/providers/docker/backends/backend-web", WORLD_BACKEND_WEB);
    assert_json(&world, "GET /api/providers/docker/backends/backend-web/servers", WORLD_SERVERS_WEB);
    assert_json(&world, "GET /api/providers/docker/backends/backend-web/servers/server-web-ee9c7d7f2277b7c48a0697f4c7f29176",
                WORLD_SERVER_WEB);
    assert_json(&world, "GET /api/providers/docker/frontends", WORLD_FRONTENDS);
    assert_json(&world, "GET /api/providers/docker/frontends/frontend-Host-web-t-0", WORLD_FRONTEND_WEB);
    assert_json(&world, "GET /api/providers/docker/frontends/frontend-Host-web-t-0/routes", WORLD_ROUTES_WEB);
    assert_json(&world, "GET /api/providers/docker/frontends/frontend-Host-web-t-0/routes/route-frontend-Host-web-t-0",
                WORLD_ROUTE_WEB);
    world_fini(&world);
}

static void test_users_are_in_no_document(void **state)
{
    static const char *const lines[] = {"GET /api", "GET /api/providers/docker/frontends/frontend-Host-api-t-1",
                                        "GET /api/overview", "GET /api/overview/frontends", "GET /health"};
    struct world world;
    (void)state;

    world_init(&world);
    world_add_docker(&world);
    for (size_t i = 0; i < WB_COUNT(lines); i++) {
        assert_true(world_ask(&world, lines[i]));
        assert_null(strstr(world.answer.body.ptr, "secret"));
    }
    world_fini(&world);
}

static void test_what_is_not_there_is_404(void **state)
{
    static const char *const lines[] = {
        "GET /api/providers/file",
        "GET /api/providers/file/backends",
        "GET /api/providers/Docker",
        "GET /api/providers/docker/backends/none",
        "GET /api/providers/docker/backends/none/servers",
        "GET /api/providers/docker/backends/backend-web/servers/none",
        "GET /api/providers/docker/frontends/backend-web",
        "GET /api/providers/docker/frontends/none/routes",
        "GET /api/providers/docker/frontends/frontend-Host-web-t-0/routes/none",
    };
    struct world world;
    (void)state;

    world_init(&world);
    world_add_docker(&world);
    for (size_t i = 0; i < WB_COUNT(lines); i++)
        assert_not_found(&world, lines[i]);
    world_fini(&world);
}

static void test_what_is_no_route_goes_on_to_ordinary_routing(void **state)
{
    static const char *const lines[] = {
        "GET /nothing",
        "GET /apis",
        "GET /API",
        "GET //api",
        "GET /api//providers",
        "GET /api//",
        "GET /api/providers//",
        "GET /api/providers/docker/none",
        "GET /api/providers/docker/backends//servers",
        "GET /api/providers/docker/backends/backend-web/routes",
        "GET /api/providers/docker/frontends/frontend-Host-web-t-0/servers",
        "GET /api/providers/docker/backends/backend-web/servers/a/b",
        "GET /api/providers/docker/backends/a/servers/a/b/c/d/e",
        "GET /api%2Fproviders",
        "GET /api/overview/none",
        "GET /api/version/x",
        "GET /health/x",
        "GET /version",
        "GET *",
        "HEAD /api",
        "POST /api",
        "PUT /api/providers/docker",
        "DELETE /api/providers/docker",
        "HEAD /health",
        "get /api",
        "HEAD /api/",
        "POST /api/",
    };
    struct world world;
    (void)state;

    world_init(&world);
    world_add_docker(&world);
    for (size_t i = 0; i < WB_COUNT(lines); i++)
        assert_left(&world, lines[i]);
    world_fini(&world);
}

static void test_last_slash_is_taken_off_by_a_redirect(void **state)
{
    struct world world;
    (void)state;

    world_init(&world);
    world_add_docker(&world);
    assert_redirect(&world, "GET /api/", 301, "/api");
    assert_slice(world_body(&world), "<a href=\"/api\">Moved Permanently</a>.\n\n");
    assert_redirect(&world, "GET /api/providers/docker/", 301, "/api/providers/docker");
    assert_redirect(&world, "GET /api/providers/none/", 301, "/api/providers/none");
    assert_redirect(&world, "GET /health/?a=1&b=\"", 301, "/health?a=1&b=\"");
    assert_slice(world_body(&world), "<a href=\"/health?a=1&amp;b=&#34;\">Moved Permanently</a>.\n\n");
    assert_redirect(&world, "GET /api/providers/a<%2F>/", 301, "/api/providers/a<%2F>");
    assert_slice(world_body(&world), "<a href=\"/api/providers/a&lt;%2F&gt;\">Moved Permanently</a>.\n\n");
    assert_left(&world, "GET /nothing/");
    world.options.keep_trailing_slash = true;
    world_restart(&world);
    assert_left(&world, "GET /api/");
    assert_json(&world, "GET /api/providers/docker", WORLD_DOCKER);
    world_fini(&world);
}

static void test_names_in_the_path_may_be_percent_encoded(void **state)
{
    struct fragment *fragment = fragment_create(SLICE("file"));
    struct world world;
    (void)state;

    world_init(&world);
    fragment->backends = ARENA_NEW(&fragment->arena, struct model_backend);
    fragment->backends[0].name = SLICE("a/b c%<\xc3\xa9>");
    fragment->backend_count = 1;
    model_replace(&world.snapshot.model, &fragment);
    assert_json(&world, "GET /api/providers/file/backends/a%2Fb%20c%25%3C%C3%A9%3E", "{}");
    assert_json(&world, "GET /api/providers/file/backends/a%2Fb%20c%25%3C%C3%A9%3E/servers", "null");
    assert_json(&world, "GET /api/providers/file/frontends", "{}");
    assert_json(&world, "GET /api/providers/file", "{\"backends\":{\"a/b c%\\u003c\xc3\xa9\\u003e\":{}}}");
    assert_not_found(&world, "GET /api/providers/file/backends/a%252Fb%20c%25%3C%C3%A9%3E");
    assert_not_found(&world, "GET /api/providers/file/backends/a%2Fb%00");
    world_fini(&world);
}

static void test_rest_is_looked_up_as_web_and_providers_are_in_order(void **state)
{
    struct fragment *web = fragment_create(SLICE("web"));
    struct world world;
    (void)state;

    world_init(&world);
    world_add_docker(&world);
    model_replace(&world.snapshot.model, &web);
    assert_json(&world, "GET /api", "{\"docker\":" WORLD_DOCKER ",\"web\":{}}");
    assert_json(&world, "GET /api/providers/rest", "{}");
    assert_json(&world, "GET /api/providers/web/backends", "{}");
    world_fini(&world);
}

static void test_version_names_itself(void **state)
{
    struct world world;
    (void)state;

    world_init(&world);
    assert_json(&world, "GET /api/version", "{\"Version\":\"" WB_VERSION "\",\"Codename\":\"cheddar\"}");
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_any_snapshot_the_api_is_an_empty_object),
        cmocka_unit_test(test_documents_are_those_v17_gave),
        cmocka_unit_test(test_users_are_in_no_document),
        cmocka_unit_test(test_what_is_not_there_is_404),
        cmocka_unit_test(test_what_is_no_route_goes_on_to_ordinary_routing),
        cmocka_unit_test(test_last_slash_is_taken_off_by_a_redirect),
        cmocka_unit_test(test_names_in_the_path_may_be_percent_encoded),
        cmocka_unit_test(test_rest_is_looked_up_as_web_and_providers_are_in_order),
        cmocka_unit_test(test_version_names_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
