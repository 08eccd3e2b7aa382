/* SPDX-License-Identifier: MIT */
/* Every wait ends: on a fake clock, to the millisecond. */
#include "sim_test.h"

static void test_a_silent_client_is_closed_after_the_time_of_a_head(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_advance(scene.sim, 9999);
    assert_int_equal(entry_count(scene.world->entry), 1);
    sim_advance(scene.sim, 1);
    assert_int_equal(entry_count(scene.world->entry), 0);
    assert_int_equal(scene.client.wire->got_bytes, 0);
    scene_end(&scene);
}

static void test_a_head_that_trickles_in_is_refused_in_time(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    scene.client.asked = 1;
    for (int i = 0; i < 9; i++) {
        sim_client_send(&scene.client, i ? "x" : "GET / HTTP/1.1\r\nX: ");
        sim_advance(scene.sim, 1000);
    }
    assert_int_equal(scene.client.wire->got_bytes, 0);
    sim_advance(scene.sim, 2000);
    assert_int_equal(sim_client_status(&scene.client, 0), 408);
    assert_true(scene.client.wire->got_fin);
    sim_advance(scene.sim, 2000);
    assert_int_equal(entry_count(scene.world->entry), 0);
    assert_int_equal(sim_world_ended(scene.world, REASON_HEAD_TIMEOUT), 1);
    scene_end(&scene);
}

static void test_an_idle_client_is_closed_without_a_word(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_client_get(&scene.client, "/len/1", 1);
    sim_settle(scene.sim);
    uint64_t bytes = scene.client.wire->got_bytes;
    sim_advance(scene.sim, 179999);
    assert_int_equal(entry_count(scene.world->entry), 1);
    sim_advance(scene.sim, 1);
    assert_int_equal(entry_count(scene.world->entry), 0);
    assert_int_equal(scene.client.wire->got_bytes, bytes);
    assert_true(scene.client.wire->got_fin);
    scene_end(&scene);
}

static void test_the_second_request_has_the_time_of_a_head_too(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_client_get(&scene.client, "/len/1", 1);
    sim_advance(scene.sim, 100000);
    sim_client_ask(&scene.client, "GET / HT");
    sim_advance(scene.sim, 9999);
    assert_int_equal(sim_client_status(&scene.client, 1), 0);
    sim_advance(scene.sim, 1);
    assert_int_equal(sim_client_status(&scene.client, 1), 408);
    scene_end(&scene);
}

static void test_a_body_that_stops_is_refused_but_one_that_trickles_is_not(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_client_ask(&scene.client, "POST /echo HTTP/1.1\r\nHost: a.test\r\nX-Id: 1\r\nContent-Length: 6\r\n\r\n");
    for (int i = 0; i < 5; i++) {
        sim_client_send(&scene.client, "x");
        sim_advance(scene.sim, 50000);
    }
    assert_int_equal(scene.client.wire->got_bytes, 0);
    sim_advance(scene.sim, 9999);
    assert_int_equal(scene.client.wire->got_bytes, 0);
    sim_advance(scene.sim, 1);
    assert_int_equal(sim_client_status(&scene.client, 0), 408);
    assert_int_equal(sim_world_ended(scene.world, REASON_BODY_TIMEOUT), 1);
    assert_true(sim_link_is_over(sim_server_conn(&scene.server)->wire)); /* half a request is never left to be completed */
    scene_end(&scene);
}

static void test_a_dial_ends_after_30_s(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    scene.server.listener.dial = SIM_SILENT;
    sim_client_get(&scene.client, "/len/1", 1);
    sim_advance(scene.sim, 29999);
    assert_int_equal(scene.client.wire->got_bytes, 0);
    sim_advance(scene.sim, 1);
    assert_int_equal(sim_client_status(&scene.client, 0), 504);
    assert_int_equal(scene.server.listener.dialled, 1);
    assert_int_equal(sim_world_ended(scene.world, REASON_DIAL_TIMEOUT), 1);
    scene_end(&scene);
}

static void test_a_lookup_counts_as_dialling(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    scene.sim->names[scene.sim->name_count++] = (struct sim_name){.host = "slow", .when = SIM_NAME_NEVER};
    sim_world_serve(scene.world, "http://slow:80");
    sim_client_get(&scene.client, "/len/1", 1);
    sim_advance(scene.sim, 30000);
    assert_int_equal(sim_client_status(&scene.client, 0), 504);
    scene_end(&scene);
}

static void test_a_server_that_does_not_begin_its_answer(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_prepare(&scene, 0);
    scene.world->upstream.response_timeout_ms = 5000;
    scene_start(&scene);
    sim_client_get(&scene.client, "/mute", 1);
    sim_advance(scene.sim, 4999);
    assert_int_equal(scene.client.wire->got_bytes, 0);
    sim_advance(scene.sim, 1);
    assert_int_equal(sim_client_status(&scene.client, 0), 504);
    assert_int_equal(sim_world_ended(scene.world, REASON_RESPONSE_TIMEOUT), 1);
    assert_int_equal(upstream_idle_count(scene.world->env.upstream), 0);
    scene_end(&scene);
}

static void test_a_slow_server_is_not_asked_again_on_another_connection(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_prepare(&scene, 0);
    scene.world->upstream.response_timeout_ms = 5000;
    scene_start(&scene);
    sim_client_get(&scene.client, "/len/1", 1);
    sim_settle(scene.sim);
    sim_client_get(&scene.client, "/mute", 2); /* on the pooled connection */
    sim_advance(scene.sim, 5000);
    assert_int_equal(sim_client_status(&scene.client, 1), 504);
    assert_int_equal(scene.server.executed[2], 1);
    scene_end(&scene);
}

static void test_without_a_response_timeout_a_server_may_take_its_time(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_client_get(&scene.client, "/len/5/3600000", 1);
    sim_advance(scene.sim, 3599999);
    assert_int_equal(scene.client.wire->got_bytes, 0);
    sim_advance(scene.sim, 1);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    scene_end(&scene);
}

static void test_a_client_that_takes_nothing_is_cut(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_prepare(&scene, 0);
    scene.sim->wire.socket_bytes = 1000;
    scene_start(&scene);
    sim_client_get(&scene.client, "/len/50000", 1);
    sim_link_pause(scene.client.wire, true);
    sim_advance(scene.sim, 59999);
    assert_int_equal(entry_count(scene.world->entry), 1);
    sim_advance(scene.sim, 31000); /* a flush after the cut has its own time */
    assert_int_equal(entry_count(scene.world->entry), 0);
    assert_int_equal(sim_world_ended(scene.world, REASON_CLIENT_STALLED), 1);
    scene_end(&scene);
}

static void test_a_client_that_takes_a_little_is_served_to_the_end(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_prepare(&scene, 0);
    scene_start(&scene);
    scene.client.wire->wire_rules = (struct sim_wire){.socket_bytes = 100, .absorb_max = 100, .absorb_every_ms = 50000};
    sim_client_get(&scene.client, "/len/2000", 1);
    sim_advance(scene.sim, 60 * 60 * 1000);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    scene_end(&scene);
}

static void test_the_rest_of_a_refused_body_is_drained_for_ten_seconds(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_client_ask(&scene.client, "POST /x HTTP/1.1\r\nHost: nobody.test\r\nContent-Length: 100\r\n\r\n");
    sim_advance(scene.sim, 9999);
    assert_int_equal(sim_client_status(&scene.client, 0), 404);
    assert_int_equal(entry_count(scene.world->entry), 1);
    sim_advance(scene.sim, 1);
    assert_int_equal(entry_count(scene.world->entry), 0);
    scene_end(&scene);
}

static void test_a_drained_body_lets_the_next_request_through(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_client_ask(&scene.client, "POST /x HTTP/1.1\r\nHost: nobody.test\r\nContent-Length: 5\r\n\r\n");
    sim_advance(scene.sim, 5000);
    sim_client_send(&scene.client, "hello");
    sim_client_get(&scene.client, "/len/1", 2);
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 1), 200);
    scene_end(&scene);
}

static void test_a_large_refused_body_ends_the_connection_after_a_lingering(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_client_ask(&scene.client, "POST /x HTTP/1.1\r\nHost: nobody.test\r\nContent-Length: 1000000\r\n\r\n");
    sim_link_send_pattern(scene.client.wire, 900000);
    sim_advance(scene.sim, 1999);
    assert_int_equal(sim_client_status(&scene.client, 0), 404);
    assert_true(scene.client.wire->got_fin && !scene.client.wire->got_reset); /* a reset would destroy the answer */
    assert_int_equal(entry_count(scene.world->entry), 1);
    sim_advance(scene.sim, 1);
    assert_int_equal(entry_count(scene.world->entry), 0);
    scene_end(&scene);
}

static void test_pooled_connections_end_after_90_s(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_client_get(&scene.client, "/len/1", 1);
    sim_advance(scene.sim, 89999);
    assert_int_equal(upstream_idle_count(scene.world->env.upstream), 1);
    sim_advance(scene.sim, 1);
    assert_int_equal(upstream_idle_count(scene.world->env.upstream), 0);
    assert_true(sim_server_conn(&scene.server)->wire->got_fin);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_silent_client_is_closed_after_the_time_of_a_head),
        cmocka_unit_test(test_a_head_that_trickles_in_is_refused_in_time),
        cmocka_unit_test(test_an_idle_client_is_closed_without_a_word),
        cmocka_unit_test(test_the_second_request_has_the_time_of_a_head_too),
        cmocka_unit_test(test_a_body_that_stops_is_refused_but_one_that_trickles_is_not),
        cmocka_unit_test(test_a_dial_ends_after_30_s),
        cmocka_unit_test(test_a_lookup_counts_as_dialling),
        cmocka_unit_test(test_a_server_that_does_not_begin_its_answer),
        cmocka_unit_test(test_a_slow_server_is_not_asked_again_on_another_connection),
        cmocka_unit_test(test_without_a_response_timeout_a_server_may_take_its_time),
        cmocka_unit_test(test_a_client_that_takes_nothing_is_cut),
        cmocka_unit_test(test_a_client_that_takes_a_little_is_served_to_the_end),
        cmocka_unit_test(test_the_rest_of_a_refused_body_is_drained_for_ten_seconds),
        cmocka_unit_test(test_a_drained_body_lets_the_next_request_through),
        cmocka_unit_test(test_a_large_refused_body_ends_the_connection_after_a_lingering),
        cmocka_unit_test(test_pooled_connections_end_after_90_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
