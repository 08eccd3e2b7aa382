/* SPDX-License-Identifier: MIT */
/* hostResolver: hosts whose CNAME records lead to the name of a rule, and what strangers can do with it (spec/rules.md 9). */
#include "sim_test.h"

enum { FLOOD = 3 * ALIAS_KEPT };

static void begin_with(struct sim_scene *scene, unsigned depth, const struct sim_alias *aliases, size_t count)
{
    scene_prepare(scene, 0);
    scene->world->alias_depth_max = depth;
    for (size_t i = 0; i < count; i++)
        scene->sim->aliases[i] = aliases[i];
    scene->sim->alias_count = count;
    scene_start(scene);
}

static void ask(struct sim_client *client, const char *host, const char *path)
{
    char *text = wb_format("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, host);
    sim_client_ask(client, text);
    free(text);
}

/* Status of one more answer of the scene's client, after `ms`. */
static unsigned status_after(struct sim_scene *scene, const char *host, uint64_t ms)
{
    ask(&scene->client, host, "/len/1");
    sim_advance(scene->sim, ms);
    return sim_client_status(&scene->client, scene->client.asked - 1);
}

static void test_the_records_are_followed_to_the_name_of_a_rule(void **state)
{
    static const struct sim_alias aliases[] = {
        {.name = "shop.customer.test", .target = "edge.test", .ttl_s = 60, .after_ms = 20},
        {.name = "edge.test", .target = "a.test", .ttl_s = 60, .after_ms = 20},
    };
    struct sim_scene scene;
    (void)state;

    begin_with(&scene, 5, aliases, WB_COUNT(aliases));
    assert_int_equal(status_after(&scene, "Shop.Customer.TEST:80", 39), 0); /* waits */
    sim_advance(scene.sim, 10);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_int_equal(scene.sim->alias_asked, 3); /* a.test is the last: it has no record */
    assert_int_equal(status_after(&scene, "shop.customer.test.", 0), 200);
    assert_int_equal(scene.sim->alias_asked, 3);
    assert_int_equal(status_after(&scene, "a.test", 1), 200);
    assert_int_equal(status_after(&scene, "elsewhere.test", 1), 404);
    assert_non_null(strstr(scene.server.last_head.ptr, "Host: a.test"));
    scene_end(&scene);
}

static void test_no_more_records_are_followed_than_allowed(void **state)
{
    static const struct sim_alias aliases[] = {
        {.name = "c.test", .target = "b.test", .ttl_s = 60},
        {.name = "b.test", .target = "a.test", .ttl_s = 60},
        {.name = "round.test", .target = "about.test", .ttl_s = 60},
        {.name = "about.test", .target = "round.test", .ttl_s = 60},
    };
    struct sim_scene scene;
    (void)state;

    begin_with(&scene, 1, aliases, WB_COUNT(aliases));
    assert_int_equal(status_after(&scene, "b.test", 1), 200);
    assert_int_equal(status_after(&scene, "c.test", 1), 404);
    assert_int_equal(scene.sim->alias_asked, 2);
    scene_end(&scene);
    begin_with(&scene, 5, aliases, WB_COUNT(aliases));
    assert_int_equal(status_after(&scene, "round.test", 1), 404);
    assert_int_equal(scene.sim->alias_asked, 5);
    scene_end(&scene);
}

/* The better rule gets it, whichever of the two names it has: a catch-all does not hide the rule of the other name. */
static void test_either_name_matches_and_priority_decides(void **state)
{
    static const struct sim_alias aliases[] = {{.name = "b.test", .target = "a.test", .ttl_s = 60}};
    static const struct sim_route routes[] = {
        {.name = "all", .rule = "PathPrefix:/", .servers = "http://10.0.0.1:80"},
        {.name = "path", .rule = "Host:a.test;PathPrefix:/len", .servers = "http://10.0.0.2:80"},
        {.name = "own", .rule = "Host:b.test;PathPrefix:/ch", .servers = "http://10.0.0.3:80"},
    };
    struct sim_scene scene;
    struct sim_server two, three;
    (void)state;

    begin_with(&scene, 5, aliases, WB_COUNT(aliases));
    sim_server_init(&two, scene.sim, "10.0.0.2", 80, "two");
    sim_server_init(&three, scene.sim, "10.0.0.3", 80, "three");
    sim_world_publish(scene.world, routes, WB_COUNT(routes));
    ask(&scene.client, "b.test", "/len/1");
    ask(&scene.client, "b.test", "/chunked/1");
    ask(&scene.client, "c.test", "/len/1");
    sim_advance(scene.sim, 10);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(sim_client_status(&scene.client, i), 200);
    assert_int_equal(two.request_count, 1);
    assert_int_equal(three.request_count, 1);
    assert_int_equal(scene.server.request_count, 1);
    sim_server_fini(&three);
    sim_server_fini(&two);
    scene_end(&scene);
}

static void test_records_count_as_long_as_their_ttl_but_half_an_hour_at_most(void **state)
{
    static const struct sim_alias aliases[] = {
        {.name = "minute.test", .target = "edge.test", .ttl_s = 600},
        {.name = "edge.test", .target = "a.test", .ttl_s = 60}, /* the lowest of the chain counts */
        {.name = "day.test", .target = "a.test", .ttl_s = 86400},
        {.name = "zero.test", .target = "a.test", .ttl_s = 0},
    };
    struct sim_scene scene;
    (void)state;

    begin_with(&scene, 5, aliases, WB_COUNT(aliases));
    assert_int_equal(status_after(&scene, "minute.test", 59000), 200);
    assert_int_equal(status_after(&scene, "minute.test", 0), 200);
    assert_int_equal(scene.sim->alias_asked, 3);
    assert_int_equal(status_after(&scene, "minute.test", 2000), 200);
    assert_int_equal(status_after(&scene, "minute.test", 1), 200);
    assert_int_equal(scene.sim->alias_asked, 6);
    assert_int_equal(status_after(&scene, "zero.test", 1), 200);
    assert_int_equal(status_after(&scene, "zero.test", 1), 200);
    assert_int_equal(scene.sim->alias_asked, 8);
    scene_end(&scene);
    begin_with(&scene, 5, aliases, WB_COUNT(aliases));
    assert_int_equal(status_after(&scene, "day.test", ALIAS_AGE_MAX_MS - 1000), 200);
    sim_client_connect(&scene.client, scene.sim, scene.world->entry, "192.0.2.1");
    assert_int_equal(status_after(&scene, "day.test", 2000), 200);
    assert_int_equal(scene.sim->alias_asked, 2);
    assert_int_equal(status_after(&scene, "day.test", 1), 200);
    assert_int_equal(scene.sim->alias_asked, 4);
    scene_end(&scene);
}

static void test_a_name_that_leads_nowhere_is_asked_for_again_after_a_minute(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin_with(&scene, 5, NULL, 0);
    assert_int_equal(status_after(&scene, "new.test", 1), 404);
    scene.sim->aliases[scene.sim->alias_count++] = (struct sim_alias){.name = "new.test", .target = "a.test", .ttl_s = 60};
    assert_int_equal(status_after(&scene, "new.test", ALIAS_NOWHERE_MS), 404);
    assert_int_equal(status_after(&scene, "new.test", 1), 200);
    scene_end(&scene);
}

/* All who want a name share one question; whoever goes away takes nothing from the others. */
static void test_many_wait_for_one_question(void **state)
{
    static const struct sim_alias aliases[] = {{.name = "b.test", .target = "a.test", .ttl_s = 60, .after_ms = 500}};
    struct sim_client more[3];
    struct sim_scene scene;
    (void)state;

    begin_with(&scene, 1, aliases, WB_COUNT(aliases));
    ask(&scene.client, "b.test", "/len/1");
    for (size_t i = 0; i < WB_COUNT(more); i++) {
        sim_client_connect(&more[i], scene.sim, scene.world->entry, "192.0.2.2");
        ask(&more[i], "b.test", "/len/1");
    }
    sim_advance(scene.sim, 100);
    sim_link_reset(more[1].wire);
    sim_advance(scene.sim, 1000);
    assert_int_equal(scene.sim->alias_asked, 1);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_int_equal(sim_client_status(&more[0], 0), 200);
    assert_int_equal(sim_client_status(&more[2], 0), 200);
    assert_int_equal(scene.server.request_count, 3);
    scene_end(&scene);
}

static void test_servers_that_do_not_answer_cost_a_name_one_wait(void **state)
{
    static const struct sim_alias aliases[] = {{.name = "a.test", .target = "x", .never = true}};
    struct sim_scene scene;
    (void)state;

    begin_with(&scene, 5, aliases, WB_COUNT(aliases));
    assert_int_equal(status_after(&scene, "a.test", ALIAS_WAIT_MS - 1), 0);
    sim_advance(scene.sim, 2);
    assert_int_equal(sim_client_status(&scene.client, 0), 200); /* its own name matches */
    assert_int_equal(status_after(&scene, "a.test", 1), 200);
    assert_int_equal(scene.sim->alias_asked, 1);
    scene_end(&scene);
}

/* An outage changes nothing for a name that is known, and is over when the servers are back. */
static void test_what_was_known_counts_while_the_servers_fail(void **state)
{
    struct sim_alias alias = {.name = "b.test", .target = "a.test", .ttl_s = 10};
    struct sim_scene scene;
    (void)state;

    begin_with(&scene, 1, &alias, 1);
    assert_int_equal(status_after(&scene, "b.test", 11000), 200);
    scene.sim->aliases[0].target = NULL;
    scene.sim->aliases[0].after_ms = 1500;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(status_after(&scene, "b.test", i ? 1 : 1501), 200); /* the first one waits */
    assert_int_equal(scene.sim->alias_asked, 2);
    sim_advance(scene.sim, ALIAS_FAILED_MS + 1);
    assert_int_equal(status_after(&scene, "b.test", 1), 200); /* asked again, without a wait */
    assert_int_equal(scene.sim->alias_asked, 3);
    sim_advance(scene.sim, ALIAS_FAILED_MS + 2000);
    scene.sim->aliases[0] = (struct sim_alias){.name = "b.test", .target = "gone.test", .ttl_s = 10};
    assert_int_equal(status_after(&scene, "b.test", 1), 200); /* the answer comes behind it */
    assert_int_equal(status_after(&scene, "b.test", 1), 404);
    scene_end(&scene);
}

static void flood(struct aliases *aliases, struct sim *sim, unsigned count, const char *form)
{
    struct alias alias;
    char host[ALIAS_NAME_MAX];

    for (unsigned i = 0; i < count; i++) {
        snprintf(host, sizeof host, form, i);
        alias_find(aliases, &alias, slice_of(host), NULL, NULL);
        alias_cancel(&alias);
        if (i % ALIAS_ASKING_MAX == ALIAS_ASKING_MAX - 1)
            sim_settle(sim);
    }
}

static void test_hosts_without_end_fill_nothing_and_push_out_nothing_that_leads_somewhere(void **state)
{
    static const struct sim_alias aliases[] = {{.name = "b.test", .target = "a.test", .ttl_s = 3600}};
    struct sim_scene scene;
    (void)state;

    begin_with(&scene, 1, aliases, WB_COUNT(aliases));
    assert_int_equal(status_after(&scene, "b.test", 1), 200);
    flood(scene.world->env.aliases, scene.sim, FLOOD, "h%u.test");
    assert_int_equal(aliases_count(scene.world->env.aliases), ALIAS_KEPT + 1);
    unsigned asked = scene.sim->alias_asked;
    assert_int_equal(status_after(&scene, "b.test", 1), 200);
    assert_int_equal(scene.sim->alias_asked, asked);
    scene_end(&scene);
}

static void no_poke(void *owner)
{
    (void)owner;
}

/* When as many questions are under way as may be, a further name does without: it does not wait in a queue. */
static void test_questions_without_answer_hold_up_nobody(void **state)
{
    struct sim_alias stuck[16];
    char names[16][16];
    struct alias waiting[ALIAS_ASKING_MAX];
    struct sim_scene scene;
    (void)state;

    for (unsigned i = 0; i < WB_COUNT(stuck); i++) {
        snprintf(names[i], sizeof names[i], "h%u.test", i);
        stuck[i] = (struct sim_alias){.name = names[i], .never = true};
    }
    begin_with(&scene, 1, stuck, WB_COUNT(stuck));
    for (unsigned i = 0; i < ALIAS_ASKING_MAX; i++) { /* those that are not stuck are not answered before time goes on */
        char *host = wb_format("h%u.test", i);
        alias_find(scene.world->env.aliases, &waiting[i], slice_of(host), no_poke, NULL);
        assert_true(waiting[i].waiting);
        free(host);
    }
    struct alias late;
    alias_find(scene.world->env.aliases, &late, SLICE("late.test"), no_poke, NULL);
    assert_false(late.waiting);
    assert_int_equal(scene.sim->alias_asked, ALIAS_ASKING_MAX);
    assert_int_equal(status_after(&scene, "a.test", 1), 200);
    for (unsigned i = 0; i < ALIAS_ASKING_MAX; i++)
        alias_cancel(&waiting[i]);
    scene_end(&scene);
}

static void test_what_is_no_name_is_not_asked_for(void **state)
{
    static const char *const hosts[] = {"10.0.0.1", "[2001:db8::1]", "1.2.3", "a_b", "x..y.test"};
    struct sim_scene scene;
    char longest[300];
    (void)state;

    begin_with(&scene, 5, NULL, 0);
    for (size_t i = 0; i < WB_COUNT(hosts); i++)
        status_after(&scene, hosts[i], 1);
    assert_int_equal(scene.sim->alias_asked, 1); /* a_b may be one */
    memset(longest, 'a', sizeof longest);
    memcpy(longest + 64, ".test", 6);
    status_after(&scene, longest, 1);
    assert_int_equal(scene.sim->alias_asked, 1);
    scene_end(&scene);
}

/* Who is not let in makes us ask nobody; internal routes do not wait. */
static void test_nobody_is_asked_for_strangers_and_internal_routes(void **state)
{
    static const struct sim_alias aliases[] = {{.name = "b.test", .target = "a.test", .ttl_s = 60, .after_ms = 1000}};
    struct sim_scene scene;
    (void)state;

    scene_prepare(&scene, 0);
    scene.world->alias_depth_max = 5;
    memcpy(scene.sim->aliases, aliases, sizeof aliases);
    scene.sim->alias_count = 1;
    slices_add(&scene.world->arena, &scene.world->outer_list.source_range, SLICE("10.0.0.0/8"));
    scene.world->outer.white_list = &scene.world->outer_list;
    scene_start(&scene);
    assert_int_equal(status_after(&scene, "b.test", 1), 403);
    sim_client_connect(&scene.client, scene.sim, scene.world->entry, "10.0.0.9");
    ask(&scene.client, "b.test", "/api");
    sim_advance(scene.sim, 1);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_int_equal(scene.sim->alias_asked, 0);
    assert_int_equal(status_after(&scene, "b.test", 1001), 200);
    assert_int_equal(scene.sim->alias_asked, 2);
    scene_end(&scene);
}

static void test_without_the_option_nobody_is_asked(void **state)
{
    static const struct sim_alias aliases[] = {{.name = "b.test", .target = "a.test", .ttl_s = 60}};
    struct sim_scene scene;
    (void)state;

    begin_with(&scene, 0, aliases, WB_COUNT(aliases));
    assert_int_equal(status_after(&scene, "b.test", 1), 404);
    assert_int_equal(scene.sim->alias_asked, 0);
    assert_int_equal(scene.world->entrypoint.filter_count, 0);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_records_are_followed_to_the_name_of_a_rule),
        cmocka_unit_test(test_no_more_records_are_followed_than_allowed),
        cmocka_unit_test(test_either_name_matches_and_priority_decides),
        cmocka_unit_test(test_records_count_as_long_as_their_ttl_but_half_an_hour_at_most),
        cmocka_unit_test(test_a_name_that_leads_nowhere_is_asked_for_again_after_a_minute),
        cmocka_unit_test(test_many_wait_for_one_question),
        cmocka_unit_test(test_servers_that_do_not_answer_cost_a_name_one_wait),
        cmocka_unit_test(test_what_was_known_counts_while_the_servers_fail),
        cmocka_unit_test(test_hosts_without_end_fill_nothing_and_push_out_nothing_that_leads_somewhere),
        cmocka_unit_test(test_questions_without_answer_hold_up_nobody),
        cmocka_unit_test(test_what_is_no_name_is_not_asked_for),
        cmocka_unit_test(test_nobody_is_asked_for_strangers_and_internal_routes),
        cmocka_unit_test(test_without_the_option_nobody_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
