/* SPDX-License-Identifier: MIT */
/* Redirections of frontends and of entrypoints (spec/proxy.md 17, defects B17, B18, security case P11). */
#include "sim_test.h"

/* What one request gets: "302 http://..." or "200". */
struct ask {
    const char *request, *wanted;
};

static struct model_redirect options; /* of the one route */

static void set_redirect(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)backend;
    frontend->redirect = ARENA_NEW(arena, struct model_redirect);
    *frontend->redirect = options;
}

static void check_answer(struct sim_scene *scene, const struct ask *ask)
{
    struct sim_message answer;
    struct text got = TEXT_EMPTY;

    sim_client_connect(&scene->client, scene->sim, scene->world->entry, "192.0.2.1");
    sim_client_ask(&scene->client, ask->request);
    sim_advance(scene->sim, 100);
    assert_true(sim_client_answer(&scene->client, 0, &answer));
    unsigned status = sim_message_status(&answer);
    text_addf(&got, "%u", status);
    if (status >= 300 && status < 400) {
        struct slice location = sim_message_field(&answer, "Location");
        text_addf(&got, " " SLICE_FMT, SLICE_ARG(location));
        if (!slice_starts(slice_of(ask->request), SLICE("HEAD ")))
            assert_true(slice_eq(text_slice(&answer.body), slice_of(status_phrase(status))));
        assert_int_equal(sim_message_field_count(&answer, "Location"), 1);
    }
    if (!slice_eq(text_slice(&got), slice_of(ask->wanted)))
        fail_msg("%s got " SLICE_FMT ", not %s", ask->request, SLICE_ARG(text_slice(&got)), ask->wanted);
    text_fini(&got);
    sim_message_fini(&answer);
    sim_link_close(scene->client.wire);
    sim_advance(scene->sim, 10);
}

static struct model_tls no_certificates;

static void prepare(struct sim_scene *scene, const char *address, bool tls)
{
    scene_prepare(scene, 0);
    scene->world->outer.address = SLICE(":80");
    scene->world->outer.forwarded_insecure = true;
    scene->world->more = (struct model_entrypoint){
        .name = SLICE("more"), .address = slice_of(address), .tls = tls ? &no_certificates : NULL};
}

static void check_frontend(const char *rule, const char *address, bool tls, const struct ask *asks, size_t count)
{
    struct sim_scene scene;
    struct sim_route route = {.name = "a", .rule = rule, .servers = SIM_SERVER_URL, .set_options = set_redirect};

    prepare(&scene, address, tls);
    scene_start(&scene);
    sim_world_publish(scene.world, &route, 1);
    for (size_t i = 0; i < count; i++)
        check_answer(&scene, &asks[i]);
    scene_end(&scene);
}

#define GET(host, path)  "GET " path " HTTP/1.1\r\nHost: " host "\r\n\r\n"
#define SLASHES          "PathPrefix:/"
#define CHECK(rule, ...) CHECK_AT(rule, ":8081", false, __VA_ARGS__)
#define CHECK_AT(rule, address, tls, ...)                           \
    do {                                                            \
        static const struct ask asks_[] = {__VA_ARGS__};            \
        check_frontend(rule, address, tls, asks_, WB_COUNT(asks_)); \
    } while (0)

static void test_another_entrypoint_is_the_same_url_at_its_port(void **state)
{
    (void)state;
    options = (struct model_redirect){.entrypoint = SLICE("more")};
    CHECK(SLASHES, {GET("a.test", "/x/y?z=1"), "302 http://a.test:8081/x/y?z=1"},
          {GET("a.test:80", "/x"), "302 http://a.test:8081/x"}, {GET("A.Test.", "/"), "302 http://A.Test:8081/"},
          {GET("10.0.0.1:80", "/"), "302 http://10.0.0.1:8081/"}, {GET("[::1]:80", "/?"), "302 http://[::1]:8081/?"},
          {GET("[2001:db8::7]", "/"), "302 http://[2001:db8::7]:8081/"},
          {GET("a.test", "/%2f%c3%bc?%22"), "302 http://a.test:8081/%2f%c3%bc?%22"},
          {GET("a.test", "/b/../c"), "302 http://a.test:8081/b/../c"},
          {"GET http://b.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n", "302 http://b.test:8081/x"},
          {"GET / HTTP/1.0\r\n\r\n", "400"});
    options.permanent = true;
    CHECK_AT(SLASHES, "127.0.0.1:443", true, {GET("a.test", "/x"), "301 https://a.test/x"});
    CHECK_AT(SLASHES, ":443", false, {GET("a.test", "/x"), "301 http://a.test:443/x"});
    CHECK_AT(SLASHES, "[::1]:80", true, {GET("a.test", "/x"), "301 https://a.test:80/x"});
    CHECK_AT(SLASHES, ":80", false, {GET("a.test", "/x"), "301 http://a.test/x"});
}

static void test_the_status_keeps_methods_but_get(void **state)
{
    (void)state;
    options = (struct model_redirect){.entrypoint = SLICE("more")};
    CHECK(SLASHES, {"HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n", "307 http://a.test:8081/"},
          {"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx", "307 http://a.test:8081/"});
    options.permanent = true;
    CHECK(SLASHES, {"HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n", "308 http://a.test:8081/"},
          {"PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx", "308 http://a.test:8081/"});
}

static void test_to_the_own_entrypoint_is_no_redirection(void **state)
{
    (void)state;
    options = (struct model_redirect){.entrypoint = SLICE("http")};
    CHECK(SLASHES, {GET("a.test", "/len/1"), "200"});
}

static void test_what_the_route_makes_of_the_path_is_not_shown(void **state)
{
    (void)state;
    options = (struct model_redirect){.entrypoint = SLICE("more")};
    CHECK("PathPrefixStrip:/api", {GET("a.test", "/api/x?y=1"), "302 http://a.test:8081/api/x?y=1"});
    CHECK("Host:a.test;AddPrefix:/more", {GET("a.test", "/x"), "302 http://a.test:8081/x"});
    CHECK("Host:a.test;ReplacePath:/other", {GET("a.test", "/x?y"), "302 http://a.test:8081/x?y"});
    options = (struct model_redirect){.regex = SLICE("^http://a.test/(.*)"), .replacement = SLICE("https://a.test/$1")};
    CHECK("PathPrefixStrip:/api", {GET("a.test", "/api/x?y=1"), "302 https://a.test/api/x?y=1"});
    CHECK("Host:a.test;AddPrefix:/more", {GET("a.test", "/x/more?y"), "302 https://a.test/x/more?y"});
    CHECK("Host:a.test;ReplacePath:/other", {GET("a.test", "/x?y"), "302 https://a.test/x?y"});
    /* The path the route makes is the one that is looked at. */
    options = (struct model_redirect){.regex = SLICE("/inside"), .replacement = SLICE("/new")};
    CHECK("PathPrefixStrip:/api", {GET("a.test", "/api/inside"), "302 http://a.test/api/inside"},
          {GET("a.test", "/api/len/1"), "200"});
}

static void test_a_regular_expression_works_on_the_whole_url(void **state)
{
    (void)state;
    options = (struct model_redirect){.regex = SLICE("^http://a.test/old/(.*)"),
                                      .replacement = SLICE("http://b.test/new/$1")};
    CHECK(SLASHES, {GET("a.test", "/old/page?q=1"), "302 http://b.test/new/page?q=1"}, {GET("a.test", "/len/1"), "200"},
          {GET("a.test:80", "/old/page"), "200"});
    options = (struct model_redirect){
        .regex = SLICE("^https?://www\\.([^/]+)/(.*)"), .replacement = SLICE("https://$1/${2}"), .permanent = true};
    CHECK(SLASHES, {GET("www.a.test:81", "/p?x=1"), "301 https://a.test:81/p?x=1"}, {GET("www.[::1]", "/"), "400"},
          {GET("a.test", "/len/1"), "200"});
    /* Only the part that matches is replaced, each time it does. */
    options = (struct model_redirect){.regex = SLICE("a\\.test"), .replacement = SLICE("b.test")};
    CHECK(SLASHES, {GET("a.test", "/a.test/"), "302 http://b.test/b.test/"});
    /* The same URL again is no redirection. */
    options = (struct model_redirect){.regex = SLICE("(.*)"), .replacement = SLICE("$1")};
    CHECK(SLASHES, {GET("a.test", "/len/1"), "200"});
    /* What came by https says a proxy that is believed. */
    options = (struct model_redirect){.regex = SLICE("^http:(.*)"), .replacement = SLICE("https:$1")};
    CHECK(SLASHES, {GET("a.test", "/x"), "302 https://a.test/x"},
          {"GET /len/1 HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: https\r\n\r\n", "200"});
}

static void test_texts_of_the_request_by_name(void **state)
{
    (void)state;
    options = (struct model_redirect){
        .regex = SLICE(".*"),
        .replacement = SLICE(
            "https://b.test/{{.Request.Method}}/{{ .Request.Host }}{{.Request.URL.Path}}?{{.Request.URL.RawQuery}}")};
    CHECK(SLASHES, {GET("a.test:80", "/x%20y?q=1"), "302 https://b.test/GET/a.test:80/x%20y?q=1"});
    options.replacement = SLICE("https://b.test{{.Request.RequestURI}}#\"\xc3\xbc\\");
    CHECK(SLASHES, {GET("a.test", "/x?q={{.Request.Method}}"), "302 https://b.test/x?q={{.Request.Method}}#%22%C3%BC%5C"});
}

static void test_p11_a_request_does_not_say_where_to(void **state)
{
    (void)state;
    options = (struct model_redirect){.regex = SLICE("^http://a.test/go(.*)"), .replacement = SLICE("$1")};
    CHECK(SLASHES, {GET("a.test", "/go/x"), "302 /x"}, {GET("a.test", "/go//evil.test"), "400"},
          {GET("a.test", "/go/%5cevil.test"), "302 /%5cevil.test"}, {GET("a.test", "/go/\\evil.test"), "302 /%5Cevil.test"},
          {GET("a.test", "/gojavascript:alert(1)"), "400"}, {GET("a.test", "/go"), "400"},
          {GET("a.test", "/gohttp:///evil"), "400"}, {GET("a.test", "/gohttps://ok.test/x"), "302 https://ok.test/x"});
    options.replacement = SLICE("//b.test$1");
    CHECK(SLASHES, {GET("a.test", "/go/x"), "302 //b.test/x"});
    options.replacement = SLICE("$1s://b.test/"); /* no group is called 1s */
    CHECK(SLASHES, {GET("a.test", "/go/x"), "400"});
    options.replacement = SLICE("app://open$1");
    CHECK(SLASHES, {GET("a.test", "/go/x"), "302 app://open/x"});
    /* Line ends stay encoded, and hosts that are none do not come this far. */
    options = (struct model_redirect){.entrypoint = SLICE("more")};
    CHECK(SLASHES, {GET("a.test", "/%0d%0aSet-Cookie:x"), "302 http://a.test:8081/%0d%0aSet-Cookie:x"},
          {GET("evil.test/@a.test", "/"), "400"}, {GET("a.test\\evil", "/"), "400"},
          {"GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Prefix: //evil\r\nX-Forwarded-Host: evil.test\r\n\r\n",
           "302 http://a.test:8081/"},
          {GET("a.test", "//evil.test/x"), "302 http://a.test:8081//evil.test/x"});
}

static void test_p10_a_url_too_long_for_the_expression_is_refused(void **state)
{
    struct sim_scene scene;
    struct sim_route route = {.name = "a", .rule = SLASHES, .servers = SIM_SERVER_URL, .set_options = set_redirect};
    struct text request = TEXT_EMPTY;
    (void)state;

    options = (struct model_redirect){.regex = SLICE("(?:a?){600}c$"), .replacement = SLICE("b")};
    prepare(&scene, ":8081", false);
    scene_start(&scene);
    sim_world_publish(scene.world, &route, 1);
    text_add(&request, SLICE("GET /"));
    for (int i = 0; i < 30000; i++)
        text_add_char(&request, 'a');
    text_add(&request, SLICE("b HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    check_answer(&scene, &(struct ask){request.ptr, "414"});
    scene_end(&scene);
    text_fini(&request);
}

/* The entrypoint redirects; its API and ping do not, and its white list holds for what it does not redirect. */
static void test_an_entrypoint_redirects_all_but_internal_routes(void **state)
{
    struct model_redirect redirect = {.entrypoint = SLICE("more")};
    static const struct ask asks[] = {
        {GET("nobody.test", "/x?y"), "302 http://nobody.test:8081/x?y"},
        {"OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n", "307 http://a.test:8081/"},
        {GET("a.test", "/ping"), "200"},
        {GET("a.test", "/api"), "200"},
        {GET("a.test", "/api/x"), "302 http://a.test:8081/api/x"},
    };
    struct sim_scene scene;
    (void)state;

    prepare(&scene, ":8081", false);
    scene.world->outer.redirect = &redirect;
    scene_start(&scene);
    for (size_t i = 0; i < WB_COUNT(asks); i++)
        check_answer(&scene, &asks[i]);
    scene_end(&scene);
}

static void test_an_entrypoint_redirects_before_it_asks_for_anything(void **state)
{
    struct model_redirect redirect = {
        .regex = SLICE("^http://a.test/x(.*)$"), .replacement = SLICE("http://b.test/moved$1"), .permanent = true};
    static const struct ask asks[] = {
        {GET("a.test", "/x?y=1"), "301 http://b.test/moved?y=1"},
        {GET("a.test", "/keep/x"), "403"},
        {GET("a.test", "/api"), "403"},
    };
    struct sim_scene scene;
    (void)state;

    prepare(&scene, ":8081", false);
    scene.world->outer.redirect = &redirect;
    scene.world->outer.white_list = &scene.world->outer_list;
    slices_add(&scene.world->arena, &scene.world->outer_list.source_range, SLICE("10.0.0.0/8"));
    scene_start(&scene);
    for (size_t i = 0; i < WB_COUNT(asks); i++)
        check_answer(&scene, &asks[i]);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_another_entrypoint_is_the_same_url_at_its_port),
        cmocka_unit_test(test_the_status_keeps_methods_but_get),
        cmocka_unit_test(test_to_the_own_entrypoint_is_no_redirection),
        cmocka_unit_test(test_what_the_route_makes_of_the_path_is_not_shown),
        cmocka_unit_test(test_a_regular_expression_works_on_the_whole_url),
        cmocka_unit_test(test_texts_of_the_request_by_name),
        cmocka_unit_test(test_p11_a_request_does_not_say_where_to),
        cmocka_unit_test(test_p10_a_url_too_long_for_the_expression_is_refused),
        cmocka_unit_test(test_an_entrypoint_redirects_all_but_internal_routes),
        cmocka_unit_test(test_an_entrypoint_redirects_before_it_asks_for_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
