/* SPDX-License-Identifier: MIT */
/* Servers that refuse, close, break off or talk nonsense; pools; clients that go away. */
#include "sim_test.h"

enum { SERVERS = 3 };

struct three {
    struct sim_scene scene;
    struct sim_server more[SERVERS - 1];
};

static void begin_three(struct three *t)
{
    scene_begin(&t->scene);
    sim_server_init(&t->more[0], t->scene.sim, "10.0.0.2", 80, "two");
    sim_server_init(&t->more[1], t->scene.sim, "10.0.0.3", 80, "three");
    sim_world_serve(t->scene.world, "http://10.0.0.1:80 http://10.0.0.2:80 http://10.0.0.3:80");
}

static void end_three(struct three *t)
{
    sim_server_fini(&t->more[0]);
    sim_server_fini(&t->more[1]);
    scene_end(&t->scene);
}

static void test_a_refused_connection_leads_to_the_next_server(void **state)
{
    struct three t;
    (void)state;

    begin_three(&t);
    t.scene.server.listener.dial = t.more[0].listener.dial = SIM_REFUSE;
    for (unsigned i = 1; i <= 6; i++)
        sim_client_post(&t.scene.client, "/echo", i, 100, i & 1);
    sim_settle(t.scene.sim);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(sim_client_status(&t.scene.client, i), 200);
        assert_int_equal(t.more[1].executed[i + 1], 1);
    }
    end_three(&t);
}

static void test_all_servers_refuse(void **state)
{
    struct three t;
    (void)state;

    begin_three(&t);
    t.scene.server.listener.dial = t.more[0].listener.dial = t.more[1].listener.dial = SIM_REFUSE;
    sim_client_get(&t.scene.client, "/len/1", 1);
    sim_settle(t.scene.sim);
    assert_int_equal(sim_client_status(&t.scene.client, 0), 502);
    assert_int_equal(t.scene.sim->dialled, 3); /* each once */
    assert_int_equal(sim_world_ended(t.scene.world, REASON_SERVER_REFUSED), 1);
    end_three(&t);
}

static void test_a_name_leads_to_its_addresses_in_turn(void **state)
{
    struct sim_scene scene;
    (void)state;

    for (int when = SIM_NAME_LATER; when <= SIM_NAME_AT_ONCE; when++) {
        scene_begin(&scene);
        struct sim_name name = {.host = "web", .when = (enum sim_answer)when, .after_ms = 20, .address_count = 2};
        assert_true(address_parse(SLICE("10.9.9.9"), 0, &name.addresses[0])); /* nobody there */
        assert_true(address_parse(SLICE("10.0.0.1"), 0, &name.addresses[1]));
        scene.sim->names[scene.sim->name_count++] = name;
        sim_world_serve(scene.world, "http://web:80");
        sim_client_get(&scene.client, "/len/1", 1);
        sim_advance(scene.sim, 100);
        assert_int_equal(sim_client_status(&scene.client, 0), 200);
        assert_int_equal(scene.sim->dialled, 2);
        scene_end(&scene);
    }
}

static void test_an_unknown_name(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_world_serve(scene.world, "http://nowhere:80");
    sim_client_get(&scene.client, "/len/1", 1);
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 0), 502);
    assert_int_equal(sim_world_ended(scene.world, REASON_SERVER_UNRESOLVED), 1);
    scene_end(&scene);
}

static void test_an_idle_connection_that_the_server_closes_is_dropped(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_client_get(&scene.client, "/len/1", 1);
    sim_settle(scene.sim);
    assert_int_equal(upstream_idle_count(scene.world->env.upstream), 1);
    sim_link_close(sim_server_conn(&scene.server)->wire);
    sim_settle(scene.sim);
    assert_int_equal(upstream_idle_count(scene.world->env.upstream), 0);
    sim_client_post(&scene.client, "/echo", 2, 10, false);
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 1), 200);
    scene_end(&scene);
}

static void test_unasked_bytes_on_an_idle_connection_reach_nobody(void **state)
{
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    scene_begin(&scene);
    sim_client_get(&scene.client, "/len/1", 1);
    sim_settle(scene.sim);
    sim_link_send(sim_server_conn(&scene.server)->wire, SLICE("HTTP/1.1 200 OK\r\nX-Id: 66\r\nContent-Length: 0\r\n\r\n"));
    sim_settle(scene.sim);
    assert_int_equal(upstream_idle_count(scene.world->env.upstream), 0);
    sim_client_get(&scene.client, "/len/1", 2);
    sim_settle(scene.sim);
    assert_true(sim_client_answer(&scene.client, 1, &answer));
    assert_true(slice_eq(sim_message_field(&answer, "X-Id"), SLICE("2")));
    sim_message_fini(&answer);
    scene_end(&scene);
}

/* The server closes at the very moment the connection is used again: its FIN is on the way when the request leaves. */
static void use_stale_connection(struct sim_scene *scene, const char *method, unsigned *out_status)
{
    struct text request = TEXT_EMPTY;

    scene_begin(scene);
    sim_client_get(&scene->client, "/len/1", 1);
    sim_settle(scene->sim);
    text_addf(&request, "%s /len/1 HTTP/1.1\r\nHost: a.test\r\nX-Id: 2\r\n%s\r\n", method,
              strcmp(method, "POST") == 0 ? "Content-Length: 0\r\n" : "");
    sim_client_ask_slice(&scene->client, text_slice(&request));
    sim_server_conn(&scene->server)->wire->gone = true; /* closed, and the worker has not heard of it */
    sim_settle(scene->sim);
    *out_status = sim_client_status(&scene->client, 1);
    text_fini(&request);
}

static void test_a_stale_pooled_connection_is_repeated_once_when_that_is_safe(void **state)
{
    struct sim_scene scene;
    unsigned status;
    (void)state;

    use_stale_connection(&scene, "GET", &status);
    assert_int_equal(status, 200);
    assert_int_equal(scene.server.executed[2], 1);
    assert_int_equal(scene.server.conn_count, 2);
    scene_end(&scene);
    use_stale_connection(&scene, "POST", &status);
    assert_int_equal(status, 502);
    assert_int_equal(scene.server.executed[2], 0);
    assert_int_equal(scene.server.conn_count, 1);
    scene_end(&scene);
}

/* The server's FIN is here, but its turn has not come when the request is routed: nothing is lost, nothing is sent twice. */
static void test_a_post_goes_on_no_connection_that_has_ended(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct sim_scene scene;
        struct sim_client other;
        scene_begin(&scene);
        sim_client_connect(&other, scene.sim, scene.world->entry, "192.0.2.3");
        sim_client_get(&scene.client, "/len/1/10", 1);
        sim_client_get(&other, "/len/1/10", 2);
        sim_advance(scene.sim, 50);
        assert_int_equal(upstream_idle_count(scene.world->env.upstream), 2);
        sim_client_post(&scene.client, "/echo", 3, how == 1 ? 0 : 10, how == 2);
        LIST_EACH_SAFE (node, &scene.server.conns)
            how ? sim_link_close(LIST_ENTRY(node, struct sim_conn, link)->wire)
                : sim_link_reset(LIST_ENTRY(node, struct sim_conn, link)->wire);
        sim_settle(scene.sim);
        assert_int_equal(sim_client_status(&scene.client, 1), 200);
        assert_int_equal(scene.server.executed[3], 1);
        assert_int_equal(scene.server.conn_count, 3);
        scene_end(&scene);
    }
}

static void close_at_once(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    conn->answering = true;
    sim_link_close(conn->wire);
}

static void test_a_post_that_was_sent_is_never_sent_again(void **state)
{
    struct three t;
    (void)state;

    begin_three(&t);
    t.scene.server.answer = t.more[0].answer = t.more[1].answer = close_at_once;
    sim_client_post(&t.scene.client, "/echo", 1, 10, false);
    sim_client_post(&t.scene.client, "/echo", 2, 0, true);
    sim_settle(t.scene.sim);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(sim_client_status(&t.scene.client, i), 502);
    for (unsigned id = 1; id <= 2; id++)
        assert_int_equal(t.scene.server.executed[id] + t.more[0].executed[id] + t.more[1].executed[id], 1);
    end_three(&t);
}

static void test_repeats_stay_within_their_budget(void **state)
{
    struct three t;
    unsigned sent = 0;
    enum { ROUNDS = 100, EACH = 25 };
    (void)state;

    begin_three(&t);
    t.scene.server.answer = t.more[0].answer = t.more[1].answer = close_at_once;
    sim_advance(t.scene.sim, 1000);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct sim_client client;
        sim_client_connect(&client, t.scene.sim, t.scene.world->entry, "192.0.2.9");
        for (unsigned i = 0; i < EACH; i++)
            sim_client_get(&client, "/len/1", i);
        sim_settle(t.scene.sim);
        for (unsigned i = 0; i < EACH; i++)
            assert_int_equal(sim_client_status(&client, i), 502);
        sim_link_close(client.wire);
    }
    sent = t.scene.server.request_count + t.more[0].request_count + t.more[1].request_count;
    assert_true(sent > ROUNDS * EACH); /* some are repeated */
    assert_true(sent <= ROUNDS * EACH * 12 / 10 + 200);
    end_three(&t);
}

static void answer_bytes(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    sim_conn_reply(conn, slice_of(conn->server->arg), 0, true);
}

static void test_answers_that_are_not_http_become_502(void **state)
{
    static const char *const broken[] = {
        "",
        "HTTP/1.1 200",
        "hello\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(broken); i++) {
        struct sim_scene scene;
        scene_begin(&scene);
        scene.server.answer = answer_bytes;
        scene.server.arg = (void *)(uintptr_t)broken[i];
        sim_client_get(&scene.client, "/", 1);
        sim_client_get(&scene.client, "/", 2);
        sim_settle(scene.sim);
        assert_int_equal(sim_client_status(&scene.client, 0), 502);
        assert_int_equal(sim_client_status(&scene.client, 1), 502);
        assert_int_equal(upstream_idle_count(scene.world->env.upstream), 0);
        scene_end(&scene);
    }
}

static void test_too_many_interim_answers_become_502(void **state)
{
    struct sim_scene scene;
    struct text flood = TEXT_EMPTY;
    (void)state;

    for (unsigned i = 0; i <= ATTEMPT_INTERIM_MAX; i++)
        text_add(&flood, SLICE("HTTP/1.1 103 Early Hints\r\n\r\n"));
    text_add(&flood, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    scene_begin(&scene);
    scene.server.answer = answer_bytes;
    scene.server.arg = flood.ptr;
    sim_client_get(&scene.client, "/", 1);
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 0), 502);
    text_fini(&flood);
    scene_end(&scene);
}

static void test_an_answer_that_breaks_off_never_looks_complete(void **state)
{
    static const char *const broken[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(broken) * 2; i++) {
        struct sim_scene scene;
        struct sim_message answer;
        scene_begin(&scene);
        scene.server.answer = answer_bytes;
        scene.server.arg = (void *)(uintptr_t)broken[i / 2];
        sim_client_ask(&scene.client,
                       i & 1 ? "GET / HTTP/1.0\r\nHost: a.test\r\n\r\n" : "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        sim_settle(scene.sim);
        sim_client_answer(&scene.client, 0, &answer);
        assert_true(scene.client.wire->got_reset || (answer.broken && !answer.complete));
        assert_int_equal(sim_world_ended(scene.world, REASON_RESPONSE_CUT), 1);
        assert_int_equal(entry_count(scene.world->entry), 0);
        sim_message_fini(&answer);
        scene_end(&scene);
    }
}

static void test_a_client_that_goes_away_cancels_the_attempt(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct sim_scene scene;
        scene_begin(&scene);
        sim_client_get(&scene.client, "/len/1/5000", 1);
        sim_advance(scene.sim, 100);
        assert_int_equal(cell_read(&scene.world->counters.active), 1);
        if (how == 0)
            sim_link_close(scene.client.wire);
        else if (how == 1)
            sim_link_reset(scene.client.wire);
        else
            sim_link_shut(scene.client.wire); /* as v1.7: a half-closed client is gone */
        sim_settle(scene.sim);
        assert_int_equal(cell_read(&scene.world->counters.active), 0);
        assert_true(sim_link_is_over(sim_server_conn(&scene.server)->wire));
        assert_int_equal(sim_world_ended(scene.world, REASON_CLIENT_GONE), 1);
        assert_int_equal(cell_read(&scene.world->counters.status[499]), 1);
        scene_end(&scene);
    }
}

static void test_a_client_that_goes_while_dialling_or_looking_up(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct sim_scene scene;
        scene_begin(&scene);
        scene.server.listener.dial = SIM_SILENT;
        scene.sim->names[scene.sim->name_count++] = (struct sim_name){.host = "slow", .when = SIM_NAME_NEVER};
        if (how)
            sim_world_serve(scene.world, "http://slow:80");
        sim_client_get(&scene.client, "/len/1", 1);
        sim_advance(scene.sim, 100);
        sim_link_close(scene.client.wire);
        sim_settle(scene.sim);
        assert_int_equal(cell_read(&scene.world->counters.active), 0);
        assert_true(list_empty(&scene.sim->questions));
        scene_end(&scene);
    }
}

static void test_connections_are_used_again_latest_first(void **state)
{
    struct sim_scene scene;
    struct sim_client other;
    (void)state;

    scene_begin(&scene);
    sim_client_connect(&other, scene.sim, scene.world->entry, "192.0.2.3");
    sim_client_get(&scene.client, "/len/1/10", 1);
    sim_client_get(&other, "/len/1/20", 2);
    sim_advance(scene.sim, 50);
    assert_int_equal(scene.server.conn_count, 2);
    for (unsigned i = 0; i < 10; i++)
        sim_client_get(&scene.client, "/len/1", 10 + i);
    sim_settle(scene.sim);
    assert_int_equal(scene.server.conn_count, 2);
    assert_int_equal(sim_server_conn(&scene.server)->requests, 11);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refused_connection_leads_to_the_next_server),
        cmocka_unit_test(test_all_servers_refuse),
        cmocka_unit_test(test_a_name_leads_to_its_addresses_in_turn),
        cmocka_unit_test(test_an_unknown_name),
        cmocka_unit_test(test_an_idle_connection_that_the_server_closes_is_dropped),
        cmocka_unit_test(test_unasked_bytes_on_an_idle_connection_reach_nobody),
        cmocka_unit_test(test_a_stale_pooled_connection_is_repeated_once_when_that_is_safe),
        cmocka_unit_test(test_a_post_goes_on_no_connection_that_has_ended),
        cmocka_unit_test(test_a_post_that_was_sent_is_never_sent_again),
        cmocka_unit_test(test_repeats_stay_within_their_budget),
        cmocka_unit_test(test_answers_that_are_not_http_become_502),
        cmocka_unit_test(test_too_many_interim_answers_become_502),
        cmocka_unit_test(test_an_answer_that_breaks_off_never_looks_complete),
        cmocka_unit_test(test_a_client_that_goes_away_cancels_the_attempt),
        cmocka_unit_test(test_a_client_that_goes_while_dialling_or_looking_up),
        cmocka_unit_test(test_connections_are_used_again_latest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
