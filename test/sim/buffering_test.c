/* SPDX-License-Identifier: MIT */
/* Bodies that are collected whole: limits, memory and files, and what happens when somebody is slow or gone. */
#include "sim_buffering.h"

static bool server_was_told(const struct sim_scene *scene, const char *part)
{
    return strstr(scene->server.last_head.ptr, part) != NULL;
}

static void test_a_request_is_sent_when_it_has_come_whole(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin_buffering(&scene, 0, &(struct model_buffering){0}, NULL);
    scene.client.asked = 1;
    sim_client_send(&scene.client, "POST /echo HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    sim_advance(scene.sim, 1000);
    assert_int_equal(scene.sim->dialled, 0);
    sim_client_send(&scene.client, "2\r\nde\r\n0\r\nX-Late: yes\r\n\r\n");
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_true(server_was_told(&scene, "Content-Length: 5\r\n"));
    assert_false(server_was_told(&scene, "Transfer-Encoding"));
    assert_string_equal(scene.server.last_body.ptr, "abcde");
    assert_int_equal(scene.server.last_trailers.len, 0);
    scene_end(&scene);
}

static void test_a_request_without_a_body_waits_for_nothing(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin_buffering(&scene, 0, &(struct model_buffering){.max_request_body_bytes = 1}, NULL);
    sim_client_get(&scene.client, "/len/10", 1);
    sim_client_post(&scene.client, "/echo", 2, 0, true);
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_int_equal(sim_client_status(&scene.client, 1), 200);
    assert_true(server_was_told(&scene, "Content-Length: 0\r\n"));
    scene_end(&scene);
}

static void test_a_client_that_waits_for_100_gets_it_before_a_server_is_asked(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin_buffering(&scene, 0, &(struct model_buffering){.max_request_body_bytes = 5}, NULL);
    sim_client_ask(&scene.client,
                   "POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    sim_settle(scene.sim);
    assert_int_equal(sim_client_interims(&scene.client), 1);
    assert_int_equal(scene.sim->dialled, 0);
    sim_client_send(&scene.client, "abcde");
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_int_equal(sim_client_interims(&scene.client), 1);
    /* Nor is it told to send what will be refused. */
    sim_client_ask(&scene.client,
                   "POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n");
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 1), 413);
    assert_int_equal(sim_client_interims(&scene.client), 1);
    scene_end(&scene);
}

static void test_a_request_that_is_too_long(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin_buffering(&scene, 0, &(struct model_buffering){.max_request_body_bytes = 100, .mem_request_body_bytes = 50}, NULL);
    sim_client_post(&scene.client, "/echo", 1, 101, false);
    sim_client_post(&scene.client, "/echo", 2, 101, true);
    sim_settle(scene.sim);
    assert_int_equal(scene.sim->dialled, 0);
    assert_int_equal(sim_client_status(&scene.client, 0), 413);
    assert_int_equal(sim_client_status(&scene.client, 1), 413);
    sim_client_post(&scene.client, "/echo", 3, 100, true); /* the connection goes on */
    sim_client_post(&scene.client, "/echo", 4, 100, false);
    sim_settle(scene.sim);
    expect_echo(&scene, 2, 3, 100);
    expect_echo(&scene, 3, 4, 100);
    assert_int_equal(sim_world_ended(scene.world, REASON_BODY_TOO_LARGE), 2);
    scene_end(&scene);
}

/* What says that it switches protocols is no way around the limit. */
static void test_an_upgrade_does_not_go_past_the_limit(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin_buffering(&scene, 0, &(struct model_buffering){.max_request_body_bytes = 4}, NULL);
    sim_client_ask(&scene.client, "POST /echo HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n");
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 0), 413);
    assert_int_equal(scene.sim->dialled, 0);
    scene_end(&scene);
}

static void test_a_websocket_passes(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin_buffering(&scene, 0, &(struct model_buffering){.max_request_body_bytes = 4, .max_response_body_bytes = 4}, NULL);
    sim_client_ask(&scene.client, "GET /up HTTP/1.1\r\nHost: a.test\r\n" SIM_WEBSOCKET "\r\n");
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 0), 101);
    sim_client_send(&scene.client, "much longer than that");
    sim_settle(scene.sim);
    assert_true(slice_eq(sim_client_rest(&scene.client, 1), SLICE("hellomuch longer than that")));
    sim_link_close(scene.client.wire);
    sim_settle(scene.sim);
    scene_end(&scene);
}

/* Bodies of any length, cut in any way, by memory and by file, come out as they went in. */
static void test_any_body_by_memory_and_by_file(void **state)
{
    static const size_t lengths[] = {1, 49, 50, 51, 4097, 66000, 200000};
    struct sim_scene scene;
    (void)state;

    for (uint64_t seed = 0; seed < 5; seed++) {
        begin_buffering(&scene, seed,
                        &(struct model_buffering){.mem_request_body_bytes = seed % 2 ? 50 : 0,
                                                  .mem_response_body_bytes = seed % 3 ? 50 : 0},
                        seed % 2 ? "Attempts() < 2 && IsNetworkError()" : NULL);
        for (unsigned i = 0; i < WB_COUNT(lengths); i++)
            sim_client_post(&scene.client, "/echo", i, lengths[i], i % 2);
        pass(&scene, 60000);
        for (unsigned i = 0; i < WB_COUNT(lengths); i++)
            expect_echo(&scene, i, i, lengths[i]);
        assert_int_equal(spool_room_memory(scene.world->env.spool_room), 0);
        assert_int_equal(spool_room_file(scene.world->env.spool_room), 0);
        scene_end(&scene);
    }
}

/* The server is free for others as soon as it has answered. */
static void test_a_slow_client_does_not_hold_the_server(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin_buffering(&scene, 0, &(struct model_buffering){.mem_response_body_bytes = 1000}, NULL);
    scene.client.wire->wire_rules.socket_bytes = 1000;
    sim_link_pause(scene.client.wire, true);
    sim_client_get(&scene.client, "/chunked/300000", 1);
    pass(&scene, 1000);
    assert_int_equal(cell_read(&scene.world->counters.active), 1);
    assert_int_equal(upstream_idle_count(scene.world->env.upstream), 1);
    assert_int_equal(scene.world->env.lease->users, 1); /* nor a configuration (decisions.md 22) */
    sim_link_pause(scene.client.wire, false);
    pass(&scene, 5000);
    struct sim_message answer;
    assert_true(sim_client_answer(&scene.client, 0, &answer));
    assert_int_equal(answer.body.len, 300000);
    assert_false(answer.chunked);
    sim_message_fini(&answer);
    scene_end(&scene);
}

static void test_nothing_of_a_slow_answer_goes_out_before_the_end(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin_buffering(&scene, 0, &(struct model_buffering){0}, NULL);
    scene.server.raw = true;
    sim_client_get(&scene.client, "/", 1);
    sim_settle(scene.sim);
    struct sim_link *server = sim_server_conn(&scene.server)->wire;
    sim_link_send(server, SLICE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n3\r\nabc\r\n"));
    sim_advance(scene.sim, 5000);
    assert_int_equal(scene.client.wire->got_bytes, 0);
    sim_link_send(server, SLICE("0\r\n\r\n"));
    sim_settle(scene.sim);
    struct sim_message answer;
    assert_true(sim_client_answer(&scene.client, 0, &answer));
    assert_true(slice_eq(sim_message_field(&answer, "Content-Length"), SLICE("3")));
    assert_true(slice_eq(sim_message_field(&answer, "X-A"), SLICE("b")));
    sim_message_fini(&answer);
    scene_end(&scene);
}

static void test_answers_without_a_body_pass(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin_buffering(&scene, 0, &(struct model_buffering){.max_response_body_bytes = 5}, NULL);
    sim_client_ask(&scene.client, "HEAD /len/1000 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    sim_client_get(&scene.client, "/204", 1);
    sim_client_get(&scene.client, "/304", 2);
    sim_client_get(&scene.client, "/hints", 3);
    sim_client_get(&scene.client, "/len/5", 4);
    sim_settle(scene.sim);
    const unsigned statuses[] = {200, 204, 304};
    for (unsigned i = 0; i < WB_COUNT(statuses); i++)
        assert_int_equal(sim_client_status(&scene.client, i), statuses[i]);
    assert_int_equal(sim_client_status(&scene.client, 4), 200);
    scene_end(&scene);
}

static void test_an_answer_that_is_too_long(void **state)
{
    static const char *const paths[] = {"/len/101", "/chunked/101", "/close/101"};
    struct sim_scene scene;
    (void)state;

    for (unsigned i = 0; i < WB_COUNT(paths); i++) {
        begin_buffering(&scene, 0, &(struct model_buffering){.max_response_body_bytes = 100},
                        "Attempts() < 3 && ResponseCode() == 500");
        sim_client_get(&scene.client, paths[i], 1);
        sim_settle(scene.sim);
        struct sim_message answer;
        assert_true(sim_client_answer(&scene.client, 0, &answer));
        assert_int_equal(sim_message_status(&answer), 500);
        assert_string_equal(answer.body.ptr, "Internal Server Error");
        assert_false(scene.client.wire->got_fin);
        sim_message_fini(&answer);
        assert_int_equal(scene.server.executed[1], 1); /* ours is not repeated */
        assert_int_equal(sim_world_ended(scene.world, REASON_ANSWER_TOO_LARGE), 1);
        scene_end(&scene);
    }
}

static void test_an_answer_that_breaks_off_is_an_error_not_a_stump(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin_buffering(&scene, 0, &(struct model_buffering){0}, NULL);
    scene.server.raw = true;
    sim_client_get(&scene.client, "/", 1);
    sim_settle(scene.sim);
    struct sim_link *server = sim_server_conn(&scene.server)->wire;
    sim_link_send(server, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"));
    sim_link_close(server);
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 0), 502);
    assert_int_equal(sim_world_ended(scene.world, REASON_ANSWER_INCOMPLETE), 1);
    scene_end(&scene);
}

static void test_an_answer_that_stops(void **state)
{
    struct sim_scene scene;
    (void)state;

    wanted_buffering = (struct model_buffering){0};
    wanted_retry = NULL;
    scene_prepare(&scene, 0);
    scene.world->env.response_body_timeout_ms = 20000;
    scene_start(&scene);
    publish_buffering(&scene, SIM_SERVER_URL);
    scene.server.raw = true;
    sim_client_get(&scene.client, "/", 1);
    sim_settle(scene.sim);
    sim_link_send(sim_server_conn(&scene.server)->wire, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"));
    sim_advance(scene.sim, 19999);
    assert_int_equal(scene.client.wire->got_bytes, 0);
    sim_advance(scene.sim, 1);
    assert_int_equal(sim_client_status(&scene.client, 0), 502);
    scene_end(&scene);
}

/* /early answers before it has the body. */
static void test_an_answer_that_comes_before_the_end_of_the_request(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin_buffering(&scene, 0, &(struct model_buffering){.mem_request_body_bytes = 1000}, NULL);
    scene.sim->wire.socket_bytes = 5000;
    sim_client_post(&scene.client, "/early/100", 1, 300000, false);
    sim_client_get(&scene.client, "/len/10", 2);
    pass(&scene, 5000);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_int_equal(sim_client_status(&scene.client, 1), 200);
    scene_end(&scene);
}

static void test_a_client_whose_body_stops(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin_buffering(&scene, 0, &(struct model_buffering){0}, NULL);
    sim_client_ask(&scene.client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\na");
    sim_advance(scene.sim, 50000);
    sim_client_send(&scene.client, "b");
    sim_advance(scene.sim, 59999);
    assert_int_equal(scene.client.wire->got_bytes, 0);
    sim_advance(scene.sim, 1);
    assert_int_equal(sim_client_status(&scene.client, 0), 408);
    assert_int_equal(scene.sim->dialled, 0);
    scene_end(&scene);
}

/* At every stage, with a file and without: what it held is given back. */
static void test_a_client_that_goes_away(void **state)
{
    struct sim_scene scene;
    (void)state;

    for (unsigned stage = 0; stage < 30; stage++) {
        begin_buffering(&scene, stage / 2 + 1,
                        &(struct model_buffering){.mem_request_body_bytes = 100, .mem_response_body_bytes = 100}, NULL);
        sim_client_post(&scene.client, "/echo", 1, 150000, stage % 2);
        for (unsigned i = 0; i < stage; i++) {
            sim_advance(scene.sim, 1);
            if (i % 3 == 0)
                sim_world_spool(scene.world);
        }
        sim_link_reset(scene.client.wire);
        pass(&scene, 1000);
        assert_int_equal(cell_read(&scene.world->counters.active), 0);
        assert_int_equal(spool_room_memory(scene.world->env.spool_room), 0);
        assert_int_equal(spool_room_file(scene.world->env.spool_room), 0);
        scene_end(&scene);
    }
}

static void begin_narrow(struct sim_scene *scene, const struct spool_limits *limits)
{
    wanted_buffering = (struct model_buffering){.mem_request_body_bytes = 100, .mem_response_body_bytes = 100};
    wanted_retry = NULL;
    scene_prepare(scene, 0);
    scene->world->spool = *limits;
    scene_start(scene);
    publish_buffering(scene, SIM_SERVER_URL);
}

static void test_no_room_is_said_and_does_not_last(void **state)
{
    const struct spool_limits limits = {
        .memory_max = 16 << 20, .file_max = 300000, .files_max = 16, .folder = SLICE("/tmp")};
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    begin_narrow(&scene, &limits);
    sim_client_post(&scene.client, "/echo", 1, 500000, true);
    pass(&scene, 1000);
    assert_true(sim_client_answer(&scene.client, 0, &answer));
    assert_int_equal(sim_message_status(&answer), 503);
    assert_true(slice_eq(sim_message_field(&answer, "Retry-After"), SLICE("1")));
    sim_message_fini(&answer);
    assert_int_equal(scene.sim->dialled, 0);
    sim_client_connect(&scene.client, scene.sim, scene.world->entry, "192.0.2.1");
    sim_client_get(&scene.client, "/len/500000", 2);
    pass(&scene, 1000);
    assert_int_equal(sim_client_status(&scene.client, 0), 503);
    sim_client_post(&scene.client, "/echo", 3, 200000, true);
    pass(&scene, 1000);
    expect_echo(&scene, 1, 3, 200000);
    assert_int_equal(sim_world_ended(scene.world, REASON_NO_ROOM_FOR_BODY), 2);
    scene_end(&scene);
}

static void test_a_folder_that_cannot_be_written(void **state)
{
    const struct spool_limits limits = {
        .memory_max = 16 << 20, .file_max = 16 << 20, .files_max = 16, .folder = SLICE("/dev/null/none")};
    struct sim_scene scene;
    (void)state;

    begin_narrow(&scene, &limits);
    sim_client_post(&scene.client, "/echo", 1, 500000, false);
    pass(&scene, 1000);
    assert_int_equal(sim_client_status(&scene.client, 0), 503);
    scene_end(&scene);
}

/* A deployment: the new server is there, the old one is not, and the upload was half collected. */
static void test_an_upload_that_outlives_its_server_goes_to_the_next(void **state)
{
    struct sim_scene scene;
    struct sim_server next;
    (void)state;

    begin_buffering(&scene, 0, &(struct model_buffering){0}, "Attempts() <= 2 && ResponseCode() == 500");
    sim_server_init(&next, scene.sim, "10.0.0.2", 80, "next");
    scene.client.asked = 1;
    sim_client_send(&scene.client, "POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nabc");
    sim_advance(scene.sim, 1000);
    publish_buffering(&scene, "http://10.0.0.2:80");
    sim_advance(scene.sim, 1000);
    sim_client_send(&scene.client, "de");
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_string_equal(next.last_body.ptr, "abcde");
    assert_int_equal(scene.server.conn_count, 0);
    assert_int_equal(compiler_live_snapshots(scene.world->compiler), 1);
    sim_server_fini(&next);
    scene_end(&scene);
}

/* Clients and servers of all speeds, some of which go away; what is answered is right, and nothing is left. */
static void test_a_storm(void **state)
{
    enum { CLIENTS = 8, ASKED = 3 };
    (void)state;

    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct sim_scene scene;
        struct sim_client clients[CLIENTS];
        begin_buffering(&scene, seed,
                        &(struct model_buffering){.mem_request_body_bytes = 3000,
                                                  .mem_response_body_bytes = 3000,
                                                  .max_request_body_bytes = 100000},
                        "IsNetworkError() && Attempts() < 3");
        for (unsigned i = 0; i < CLIENTS; i++) {
            sim_client_connect(&clients[i], scene.sim, scene.world->entry, "192.0.2.9");
            for (unsigned n = 0; n < ASKED; n++)
                sim_client_post(&clients[i], "/echo", i * ASKED + n, (size_t)sim_draw(scene.sim, 110000), n % 2);
        }
        for (unsigned round = 0; round < 20; round++) {
            pass(&scene, 100);
            struct sim_conn *conn = sim_server_conn(&scene.server);
            if (conn && round % 3 == 0)
                sim_link_reset(conn->wire);
            if (round % 5 == 4)
                sim_link_reset(clients[sim_draw(scene.sim, CLIENTS)].wire);
        }
        pass(&scene, 70000);
        for (unsigned i = 0; i < CLIENTS; i++)
            for (unsigned n = 0; n < ASKED; n++) {
                struct sim_message answer;
                if (sim_client_answer(&clients[i], n, &answer) && sim_message_status(&answer) == 200)
                    assert_true(sim_body_is(text_slice(&answer.body), i * ASKED + n, answer.body.len));
                sim_message_fini(&answer);
            }
        assert_int_equal(cell_read(&scene.world->counters.active), 0);
        assert_int_equal(spool_room_memory(scene.world->env.spool_room), 0);
        scene_end(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_is_sent_when_it_has_come_whole),
        cmocka_unit_test(test_a_request_without_a_body_waits_for_nothing),
        cmocka_unit_test(test_a_client_that_waits_for_100_gets_it_before_a_server_is_asked),
        cmocka_unit_test(test_a_request_that_is_too_long),
        cmocka_unit_test(test_an_upgrade_does_not_go_past_the_limit),
        cmocka_unit_test(test_a_websocket_passes),
        cmocka_unit_test(test_any_body_by_memory_and_by_file),
        cmocka_unit_test(test_a_slow_client_does_not_hold_the_server),
        cmocka_unit_test(test_nothing_of_a_slow_answer_goes_out_before_the_end),
        cmocka_unit_test(test_answers_without_a_body_pass),
        cmocka_unit_test(test_an_answer_that_is_too_long),
        cmocka_unit_test(test_an_answer_that_breaks_off_is_an_error_not_a_stump),
        cmocka_unit_test(test_an_answer_that_stops),
        cmocka_unit_test(test_an_answer_that_comes_before_the_end_of_the_request),
        cmocka_unit_test(test_a_client_whose_body_stops),
        cmocka_unit_test(test_a_client_that_goes_away),
        cmocka_unit_test(test_no_room_is_said_and_does_not_last),
        cmocka_unit_test(test_a_folder_that_cannot_be_written),
        cmocka_unit_test(test_an_upload_that_outlives_its_server_goes_to_the_next),
        cmocka_unit_test(test_a_storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
