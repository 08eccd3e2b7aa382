/* SPDX-License-Identifier: MIT */
/* Who a white list lets in, with and without proxies before us (spec/proxy.md 16, defects A3). */
#include "sim_test.h"

static const struct sim_route route = {
    .name = "a", .rule = "Host:a.test", .servers = SIM_SERVER_URL, .white_list = "10.1.0.0/16", .list_forwarded = true};

/* The client 192.0.2.1 is a trusted proxy; what does it get when it sends this X-Forwarded-For? */
static unsigned status_of(const struct sim_route *asked, const char *forwarded_for, bool trusted)
{
    struct sim_scene scene;

    scene_prepare(&scene, 0);
    if (trusted)
        slices_add(&scene.world->arena, &scene.world->outer.forwarded_trusted, SLICE("192.0.2.0/24"));
    scene_start(&scene);
    sim_world_publish(scene.world, asked, 1);
    char *text = wb_format("GET /len/1 HTTP/1.1\r\nHost: a.test\r\n%s%s\r\n\r\n",
                           forwarded_for ? "X-Forwarded-For: " : "X: ", forwarded_for ? forwarded_for : "");
    sim_client_ask(&scene.client, text);
    free(text);
    sim_advance(scene.sim, 10);
    unsigned status = sim_client_status(&scene.client, 0);
    scene_end(&scene);
    return status;
}

static unsigned status_for(const char *forwarded_for, bool trusted)
{
    return status_of(&route, forwarded_for, trusted);
}

/* whitelistSourceRange, beside a whiteList that has only useXForwardedFor. */
static void use_old_name(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)arena, (void)backend;
    frontend->whitelist_source_range = frontend->white_list->source_range;
    frontend->white_list->source_range = (struct slices){0};
}

static void test_the_client_is_the_last_address_that_no_trusted_proxy_added(void **state)
{
    (void)state;
    assert_int_equal(status_for("10.1.2.3", true), 200);
    assert_int_equal(status_for("10.1.2.3, 192.0.2.9", true), 200);
    assert_int_equal(status_for("10.1.2.3, 203.0.113.9, 192.0.2.9", true), 403);
    assert_int_equal(status_for("203.0.113.9, 10.1.2.3", true), 200);
}

static void test_a_stranger_is_not_believed(void **state)
{
    (void)state;
    assert_int_equal(status_for("10.1.2.3", false), 403);
    assert_int_equal(status_for(NULL, false), 403);
}

static void test_what_cannot_be_read_lets_nobody_in(void **state)
{
    (void)state;
    assert_int_equal(status_for("10.1.2.3:4711", true), 200); /* some proxies add the port */
    assert_int_equal(status_for("10.1.2.3:1:2", true), 403);
    assert_int_equal(status_for("unknown", true), 403);
    assert_int_equal(status_for("10.1.2.3,", true), 403);
}

static void test_the_old_name_of_the_list_looks_at_the_peer(void **state)
{
    struct sim_route old = route;
    (void)state;

    old.set_options = use_old_name;
    assert_int_equal(status_of(&old, "10.1.2.3", true), 403);
    old.white_list = "192.0.2.0/24";
    assert_int_equal(status_of(&old, "10.1.2.3", true), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_client_is_the_last_address_that_no_trusted_proxy_added),
        cmocka_unit_test(test_a_stranger_is_not_believed),
        cmocka_unit_test(test_what_cannot_be_read_lets_nobody_in),
        cmocka_unit_test(test_the_old_name_of_the_list_looks_at_the_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
