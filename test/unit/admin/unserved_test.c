/* SPDX-License-Identifier: MIT */
/* GET /api/unserved: the tables of all workers as one document. */
#include "ask.h"
#include "waybill/exchange/unserved.h"
#include <stdio.h>

static void add(struct unserved *unserved, const char *host, const char *path, uint64_t second)
{
    uint64_t left_out;
    unserved_add(unserved, slice_of(host), slice_of(path), second * 1000, second * 1000000000, &left_out);
}

static void test_without_tables_the_list_is_empty(void **state)
{
    struct world world;
    (void)state;

    world_init(&world);
    assert_json(&world, "GET /api/unserved", "{\"total\":0,\"hosts\":[]}");
    assert_not_found(&world, "GET /api/providers/unserved");
    assert_left(&world, "POST /api/unserved");
    assert_redirect(&world, "GET /api/unserved/", 301, "/api/unserved");
    world_fini(&world);
}

static void test_workers_are_added_up_and_the_most_asked_for_comes_first(void **state)
{
    struct unserved *tables[] = {unserved_create(), unserved_create()};
    struct world world;
    (void)state;

    world_init(&world);
    world.options.unserved = tables;
    world_restart(&world);
    cell_add(&world.counters[0]->ended[REASON_NO_FRONTEND], 3);
    cell_add(&world.counters[1]->ended[REASON_NO_FRONTEND], 4);
    add(tables[0], "a.test", "/old", 10);
    unserved_set_nearest(tables[0], SLICE("almost the same host: b"));
    add(tables[1], "a.test", "/new", 20);
    add(tables[1], "a.test", "/\"<\xff\xe2\x80\xae", 30);
    add(tables[0], "b.test", "/b", 40);
    assert_json(&world, "GET /api/unserved",
                "{\"total\":7,\"hosts\":["
                "{\"host\":\"a.test\",\"count\":3,\"at_least\":3,\"last\":\"1970-01-01T00:00:30Z\","
                "\"path\":\"/\\\"\\u003c\\ufffd\xe2\x80\xae\",\"nearest\":\"almost the same host: b\"},"
                "{\"host\":\"b.test\",\"count\":1,\"at_least\":1,\"last\":\"1970-01-01T00:00:40Z\",\"path\":\"/b\"}]}");
    world_fini(&world);
    for (size_t i = 0; i < 2; i++)
        unserved_destroy(&tables[i]);
}

/* Hosts that came and went push the counts of the others up; who was really asked for comes first all the same. */
static void test_hosts_that_were_surely_asked_for_come_first(void **state)
{
    struct unserved *tables[] = {unserved_create(), NULL};
    struct world world;
    char host[32];
    (void)state;

    world_init(&world);
    world.options.unserved = tables;
    world_restart(&world);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(host, sizeof host, "random-%u", i);
        add(tables[0], host, "/", i);
        if (i % 100 == 0)
            add(tables[0], "typo.test", "/", i);
    }
    assert_true(world_ask(&world, "GET /api/unserved"));
    assert_true(slice_starts(world_body(&world), SLICE("{\"total\":0,\"hosts\":[{\"host\":\"typo.test\",\"count\":")));
    assert_in_range(world.answer.body.len, 1000, 64 * 1024);
    world_fini(&world);
    unserved_destroy(&tables[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_tables_the_list_is_empty),
        cmocka_unit_test(test_workers_are_added_up_and_the_most_asked_for_comes_first),
        cmocka_unit_test(test_hosts_that_were_surely_asked_for_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
