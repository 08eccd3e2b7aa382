/* SPDX-License-Identifier: MIT */
/* Rate limits, maxConn and circuit breakers on a whole worker and a fake clock (spec/proxy.md 9 to 11). */
#include "sim_test.h"

#define PAGES_URL "http://10.0.0.9:80"

/* Of the one route. */
static struct model_rate rates[2];
static struct model_rate_limit rate_limit;
static struct model_max_conn max_conn;
static struct model_circuit_breaker breaker;

static void set_options(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    if (rate_limit.rate_count) {
        frontend->rate_limit = ARENA_NEW(arena, struct model_rate_limit);
        *frontend->rate_limit = rate_limit;
    }
    if (max_conn.amount) {
        backend->max_conn = ARENA_NEW(arena, struct model_max_conn);
        *backend->max_conn = max_conn;
    }
    if (breaker.expression.len) {
        backend->circuit_breaker = ARENA_NEW(arena, struct model_circuit_breaker);
        *backend->circuit_breaker = breaker;
    }
}

static const struct sim_route limited = {
    .name = "a", .rule = "HostRegexp:{any:.*}", .servers = SIM_SERVER_URL, .set_options = set_options};
static const struct sim_route unreachable = {
    .name = "a", .rule = "Host:a.test", .servers = "http://10.0.0.99:1", .set_options = set_options};
static const struct sim_route plain = {.name = "b", .rule = "Host:b.test", .servers = SIM_SERVER_URL};

static void begin(struct sim_scene *scene)
{
    scene_begin(scene);
    sim_world_publish(scene->world, &limited, 1);
}

static void end(struct sim_scene *scene)
{
    scene_end(scene);
    rate_limit = (struct model_rate_limit){0};
    max_conn = (struct model_max_conn){0};
    breaker = (struct model_circuit_breaker){0};
}

static void limit_rate(const char *extractor, int64_t period_ns, int64_t average, int64_t burst)
{
    rates[0] = (struct model_rate){.name = SLICE("r"), .period_ns = period_ns, .average = average, .burst = burst};
    rate_limit = (struct model_rate_limit){.rates = rates, .rate_count = 1, .extractor_func = slice_of(extractor)};
}

static struct sim_client ask_from(struct sim_scene *scene, const char *ip, const char *request)
{
    struct sim_client client;

    sim_client_connect(&client, scene->sim, scene->world->entry, ip);
    sim_client_ask(&client, request);
    sim_settle(scene->sim);
    return client;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a.test\r\n\r\n"

static unsigned status_from(struct sim_scene *scene, const char *ip, const char *request)
{
    struct sim_client client = ask_from(scene, ip, request);
    unsigned status = sim_client_status(&client, 0);
    sim_link_close(client.wire);
    sim_settle(scene->sim);
    return status;
}

static void test_a_rate_limit_says_when_to_come_again(void **state)
{
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    limit_rate("client.ip", 10000000000, 5, 2);
    begin(&scene);
    for (unsigned i = 0; i < 3; i++)
        sim_client_ask(&scene.client, "POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc");
    sim_client_ask(&scene.client, "HEAD /len/5 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    sim_advance(scene.sim, 1999);
    assert_int_equal(sim_client_status(&scene.client, 1), 200);
    for (unsigned i = 2; i < 4; i++) {
        assert_true(sim_client_answer(&scene.client, i, &answer));
        assert_int_equal(sim_message_status(&answer), 429);
        assert_true(slice_eq(sim_message_field(&answer, "Retry-After"), SLICE("2")));
        assert_true(slice_eq(sim_message_field(&answer, "X-Retry-In"), SLICE("2s")));
        assert_true(slice_eq(sim_message_field(&answer, "Content-Length"), SLICE("29")));
        assert_true(slice_eq(text_slice(&answer.body), i == 2 ? SLICE("max rate reached: retry-in 2s") : SLICE("")));
        sim_message_fini(&answer);
    }
    assert_int_equal(scene.server.request_count, 2);
    sim_client_ask(&scene.client, GET("/len/5"));
    sim_advance(scene.sim, 1);
    sim_client_ask(&scene.client, GET("/len/5"));
    sim_advance(scene.sim, 1);
    assert_int_equal(sim_client_status(&scene.client, 4), 429);
    assert_int_equal(sim_client_status(&scene.client, 5), 200);
    end(&scene);
}

static void test_halves_of_seconds_are_rounded_to_even(void **state)
{
    static const struct {
        int64_t period_ns;
        const char *after, *in;
    } rows[] = {
        {1500000000, "2", "1.5s"}, {2500000000, "2", "2.5s"}, {400000000, "0", "400ms"}, {90000000000, "90", "1m30s"}};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct sim_scene scene;
        struct sim_message answer;
        limit_rate("request.host", rows[i].period_ns, 1, 1);
        begin(&scene);
        sim_client_ask(&scene.client, GET("/len/5"));
        sim_client_ask(&scene.client, GET("/len/5"));
        sim_advance(scene.sim, 10);
        assert_true(sim_client_answer(&scene.client, 1, &answer));
        assert_true(slice_eq(sim_message_field(&answer, "Retry-After"), slice_of(rows[i].after)));
        assert_true(slice_eq(sim_message_field(&answer, "X-Retry-In"), slice_of(rows[i].in)));
        sim_message_fini(&answer);
        end(&scene);
    }
}

/* Both or neither are counted together. */
static void assert_together(const char *extractor, const char *ip, const char *request, const char *other_ip,
                            const char *other, bool together)
{
    struct sim_scene scene;

    limit_rate(extractor, 3600000000000, 1, 1);
    begin(&scene);
    assert_int_equal(status_from(&scene, ip, request), 200);
    assert_int_equal(status_from(&scene, ip, request), 429);
    unsigned status = status_from(&scene, other_ip, other);
    if (status != (together ? 429u : 200u))
        fail_msg("%s: %s %s and %s %s: %u", extractor, ip, request, other_ip, other, status);
    end(&scene);
}

static void test_what_counts_together_is_what_the_extractor_says(void **state)
{
    const char *const get = GET("/len/5");
    (void)state;

    assert_together("client.ip", "192.0.2.1", get, "192.0.2.2", get, false);
    /* defects B31: not all of 2001:; but who has one address has its 64 bits. */
    assert_together("client.ip", "2001:db8:0:1::1", get, "2001:db8:0:2::1", get, false);
    assert_together("client.ip", "2001:db8:0:1::1", get, "2001:db8:0:1:ffff::2", get, true);
    assert_together("client.ip", "1.2.3.4", get, "102:304::", get, false);
    assert_together(" request.host ", "192.0.2.1", get, "192.0.2.2", get, true);
    assert_together("request.host", "192.0.2.1", get, "192.0.2.1", "GET /len/5 HTTP/1.1\r\nHost: A.TEST.:80\r\n\r\n", true);
    assert_together("request.host", "192.0.2.1", get, "192.0.2.1", "GET /len/5 HTTP/1.1\r\nHost: c.test\r\n\r\n", false);
}

#define WITH(field) "GET /len/5 HTTP/1.1\r\nHost: a.test\r\n" field "\r\n\r\n"

static void test_a_field_counts_by_its_value(void **state)
{
    (void)state;
    assert_together("request.header.X-Key", "192.0.2.1", WITH("X-Key: a"), "192.0.2.2", WITH("x-key:  a "), true);
    assert_together("request.header.X-Key", "192.0.2.1", WITH("X-Key: a"), "192.0.2.1", WITH("X-Key: A"), false);
    assert_together("request.header.X-Key", "192.0.2.1", WITH("X-Key: a"), "192.0.2.1", WITH("X-Key: a\r\nX-Key: b"), true);
    assert_together("request.header.X-Key", "192.0.2.1", GET("/len/5"), "192.0.2.2", WITH("X_Key: a"), true); /* none */
    assert_together("request.header.cookie", "192.0.2.1", WITH("Cookie: a=1"), "192.0.2.1", WITH("Cookie: a=2"), false);
    /* Of who is not trusted it is gone: the address then, not one token for all. */
    assert_together("request.header.X-Forwarded-For", "192.0.2.1", WITH("X-Forwarded-For: 1.1.1.1"), "192.0.2.1",
                    WITH("X-Forwarded-For: 2.2.2.2"), true);
    assert_together("request.header.X-Real-Ip", "192.0.2.1", GET("/len/5"), "192.0.2.2", GET("/len/5"), false);
}

static void test_several_rates_hold_together(void **state)
{
    struct sim_scene scene;
    unsigned passed = 0;
    (void)state;

    limit_rate("client.ip", 1000000000, 2, 2);
    rates[1] = (struct model_rate){.name = SLICE("s"), .period_ns = 60000000000, .average = 1, .burst = 10};
    rate_limit.rate_count = 2;
    begin(&scene);
    for (unsigned i = 0; i < 100; i++, sim_advance(scene.sim, 100))
        passed += status_from(&scene, "192.0.2.1", GET("/len/5")) == 200;
    assert_int_equal(passed, 10); /* ten seconds: twenty by the first, ten by the second */
    end(&scene);
}

static void test_a_later_rate_of_the_same_period_counts(void **state)
{
    struct sim_scene scene;
    (void)state;

    limit_rate("client.ip", 1000000000, 1, 1);
    rates[1] = (struct model_rate){.name = SLICE("s"), .period_ns = 1000000000, .average = 1, .burst = 3};
    rate_limit.rate_count = 2;
    begin(&scene);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), i < 3 ? 200 : 429);
    end(&scene);
}

static void test_buckets_outlive_changes_of_others(void **state)
{
    struct sim_scene scene;
    const struct sim_route both[] = {limited, plain};
    (void)state;

    limit_rate("client.ip", 3600000000000, 1, 1);
    begin(&scene);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 200);
    sim_world_publish(scene.world, both, 2);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 429);
    struct sim_route other_rule = limited;
    other_rule.rule = "Host:a.test";
    other_rule.identity = "restarted";
    sim_world_publish(scene.world, &other_rule, 1);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 429);
    rates[0].burst = 2; /* another limit begins anew */
    sim_world_publish(scene.world, &limited, 1);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 200);
    end(&scene);
}

static void limit_conns(const char *extractor, int64_t amount)
{
    max_conn = (struct model_max_conn){.amount = amount, .extractor_func = slice_of(extractor)};
}

static void test_one_request_too_many_at_the_same_time_is_refused(void **state)
{
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    limit_conns("client.ip", 2);
    begin(&scene);
    struct sim_client first = ask_from(&scene, "192.0.2.1", GET("/mute"));
    ask_from(&scene, "192.0.2.1", GET("/mute"));
    struct sim_client third = ask_from(&scene, "192.0.2.1", GET("/len/5"));
    assert_true(sim_client_answer(&third, 0, &answer));
    assert_int_equal(sim_message_status(&answer), 429);
    assert_true(slice_eq(text_slice(&answer.body), SLICE("max connections reached: 2")));
    sim_message_fini(&answer);
    assert_int_equal(scene.server.request_count, 2);
    assert_int_equal(status_from(&scene, "192.0.2.9", GET("/len/5")), 200);
    sim_link_close(first.wire);
    sim_settle(scene.sim);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 200);
    end(&scene);
}

/* After each of these the one place must be free again. */
static void test_a_place_is_free_however_it_ends(void **state)
{
    static const char *const requests[] = {
        GET("/len/5"),
        GET("/len/100000/5"),
        GET("/mute"),
        GET("/close/5"),
        "GET /up HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nab",
        "POST /echo HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HEAD /len/5 HTTP/1.1\r\nHost: a.test\r\n\r\n",
    };
    struct sim_scene scene;
    (void)state;

    limit_conns("request.host", 1);
    begin(&scene);
    for (unsigned way = 0; way < 3; way++)
        for (size_t i = 0; i < WB_COUNT(requests); i++) {
            struct sim_client client = ask_from(&scene, "192.0.2.1", requests[i]);
            if (way == 0)
                sim_link_close(client.wire);
            else if (way == 1 && sim_server_conn(&scene.server))
                sim_link_reset(sim_server_conn(&scene.server)->wire);
            else
                sim_advance(scene.sim, 20);
            sim_link_reset(client.wire);
            sim_settle(scene.sim);
            unsigned status = status_from(&scene, "192.0.2.2", GET("/len/5"));
            if (status != 200)
                fail_msg("way %u, `%s`: %u", way, requests[i], status);
        }
    end(&scene);
}

static void test_a_tunnel_is_one_until_it_closes(void **state)
{
    const char *const up = "GET /up HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    struct sim_scene scene;
    (void)state;

    limit_conns("client.ip", 1);
    begin(&scene);
    struct sim_client tunnel = ask_from(&scene, "192.0.2.1", up);
    sim_advance(scene.sim, 3600000);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 429);
    sim_world_publish(scene.world, &plain, 1); /* its configuration goes, and comes again */
    sim_world_publish(scene.world, &limited, 1);
    sim_link_close(tunnel.wire);
    sim_settle(scene.sim);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 200);
    end(&scene);
}

static void test_what_is_under_way_counts_after_a_change(void **state)
{
    struct sim_scene scene;
    const struct sim_route both[] = {limited, plain};
    (void)state;

    limit_conns("client.ip", 1);
    begin(&scene);
    struct sim_client busy = ask_from(&scene, "192.0.2.1", GET("/mute"));
    sim_world_publish(scene.world, both, 2);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 429);
    max_conn.amount = 2;
    sim_world_publish(scene.world, &limited, 1);
    ask_from(&scene, "192.0.2.1", GET("/mute"));
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 429);
    sim_link_close(busy.wire);
    sim_settle(scene.sim);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 200);
    end(&scene);
}

static void use_limited_pages(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)backend;
    frontend->errors = ARENA_NEW(arena, struct model_error_page);
    frontend->error_count = 1;
    frontend->errors[0] = (struct model_error_page){
        .name = SLICE("all"), .backend = SLICE("pages"), .query = SLICE("/len/7/1000")};
    slices_add(arena, &frontend->errors[0].status, SLICE("502"));
}

static void test_a_backend_of_error_pages_has_its_own_limit(void **state)
{
    static const struct sim_route routes[] = {
        {.name = "a", .rule = "Host:a.test", .servers = "http://10.0.0.99:1", .set_options = use_limited_pages},
        {.name = "pages", .rule = "Host:pages.test", .servers = PAGES_URL, .set_options = set_options}};
    struct sim_scene scene;
    struct sim_server pages;
    struct sim_message answer;
    (void)state;

    limit_conns("client.ip", 1);
    scene_begin(&scene);
    sim_server_init(&pages, scene.sim, "10.0.0.9", 80, "pages");
    sim_world_publish(scene.world, routes, 2);
    for (unsigned round = 0; round < 2; round++) {
        struct sim_client first = ask_from(&scene, "192.0.2.1", GET("/"));
        struct sim_client second = ask_from(&scene, "192.0.2.1", GET("/"));
        assert_true(sim_client_answer(&second, 0, &answer)); /* the page is not to be had: the status in words */
        assert_int_equal(sim_message_status(&answer), 502);
        assert_true(slice_eq(text_slice(&answer.body), SLICE("Bad Gateway")));
        sim_message_fini(&answer);
        sim_advance(scene.sim, 2000);
        assert_int_equal(sim_client_status(&first, 0), 502);
    }
    assert_int_equal(pages.request_count, 2);
    sim_server_fini(&pages);
    end(&scene);
}

static void test_a_breaker_leaves_the_server_alone_then_tries_again(void **state)
{
    struct sim_scene scene;
    struct sim_message answer;
    unsigned passed = 0;
    (void)state;

    breaker.expression = SLICE("NetworkErrorRatio() > 0.5");
    scene_begin(&scene);
    sim_world_publish(scene.world, &unreachable, 1);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 502);
    struct sim_client client = ask_from(&scene, "192.0.2.1", GET("/len/5"));
    assert_true(sim_client_answer(&client, 0, &answer));
    assert_int_equal(sim_message_status(&answer), 503);
    assert_true(slice_eq(text_slice(&answer.body), SLICE("Service Unavailable")));
    sim_message_fini(&answer);
    sim_world_publish(scene.world, &limited, 1); /* the server is well again: the breaker is the backend's all the same */
    for (unsigned i = 0; i < 99; i++, sim_advance(scene.sim, 100))
        assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 503);
    assert_int_equal(scene.server.request_count, 0);
    for (unsigned i = 0; i < 101; i++, sim_advance(scene.sim, 100))
        passed += status_from(&scene, "192.0.2.1", GET("/len/5")) == 200;
    assert_in_range(passed, 20, 60);
    sim_advance(scene.sim, 1000);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 200);
    end(&scene);
}

/* Status of the second request, after the first did its worst. */
static unsigned status_after(const char *expression, const char *request,
                             void (*act)(struct sim_scene *, struct sim_client *))
{
    struct sim_scene scene;

    breaker.expression = slice_of(expression);
    begin(&scene);
    struct sim_client client = ask_from(&scene, "192.0.2.1", request);
    if (act)
        act(&scene, &client);
    sim_advance(scene.sim, 5000);
    unsigned status = status_from(&scene, "192.0.2.2", GET("/len/5"));
    end(&scene);
    return status;
}

static void read_nothing_for_long(struct sim_scene *scene, struct sim_client *client)
{
    sim_link_pause(client->wire, true);
    sim_advance(scene->sim, 10000);
    sim_link_pause(client->wire, false);
}

static void go_away(struct sim_scene *scene, struct sim_client *client)
{
    sim_advance(scene->sim, 3000);
    sim_link_close(client->wire);
}

static void send_the_rest_late(struct sim_scene *scene, struct sim_client *client)
{
    sim_advance(scene->sim, 10000);
    sim_client_send(client, "rest");
}

static void test_what_trips_a_breaker(void **state)
{
    (void)state;
    assert_int_equal(status_after("ResponseCodeRatio(200, 205, 0, 600) > 0.5", GET("/204"), NULL), 503);
    assert_int_equal(status_after("ResponseCodeRatio(200, 204, 0, 600) > 0.5", GET("/204"), NULL), 200);
    assert_int_equal(status_after("LatencyAtQuantileMS(50.0) > 1000", GET("/len/5/1500"), NULL), 503);
    assert_int_equal(status_after("LatencyAtQuantileMS(50.0) > 1500", GET("/len/5/1500"), NULL), 200);
    /* A client that reads slowly is no slow server; one that goes away has waited for it. */
    assert_int_equal(status_after("LatencyAtQuantileMS(50.0) > 1000", GET("/len/900000"), read_nothing_for_long), 200);
    assert_int_equal(status_after("LatencyAtQuantileMS(50.0) > 1000", GET("/mute"), go_away), 503);
    assert_int_equal(status_after("ResponseCodeRatio(499, 500, 0, 600) > 0.5", GET("/mute"), go_away), 503);
    /* Nor is one that sends slowly, in the end or never. */
    static const char slow[] = "POST /len/5 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nx";
    assert_int_equal(status_after("LatencyAtQuantileMS(50.0) > 1000", slow, send_the_rest_late), 200);
    assert_int_equal(status_after("LatencyAtQuantileMS(50.0) > 1000", slow, go_away), 200);
    assert_int_equal(status_after("LatencyAtQuantileMS(50.0) > 1000",
                                  "POST /len/5/1500 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx", NULL),
                     503);
    assert_int_equal(status_after("LatencyAtQuantileMS(50.0) > 1000",
                                  "POST /mute HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx", go_away),
                     503);
    /* A tunnel has answered when it opens. */
    assert_int_equal(status_after("ResponseCodeRatio(101, 102, 0, 600) > 0.5",
                                  "GET /up HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", NULL),
                     503);
}

static void test_what_is_refused_further_in_counts(void **state)
{
    (void)state;
    limit_rate("client.ip", 3600000000000, 1, 1);
    struct sim_scene scene;
    breaker.expression = SLICE("ResponseCodeRatio(429, 430, 0, 600) >= 0.5");
    begin(&scene);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 200);
    sim_advance(scene.sim, 1000);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 429);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/len/5")), 503);
    end(&scene);
}

static void test_what_a_breaker_decided_outlives_changes_of_others(void **state)
{
    struct sim_scene scene;
    const struct sim_route both[] = {unreachable, plain};
    (void)state;

    breaker.expression = SLICE("NetworkErrorRatio() > 0.5");
    scene_begin(&scene);
    sim_world_publish(scene.world, &unreachable, 1);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/")), 502);
    sim_world_publish(scene.world, both, 2);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/")), 503);
    breaker.expression = SLICE("NetworkErrorRatio() > 0.6"); /* another one begins anew */
    sim_world_publish(scene.world, both, 2);
    assert_int_equal(status_from(&scene, "192.0.2.1", GET("/")), 502);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_rate_limit_says_when_to_come_again),
        cmocka_unit_test(test_halves_of_seconds_are_rounded_to_even),
        cmocka_unit_test(test_what_counts_together_is_what_the_extractor_says),
        cmocka_unit_test(test_a_field_counts_by_its_value),
        cmocka_unit_test(test_several_rates_hold_together),
        cmocka_unit_test(test_a_later_rate_of_the_same_period_counts),
        cmocka_unit_test(test_buckets_outlive_changes_of_others),
        cmocka_unit_test(test_one_request_too_many_at_the_same_time_is_refused),
        cmocka_unit_test(test_a_place_is_free_however_it_ends),
        cmocka_unit_test(test_a_tunnel_is_one_until_it_closes),
        cmocka_unit_test(test_what_is_under_way_counts_after_a_change),
        cmocka_unit_test(test_a_backend_of_error_pages_has_its_own_limit),
        cmocka_unit_test(test_a_breaker_leaves_the_server_alone_then_tries_again),
        cmocka_unit_test(test_what_trips_a_breaker),
        cmocka_unit_test(test_what_is_refused_further_in_counts),
        cmocka_unit_test(test_what_a_breaker_decided_outlives_changes_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
