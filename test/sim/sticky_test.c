/* SPDX-License-Identifier: MIT */
/* Cookies that lead back to a server: when one is set, who gets whom, and what happens when the server cannot be asked. */
#include "sim_test.h"

struct pair {
    struct sim_scene scene;
    struct sim_server second;
    char cookie[200]; /* "name=value" of the last one that was set */
};

static void set_sticky(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    backend->load_balancer = ARENA_NEW(arena, struct model_load_balancer);
    backend->load_balancer->method = SLICE("wrr");
    backend->load_balancer->stickiness = ARENA_NEW(arena, struct model_stickiness);
    backend->load_balancer->stickiness->cookie_name = SLICE("to us");
}

#define BOTH SIM_SERVER_URL " http://10.0.0.2:80"

static void publish(struct pair *pair, const char *servers, const char *identity)
{
    sim_world_publish(
        pair->scene.world,
        &(struct sim_route){
            .name = "a", .rule = "Host:a.test", .servers = servers, .identity = identity, .set_options = set_sticky},
        1);
}

static void begin(struct pair *pair)
{
    *pair = (struct pair){.cookie = ""};
    scene_begin(&pair->scene);
    sim_server_init(&pair->second, pair->scene.sim, "10.0.0.2", 80, "two");
    publish(pair, BOTH, NULL);
}

static void end(struct pair *pair)
{
    sim_server_fini(&pair->second);
    scene_end(&pair->scene);
}

/* Asks with a cookie, or none, and remembers what is set; tells which server had it: 1, 2, or 0. */
static unsigned ask(struct pair *pair, const char *path, const char *cookie, unsigned status)
{
    struct sim_scene *scene = &pair->scene;
    struct sim_message message;
    unsigned first = scene->server.request_count, second = pair->second.request_count;
    char text[500];

    if (scene->client.asked == SIM_REQUESTS_MAX) {
        sim_link_close(scene->client.wire);
        sim_client_connect(&scene->client, scene->sim, scene->world->entry, "192.0.2.1");
    }
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a.test\r\n%s%s%s\r\n", path, cookie ? "Cookie: x=1; " : "",
             cookie ? cookie : "", cookie ? "\r\n" : "");
    sim_client_ask(&scene->client, text);
    sim_advance(scene->sim, 50);
    assert_true(sim_client_answer(&scene->client, scene->client.asked - 1, &message));
    assert_int_equal(sim_message_status(&message), status);
    struct slice set = sim_message_field(&message, "Set-Cookie");
    if (set.len) {
        assert_true(slice_ends(set, SLICE("; Path=/; HttpOnly; SameSite=Lax")));
        snprintf(pair->cookie, sizeof pair->cookie, SLICE_FMT, SLICE_ARG(slice_head(set, slice_find(set, ';'))));
    } else {
        pair->cookie[0] = '\0';
    }
    sim_message_fini(&message);
    return scene->server.request_count > first ? 1 : pair->second.request_count > second ? 2 : 0;
}

static void test_the_first_answer_sets_a_cookie_that_leads_back(void **state)
{
    struct pair pair;
    char mine[200];
    (void)state;

    begin(&pair);
    unsigned server = ask(&pair, "/len/1", NULL, 200);
    strcpy(mine, pair.cookie);
    assert_true(strncmp(mine, "to_us=", 6) == 0 && strlen(mine) == 6 + 24);
    assert_null(strstr(mine, "10.0.0"));
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(ask(&pair, "/len/1", mine, 200), server);
        assert_string_equal(pair.cookie, ""); /* it has one */
    }
    unsigned seen[3] = {0};
    for (unsigned i = 0; i < 8; i++) {
        seen[ask(&pair, "/len/1", i & 1 ? NULL : "to_us=unknown", 200)]++;
        assert_true(pair.cookie[0]);
    }
    assert_int_equal(seen[1], 4);
    assert_int_equal(seen[2], 4);
    end(&pair);
}

static void test_the_form_of_v17_is_understood(void **state)
{
    struct pair pair;
    (void)state;

    begin(&pair);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(ask(&pair, "/len/1", "to_us=http://10.0.0.2:80", 200), 2);
        assert_string_equal(pair.cookie, "");
    }
    ask(&pair, "/len/1", "to_us=http://10.0.0.3:80", 200); /* of nobody */
    assert_true(pair.cookie[0]);
    end(&pair);
}

static void test_a_cookie_survives_reloads_and_restarts_but_not_its_server(void **state)
{
    struct pair pair;
    char mine[200];
    (void)state;

    begin(&pair);
    publish(&pair, BOTH, "container");
    unsigned server = ask(&pair, "/len/1", NULL, 200);
    strcpy(mine, pair.cookie);
    publish(&pair, BOTH " http://10.0.0.3:80", "container");
    assert_int_equal(ask(&pair, "/len/1", mine, 200), server);
    end(&pair);
    begin(&pair); /* another router, or this one again */
    publish(&pair, BOTH, "container");
    assert_int_equal(ask(&pair, "/len/1", mine, 200), server);
    publish(&pair, server == 1 ? "http://10.0.0.9:80 http://10.0.0.2:80" : SIM_SERVER_URL, "container");
    assert_int_equal(ask(&pair, "/len/1", mine, 200), 3 - server);
    assert_true(pair.cookie[0] && strcmp(pair.cookie, mine) != 0);
    publish(&pair, BOTH, "another"); /* at the same address */
    ask(&pair, "/len/1", mine, 200);
    assert_true(pair.cookie[0] && strcmp(pair.cookie, mine) != 0);
    end(&pair);
}

static void test_who_refuses_loses_its_clients_to_others_with_a_new_cookie(void **state)
{
    struct pair pair;
    char mine[200];
    (void)state;

    begin(&pair);
    while (ask(&pair, "/len/1", NULL, 200) != 1)
        ;
    strcpy(mine, pair.cookie);
    pair.scene.server.listener.dial = SIM_REFUSE;
    sim_link_close(sim_server_conn(&pair.scene.server)->wire);
    sim_advance(pair.scene.sim, 10);
    unsigned dialled = pair.scene.server.listener.dialled;
    assert_int_equal(ask(&pair, "/len/1", mine, 200), 2);
    assert_true(pair.cookie[0] && strcmp(pair.cookie, mine) != 0);
    assert_int_equal(pair.scene.server.listener.dialled, dialled + 1);
    assert_int_equal(ask(&pair, "/len/1", mine, 200), 2); /* it is avoided for a while */
    assert_int_equal(pair.scene.server.listener.dialled, dialled + 1);
    pair.scene.server.listener.dial = SIM_ACCEPT;
    sim_advance(pair.scene.sim, 2000);
    assert_int_equal(ask(&pair, "/len/1", mine, 200), 1);
    end(&pair);
}

/* The server closes a connection just as the next request comes: that is no reason to move. */
static void test_a_stale_connection_does_not_move_the_client(void **state)
{
    struct pair pair;
    char mine[200];
    (void)state;

    begin(&pair);
    while (ask(&pair, "/len/1", NULL, 200) != 1)
        ;
    strcpy(mine, pair.cookie);
    sim_link_close(sim_server_conn(&pair.scene.server)->wire);
    assert_int_equal(ask(&pair, "/len/1", mine, 200), 1);
    assert_string_equal(pair.cookie, "");
    end(&pair);
}

static void test_upgrades_get_one_too_and_answers_of_the_router_none(void **state)
{
    struct pair pair;
    (void)state;

    begin(&pair);
    sim_client_ask(&pair.scene.client, "GET /up HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    sim_advance(pair.scene.sim, 50);
    assert_non_null(memmem(pair.scene.client.wire->got.ptr, pair.scene.client.wire->got.len, "Set-Cookie: to_us=", 18));
    sim_link_close(pair.scene.client.wire);
    sim_client_connect(&pair.scene.client, pair.scene.sim, pair.scene.world->entry, "192.0.2.1");
    publish(&pair, "http://10.0.0.7:80", NULL);
    assert_int_equal(ask(&pair, "/len/1", NULL, 502), 0);
    assert_string_equal(pair.cookie, "");
    end(&pair);
}

static void test_on_https_the_cookie_is_secure(void **state)
{
    struct pair pair;
    (void)state;

    for (int trusted = 0; trusted < 2; trusted++) {
        struct sim_message message;
        scene_prepare(&pair.scene, 0);
        pair.scene.world->outer.forwarded_insecure = trusted;
        scene_start(&pair.scene);
        sim_server_init(&pair.second, pair.scene.sim, "10.0.0.2", 80, "two");
        publish(&pair, BOTH, NULL);
        sim_client_ask(&pair.scene.client, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: https\r\n\r\n");
        sim_advance(pair.scene.sim, 50);
        assert_true(sim_client_answer(&pair.scene.client, 0, &message));
        assert_int_equal(slice_ends(sim_message_field(&message, "Set-Cookie"), SLICE("; Secure")), trusted);
        sim_message_fini(&message);
        end(&pair);
    }
}

static void set_sticky_and_repeating(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    set_sticky(arena, frontend, backend);
    backend->buffering = ARENA_NEW(arena, struct model_buffering);
    backend->buffering->retry_expression = SLICE("ResponseCode() == 503 && Attempts() <= 1");
}

static void say_503(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    sim_conn_reply(conn, SLICE("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"), 0, false);
}

/* Defects B33: who belongs to a server is not sent to it again and again when it fails. */
static void test_what_is_repeated_goes_to_another_server(void **state)
{
    struct pair pair;
    char mine[200];
    (void)state;

    begin(&pair);
    sim_world_publish(
        pair.scene.world,
        &(struct sim_route){.name = "a", .rule = "Host:a.test", .servers = BOTH, .set_options = set_sticky_and_repeating},
        1);
    while (ask(&pair, "/len/1", NULL, 200) != 1)
        ;
    strcpy(mine, pair.cookie);
    pair.scene.server.answer = say_503;
    for (unsigned i = 0; i < 2; i++) {
        unsigned second = pair.second.request_count;
        (void)ask(&pair, "/len/1", mine, 200);
        assert_int_equal(pair.second.request_count, second + 1);
        assert_true(pair.cookie[0] && strcmp(pair.cookie, mine) != 0);
    }
    end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_answer_sets_a_cookie_that_leads_back),
        cmocka_unit_test(test_the_form_of_v17_is_understood),
        cmocka_unit_test(test_a_cookie_survives_reloads_and_restarts_but_not_its_server),
        cmocka_unit_test(test_who_refuses_loses_its_clients_to_others_with_a_new_cookie),
        cmocka_unit_test(test_a_stale_connection_does_not_move_the_client),
        cmocka_unit_test(test_upgrades_get_one_too_and_answers_of_the_router_none),
        cmocka_unit_test(test_on_https_the_cookie_is_secure),
        cmocka_unit_test(test_what_is_repeated_goes_to_another_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
