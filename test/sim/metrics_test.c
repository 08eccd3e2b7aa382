/* SPDX-License-Identifier: MIT */
/* What counts as a request of which entrypoint and backend (spec/api-json.md 5). */
#include "sim_test.h"
#include "waybill/exchange/traffic.h"
#include <inttypes.h>

static struct traffic_options options = {.bounds_ns = {1000000000}, .bound_count = 1, .entrypoint_count = 1};

static const char *owner_of(const struct traffic_scope_facts *scope)
{
    static char name[64];
    snprintf(name, sizeof name, SLICE_FMT, SLICE_ARG(scope->is_backend ? scope->backend : SLICE("-")));
    return name;
}

static void show_scope(void *arg, const struct traffic_scope_facts *scope)
{
    if (scope->retries)
        text_addf(arg, "%s retries %" PRIu64 "; ", owner_of(scope), scope->retries);
}

static void show_flow(void *arg, const struct traffic_flow_facts *flow)
{
    if (flow->open)
        text_addf(arg, "%s " SLICE_FMT " %d open %" PRIu64 "; ", owner_of(flow->scope), SLICE_ARG(flow->method),
                  (int)flow->protocol, flow->open);
}

static void show_series(void *arg, const struct traffic_series_facts *series)
{
    text_addf(arg, "%s " SLICE_FMT " %d %u: %" PRIu64 "; ", owner_of(series->flow->scope), SLICE_ARG(series->flow->method),
              (int)series->flow->protocol, series->code, cell_read(&series->buckets[0]) + cell_read(&series->buckets[1]));
}

static void expect(struct sim_scene *scene, const char *wanted)
{
    struct text lines = TEXT_EMPTY;

    traffic_read(scene->world->env.traffic, &(struct traffic_visitor){show_scope, show_flow, show_series, &lines});
    assert_string_equal(lines.ptr ? lines.ptr : "", wanted);
    text_fini(&lines);
}

static void use_page(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)backend;
    frontend->errors = ARENA_NEW(arena, struct model_error_page);
    frontend->error_count = 1;
    frontend->errors[0] = (struct model_error_page){
        .name = SLICE("e"), .backend = SLICE("page"), .query = SLICE("/len/5/0")};
    slices_add(arena, &frontend->errors[0].status, SLICE("400-599"));
}

static const struct sim_route routes[] = {
    {.name = "closed", .rule = "Host:l.test", .servers = SIM_SERVER_URL, .white_list = "10.0.0.0/8"},
    {.name = "empty", .rule = "Host:n.test"},
    {.name = "failing", .rule = "Host:e.test", .servers = "http://10.0.0.7:80", .set_options = use_page},
    {.name = "page", .rule = "Host:page.test", .servers = SIM_SERVER_URL},
    {.name = "two", .rule = "Host:r.test", .servers = "http://10.0.0.7:80 " SIM_SERVER_URL},
    {.name = "web", .rule = "Host:a.test", .servers = SIM_SERVER_URL},
};

static void begin(struct sim_scene *scene)
{
    scene_begin(scene);
    scene->world->env.traffic = traffic_create(&options);
    sim_world_publish(scene->world, routes, WB_COUNT(routes));
}

static void end(struct sim_scene *scene)
{
    struct traffic *traffic = scene->world->env.traffic;

    scene_end(scene);
    traffic_destroy(&traffic);
}

static void ask(struct sim_scene *scene, const char *request, unsigned status)
{
    unsigned index = scene->client.asked;

    sim_client_ask(&scene->client, request);
    sim_settle(scene->sim);
    assert_int_equal(sim_client_status(&scene->client, index), status);
}

#define GET(host, path) "GET " path " HTTP/1.1\r\nHost: " host "\r\n\r\n"

static void test_answers_of_servers_and_our_own_count_on_both(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene);
    ask(&scene, GET("a.test", "/len/3/0"), 200);
    ask(&scene, GET("a.test", "/204"), 204);
    ask(&scene, "POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi", 200);
    ask(&scene, GET("l.test", "/"), 403); /* by a filter of the frontend */
    ask(&scene, GET("n.test", "/"), 503); /* it has no backend: no name to count on */
    ask(&scene, GET("unknown.test", "/"), 404);
    expect(&scene, "- POST 0 200: 1; - GET 0 404: 1; - GET 0 503: 1; - GET 0 403: 1; - GET 0 204: 1; - GET 0 200: 1; "
                   "web POST 0 200: 1; web GET 0 204: 1; web GET 0 200: 1; closed GET 0 403: 1; ");
    end(&scene);
}

static void test_internal_routes_and_broken_requests_do_not_count(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene);
    ask(&scene, GET("a.test", "/ping"), 200);
    ask(&scene, GET("a.test", "/api"), 200);
    sim_client_send(&scene.client, "no request\r\n\r\n");
    sim_settle(scene.sim);
    expect(&scene, "");
    end(&scene);
}

static void switch_protocols(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    sim_conn_reply(conn,
                   SLICE("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
                   0, false);
    conn->tunnel = true;
}

static void test_protocols_are_told_apart(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene);
    ask(&scene, "GET /len/1/0 HTTP/1.1\r\nHost: a.test\r\nAccept: text/html, Text/Event-Stream\r\n\r\n", 200);
    ask(&scene, "GET /len/1/0 HTTP/1.1\r\nHost: a.test\r\nAccept: text/event-stream;q=1\r\n\r\n", 200);
    scene.server.answer = switch_protocols;
    ask(&scene,
        "GET /up HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        101);
    expect(&scene, "- GET 2 open 1; - GET 0 200: 1; - GET 1 200: 1; web GET 2 open 1; web GET 0 200: 1; web GET 1 200: 1; ");
    sim_link_close(scene.client.wire);
    sim_settle(scene.sim);
    expect(&scene, "- GET 2 101: 1; - GET 0 200: 1; - GET 1 200: 1; web GET 2 101: 1; web GET 0 200: 1; web GET 1 200: 1; ");
    end(&scene);
}

static void test_a_request_is_open_until_it_ends_however_it_does(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene);
    sim_client_ask(&scene.client, GET("a.test", "/mute"));
    sim_advance(scene.sim, 100);
    expect(&scene, "- GET 0 open 1; web GET 0 open 1; ");
    sim_link_reset(scene.client.wire);
    sim_settle(scene.sim);
    expect(&scene, "- GET 0 499: 1; web GET 0 499: 1; ");
    end(&scene);
}

static void test_the_page_of_an_error_does_not_count_on_its_backend(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene);
    ask(&scene, GET("e.test", "/"), 502);
    assert_int_equal(scene.server.request_count, 1);
    expect(&scene, "- GET 0 502: 1; failing GET 0 502: 1; ");
    end(&scene);
}

static void test_another_server_that_is_tried_is_a_retry(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene);
    for (unsigned i = 0; i < 4; i++)
        ask(&scene, GET("r.test", "/len/1/0"), 200);
    expect(&scene, "- GET 0 200: 4; two retries 1; two GET 0 200: 4; "); /* who refused is not asked for a while */
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_of_servers_and_our_own_count_on_both),
        cmocka_unit_test(test_internal_routes_and_broken_requests_do_not_count),
        cmocka_unit_test(test_protocols_are_told_apart),
        cmocka_unit_test(test_a_request_is_open_until_it_ends_however_it_does),
        cmocka_unit_test(test_the_page_of_an_error_does_not_count_on_its_backend),
        cmocka_unit_test(test_another_server_that_is_tried_is_a_retry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
