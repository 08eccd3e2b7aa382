/* SPDX-License-Identifier: MIT */
/* Forward auth on a whole worker: whatever happens to the one who is asked, nobody passes who was not let in. */
#include "sim_test.h"

struct guarded {
    struct sim_scene scene;
    struct sim_server auth;
};

static void begin_guarded(struct guarded *g, uint64_t seed)
{
    static const struct sim_route route = {.name = "a",
                                           .rule = "Host:a.test",
                                           .servers = SIM_SERVER_URL,
                                           .auth = "http://10.0.0.8:9000/check",
                                           .auth_copies = "X-User"};
    scene_prepare(&g->scene, seed);
    g->scene.sim->vary = seed != 0;
    scene_start(&g->scene);
    sim_server_init(&g->auth, g->scene.sim, "10.0.0.8", 9000, "auth");
    sim_world_publish(g->scene.world, &route, 1);
}

static void end_guarded(struct guarded *g)
{
    sim_server_fini(&g->auth);
    scene_end(&g->scene);
}

static void reply_with_arg(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    sim_conn_reply(conn, slice_of(conn->server->arg), 0, false);
}

static void auth_says(struct guarded *g, const char *reply)
{
    g->auth.answer = reply_with_arg;
    g->auth.arg = (void *)(uintptr_t)reply;
}

static void test_who_is_let_in_passes_with_what_the_reply_names(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct guarded g;
        begin_guarded(&g, seed);
        auth_says(&g, "HTTP/1.1 200 OK\r\nX-User: ann\r\nX-Other: no\r\nContent-Length: 5\r\n\r\nhello");
        sim_client_ask(&g.scene.client,
                       "POST /echo?q=1 HTTP/1.1\r\nHost: a.test\r\nX-Id: 1\r\nX-User: root\r\nx_user: root\r\n"
                       "Content-Length: 4\r\n\r\nbody");
        sim_advance(g.scene.sim, 100);
        assert_int_equal(sim_client_status(&g.scene.client, 0), 200);
        assert_non_null(strstr(g.scene.server.last_head.ptr, "X-User: ann\r\n"));
        assert_null(strstr(g.scene.server.last_head.ptr, "root"));
        assert_null(strstr(g.scene.server.last_head.ptr, "X-Other"));
        assert_true(slice_eq(text_slice(&g.scene.server.last_body), SLICE("body")));
        assert_true(slice_starts(text_slice(&g.auth.last_head), SLICE("GET /check HTTP/1.1\r\n")));
        assert_non_null(strstr(g.auth.last_head.ptr, "X-Forwarded-Method: POST\r\n"));
        assert_non_null(strstr(g.auth.last_head.ptr, "X-Forwarded-Uri: /echo?q=1\r\n"));
        assert_null(strstr(g.auth.last_head.ptr, "Content-Length"));
        end_guarded(&g);
    }
}

static void test_a_header_that_the_reply_does_not_carry_is_removed(void **state)
{
    struct guarded g;
    (void)state;

    begin_guarded(&g, 0);
    auth_says(&g, "HTTP/1.1 204 No Content\r\n\r\n");
    sim_client_ask(&g.scene.client, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\nX-Id: 1\r\nX-User: root\r\n\r\n");
    sim_settle(g.scene.sim);
    assert_int_equal(sim_client_status(&g.scene.client, 0), 200);
    assert_null(strstr(g.scene.server.last_head.ptr, "X-User"));
    end_guarded(&g);
}

static void test_a_refusal_goes_back_with_its_body(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct guarded g;
        struct sim_message answer;
        begin_guarded(&g, seed);
        auth_says(
            &g,
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nSet-Cookie: a=1\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nno!\r\n0\r\n\r\n");
        sim_client_post(&g.scene.client, "/echo", 1, 50, false);
        sim_client_get(&g.scene.client, "/len/1", 2);
        sim_advance(g.scene.sim, 100);
        assert_true(sim_client_answer(&g.scene.client, 0, &answer));
        assert_int_equal(sim_message_status(&answer), 401);
        assert_true(slice_eq(text_slice(&answer.body), SLICE("no!")));
        assert_true(slice_eq(sim_message_field(&answer, "Set-Cookie"), SLICE("a=1")));
        sim_message_fini(&answer);
        assert_int_equal(sim_client_status(&g.scene.client, 1), 401);
        assert_int_equal(g.scene.server.request_count, 0);
        assert_int_equal(g.auth.conn_count, 1); /* its connection is used again */
        end_guarded(&g);
    }
}

static void test_an_auth_server_in_trouble_denies(void **state)
{
    static const struct {
        const char *reply;
        unsigned status;
    } cases[] = {
        {"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", 500},
        {"HTTP/1.1 502 Oops\r\nContent-Length: 0\r\n\r\n", 503},
        {"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 500},
        {"nonsense\r\n\r\n", 500},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 500},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        struct guarded g;
        begin_guarded(&g, 0);
        auth_says(&g, cases[i].reply);
        sim_client_get(&g.scene.client, "/len/1", 1);
        sim_settle(g.scene.sim);
        assert_int_equal(sim_client_status(&g.scene.client, 0), cases[i].status);
        assert_int_equal(g.scene.server.request_count, 0);
        end_guarded(&g);
    }
}

static void test_a_reply_that_is_cut_off_denies(void **state)
{
    struct guarded g;
    (void)state;

    begin_guarded(&g, 0);
    auth_says(&g, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
    sim_client_get(&g.scene.client, "/len/1", 1);
    sim_advance(g.scene.sim, 10);
    assert_int_equal(sim_client_status(&g.scene.client, 0), 0);
    sim_link_close(sim_server_conn(&g.auth)->wire);
    sim_advance(g.scene.sim, 10);
    assert_int_equal(sim_client_status(&g.scene.client, 0), 500);
    assert_int_equal(g.scene.server.request_count, 0);
    end_guarded(&g);
}

static void test_a_dead_auth_server_denies(void **state)
{
    struct guarded g;
    (void)state;

    begin_guarded(&g, 0);
    g.auth.listener.dial = SIM_REFUSE;
    sim_client_get(&g.scene.client, "/len/1", 1);
    sim_settle(g.scene.sim);
    assert_int_equal(sim_client_status(&g.scene.client, 0), 500);
    assert_int_equal(g.scene.server.request_count, 0);
    assert_int_equal(sim_world_ended(g.scene.world, REASON_AUTH_UNREACHABLE), 1);
    end_guarded(&g);
}

static void test_a_slow_auth_server_denies_after_30_s(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct guarded g;
        begin_guarded(&g, 0);
        g.auth.deaf = how == 0;
        if (how == 1)
            g.auth.listener.dial = SIM_SILENT;
        else if (how == 2)
            auth_says(&g, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
        sim_client_get(&g.scene.client, "/len/1", 1);
        sim_advance(g.scene.sim, 29999);
        assert_int_equal(sim_client_status(&g.scene.client, 0), 0);
        sim_advance(g.scene.sim, 1);
        assert_int_equal(sim_client_status(&g.scene.client, 0), 500);
        assert_int_equal(g.scene.server.request_count, 0);
        end_guarded(&g);
    }
}

static void test_a_stale_connection_to_the_auth_server_is_repeated_once(void **state)
{
    struct guarded g;
    (void)state;

    begin_guarded(&g, 0);
    auth_says(&g, "HTTP/1.1 204 No Content\r\n\r\n");
    sim_client_get(&g.scene.client, "/len/1", 1);
    sim_settle(g.scene.sim);
    sim_server_conn(&g.auth)->wire->gone = true;
    sim_client_post(&g.scene.client, "/echo", 2, 10, false);
    sim_settle(g.scene.sim);
    assert_int_equal(sim_client_status(&g.scene.client, 1), 200);
    assert_int_equal(g.auth.conn_count, 2);
    assert_int_equal(g.auth.request_count, 2);
    end_guarded(&g);
}

static void reply_huge(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    sim_link_send(conn->wire, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"));
    sim_link_send_pattern(conn->wire, 100000000);
    conn->answering = true;
}

static void test_a_huge_reply_denies(void **state)
{
    struct guarded g;
    (void)state;

    begin_guarded(&g, 0);
    g.auth.answer = reply_huge;
    sim_client_get(&g.scene.client, "/len/1", 1);
    sim_settle(g.scene.sim);
    assert_int_equal(sim_client_status(&g.scene.client, 0), 500);
    assert_true(sim_server_conn(&g.auth)->wire->pattern_left > 97 * 1000 * 1000);
    assert_int_equal(g.scene.server.request_count, 0);
    end_guarded(&g);
}

static void test_a_client_that_goes_away_cancels_the_question(void **state)
{
    struct guarded g;
    (void)state;

    begin_guarded(&g, 0);
    g.auth.deaf = true;
    sim_client_get(&g.scene.client, "/len/1", 1);
    sim_advance(g.scene.sim, 100);
    sim_link_close(g.scene.client.wire);
    sim_settle(g.scene.sim);
    assert_true(sim_link_is_over(sim_server_conn(&g.auth)->wire));
    assert_int_equal(cell_read(&g.scene.world->counters.active), 0);
    assert_int_equal(g.scene.sim->loop.stock.lent_bytes, 0);
    end_guarded(&g);
}

static void test_no_100_before_the_verdict(void **state)
{
    struct guarded g;
    (void)state;

    begin_guarded(&g, 0);
    g.auth.deaf = true;
    sim_client_ask(&g.scene.client,
                   "POST /echo HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    sim_advance(g.scene.sim, 20000);
    assert_int_equal(g.scene.client.wire->got_bytes, 0);
    end_guarded(&g);
}

static void test_an_upgrade_is_asked_about_too(void **state)
{
    struct guarded g;
    (void)state;

    begin_guarded(&g, 0);
    auth_says(&g, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    sim_client_ask(&g.scene.client, "GET /up HTTP/1.1\r\nHost: a.test\r\n" SIM_WEBSOCKET "\r\n");
    sim_settle(g.scene.sim);
    assert_int_equal(sim_client_status(&g.scene.client, 0), 403);
    assert_null(strstr(g.auth.last_head.ptr, "Upgrade"));
    assert_int_equal(g.scene.server.request_count, 0);
    end_guarded(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_let_in_passes_with_what_the_reply_names),
        cmocka_unit_test(test_a_header_that_the_reply_does_not_carry_is_removed),
        cmocka_unit_test(test_a_refusal_goes_back_with_its_body),
        cmocka_unit_test(test_an_auth_server_in_trouble_denies),
        cmocka_unit_test(test_a_reply_that_is_cut_off_denies),
        cmocka_unit_test(test_a_dead_auth_server_denies),
        cmocka_unit_test(test_a_slow_auth_server_denies_after_30_s),
        cmocka_unit_test(test_a_stale_connection_to_the_auth_server_is_repeated_once),
        cmocka_unit_test(test_a_huge_reply_denies),
        cmocka_unit_test(test_a_client_that_goes_away_cancels_the_question),
        cmocka_unit_test(test_no_100_before_the_verdict),
        cmocka_unit_test(test_an_upgrade_is_asked_about_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
