/* SPDX-License-Identifier: MIT */
/* Snapshots are adopted between exchanges; a worker that drains finishes what it began. */
#include "sim_test.h"

static void test_an_exchange_keeps_the_snapshot_it_began_with(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    struct lease *first = scene.world->env.lease;
    sim_client_get(&scene.client, "/len/10/1000", 1);
    sim_client_get(&scene.client, "/len/10", 2);
    sim_advance(scene.sim, 100);
    assert_int_equal(first->users, 2);
    sim_world_publish(scene.world, NULL, 0); /* the route is gone */
    assert_int_equal(first->users, 1);
    assert_int_equal(compiler_live_snapshots(scene.world->compiler), 2);
    sim_advance(scene.sim, 1000);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_int_equal(sim_client_status(&scene.client, 1), 404); /* the next one on the same connection */
    assert_int_equal(compiler_live_snapshots(scene.world->compiler), 1);
    scene_end(&scene);
}

/* A long answer, as an event stream is, must not keep a configuration alive (decisions.md 22). */
static void test_an_answer_under_way_holds_no_snapshot(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_prepare(&scene, 0);
    scene_start(&scene);
    scene.client.wire->wire_rules.socket_bytes = 1000;
    struct lease *first = scene.world->env.lease;
    sim_client_get(&scene.client, "/len/90000", 1);
    sim_link_pause(scene.client.wire, true);
    sim_advance(scene.sim, 50);
    assert_int_equal(cell_read(&scene.world->counters.active), 1);
    assert_int_equal(first->users, 1);
    sim_world_publish(scene.world, NULL, 0);
    assert_int_equal(compiler_live_snapshots(scene.world->compiler), 1);
    sim_link_pause(scene.client.wire, false);
    sim_advance(scene.sim, 5000);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    scene_end(&scene);
}

static void test_swaps_under_load_lose_nothing(void **state)
{
    enum { CLIENTS = 8, SWAPS = 1000 };
    struct sim_scene scene;
    struct sim_client clients[CLIENTS];
    (void)state;

    scene_prepare(&scene, 77);
    scene_start(&scene);
    for (unsigned i = 0; i < CLIENTS; i++)
        sim_client_connect(&clients[i], scene.sim, scene.world->entry, "192.0.2.7");
    for (unsigned round = 0; round < SWAPS; round++) {
        struct sim_client *client = &clients[round % CLIENTS];
        char path[40];
        if (client->asked == SIM_REQUESTS_MAX) {
            sim_advance(scene.sim, 2000);
            for (unsigned i = 0; i < client->asked; i++)
                assert_int_equal(sim_client_status(client, i), 200);
            sim_link_close(client->wire);
            sim_client_connect(client, scene.sim, scene.world->entry, "192.0.2.7");
        }
        snprintf(path, sizeof path, "/len/%u/%u", round, round % 50);
        sim_client_get(client, path, round % SIM_IDS_MAX);
        sim_advance(scene.sim, round % 4);
        sim_world_serve(scene.world, round & 1 ? SIM_SERVER_URL : SIM_SERVER_URL " http://10.0.0.1:80/");
    }
    sim_advance(scene.sim, 3000);
    for (unsigned c = 0; c < CLIENTS; c++)
        for (unsigned i = 0; i < clients[c].asked; i++)
            assert_int_equal(sim_client_status(&clients[c], i), 200);
    assert_int_equal(compiler_live_snapshots(scene.world->compiler), 1);
    assert_int_equal(scene.world->env.lease->users, 1);
    scene_end(&scene);
}

static void test_a_server_that_goes_keeps_its_connections_from_whoever_gets_its_address(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_client_get(&scene.client, "/len/1", 1);
    sim_settle(scene.sim);
    sim_world_publish(scene.world, NULL, 0);
    sim_world_serve(scene.world, SIM_SERVER_URL);
    sim_client_get(&scene.client, "/len/1", 2);
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 1), 200);
    assert_int_equal(scene.server.conn_count, 2);
    scene_end(&scene);
}

/* Authentication takes its time; meanwhile the server goes and somebody else gets its address (security case K9). */
static void test_who_waited_while_its_server_left_does_not_reach_the_next_one_there(void **state)
{
    (void)state;
    for (int left = 0; left < 2; left++) {
        struct sim_scene scene;
        struct sim_server auth, other;
        struct sim_route route = {.name = "a", .rule = "Host:a.test", .auth = "http://10.0.0.8:9000/len/1/1000"};
        struct sim_route next = {.name = "b", .rule = "Host:b.test", .servers = SIM_SERVER_URL, .identity = "B"};
        scene_begin(&scene);
        sim_server_init(&auth, scene.sim, "10.0.0.8", 9000, "auth");
        sim_server_init(&other, scene.sim, "10.0.0.2", 80, "other");
        route.servers = left ? SIM_SERVER_URL " http://10.0.0.2:80" : SIM_SERVER_URL;
        sim_world_publish(scene.world, &route, 1);
        sim_client_post(&scene.client, "/echo", 1, 10, false);
        sim_advance(scene.sim, 100);
        if (left) {
            route.servers = "http://10.0.0.2:80";
            sim_world_publish(scene.world, &route, 1);
        } else {
            sim_world_publish(scene.world, &next, 1);
        }
        sim_advance(scene.sim, 2000);
        assert_int_equal(sim_client_status(&scene.client, 0), left ? 200 : 503);
        assert_int_equal(scene.server.executed[1], 0);
        assert_int_equal(other.executed[1], left);
        sim_server_fini(&auth);
        sim_server_fini(&other);
        scene_end(&scene);
    }
}

static void close_route(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)backend;
    frontend->closed_because = slice_of(arena_strdup(arena, "it is not understood"));
}

/* All servers of its backend are replaced while authentication takes its time: the ones that the backend has now get it, but only
 * if it is this backend that the request would be led to now. */
static void test_who_waited_while_all_servers_were_replaced_goes_to_the_new_ones(void **state)
{
    static const struct {
        const char *name, *rule, *servers;
        void (*set_options)(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend);
        int status;
    } rows[] = {
        {"a", "Host:a.test", "http://10.0.0.2:80", NULL, 200},
        {"a", "Host:a.test;PathPrefix:/", "http://10.0.0.3:80 http://10.0.0.2:80", NULL, 200}, /* one of them refuses */
        {"b", "Host:a.test", "http://10.0.0.2:80", NULL, 503},
        {"a", "Host:b.test", "http://10.0.0.2:80", NULL, 503},
        {"a", "Host:a.test", "http://10.0.0.2:80", close_route, 503},
        {"a", "Host:a.test", NULL, NULL, 503},
    };
    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct sim_scene scene;
        struct sim_server auth, other;
        struct sim_route route = {
            .name = "a", .rule = "Host:a.test", .servers = SIM_SERVER_URL, .auth = "http://10.0.0.8:9000/len/1/1000"};
        struct sim_route next = {
            .name = rows[i].name, .rule = rows[i].rule, .servers = rows[i].servers, .set_options = rows[i].set_options};
        scene_begin(&scene);
        sim_server_init(&auth, scene.sim, "10.0.0.8", 9000, "auth");
        sim_server_init(&other, scene.sim, "10.0.0.2", 80, "other");
        sim_world_publish(scene.world, &route, 1);
        sim_client_post(&scene.client, "/echo/0/500", 1, 10, false);
        sim_advance(scene.sim, 100);
        sim_world_publish(scene.world, &next, 1);
        sim_advance(scene.sim, 1000);
        sim_world_publish(scene.world, &next, 1); /* nor does another one disturb it */
        sim_advance(scene.sim, 2000);
        assert_int_equal(sim_client_status(&scene.client, 0), rows[i].status);
        assert_int_equal(other.executed[1], rows[i].status == 200);
        assert_int_equal(scene.server.executed[1], 0);
        assert_int_equal(compiler_live_snapshots(scene.world->compiler), 1);
        sim_server_fini(&auth);
        sim_server_fini(&other);
        scene_end(&scene);
    }
}

static void test_who_is_on_the_way_to_a_server_that_leaves_is_turned_back(void **state)
{
    struct sim_scene scene;
    struct sim_listener silent = {.dial = SIM_SILENT};
    struct sim_client other;
    (void)state;

    scene_begin(&scene);
    sim_add_listener(scene.sim, &silent, "10.0.0.2", 80);
    sim_world_serve(scene.world, SIM_SERVER_URL " http://10.0.0.2:80");
    sim_client_connect(&other, scene.sim, scene.world->entry, "192.0.2.2");
    sim_client_post(&scene.client, "/echo/0/2000", 1, 50, false);
    sim_client_post(&other, "/echo/0/2000", 2, 50, true);
    sim_advance(scene.sim, 1000);
    assert_int_equal(silent.dialled, 1);
    sim_world_serve(scene.world, SIM_SERVER_URL);
    sim_advance(scene.sim, 10);
    assert_int_equal(scene.server.executed[1] + scene.server.executed[2], 2); /* the other one was not disturbed */
    sim_advance(scene.sim, 3000);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_int_equal(sim_client_status(&other, 0), 200);
    sim_remove_listener(&silent);
    scene_end(&scene);
}

static void test_draining_finishes_what_is_under_way(void **state)
{
    struct sim_scene scene;
    struct sim_client idle, silent, half;
    (void)state;

    scene_begin(&scene);
    sim_client_connect(&idle, scene.sim, scene.world->entry, "192.0.2.2");
    sim_client_connect(&half, scene.sim, scene.world->entry, "192.0.2.2");
    sim_client_get(&idle, "/len/1", 1);
    sim_client_get(&scene.client, "/len/100/5000", 2);
    sim_client_ask(&half, "GET /len/1 HTTP/1.1\r\nHo");
    sim_advance(scene.sim, 100);
    sim_client_connect(&silent, scene.sim, scene.world->entry, "192.0.2.2");
    upstream_drain(scene.world->env.upstream);
    entry_drain(scene.world->entry);
    sim_settle(scene.sim);
    assert_true(idle.wire->got_fin);
    assert_false(silent.wire->got_fin);
    sim_client_send(&half, "st: a.test\r\n\r\n");
    sim_advance(scene.sim, 400);
    assert_int_equal(sim_client_status(&half, 0), 200); /* its head was on the way */
    assert_true(half.wire->got_fin);
    sim_advance(scene.sim, 100);
    assert_true(silent.wire->got_fin); /* half a second is enough for a request on the way */
    sim_advance(scene.sim, 5000);
    struct sim_message answer;
    assert_true(sim_client_answer(&scene.client, 0, &answer));
    assert_true(slice_eq(sim_message_field(&answer, "Connection"), SLICE("close")));
    sim_message_fini(&answer);
    sim_advance(scene.sim, 2000);
    assert_int_equal(entry_count(scene.world->entry), 0);
    scene_end(&scene);
}

static void answer_chunked_in_two(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    sim_link_send(conn->wire, SLICE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"));
    sim_conn_reply(conn, SLICE("0\r\n\r\n"), 100, false);
}

static void test_draining_does_not_cut_the_end_of_a_slow_answer(void **state)
{
    (void)state;
    for (int when = 0; when < 2; when++) {
        struct sim_scene scene;
        scene_prepare(&scene, 0);
        scene_start(&scene);
        scene.server.answer = answer_chunked_in_two;
        scene.client.wire->wire_rules.socket_bytes = 1;
        scene.client.wire->wire_rules.absorb_max = 1;
        sim_client_get(&scene.client, "/", 1);
        sim_advance(scene.sim, 50);
        sim_link_pause(scene.client.wire, true);
        if (when == 1)
            sim_advance(scene.sim, 60);
        entry_drain(scene.world->entry);
        sim_advance(scene.sim, 100);
        sim_link_pause(scene.client.wire, false);
        sim_advance(scene.sim, 100);
        assert_int_equal(sim_client_status(&scene.client, 0), 200);
        assert_int_equal(entry_count(scene.world->entry), 0);
        scene_end(&scene);
    }
}

static void test_cutting_ends_everything_at_once(void **state)
{
    struct sim_scene scene;
    struct sim_client tunnel;
    (void)state;

    scene_begin(&scene);
    sim_client_connect(&tunnel, scene.sim, scene.world->entry, "192.0.2.2");
    sim_client_ask(&tunnel, "GET /up HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    sim_client_get(&scene.client, "/len/100/5000", 2);
    sim_advance(scene.sim, 100);
    entry_drain(scene.world->entry);
    sim_advance(scene.sim, 100);
    assert_int_equal(entry_count(scene.world->entry), 2);
    entry_cut(scene.world->entry);
    assert_int_equal(entry_count(scene.world->entry), 0);
    assert_int_equal(sim_world_ended(scene.world, REASON_DRAINING), 2);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_exchange_keeps_the_snapshot_it_began_with),
        cmocka_unit_test(test_an_answer_under_way_holds_no_snapshot),
        cmocka_unit_test(test_swaps_under_load_lose_nothing),
        cmocka_unit_test(test_a_server_that_goes_keeps_its_connections_from_whoever_gets_its_address),
        cmocka_unit_test(test_who_waited_while_its_server_left_does_not_reach_the_next_one_there),
        cmocka_unit_test(test_who_waited_while_all_servers_were_replaced_goes_to_the_new_ones),
        cmocka_unit_test(test_who_is_on_the_way_to_a_server_that_leaves_is_turned_back),
        cmocka_unit_test(test_draining_finishes_what_is_under_way),
        cmocka_unit_test(test_draining_does_not_cut_the_end_of_a_slow_answer),
        cmocka_unit_test(test_cutting_ends_everything_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
