/* SPDX-License-Identifier: MIT */
/* GET /api/events as a client sees it: what is told, to whom too slow, and how it ends. */
#include "sim_test.h"
#include "waybill/admin/admin.h"

enum { READERS_MAX = 256, STEP_MS = 50 };

struct events_scene {
    struct sim_scene scene;
    struct admin *admin;
    const struct exchange_counters *counters[1];
};

static const struct snapshot *current_snapshot(void *arg)
{
    const struct sim_world *world = arg;
    return world->env.lease->snapshot;
}

/* Main and the worker are one thread here: mail is opened between two steps of time. */
static void pass(struct events_scene *s, uint64_t ms)
{
    for (uint64_t at = 0; at < ms; at += STEP_MS) {
        sim_settle(s->scene.sim);
        mailbox_open_all(&s->scene.sim->loop.mailbox, NULL);
        sim_advance(s->scene.sim, STEP_MS);
    }
}

static void begin(struct events_scene *s)
{
    *s = (struct events_scene){.admin = NULL};
    scene_prepare(&s->scene, 0);
    s->counters[0] = &s->scene.world->counters;
    s->admin = admin_create(&(struct admin_options){.api = true,
                                                    .counters = s->counters,
                                                    .counter_count = 1,
                                                    .loop = &s->scene.sim->loop,
                                                    .current = current_snapshot,
                                                    .current_arg = s->scene.world});
    scene_start(&s->scene);
    s->scene.world->env.local = admin_routes(s->admin);
    s->scene.world->entrypoint.has_local = true;
}

/* As the router ends: readers let go, then the worker. */
static void end(struct events_scene *s)
{
    admin_drain(s->admin);
    pass(s, STEP_MS);
    sim_server_fini(&s->scene.server);
    sim_world_destroy(&s->scene.world);
    admin_destroy(&s->admin);
}

static void listen_with(struct events_scene *s, struct sim_client *client, const char *head)
{
    sim_client_connect(client, s->scene.sim, s->scene.world->entry, "192.0.2.9");
    sim_client_ask(client, head);
    pass(s, 2 * STEP_MS);
}

static void listen_to_all(struct events_scene *s, struct sim_client *client)
{
    listen_with(s, client, "GET /api/events HTTP/1.1\r\nHost: a.test\r\n\r\n");
}

static unsigned count_of(const struct sim_client *client, const char *part)
{
    unsigned count = 0;

    for (const char *at = client->wire->got.ptr; at && (at = strstr(at, part)); at++)
        count++;
    return count;
}

static void publish_another(struct events_scene *s)
{
    static const struct sim_route routes[] = {{.name = "one", .rule = "Host:a.test", .servers = SIM_SERVER_URL},
                                              {.name = "two", .rule = "Host:b.test", .servers = SIM_SERVER_URL}};
    static unsigned turn;

    sim_world_publish(s->scene.world, routes, 1 + turn++ % 2);
}

static void test_hello_comes_first_and_then_what_changes(void **state)
{
    struct events_scene s;
    struct sim_client client;
    (void)state;

    begin(&s);
    listen_to_all(&s, &client);
    assert_int_equal(count_of(&client, "Content-Type: text/event-stream\r\n"), 1);
    assert_int_equal(count_of(&client, "Transfer-Encoding: chunked\r\n"), 1);
    assert_int_equal(count_of(&client, "retry: 1000\nevent: hello\ndata: {\"version\":"), 1);
    assert_int_equal(count_of(&client, "event: configuration"), 0);
    publish_another(&s);
    pass(&s, 300);
    assert_int_equal(count_of(&client, "event: configuration\ndata: {\"snapshot\":2,\"frontends\":1,\"left_out\":0}\n\n"),
                     1);
    assert_int_equal(count_of(&client, "event: figures"), 0);
    sim_client_get(&s.scene.client, "/len/1", 1);
    pass(&s, 1000);
    assert_int_equal(count_of(&client, "event: figures\ndata: {\"snapshot\":2,"), 1);
    assert_int_equal(count_of(&client, "\"requests\":0.00"), 0);
    pass(&s, 2000);
    assert_int_equal(count_of(&client, "event: figures"), 3);
    assert_int_equal(count_of(&client, "event: configuration"), 1);
    end(&s);
}

static void test_who_wants_no_figures_gets_changes_and_a_sign_of_life(void **state)
{
    struct events_scene s;
    struct sim_client client;
    (void)state;

    begin(&s);
    listen_with(&s, &client, "GET /api/events?figures=false HTTP/1.1\r\nHost: a.test\r\n\r\n");
    pass(&s, 31000);
    assert_int_equal(count_of(&client, "event: figures"), 0);
    assert_int_equal(count_of(&client, ": still here\n\n"), 2);
    publish_another(&s);
    pass(&s, 300);
    assert_int_equal(count_of(&client, "event: configuration"), 1);
    end(&s);
}

static void test_draining_ends_it_whole(void **state)
{
    struct events_scene s;
    struct sim_client client;
    struct sim_message answer;
    (void)state;

    begin(&s);
    listen_to_all(&s, &client);
    admin_drain(s.admin);
    pass(&s, STEP_MS);
    assert_int_equal(count_of(&client, "event: end\ndata: {\"reason\":\"the router is shutting down\"}\n\n"), 1);
    assert_true(sim_client_answer(&client, 0, &answer));
    sim_message_fini(&answer);
    assert_int_equal(sim_world_ended(s.scene.world, REASON_LOCAL), 1);
    listen_to_all(&s, &client); /* there is nothing more to come */
    assert_int_equal(sim_client_status(&client, 0), 200);
    end(&s);
}

static void test_an_old_client_gets_it_until_the_connection_closes(void **state)
{
    struct events_scene s;
    struct sim_client client;
    (void)state;

    begin(&s);
    listen_with(&s, &client, "GET /api/events HTTP/1.0\r\nHost: a.test\r\n\r\n");
    assert_int_equal(count_of(&client, "event: hello"), 1);
    assert_int_equal(count_of(&client, "chunked"), 0);
    admin_drain(s.admin);
    pass(&s, STEP_MS);
    assert_true(sim_link_is_over(client.wire));
    end(&s);
}

static void test_who_takes_no_bytes_is_dropped(void **state)
{
    struct events_scene s;
    struct sim_client client, other;
    (void)state;

    begin(&s);
    s.scene.sim->wire = (struct sim_wire){.socket_bytes = 2048};
    sim_client_connect(&client, s.scene.sim, s.scene.world->entry, "192.0.2.9");
    sim_link_pause(client.wire, true);
    sim_client_ask(&client, "GET /api/events HTTP/1.1\r\nHost: a.test\r\n\r\n");
    listen_to_all(&s, &other);
    pass(&s, 100000);
    assert_int_equal(sim_world_ended(s.scene.world, REASON_CLIENT_STALLED), 1);
    assert_true(count_of(&other, "event: figures") > 90);
    end(&s);
}

static void test_who_is_too_slow_is_told_that_something_is_missing(void **state)
{
    struct events_scene s;
    struct sim_client client;
    (void)state;

    begin(&s);
    s.scene.sim->wire = (struct sim_wire){.socket_bytes = 256, .absorb_max = 64, .absorb_every_ms = 1000};
    listen_to_all(&s, &client);
    for (unsigned i = 0; i < 300; i++) {
        publish_another(&s);
        pass(&s, 250);
    }
    assert_true(count_of(&client, "event: lost\ndata: {\"bulletins\":") >= 1);
    assert_int_equal(sim_world_ended(s.scene.world, REASON_CLIENT_STALLED), 0);
    assert_true(s.scene.sim->lent_max < 256 * 1024);
    end(&s);
}

static void test_listening_keeps_no_configuration(void **state)
{
    struct events_scene s;
    struct sim_client client;
    (void)state;

    begin(&s);
    listen_to_all(&s, &client);
    for (unsigned i = 0; i < 5; i++) {
        publish_another(&s);
        pass(&s, 250);
    }
    assert_int_equal(compiler_live_snapshots(s.scene.world->compiler), 1);
    assert_int_equal(count_of(&client, "event: configuration"), 5);
    end(&s);
}

static void test_who_leaves_is_forgotten_and_then_nobody_looks(void **state)
{
    struct events_scene s;
    struct sim_client client;
    (void)state;

    begin(&s);
    listen_to_all(&s, &client);
    publish_another(&s);
    sim_advance(s.scene.sim, 220); /* mail to it is under way */
    sim_link_reset(client.wire);
    pass(&s, 3000);
    assert_int_equal(cell_read(&s.scene.world->counters.active), 0);
    unsigned steps = s.scene.sim->steps;
    pass(&s, 30000);
    assert_in_range(s.scene.sim->steps - steps, 0, 10); /* deadlines of others; 150 looks if anybody looked */
    listen_to_all(&s, &client);                         /* the next one begins anew */
    publish_another(&s);
    pass(&s, 1200);
    assert_int_equal(count_of(&client, "event: hello"), 1);
    assert_int_equal(count_of(&client, "event: configuration"), 1);
    assert_int_equal(count_of(&client, "event: figures"), 1);
    end(&s);
}

static void test_there_is_a_limit_to_readers(void **state)
{
    struct events_scene s;
    struct sim_client clients[READERS_MAX], client;
    (void)state;

    begin(&s);
    for (size_t i = 0; i < READERS_MAX; i++) {
        sim_client_connect(&clients[i], s.scene.sim, s.scene.world->entry, "192.0.2.9");
        sim_client_ask(&clients[i], "GET /api/events HTTP/1.1\r\nHost: a.test\r\n\r\n");
        sim_settle(s.scene.sim);
    }
    pass(&s, 300);
    assert_int_equal(count_of(&clients[READERS_MAX - 1], "event: hello"), 1);
    listen_to_all(&s, &client);
    assert_int_equal(sim_client_status(&client, 0), 503);
    sim_link_reset(clients[0].wire);
    pass(&s, 2000);
    listen_to_all(&s, &client);
    assert_int_equal(count_of(&client, "event: hello"), 1);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hello_comes_first_and_then_what_changes),
        cmocka_unit_test(test_who_wants_no_figures_gets_changes_and_a_sign_of_life),
        cmocka_unit_test(test_draining_ends_it_whole),
        cmocka_unit_test(test_an_old_client_gets_it_until_the_connection_closes),
        cmocka_unit_test(test_who_takes_no_bytes_is_dropped),
        cmocka_unit_test(test_who_is_too_slow_is_told_that_something_is_missing),
        cmocka_unit_test(test_listening_keeps_no_configuration),
        cmocka_unit_test(test_who_leaves_is_forgotten_and_then_nobody_looks),
        cmocka_unit_test(test_there_is_a_limit_to_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
