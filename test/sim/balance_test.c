/* SPDX-License-Identifier: MIT */
/* Whose turn it is in a whole worker: weights, servers that cannot be connected to, drr. */
#include "sim_test.h"

enum { SERVERS = 3 };

struct trio {
    struct sim_scene scene;
    struct sim_server others[SERVERS - 1];
    unsigned status[SERVERS];
};

#define ALL SIM_SERVER_URL " http://10.0.0.2:80 http://10.0.0.3:80"

static struct sim_server *server_of(struct trio *trio, unsigned number)
{
    return number == 0 ? &trio->scene.server : &trio->others[number - 1];
}

static void answer(struct sim_conn *conn, const struct sim_message *request)
{
    struct trio *trio = conn->server->arg;
    char head[60] = "";

    (void)request;
    for (unsigned i = 0; i < SERVERS; i++)
        if (conn->server == server_of(trio, i) && trio->status[i])
            snprintf(head, sizeof head, "HTTP/1.1 %u X\r\nContent-Length: 0\r\n\r\n", trio->status[i]);
    sim_conn_reply(conn, slice_of(head), 0, head[0] == 0);
}

static void begin(struct trio *trio, bool weight_zero,
                  void (*set_options)(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend))
{
    *trio = (struct trio){.status = {200, 200, 200}};
    scene_prepare(&trio->scene, 0);
    trio->scene.world->allow_min_weight_zero = weight_zero;
    scene_start(&trio->scene);
    sim_server_init(&trio->others[0], trio->scene.sim, "10.0.0.2", 80, "two");
    sim_server_init(&trio->others[1], trio->scene.sim, "10.0.0.3", 80, "three");
    for (unsigned i = 0; i < SERVERS; i++) {
        server_of(trio, i)->answer = answer;
        server_of(trio, i)->arg = trio;
    }
    sim_world_publish(trio->scene.world,
                      &(struct sim_route){.name = "a", .rule = "Host:a.test", .servers = ALL, .set_options = set_options},
                      1);
}

static void end(struct trio *trio)
{
    for (unsigned i = 0; i < SERVERS - 1; i++)
        sim_server_fini(&trio->others[i]);
    scene_end(&trio->scene);
}

/* One request; its status. */
static unsigned ask(struct trio *trio, const char *fields)
{
    struct sim_scene *scene = &trio->scene;
    char text[200];

    if (scene->client.asked == SIM_REQUESTS_MAX) {
        sim_link_close(scene->client.wire);
        sim_client_connect(&scene->client, scene->sim, scene->world->entry, "192.0.2.1");
    }
    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a.test\r\n%s\r\n", fields);
    sim_client_ask(&scene->client, text);
    sim_settle(scene->sim);
    return sim_client_status(&scene->client, scene->client.asked - 1);
}

static void expect_shares(struct trio *trio, unsigned count, unsigned one, unsigned two, unsigned three)
{
    const unsigned wanted[SERVERS] = {one, two, three};
    unsigned before[SERVERS];

    for (unsigned i = 0; i < SERVERS; i++)
        before[i] = server_of(trio, i)->request_count;
    for (unsigned i = 0; i < count; i++)
        assert_true(ask(trio, "") > 0);
    for (unsigned i = 0; i < SERVERS; i++)
        assert_int_equal(server_of(trio, i)->request_count - before[i], wanted[i]);
}

static void test_who_refuses_is_tried_last_for_a_while(void **state)
{
    struct trio trio;
    (void)state;

    begin(&trio, false, NULL);
    trio.scene.server.listener.dial = SIM_REFUSE;
    expect_shares(&trio, 12, 0, 6, 6);
    assert_int_equal(trio.scene.server.listener.dialled, 1); /* it was asked once, and cost nobody an error */
    trio.others[0].listener.dial = trio.others[1].listener.dial = SIM_REFUSE;
    for (unsigned i = 0; i < SERVERS - 1; i++)
        sim_link_close(sim_server_conn(&trio.others[i])->wire);
    sim_settle(trio.scene.sim);
    assert_int_equal(ask(&trio, ""), 502);
    trio.scene.server.listener.dial = SIM_ACCEPT; /* marks never make a backend empty */
    assert_int_equal(ask(&trio, ""), 200);
    assert_int_equal(ask(&trio, ""), 200);
    trio.others[0].listener.dial = trio.others[1].listener.dial = SIM_ACCEPT;
    sim_advance(trio.scene.sim, 2000);
    expect_shares(&trio, 12, 4, 4, 4);
    end(&trio);
}

static void set_drr(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    backend->load_balancer = ARENA_NEW(arena, struct model_load_balancer);
    backend->load_balancer->method = SLICE("drr");
}

static void test_drr_moves_requests_away_from_who_answers_badly(void **state)
{
    struct trio trio;
    (void)state;

    begin(&trio, false, set_drr);
    expect_shares(&trio, 6, 2, 2, 2);
    trio.status[1] = 500;
    for (unsigned s = 0; s < 12; s++) {
        for (unsigned i = 0; i < 6; i++)
            ask(&trio, "");
        sim_advance(trio.scene.sim, 1000);
    }
    expect_shares(&trio, 18, 8, 2, 8); /* four to one */
    sim_world_publish(trio.scene.world,
                      &(struct sim_route){.name = "a", .rule = "Host:a.test;Path:/", .servers = ALL, .set_options = set_drr},
                      1);
    expect_shares(&trio, 18, 8, 2, 8); /* another rule changes nothing about that */
    trio.status[1] = 200;
    for (unsigned s = 0; s < 45; s++) {
        for (unsigned i = 0; i < 9; i++)
            ask(&trio, "");
        sim_advance(trio.scene.sim, 1000);
    }
    expect_shares(&trio, 18, 6, 6, 6);
    end(&trio);
}

/* A server that hangs up counts as one that answers 502, also where another one answers in its place. */
static void test_drr_rates_failures_too(void **state)
{
    struct trio trio;
    (void)state;

    begin(&trio, false, set_drr);
    trio.status[0] = 0;
    for (unsigned s = 0; s < 12; s++) {
        for (unsigned i = 0; i < 6; i++)
            assert_int_equal(ask(&trio, ""), 200);
        sim_advance(trio.scene.sim, 1000);
    }
    trio.status[0] = 200;
    expect_shares(&trio, 18, 2, 8, 8);
    end(&trio);
}

static void set_zero(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    backend->servers[1].weight = 0;
    backend->load_balancer = ARENA_NEW(arena, struct model_load_balancer);
    backend->load_balancer->method = SLICE("wrr");
    backend->load_balancer->stickiness = ARENA_NEW(arena, struct model_stickiness);
    backend->load_balancer->stickiness->cookie_name = SLICE("s");
}

static void test_weight_zero_takes_no_new_clients_but_keeps_its_own(void **state)
{
    struct trio trio;
    (void)state;

    begin(&trio, true, set_zero);
    expect_shares(&trio, 12, 6, 0, 6);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(ask(&trio, "Cookie: s=http://10.0.0.2:80\r\n"), 200);
    assert_int_equal(trio.others[0].request_count, 4);
    end(&trio);
}

static void set_all_zero(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)arena;
    (void)frontend;
    for (size_t i = 0; i < backend->server_count; i++)
        backend->servers[i].weight = 0;
}

static void test_with_weight_zero_everywhere_nobody_is_asked(void **state)
{
    struct trio trio;
    (void)state;

    begin(&trio, true, set_all_zero);
    assert_int_equal(ask(&trio, ""), 500);
    assert_int_equal(sim_world_ended(trio.scene.world, REASON_NO_WEIGHT), 1);
    end(&trio);
    begin(&trio, false, set_all_zero); /* not allowed: the same as 1 */
    expect_shares(&trio, 6, 2, 2, 2);
    end(&trio);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_refuses_is_tried_last_for_a_while),
        cmocka_unit_test(test_drr_moves_requests_away_from_who_answers_badly),
        cmocka_unit_test(test_drr_rates_failures_too),
        cmocka_unit_test(test_weight_zero_takes_no_new_clients_but_keeps_its_own),
        cmocka_unit_test(test_with_weight_zero_everywhere_nobody_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
