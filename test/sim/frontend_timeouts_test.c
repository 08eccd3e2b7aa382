/* SPDX-License-Identifier: MIT */
/* Times of a frontend's own, on a fake clock: each holds for its frontend and for no other. */
#include "sim_test.h"

static struct model_timeouts wanted;

static void set_timeouts(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)backend;
    frontend->timeouts = ARENA_NEW(arena, struct model_timeouts);
    *frontend->timeouts = wanted;
}

static void begin(struct sim_scene *scene, const struct model_timeouts *timeouts, const char *servers)
{
    const struct sim_route routes[] = {
        {.name = "a", .rule = "Host:a.test", .servers = servers, .set_options = set_timeouts},
        {.name = "b", .rule = "Host:b.test", .servers = servers},
    };

    wanted = *timeouts;
    scene_prepare(scene, 0);
    scene->world->upstream.response_timeout_ms = 50000;
    scene_start(scene);
    sim_world_publish(scene->world, routes, WB_COUNT(routes));
}

static void expect_at(struct sim_scene *scene, uint64_t ms, unsigned status, enum reason reason)
{
    sim_advance(scene->sim, ms - 1);
    assert_int_equal(sim_client_status(&scene->client, 0), 0);
    sim_advance(scene->sim, 1);
    assert_int_equal(sim_client_status(&scene->client, 0), status);
    assert_int_equal(sim_world_ended(scene->world, reason), 1);
}

static void test_time_to_connect(void **state)
{
    struct sim_scene scene;
    struct sim_listener silent = {.dial = SIM_SILENT};
    (void)state;

    for (unsigned own = 0; own < 2; own++) {
        begin(&scene, &(struct model_timeouts){.dial = SLICE("2s")}, "http://10.0.0.7:80");
        sim_add_listener(scene.sim, &silent, "10.0.0.7", 80);
        sim_client_ask(&scene.client,
                       own ? "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n" : "GET / HTTP/1.1\r\nHost: b.test\r\n\r\n");
        expect_at(&scene, own ? 2000 : 30000, 504, REASON_DIAL_TIMEOUT);
        sim_remove_listener(&silent);
        scene_end(&scene);
    }
}

static void test_time_for_the_head_of_an_answer(void **state)
{
    struct sim_scene scene;
    (void)state;

    for (unsigned own = 0; own < 2; own++) {
        begin(&scene, &(struct model_timeouts){.response_header = SLICE("300ms")}, SIM_SERVER_URL);
        sim_client_ask(&scene.client,
                       own ? "GET /mute HTTP/1.1\r\nHost: a.test\r\n\r\n" : "GET /mute HTTP/1.1\r\nHost: b.test\r\n\r\n");
        expect_at(&scene, own ? 300 : 50000, 504, REASON_RESPONSE_TIMEOUT);
        scene_end(&scene);
    }
}

static void test_no_time_at_all_is_no_limit(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene, &(struct model_timeouts){.response_header = SLICE("0")}, SIM_SERVER_URL);
    sim_client_get(&scene.client, "/len/5/3600000", 1);
    sim_advance(scene.sim, 3600000);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    scene_end(&scene);
}

static void test_pauses_in_bodies(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene, &(struct model_timeouts){.body = SLICE("4")}, SIM_SERVER_URL);
    sim_client_ask(&scene.client, "POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\n");
    expect_at(&scene, 4000, 408, REASON_BODY_TIMEOUT);
    scene_end(&scene);

    begin(&scene, &(struct model_timeouts){.body = SLICE("4")}, SIM_SERVER_URL);
    scene.server.raw = true;
    sim_client_get(&scene.client, "/x", 1);
    sim_settle(scene.sim);
    for (unsigned i = 0; i < 3; i++) {
        sim_link_send(sim_server_conn(&scene.server)->wire,
                      i ? SLICE("x") : SLICE("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"));
        sim_advance(scene.sim, 3999);
    }
    assert_int_equal(cell_read(&scene.world->counters.active), 1);
    sim_advance(scene.sim, 1);
    assert_int_equal(sim_world_ended(scene.world, REASON_SERVER_STALLED), 1);
    assert_true(sim_link_is_over(scene.client.wire));
    scene_end(&scene);
}

static void test_time_for_everything(void **state)
{
    struct sim_scene scene;
    (void)state;

    /* The client is slow. */
    begin(&scene, &(struct model_timeouts){.total = SLICE("10s")}, SIM_SERVER_URL);
    sim_client_ask(&scene.client, "POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 50\r\n\r\n");
    for (unsigned i = 0; i < 9; i++) {
        sim_client_send(&scene.client, "x");
        sim_advance(scene.sim, 1000);
    }
    expect_at(&scene, 1000, 504, REASON_TOTAL_TIMEOUT);
    scene_end(&scene);

    /* What has begun to be answered is cut. */
    begin(&scene, &(struct model_timeouts){.total = SLICE("10s")}, SIM_SERVER_URL);
    scene.server.raw = true;
    sim_client_get(&scene.client, "/x", 1);
    sim_settle(scene.sim);
    sim_link_send(sim_server_conn(&scene.server)->wire, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nxx"));
    sim_advance(scene.sim, 9999);
    assert_false(sim_link_is_over(scene.client.wire));
    sim_advance(scene.sim, 1);
    assert_true(sim_link_is_over(scene.client.wire));
    assert_int_equal(sim_world_ended(scene.world, REASON_TOTAL_TIMEOUT), 1);
    scene_end(&scene);

    /* Each request has its own. */
    begin(&scene, &(struct model_timeouts){.total = SLICE("10s")}, SIM_SERVER_URL);
    for (unsigned i = 0; i < 4; i++) {
        sim_client_get(&scene.client, "/len/5/6000", i);
        sim_advance(scene.sim, 6000);
        assert_int_equal(sim_client_status(&scene.client, i), 200);
    }
    assert_int_equal(sim_world_ended(scene.world, REASON_TOTAL_TIMEOUT), 0);
    scene_end(&scene);
}

static void test_a_tunnel_has_all_the_time(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene, &(struct model_timeouts){.total = SLICE("1s")}, SIM_SERVER_URL);
    sim_client_ask(&scene.client, "GET /up HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    sim_advance(scene.sim, 100000);
    sim_client_send(&scene.client, "abc");
    sim_settle(scene.sim);
    assert_true(slice_eq(sim_client_rest(&scene.client, 1), SLICE("helloabc")));
    scene_end(&scene);
}

static void test_what_is_no_time_leaves_the_usual_one(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene, &(struct model_timeouts){.response_header = SLICE("soon"), .total = SLICE("-1s")}, SIM_SERVER_URL);
    sim_client_get(&scene.client, "/mute", 1);
    expect_at(&scene, 50000, 504, REASON_RESPONSE_TIMEOUT);
    scene_end(&scene);
}

/* Whom a filter was waiting for is let go, also when something else is asked in the place of what is too late. */
static void set_asking(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    set_timeouts(arena, frontend, backend);
    frontend->errors = ARENA_NEW(arena, struct model_error_page);
    frontend->error_count = 1;
    frontend->errors[0] = (struct model_error_page){
        .name = SLICE("late"), .backend = SLICE("pages"), .query = SLICE("/len/5/2000")};
    slices_add(arena, &frontend->errors[0].status, SLICE("504"));
}

static void test_an_auth_server_that_is_too_late_is_let_go(void **state)
{
    const struct sim_route routes[] = {
        {.name = "a",
         .rule = "Host:a.test",
         .servers = SIM_SERVER_URL,
         .auth = "http://10.0.0.8:9000/mute",
         .set_options = set_asking},
        {.name = "pages", .rule = "Host:pages.test", .servers = SIM_SERVER_URL},
    };
    struct sim_scene scene;
    struct sim_server auth;
    (void)state;

    begin(&scene, &(struct model_timeouts){.total = SLICE("1s")}, SIM_SERVER_URL);
    sim_server_init(&auth, scene.sim, "10.0.0.8", 9000, "auth");
    auth.raw = true;
    sim_world_publish(scene.world, routes, WB_COUNT(routes));
    sim_client_get(&scene.client, "/x", 1);
    sim_advance(scene.sim, 999);
    assert_false(sim_link_is_over(sim_server_conn(&auth)->wire));
    sim_advance(scene.sim, 1);
    assert_true(sim_link_is_over(sim_server_conn(&auth)->wire));
    sim_advance(scene.sim, 60000);
    assert_int_equal(sim_client_status(&scene.client, 0), 504);
    assert_int_equal(sim_world_ended(scene.world, REASON_TOTAL_TIMEOUT), 1);
    sim_client_get(&scene.client, "/x", 2);
    sim_settle(scene.sim);
    sim_link_send(sim_server_conn(&auth)->wire, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 1), 200);
    sim_server_fini(&auth);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_to_connect),
        cmocka_unit_test(test_time_for_the_head_of_an_answer),
        cmocka_unit_test(test_no_time_at_all_is_no_limit),
        cmocka_unit_test(test_pauses_in_bodies),
        cmocka_unit_test(test_time_for_everything),
        cmocka_unit_test(test_a_tunnel_has_all_the_time),
        cmocka_unit_test(test_what_is_no_time_leaves_the_usual_one),
        cmocka_unit_test(test_an_auth_server_that_is_too_late_is_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
