/* SPDX-License-Identifier: MIT */
/* Active health checks on a fake clock: who is asked when and what, and who gets requests then. */
#include "sim_test.h"

enum { SERVERS = 2 };

/* A scene whose route has two servers that are checked. */
struct checked {
    struct sim_scene scene;
    struct sim_server second;
    unsigned status[SERVERS]; /* of answers to checks; 0: none comes */
    unsigned checks[SERVERS];
    struct text last_check; /* of the first server */
};

static struct model_health_check options;

static void set_check(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    backend->health_check = ARENA_NEW(arena, struct model_health_check);
    *backend->health_check = options;
}

static const struct sim_route both = {
    .name = "a", .rule = "Host:a.test", .servers = SIM_SERVER_URL " http://10.0.0.2:80", .set_options = set_check};

static void answer(struct sim_conn *conn, const struct sim_message *request)
{
    struct checked *checked = conn->server->arg;
    size_t number = conn->server == &checked->second;
    char head[100];

    if (!slice_starts(sim_message_target(request), SLICE("/health"))) {
        sim_server_answer_path(conn, request);
        return;
    }
    checked->checks[number]++;
    if (number == 0) {
        checked->last_check.len = 0;
        text_add(&checked->last_check, request->first_line);
        text_add(&checked->last_check, SLICE("\r\n"));
        text_add(&checked->last_check, request->fields);
    }
    if (checked->status[number] == 0)
        return;
    int len = snprintf(head, sizeof head, "HTTP/1.1 %u X\r\nContent-Length: 2\r\n\r\nok", checked->status[number]);
    sim_conn_reply(conn, slice_make(head, (size_t)len), 1, false);
}

static void begin(struct checked *checked)
{
    *checked = (struct checked){.status = {200, 200}};
    options = (struct model_health_check){.path = SLICE("/health"), .interval = SLICE("10s")};
    scene_begin(&checked->scene);
    sim_server_init(&checked->second, checked->scene.sim, "10.0.0.2", 80, "two");
    checked->scene.server.answer = checked->second.answer = answer;
    checked->scene.server.arg = checked->second.arg = checked;
}

static void publish(struct checked *checked, const struct sim_route *route)
{
    sim_world_publish(checked->scene.world, route, 1);
}

static void end(struct checked *checked)
{
    text_fini(&checked->last_check);
    sim_server_fini(&checked->second);
    scene_end(&checked->scene);
}

/* Asks `count` times, and tells how many the first server had; all must have `status`. */
static unsigned ask(struct checked *checked, unsigned count, unsigned status)
{
    struct sim_scene *scene = &checked->scene;
    unsigned before = scene->server.request_count - checked->checks[0];

    for (unsigned i = 0; i < count; i++) {
        if (scene->client.asked == SIM_REQUESTS_MAX) {
            sim_link_close(scene->client.wire);
            sim_client_connect(&scene->client, scene->sim, scene->world->entry, "192.0.2.1");
        }
        sim_client_get(&scene->client, "/len/1", 1);
        sim_advance(scene->sim, 10);
        assert_int_equal(sim_client_status(&scene->client, scene->client.asked - 1), status);
    }
    return scene->server.request_count - checked->checks[0] - before;
}

static void test_one_failure_removes_and_one_success_restores(void **state)
{
    struct checked checked;
    (void)state;

    begin(&checked);
    checked.status[0] = 500;
    publish(&checked, &both);
    sim_advance(checked.scene.sim, 100); /* asked at once */
    assert_int_equal(checked.checks[0], 1);
    assert_int_equal(checked.checks[1], 1);
    assert_int_equal(ask(&checked, 6, 200), 0);
    checked.status[0] = 399;
    sim_advance(checked.scene.sim, 10000);
    assert_int_equal(ask(&checked, 6, 200), 3);
    checked.status[0] = 400;
    sim_advance(checked.scene.sim, 10000);
    assert_int_equal(ask(&checked, 6, 200), 0);
    end(&checked);
}

static void test_with_no_healthy_server_left_the_answer_is_503(void **state)
{
    struct checked checked;
    struct sim_message message;
    (void)state;

    begin(&checked);
    checked.status[0] = checked.status[1] = 503;
    publish(&checked, &both);
    sim_advance(checked.scene.sim, 100);
    assert_int_equal(ask(&checked, 3, 503), 0);
    assert_int_equal(sim_world_ended(checked.scene.world, REASON_NO_HEALTHY_SERVER), 3);
    assert_true(sim_client_answer(&checked.scene.client, 0, &message));
    assert_true(sim_message_field(&message, "Retry-After").len > 0);
    sim_message_fini(&message);
    checked.status[1] = 200;
    sim_advance(checked.scene.sim, 10000);
    assert_int_equal(ask(&checked, 3, 200), 0);
    end(&checked);
}

static void test_silence_refusal_and_nonsense_are_failures(void **state)
{
    struct checked checked;
    (void)state;

    begin(&checked);
    checked.status[0] = 0;
    publish(&checked, &both);
    assert_true(ask(&checked, 2, 200) == 1); /* until it is known */
    sim_advance(checked.scene.sim, 5000);
    assert_int_equal(ask(&checked, 4, 200), 0);
    checked.status[0] = 200;
    sim_advance(checked.scene.sim, 10000);
    assert_int_equal(ask(&checked, 4, 200), 2);
    checked.scene.server.listener.dial = SIM_REFUSE;
    sim_advance(checked.scene.sim, 10000);
    assert_int_equal(ask(&checked, 4, 200), 0); /* though it is on an idle connection that could serve */
    checked.scene.server.listener.dial = SIM_ACCEPT;
    checked.status[0] = 999999; /* no status line */
    sim_advance(checked.scene.sim, 10000);
    assert_int_equal(ask(&checked, 4, 200), 0);
    checked.status[0] = 200;
    sim_advance(checked.scene.sim, 10000);
    assert_int_equal(ask(&checked, 4, 200), 2);
    end(&checked);
}

static void test_what_is_asked_is_what_the_labels_say(void **state)
{
    struct model_pair headers[] = {{SLICE("X-Key"), SLICE("k")}, {SLICE("Content-Length"), SLICE("5")}};
    struct checked checked;
    (void)state;

    begin(&checked);
    publish(&checked, &both);
    sim_advance(checked.scene.sim, 100);
    assert_string_equal(checked.last_check.ptr, "GET /health HTTP/1.1\r\nHost: 10.0.0.1:80\r\nConnection: close\r\n"
                                                "User-Agent: waybill/" WB_VERSION " (health check)\r\n");
    options.hostname = SLICE("shop.test");
    options.path = SLICE("health?a=b c#x");
    options.headers = (struct model_pairs){headers, 2, true};
    publish(&checked, &both);
    sim_advance(checked.scene.sim, 100);
    assert_string_equal(checked.last_check.ptr, "GET /health?a=b%20c HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n"
                                                "X-Key: k\r\nUser-Agent: waybill/" WB_VERSION " (health check)\r\n");
    end(&checked);
}

static void test_another_port_is_asked_there(void **state)
{
    struct checked checked;
    struct sim_server aside;
    (void)state;

    begin(&checked);
    sim_server_init(&aside, checked.scene.sim, "10.0.0.1", 9000, "aside");
    options.port = 9000;
    options.path = SLICE("/204");
    publish(&checked, &both);
    sim_advance(checked.scene.sim, 100);
    assert_int_equal(aside.request_count, 1);
    assert_non_null(strstr(aside.last_head.ptr, "Host: 10.0.0.1:9000\r\n"));
    assert_int_equal(ask(&checked, 4, 200), 4); /* the second one has nothing on 9000 */
    sim_server_fini(&aside);
    end(&checked);
}

static void test_results_and_times_survive_a_change_of_the_configuration(void **state)
{
    struct sim_route again[2] = {both,
                                 {.name = "b", .rule = "Host:b.test", .servers = SIM_SERVER_URL, .set_options = set_check}};
    struct checked checked;
    (void)state;

    begin(&checked);
    checked.status[0] = 500;
    publish(&checked, &both);
    sim_advance(checked.scene.sim, 100);
    for (unsigned i = 0; i < 50; i++) {
        again[1].rule = i & 1 ? "Host:b.test" : "Host:c.test";
        sim_world_publish(checked.scene.world, again, 1 + (i % 2)); /* a second backend asks the same of the same server */
        sim_advance(checked.scene.sim, 20);
    }
    assert_int_equal(checked.checks[0], 1);
    assert_int_equal(ask(&checked, 4, 200), 0);
    sim_advance(checked.scene.sim, 10000);
    assert_in_range(checked.checks[0], 2, 3);
    options.interval = SLICE("5s"); /* another check: it begins anew */
    publish(&checked, &both);
    sim_advance(checked.scene.sim, 10);
    assert_in_range(checked.checks[0], 3, 4);
    sim_world_serve(checked.scene.world, SIM_SERVER_URL); /* none */
    unsigned before = checked.checks[0];
    sim_advance(checked.scene.sim, 60000);
    assert_int_equal(checked.checks[0], before);
    end(&checked);
}

static void test_a_check_under_way_ends_with_its_server(void **state)
{
    struct checked checked;
    (void)state;

    begin(&checked);
    size_t streams = checked.scene.sim->loop.stream_count;
    checked.status[0] = 0;
    publish(&checked, &both);
    sim_advance(checked.scene.sim, 100);
    assert_int_equal(checked.checks[0], 1);
    assert_int_equal(checked.scene.sim->loop.stream_count, streams + 1);
    sim_world_publish(checked.scene.world, NULL, 0);
    sim_settle(checked.scene.sim);
    assert_int_equal(checked.scene.sim->loop.stream_count, streams);
    sim_advance(checked.scene.sim, 10000);
    publish(&checked, &both); /* and begins anew with it */
    sim_advance(checked.scene.sim, 100);
    assert_int_equal(checked.checks[0], 2);
    upstream_drain(checked.scene.world->env.upstream);
    sim_advance(checked.scene.sim, 60000);
    assert_int_equal(checked.checks[0], 2);
    end(&checked);
}

enum { MANY = 200 };

/* A route with MANY servers and perhaps one more; `listeners` answer their dials. */
static void publish_many(struct checked *checked, struct sim_listener *listeners, const char *more)
{
    struct text urls = TEXT_EMPTY;

    for (unsigned i = 0; i < MANY; i++) {
        char ip[20];
        snprintf(ip, sizeof ip, "10.1.0.%u", i);
        sim_add_listener(checked->scene.sim, &listeners[i], ip, 80);
        text_addf(&urls, "http://%s:80 ", ip);
    }
    text_addf(&urls, "%s", more);
    publish(checked, &(struct sim_route){.name = "a", .rule = "Host:a.test", .servers = urls.ptr, .set_options = set_check});
    text_fini(&urls);
}

static void remove_many(struct sim_listener *listeners)
{
    for (unsigned i = 0; i < MANY; i++)
        sim_remove_listener(&listeners[i]);
}

static void test_only_so_many_are_asked_at_a_time(void **state)
{
    static struct sim_listener listeners[MANY];
    struct checked checked;
    (void)state;

    begin(&checked);
    memset(listeners, 0, sizeof listeners);
    for (unsigned i = 0; i < MANY; i++)
        listeners[i].dial = SIM_SILENT;
    unsigned before = checked.scene.sim->dialled;
    publish_many(&checked, listeners, "");
    assert_int_equal(checked.scene.sim->dialled - before, 64);
    sim_advance(checked.scene.sim, 4999);
    assert_int_equal(checked.scene.sim->dialled - before, 64);
    sim_advance(checked.scene.sim, 1);
    assert_int_equal(checked.scene.sim->dialled - before, 128);
    sim_advance(checked.scene.sim, 10000);
    for (unsigned i = 0; i < MANY; i++)
        assert_true(listeners[i].dialled >= 1); /* nobody waits for ever */
    remove_many(listeners);
    end(&checked);
}

/* Of somebody else's servers none says a word. */
static void test_silent_servers_do_not_keep_others_waiting(void **state)
{
    static struct sim_listener listeners[MANY];
    struct checked checked;
    (void)state;

    begin(&checked);
    memset(listeners, 0, sizeof listeners);
    for (unsigned i = 0; i < MANY; i++)
        listeners[i].dial = SIM_SILENT;
    options.interval = SLICE("1s");
    publish_many(&checked, listeners, "http://10.0.0.2:80");
    sim_advance(checked.scene.sim, 30000); /* each was asked once, and is known to fail */
    unsigned before = checked.checks[1], dialled = checked.scene.sim->dialled;
    sim_advance(checked.scene.sim, 30000);
    assert_in_range(checked.checks[1] - before, 29, 31);
    /* They are asked all the same, as many as there are places for them. */
    assert_in_range(checked.scene.sim->dialled - dialled, 30 + 48 * 5, 31 + 48 * 7);
    remove_many(listeners);
    end(&checked);
}

static void test_servers_that_came_together_do_not_stay_together(void **state)
{
    static struct sim_listener listeners[MANY];
    struct checked checked;
    unsigned most = 0;
    (void)state;

    begin(&checked);
    memset(listeners, 0, sizeof listeners);
    for (unsigned i = 0; i < MANY; i++)
        listeners[i].dial = SIM_REFUSE;
    publish_many(&checked, listeners, "");
    sim_advance(checked.scene.sim, 20000);
    unsigned begun = checked.scene.sim->dialled;
    for (unsigned ms = 0; ms < 10000; ms += 500) {
        unsigned before = checked.scene.sim->dialled;
        sim_advance(checked.scene.sim, 500);
        unsigned now = checked.scene.sim->dialled - before;
        most = now > most ? now : most;
    }
    assert_int_equal(checked.scene.sim->dialled - begun, MANY); /* one each in an interval */
    assert_in_range(most, MANY / 20, MANY / 8);                 /* over half of which they are spread */
    remove_many(listeners);
    end(&checked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_failure_removes_and_one_success_restores),
        cmocka_unit_test(test_with_no_healthy_server_left_the_answer_is_503),
        cmocka_unit_test(test_silence_refusal_and_nonsense_are_failures),
        cmocka_unit_test(test_what_is_asked_is_what_the_labels_say),
        cmocka_unit_test(test_another_port_is_asked_there),
        cmocka_unit_test(test_results_and_times_survive_a_change_of_the_configuration),
        cmocka_unit_test(test_a_check_under_way_ends_with_its_server),
        cmocka_unit_test(test_only_so_many_are_asked_at_a_time),
        cmocka_unit_test(test_silent_servers_do_not_keep_others_waiting),
        cmocka_unit_test(test_servers_that_came_together_do_not_stay_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
