/* SPDX-License-Identifier: MIT */
/* Memory is bounded whatever the body and whoever is slow; who waits holds no buffer. */
#include "sim_test.h"

/* Both ways one `in` of at most BUFFER_LARGE, the head kept from the request, and a head being written each way. */
enum { ONE_EXCHANGE = 2 * BUFFER_LARGE + 3 * BUFFER_SIZE };
static const uint64_t huge = 200u * 1000 * 1000;

static void answer_huge(struct sim_conn *conn, const struct sim_message *request)
{
    struct text head = TEXT_EMPTY;

    (void)request;
    text_addf(&head, "HTTP/1.1 200 OK\r\nContent-Length: %llu\r\n\r\n", (unsigned long long)huge);
    sim_link_send(conn->wire, text_slice(&head));
    sim_link_send_pattern(conn->wire, huge);
    conn->answering = true;
    text_fini(&head);
}

static void test_a_huge_answer_waits_for_a_slow_client(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_prepare(&scene, 0);
    scene.sim->wire = (struct sim_wire){.socket_bytes = 100 * 1000};
    scene_start(&scene);
    scene.server.answer = answer_huge;
    scene.client.wire->counts_only = true;
    sim_client_get(&scene.client, "/", 1);
    sim_link_pause(scene.client.wire, true);
    sim_advance(scene.sim, 1000);
    uint64_t before = sim_server_conn(&scene.server)->wire->pattern_left;
    assert_true(before > huge - 1000 * 1000); /* the server was stopped */
    sim_link_pause(scene.client.wire, false);
    sim_advance(scene.sim, 1000);
    assert_true(scene.client.wire->got_bytes > huge);
    assert_true(scene.sim->lent_max <= ONE_EXCHANGE);
    assert_int_equal(scene.sim->loop.stock.lent_bytes, 0);
    assert_int_equal(sim_world_ended(scene.world, REASON_DONE), 1);
    assert_int_equal(upstream_idle_count(scene.world->env.upstream), 1);
    scene_end(&scene);
}

static void count_only(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    conn->wire->counts_only = true;
    sim_link_pause(conn->wire, true);
}

static void test_a_huge_body_waits_for_a_slow_server(void **state)
{
    struct sim_scene scene;
    struct text head = TEXT_EMPTY;
    (void)state;

    scene_prepare(&scene, 0);
    scene.sim->wire = (struct sim_wire){.socket_bytes = 100 * 1000};
    scene_start(&scene);
    scene.server.at_head = true;
    scene.server.answer = count_only;
    text_addf(&head, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %llu\r\n\r\n", (unsigned long long)huge);
    sim_client_ask_slice(&scene.client, text_slice(&head));
    sim_link_send_pattern(scene.client.wire, huge);
    sim_advance(scene.sim, 1000);
    assert_true(scene.client.wire->pattern_left > huge - 1000 * 1000);
    struct sim_conn *conn = sim_server_conn(&scene.server);
    sim_link_pause(conn->wire, false);
    sim_advance(scene.sim, 1000);
    assert_true(conn->wire->got_bytes > huge);
    assert_true(scene.sim->lent_max <= ONE_EXCHANGE);
    sim_conn_reply(conn, SLICE("HTTP/1.1 204 Done\r\n\r\n"), 0, false);
    sim_advance(scene.sim, 10);
    assert_int_equal(sim_client_status(&scene.client, 0), 204);
    assert_int_equal(scene.sim->loop.stock.lent_bytes, 0);
    text_fini(&head);
    scene_end(&scene);
}

static void test_a_tunnel_is_bounded_and_holds_nothing_while_it_rests(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_prepare(&scene, 0);
    scene.sim->wire = (struct sim_wire){.socket_bytes = 10 * 1000, .absorb_max = 5000};
    scene_start(&scene);
    scene.client.wire->counts_only = true;
    sim_client_ask(&scene.client, "GET /up HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    sim_advance(scene.sim, 10);
    sim_link_send_pattern(scene.client.wire, 5 * 1000 * 1000);
    sim_advance(scene.sim, 1000);
    assert_true(scene.client.wire->got_bytes > 5 * 1000 * 1000);
    assert_true(scene.sim->lent_max <= ONE_EXCHANGE);
    assert_int_equal(entry_count(scene.world->entry), 1);
    assert_true(scene.sim->loop.stock.lent_bytes <= BUFFER_SIZE); /* the request's head */
    scene_end(&scene);
}

static void test_idle_connections_hold_no_buffer(void **state)
{
    struct sim_scene scene;
    struct sim_client clients[50];
    (void)state;

    scene_begin(&scene);
    for (size_t i = 0; i < WB_COUNT(clients); i++)
        sim_client_connect(&clients[i], scene.sim, scene.world->entry, "192.0.2.2");
    sim_settle(scene.sim);
    assert_int_equal(scene.sim->loop.stock.lent_bytes, 0);
    for (size_t i = 0; i < WB_COUNT(clients); i++)
        sim_client_post(&clients[i], "/echo", (unsigned)i, 20000, i & 1);
    sim_settle(scene.sim);
    for (size_t i = 0; i < WB_COUNT(clients); i++)
        assert_int_equal(sim_client_status(&clients[i], 0), 200);
    assert_int_equal(scene.sim->loop.stock.lent_bytes, 0);
    assert_int_equal(entry_count(scene.world->entry), 51);
    assert_int_equal(upstream_idle_count(scene.world->env.upstream), scene.server.conn_count);
    scene_end(&scene);
}

static void test_a_client_that_waits_for_its_answer_holds_one_small_buffer(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_client_get(&scene.client, "/len/5/1000", 1);
    sim_advance(scene.sim, 500);
    assert_true(scene.sim->loop.stock.lent_bytes <= BUFFER_SIZE); /* the head, for a repeat and the log */
    sim_advance(scene.sim, 600);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    scene_end(&scene);
}

static void test_pipelined_requests_wait_in_one_buffer(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_client_get(&scene.client, "/mute", 1);
    sim_link_send_pattern(scene.client.wire, 10 * 1000 * 1000);
    sim_advance(scene.sim, 100);
    assert_true(scene.sim->lent_max <= ONE_EXCHANGE);
    assert_true(scene.client.wire->pattern_left > 9 * 1000 * 1000);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_huge_answer_waits_for_a_slow_client),
        cmocka_unit_test(test_a_huge_body_waits_for_a_slow_server),
        cmocka_unit_test(test_a_tunnel_is_bounded_and_holds_nothing_while_it_rests),
        cmocka_unit_test(test_idle_connections_hold_no_buffer),
        cmocka_unit_test(test_a_client_that_waits_for_its_answer_holds_one_small_buffer),
        cmocka_unit_test(test_pipelined_requests_wait_in_one_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
