/* SPDX-License-Identifier: MIT */
/* PUT /api/providers/rest: where it is answered, for whom, and with what. */
#include "ask.h"
#include "waybill/http/headers.h"

static struct text put;
static bool taken;

static bool update(void *arg, struct slice body, struct text *out_text)
{
    assert_ptr_equal(arg, &put);
    text_fini(&put);
    text_add(&put, body);
    text_add(out_text, taken ? SLICE("{\"backends\":{}}") : SLICE("line 1, column 1: no"));
    return taken;
}

static void rest_world(struct world *world)
{
    world_init(world);
    world->options.rest_update = update;
    world->options.rest_arg = &put;
    world->options.rest_entrypoint = PING_ENTRYPOINT;
    world->options.api = world->options.dashboard = false;
    world_restart(world);
    world->request.entrypoint = PING_ENTRYPOINT;
    world->request.host = SLICE("127.0.0.1:8080");
    taken = true;
}

static void rest_end(struct world *world)
{
    text_fini(&put);
    world_fini(world);
}

static void assert_refused(struct world *world, unsigned status, const char *part)
{
    assert_true(world_ask(world, "PUT /api/providers/rest"));
    assert_int_equal(world->answer.status, status);
    char *body = slice_dup(world_body(world));
    assert_non_null(strstr(body, part));
    free(body);
    assert_null(put.ptr);
}

static void test_a_body_is_wanted_first_and_changes_all(void **state)
{
    struct world world;
    (void)state;

    rest_world(&world);
    assert_true(world_ask(&world, "PUT /api/providers/rest"));
    assert_true(world.answer.wants_body);
    assert_null(put.ptr); /* who asks without one only wants to know */
    world.request.has_body = true;
    world.request.body = SLICE("{ }");
    assert_json(&world, "PUT /api/providers/rest", "{\"backends\":{}}");
    assert_string_equal(put.ptr, "{ }");
    assert_json(&world, "PUT /api/providers/web", "{\"backends\":{}}");
    taken = false;
    assert_true(world_ask(&world, "PUT /api/providers/rest"));
    assert_int_equal(world.answer.status, 400);
    assert_slice(world.answer.content_type, "text/plain; charset=utf-8");
    assert_slice(world_body(&world), "line 1, column 1: no\n");
    rest_end(&world);
}

static void test_only_that_provider_and_place_and_method(void **state)
{
    struct world world;
    (void)state;

    rest_world(&world);
    assert_true(world_ask(&world, "PUT /api/providers/docker"));
    assert_int_equal(world.answer.status, 400);
    assert_slice(world_body(&world), "Only 'rest' provider can be updated through the REST API");
    assert_left(&world, "PUT /api/providers/");
    assert_left(&world, "PUT /api/providers");
    assert_left(&world, "PUT /api/providers/rest/backends");
    assert_left(&world, "PUT /api/providers/rest/");
    assert_left(&world, "POST /api/providers/rest");
    assert_left(&world, "GET /api/providers/rest"); /* that is the API's */
    world.request.filtered = false;
    assert_left(&world, "PUT /api/providers/rest");
    world.request.filtered = true;
    world.request.entrypoint = API_ENTRYPOINT;
    assert_left(&world, "PUT /api/providers/rest");
    world.options.rest_update = NULL;
    world_restart(&world);
    world.request.entrypoint = PING_ENTRYPOINT;
    assert_left(&world, "PUT /api/providers/rest");
    rest_end(&world);
}

static void from(struct world *world, const char *site, const char *origin, const char *host)
{
    headers_clear(&world->headers);
    if (site)
        headers_add(&world->headers, SLICE("sec-fetch-site"), slice_of(site));
    if (origin)
        headers_add(&world->headers, SLICE("origin"), slice_of(origin));
    world->request.host = slice_of(host);
}

/* Security case A7. */
static void test_a_page_of_another_site_changes_nothing(void **state)
{
    static const char *const good[][3] = {
        {NULL, NULL, "traefik.example"},
        {"none", NULL, "traefik.example"},
        {"same-origin", "http://127.0.0.1:8080", "127.0.0.1:8080"},
        {NULL, "https://[::1]:8080", "[::1]:8080"},
        {"same-origin", "http://LOCALHOST:8080", "localhost:8080"},
    };
    static const char *const bad[][3] = {
        {"cross-site", NULL, "127.0.0.1:8080"},
        {"same-site", "http://127.0.0.1:8080", "127.0.0.1:8080"},
        {"", NULL, "127.0.0.1:8080"},
        {NULL, "http://evil.example", "127.0.0.1:8080"},
        {NULL, "null", "127.0.0.1:8080"},
        {NULL, "", "127.0.0.1:8080"},
        {NULL, "http://127.0.0.1:8081", "127.0.0.1:8080"},
        {NULL, "http://127.0.0.1:8080.evil.example", "127.0.0.1:8080"},
        {NULL, "ftp://127.0.0.1:8080", "127.0.0.1:8080"},
        {"same-origin", "http://rebound.example:8080", "rebound.example:8080"}, /* a name that was turned to us */
        {NULL, "http://", ""},
    };
    struct world world;
    (void)state;

    rest_world(&world);
    for (size_t i = 0; i < WB_COUNT(good); i++) {
        from(&world, good[i][0], good[i][1], good[i][2]);
        assert_true(world_ask(&world, "PUT /api/providers/rest") && world.answer.wants_body);
    }
    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        from(&world, bad[i][0], bad[i][1], bad[i][2]);
        assert_refused(&world, 403, "");
        world.request.has_body = true;
        assert_refused(&world, 403, "");
        world.request.has_body = false;
    }
    rest_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_body_is_wanted_first_and_changes_all),
        cmocka_unit_test(test_only_that_provider_and_place_and_method),
        cmocka_unit_test(test_a_page_of_another_site_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
