/* SPDX-License-Identifier: MIT */
/* Connections that begin with a PROXY header: who the client is from then on (spec/proxy.md 2.2, defects A15). */
#include "sim_test.h"

#define REQUEST "GET /len/3 HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: 198.51.100.9\r\n\r\n"
#define LINE    "PROXY TCP4 203.0.113.5 192.0.2.200 40000 80\r\n"
#define BLOCK   "\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x27" V6 "\x04\0\0"
#define V6      "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\5\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x9c\x40\x00\x50"

enum trust { NOBODY, PEER, EVERYBODY };

/* The client's address on the wire is 192.0.2.1. */
static void begin(struct sim_scene *scene, enum trust trust)
{
    scene_prepare(scene, 0);
    scene->world->outer.proxy_protocol = true;
    scene->world->outer.proxy_insecure = trust == EVERYBODY;
    slices_add(&scene->world->arena, &scene->world->outer.proxy_trusted,
               trust == PEER ? SLICE("192.0.2.1") : SLICE("192.0.2.2"));
    scene_start(scene);
}

static void send_slowly(struct sim_scene *scene, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        sim_link_send(scene->client.wire, slice_make(bytes.ptr + i, 1));
        sim_advance(scene->sim, 1);
    }
}

static bool server_saw(const struct sim_scene *scene, const char *text)
{
    struct slice head = text_slice(&scene->server.last_head);
    char *copy = wb_strndup(head.ptr, head.len);
    bool saw = strstr(copy, text) != NULL;
    free(copy);
    return saw;
}

static void expect_client(const struct sim_scene *scene, const char *ip)
{
    char *wanted = wb_format("\r\nX-Forwarded-For: %s\r\n", ip);
    if (!server_saw(scene, wanted))
        fail_msg("not %s: " SLICE_FMT, ip, SLICE_ARG(text_slice(&scene->server.last_head)));
    free(wanted);
    wanted = wb_format("\r\nX-Real-Ip: %s\r\n", ip);
    assert_true(server_saw(scene, wanted));
    free(wanted);
}

static void test_a_believed_header_names_the_client_of_all_requests(void **state)
{
    static const struct {
        struct slice header;
        const char *client;
    } rows[] = {
        {SLICE(LINE), "203.0.113.5"},
        {SLICE("PROXY TCP6 2001:db8::5 ::1 1 2\r\n"), "2001:db8::5"},
        {SLICE(BLOCK), "2001:db8::5"},
        {SLICE("PROXY UNKNOWN\r\n"), "192.0.2.1"},
        {SLICE("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"), "192.0.2.1"},
        {SLICE(""), "192.0.2.1"},
        {SLICE("\r\n"), "192.0.2.1"}, /* HTTP allows an empty line first, and this could have been a block */
    };
    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        for (int trust = PEER; trust <= EVERYBODY; trust++) {
            for (int slowly = 0; slowly < 2; slowly++) {
                struct sim_scene scene;
                begin(&scene, (enum trust)trust);
                if (slowly)
                    send_slowly(&scene, rows[i].header);
                else
                    sim_link_send(scene.client.wire, rows[i].header);
                for (unsigned request = 0; request < 2; request++) {
                    sim_client_ask(&scene.client, REQUEST);
                    sim_advance(scene.sim, 100);
                    assert_int_equal(sim_client_status(&scene.client, request), 200);
                    expect_client(&scene, rows[i].client);
                }
                scene_end(&scene);
            }
        }
    }
}

static void test_a_second_header_is_none(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene, PEER);
    sim_client_send(&scene.client, LINE);
    sim_client_ask(&scene.client, LINE REQUEST);
    sim_advance(scene.sim, 100);
    assert_true(sim_client_status(&scene.client, 0) >= 400);
    assert_int_equal(scene.server.last_head.len, 0);
    scene_end(&scene);
}

static void test_a_header_that_is_not_believed_is_refused(void **state)
{
    static const struct slice headers[] = {SLICE(LINE), SLICE(BLOCK), SLICE("PROXY UNKNOWN\r\n")};
    (void)state;
    for (size_t i = 0; i < WB_COUNT(headers); i++) {
        struct sim_scene scene;
        begin(&scene, NOBODY);
        sim_link_send(scene.client.wire, headers[i]);
        sim_client_ask(&scene.client, REQUEST);
        sim_advance(scene.sim, 3000);
        assert_int_equal(sim_client_status(&scene.client, 0), 400);
        assert_true(sim_link_is_over(scene.client.wire));
        assert_int_equal(sim_world_ended(scene.world, REASON_PROXY_NOT_TRUSTED), 1);
        assert_int_equal(scene.server.last_head.len, 0);
        scene_end(&scene);
    }
}

static void test_who_is_not_believed_is_served_without_one(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene, NOBODY);
    sim_client_ask(&scene.client, REQUEST);
    sim_advance(scene.sim, 100);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    expect_client(&scene, "192.0.2.1");
    scene_end(&scene);
}

static void test_what_begins_like_one_and_is_none_ends_without_an_answer(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene, PEER);
    sim_client_ask(&scene.client, "PROXY TCP4 203.0.113.5 192.0.2.200 40000\r\n" REQUEST);
    sim_advance(scene.sim, 100);
    assert_true(sim_link_is_over(scene.client.wire));
    assert_int_equal(scene.client.wire->got.len, 0);
    assert_int_equal(sim_world_ended(scene.world, REASON_BAD_PROXY_HEADER), 1);
    scene_end(&scene);
}

static void test_d1_a_header_has_five_seconds_and_silence_the_time_of_a_head(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene, PEER);
    sim_advance(scene.sim, 4000);
    sim_client_send(&scene.client, "PROXY TCP4 203");
    sim_advance(scene.sim, 4900);
    assert_false(sim_link_is_over(scene.client.wire));
    sim_client_send(&scene.client, ".");
    sim_advance(scene.sim, 200);
    assert_true(sim_link_is_over(scene.client.wire));
    assert_int_equal(scene.client.wire->got.len, 0);
    scene_end(&scene);

    begin(&scene, PEER);
    sim_advance(scene.sim, 9900);
    assert_false(sim_link_is_over(scene.client.wire));
    sim_advance(scene.sim, 200);
    assert_true(sim_link_is_over(scene.client.wire));
    assert_int_equal(sim_world_ended(scene.world, REASON_BAD_PROXY_HEADER), 0);
    scene_end(&scene);
}

static void test_the_time_of_a_head_begins_behind_it(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene, PEER);
    sim_client_send(&scene.client, LINE "GET / HT");
    sim_advance(scene.sim, 9900);
    assert_false(sim_link_is_over(scene.client.wire));
    scene.client.asked = 1;
    sim_advance(scene.sim, 200);
    assert_int_equal(sim_client_status(&scene.client, 0), 408);
    scene_end(&scene);
}

static const struct sim_route listed = {
    .name = "a", .rule = "Host:a.test", .servers = SIM_SERVER_URL, .white_list = "203.0.113.0/24"};

static void test_white_lists_and_trust_go_by_the_address_in_it(void **state)
{
    static const struct {
        const char *header;
        unsigned status;
    } rows[] = {{LINE, 200}, {"PROXY TCP4 203.0.114.5 192.0.2.200 40000 80\r\n", 403}, {"", 403}};
    struct sim_scene scene;
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        begin(&scene, PEER);
        sim_world_publish(scene.world, &listed, 1);
        sim_client_send(&scene.client, rows[i].header);
        sim_client_ask(&scene.client, REQUEST);
        sim_advance(scene.sim, 100);
        assert_int_equal(sim_client_status(&scene.client, 0), rows[i].status);
        scene_end(&scene);
    }
    scene_prepare(&scene, 0);
    scene.world->outer.proxy_protocol = scene.world->outer.proxy_insecure = true;
    slices_add(&scene.world->arena, &scene.world->outer.forwarded_trusted, SLICE("203.0.113.5"));
    scene_start(&scene);
    sim_client_ask(&scene.client, LINE REQUEST);
    sim_advance(scene.sim, 100);
    assert_true(server_saw(&scene, "X-Forwarded-For: 198.51.100.9, 203.0.113.5\r\n"));
    scene_end(&scene);
}

static void test_while_draining_silence_before_it_ends_soon(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene, PEER);
    entry_drain(scene.world->entry);
    sim_advance(scene.sim, 400);
    assert_false(sim_link_is_over(scene.client.wire));
    sim_advance(scene.sim, 200);
    assert_true(sim_link_is_over(scene.client.wire));
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_believed_header_names_the_client_of_all_requests),
        cmocka_unit_test(test_a_second_header_is_none),
        cmocka_unit_test(test_a_header_that_is_not_believed_is_refused),
        cmocka_unit_test(test_who_is_not_believed_is_served_without_one),
        cmocka_unit_test(test_what_begins_like_one_and_is_none_ends_without_an_answer),
        cmocka_unit_test(test_d1_a_header_has_five_seconds_and_silence_the_time_of_a_head),
        cmocka_unit_test(test_the_time_of_a_head_begins_behind_it),
        cmocka_unit_test(test_white_lists_and_trust_go_by_the_address_in_it),
        cmocka_unit_test(test_while_draining_silence_before_it_ends_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
