/* SPDX-License-Identifier: MIT */
/* --retry.attempts: how many servers are tried when none of the request was sent (spec/proxy.md 13). */
#include "sim_test.h"

struct pair {
    struct sim_scene scene;
    struct sim_server other;
};

static void begin_pair(struct pair *pair, unsigned attempts_max)
{
    scene_prepare(&pair->scene, 0);
    pair->scene.world->env.attempts_max = attempts_max;
    scene_start(&pair->scene);
    sim_server_init(&pair->other, pair->scene.sim, "10.0.0.2", 80, "two");
    sim_world_serve(pair->scene.world, "http://10.0.0.1:80 http://10.0.0.2:80");
}

static void end_pair(struct pair *pair)
{
    sim_server_fini(&pair->other);
    scene_end(&pair->scene);
}

static void test_one_attempt_is_no_retry(void **state)
{
    struct pair pair;
    (void)state;

    begin_pair(&pair, 1);
    pair.scene.server.listener.dial = SIM_REFUSE;
    for (unsigned i = 0; i < 4; i++)
        sim_client_post(&pair.scene.client, "/echo", i, 10, false);
    sim_settle(pair.scene.sim);
    /* Who refused is the last one to be asked for a while. */
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(sim_client_status(&pair.scene.client, i), i ? 200 : 502);
    assert_int_equal(pair.other.request_count, 3);
    end_pair(&pair);
}

static void test_two_attempts_reach_the_other_server_with_the_whole_body(void **state)
{
    struct pair pair;
    (void)state;

    begin_pair(&pair, 2);
    pair.scene.server.listener.dial = SIM_REFUSE;
    sim_client_post(&pair.scene.client, "/echo", 7, 100000, true);
    sim_settle(pair.scene.sim);
    struct sim_message answer;
    assert_true(sim_client_answer(&pair.scene.client, 0, &answer));
    assert_int_equal(sim_message_status(&answer), 200);
    assert_true(sim_body_is(text_slice(&answer.body), 7, 100000));
    sim_message_fini(&answer);
    end_pair(&pair);
}

/* Each server has two turns, and the fifth attempt is the last. */
static void test_more_attempts_than_servers_go_round(void **state)
{
    struct pair pair;
    (void)state;

    begin_pair(&pair, 5);
    pair.scene.server.listener.dial = pair.other.listener.dial = SIM_REFUSE;
    sim_client_get(&pair.scene.client, "/len/1", 1);
    sim_settle(pair.scene.sim);
    assert_int_equal(sim_client_status(&pair.scene.client, 0), 502);
    assert_int_equal(pair.scene.sim->dialled, 5);
    assert_int_equal(sim_world_ended(pair.scene.world, REASON_SERVER_REFUSED), 1);
    end_pair(&pair);
}

static void test_a_server_that_comes_up_meanwhile_is_reached(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_prepare(&scene, 0);
    scene.world->env.attempts_max = 4;
    scene_start(&scene);
    scene.server.listener.refusals = 3;
    sim_client_get(&scene.client, "/len/1", 1);
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_int_equal(scene.sim->dialled, 4);
    scene_end(&scene);
}

static void close_at_once(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    sim_conn_reply(conn, SLICE(""), 0, true);
}

static void test_what_was_sent_is_not_sent_again_for_a_retry(void **state)
{
    struct pair pair;
    (void)state;

    begin_pair(&pair, 5);
    pair.scene.server.answer = pair.other.answer = close_at_once;
    sim_client_post(&pair.scene.client, "/x", 1, 5, false);
    sim_settle(pair.scene.sim);
    assert_int_equal(sim_client_status(&pair.scene.client, 0), 502);
    assert_int_equal(pair.scene.server.request_count + pair.other.request_count, 1);
    end_pair(&pair);
}

/* The end of a pooled connection is no attempt at a server. */
static void test_a_closed_connection_does_not_count(void **state)
{
    struct pair pair;
    (void)state;

    begin_pair(&pair, 1);
    sim_client_get(&pair.scene.client, "/len/1", 1);
    sim_client_get(&pair.scene.client, "/len/1", 2);
    sim_settle(pair.scene.sim);
    pair.scene.server.answer = close_at_once; /* on the next request of its pooled connection */
    sim_client_get(&pair.scene.client, "/len/1", 3);
    sim_settle(pair.scene.sim);
    assert_int_equal(sim_client_status(&pair.scene.client, 2), 200);
    assert_int_equal(pair.scene.server.executed[3], 1);
    assert_int_equal(pair.other.executed[3], 1);
    end_pair(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_attempt_is_no_retry),
        cmocka_unit_test(test_two_attempts_reach_the_other_server_with_the_whole_body),
        cmocka_unit_test(test_more_attempts_than_servers_go_round),
        cmocka_unit_test(test_a_server_that_comes_up_meanwhile_is_reached),
        cmocka_unit_test(test_a_closed_connection_does_not_count),
        cmocka_unit_test(test_what_was_sent_is_not_sent_again_for_a_retry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
