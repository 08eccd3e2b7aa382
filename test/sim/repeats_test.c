/* SPDX-License-Identifier: MIT */
/* buffering.retryExpression: what has failed is sent again, within a budget (spec/proxy.md 12, decisions.md 29). */
#include "sim_buffering.h"

struct flaky {
    unsigned failures;
    const char *failure; /* bytes; then it closes */
};

static void fail_at_first(struct sim_conn *conn, const struct sim_message *request)
{
    struct flaky *flaky = conn->server->arg;

    if (flaky->failures == 0) {
        sim_server_answer_path(conn, request);
        return;
    }
    flaky->failures--;
    sim_conn_reply(conn, slice_of(flaky->failure), 0, true);
}

static void begin_flaky(struct sim_scene *scene, struct flaky *flaky, const char *expression)
{
    begin_buffering(scene, 0, &(struct model_buffering){0}, expression);
    scene->server.answer = fail_at_first;
    scene->server.arg = flaky;
}

static void test_a_failed_request_is_sent_again_with_its_body(void **state)
{
    static const char *const failures[] = {"", "HTTP/1.1 502 B\r\nContent-Length: 3\r\n\r\nbad",
                                           "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\ncut"};
    struct sim_scene scene;
    (void)state;

    for (unsigned i = 0; i < WB_COUNT(failures); i++) {
        struct flaky flaky = {2, failures[i]};
        begin_flaky(&scene, &flaky, "IsNetworkError() && Attempts() <= 2");
        sim_client_post(&scene.client, "/echo", 7, 100000, true);
        sim_settle(scene.sim);
        expect_echo(&scene, 0, 7, 100000);
        assert_int_equal(scene.server.executed[7], 3);
        scene_end(&scene);
    }
}

static void test_the_last_failure_is_what_the_client_gets(void **state)
{
    struct flaky flaky = {100, "HTTP/1.1 503 S\r\nContent-Length: 4\r\n\r\nbusy"};
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    begin_flaky(&scene, &flaky, "ResponseCode() == 503 && RequestMethod() == \"PUT\"");
    sim_client_ask(&scene.client, "PUT / HTTP/1.1\r\nHost: a.test\r\nX-Id: 1\r\nContent-Length: 3\r\n\r\nabc");
    sim_settle(scene.sim);
    assert_true(sim_client_answer(&scene.client, 0, &answer));
    assert_int_equal(sim_message_status(&answer), 503);
    assert_string_equal(answer.body.ptr, "busy");
    sim_message_fini(&answer);
    assert_int_equal(scene.server.executed[1], 11); /* ten retries, whatever the expression says */
    sim_client_post(&scene.client, "/", 2, 3, false);
    sim_settle(scene.sim);
    assert_int_equal(scene.server.executed[2], 1); /* another method */
    scene_end(&scene);
}

static void test_retries_go_to_other_servers_first(void **state)
{
    struct flaky flaky = {100, ""};
    struct sim_server other;
    struct sim_scene scene;
    (void)state;

    begin_flaky(&scene, &flaky, "IsNetworkError() && Attempts() <= 3");
    sim_server_init(&other, scene.sim, "10.0.0.2", 80, "two");
    publish_buffering(&scene, SIM_SERVER_URL " http://10.0.0.2:80");
    sim_client_post(&scene.client, "/echo", 1, 10, false);
    sim_settle(scene.sim);
    expect_echo(&scene, 0, 1, 10);
    assert_int_equal(scene.server.executed[1], 1);
    assert_int_equal(other.executed[1], 1);
    sim_server_fini(&other);
    scene_end(&scene);
}

/* Security case D13: when everything fails, what is sent more than once is a fifth, and ten a second. */
static void test_retries_have_a_budget(void **state)
{
    enum { REQUESTS = 30, ROUNDS = 20 };
    struct flaky flaky = {UINT32_MAX, ""};
    struct sim_scene scene;
    (void)state;

    begin_flaky(&scene, &flaky, "IsNetworkError()");
    sim_advance(scene.sim, 60000); /* whatever there was to save has been saved */
    for (unsigned round = 0; round < ROUNDS; round++) {
        sim_client_connect(&scene.client, scene.sim, scene.world->entry, "192.0.2.1");
        for (unsigned i = 0; i < REQUESTS; i++)
            sim_client_post(&scene.client, "/echo", 1, 5, false);
        sim_settle(scene.sim);
        assert_int_equal(sim_client_status(&scene.client, REQUESTS - 1), 502);
    }
    unsigned repeats = scene.server.request_count - REQUESTS * ROUNDS;
    assert_true(repeats >= REQUESTS * ROUNDS / 5);
    assert_true(repeats <= 150 + REQUESTS * ROUNDS / 5); /* saved, and earned */
    scene_end(&scene);
}

static void test_a_refused_connection_is_tried_again_for_free(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin_buffering(&scene, 0, &(struct model_buffering){0}, "IsNetworkError() && Attempts() <= 5");
    while (upstream_spend_repeat(scene.world->env.upstream))
        continue;
    scene.server.listener.refusals = 4;
    sim_client_post(&scene.client, "/echo", 1, 70000, true);
    sim_settle(scene.sim);
    expect_echo(&scene, 0, 1, 70000);
    assert_int_equal(scene.server.executed[1], 1);
    scene_end(&scene);
}

static void test_a_long_body_is_read_again_from_its_file(void **state)
{
    struct flaky flaky = {2, ""};
    struct sim_scene scene;
    (void)state;

    begin_buffering(&scene, 0, &(struct model_buffering){.mem_request_body_bytes = 70000},
                    "Attempts() <= 2 && IsNetworkError()");
    scene.server.answer = fail_at_first;
    scene.server.arg = &flaky;
    sim_client_post(&scene.client, "/echo", 3, 900000, false);
    pass(&scene, 2000);
    expect_echo(&scene, 0, 3, 900000);
    assert_int_equal(scene.server.executed[3], 3);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_failed_request_is_sent_again_with_its_body),
        cmocka_unit_test(test_the_last_failure_is_what_the_client_gets),
        cmocka_unit_test(test_retries_go_to_other_servers_first),
        cmocka_unit_test(test_retries_have_a_budget),
        cmocka_unit_test(test_a_refused_connection_is_tried_again_for_free),
        cmocka_unit_test(test_a_long_body_is_read_again_from_its_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
