/* SPDX-License-Identifier: MIT */
#include "ask.h"
#include <cjson/cJSON.h>

static cJSON *read_document(struct world *world, const char *line)
{
    assert_true(world_ask(world, line));
    assert_int_equal(world->answer.status, 200);
    cJSON *document = cJSON_Parse(world->answer.body.ptr);
    assert_non_null(document);
    return document;
}

static double number_of(const cJSON *document, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(document, name);
    assert_true(cJSON_IsNumber(value));
    return value->valuedouble;
}

static void test_overview_sums_the_workers(void **state)
{
    struct world world;
    (void)state;

    world_init(&world);
    for (size_t i = 0; i < 2; i++) {
        cell_add(&world.counters[i]->requests, 10);
        cell_add(&world.counters[i]->clients, 3);
        cell_add(&world.counters[i]->active, 1);
        cell_add(&world.counters[i]->response_bytes, 500);
        cell_add(&world.counters[i]->response_ns, 250000000);
        cell_add(&world.counters[i]->status[200], 9);
        cell_add(&world.counters[i]->status[404], 1);
        cell_add(&world.counters[i]->ended[REASON_DONE], 9);
        cell_add(&world.counters[i]->ended[REASON_NO_FRONTEND], 1);
    }
    cJSON *document = read_document(&world, "GET /api/overview");
    assert_int_equal(number_of(document, "snapshot"), 7);
    assert_int_equal(number_of(document, "workers"), 2);
    assert_int_equal(number_of(document, "requests"), 20);
    assert_int_equal(number_of(document, "clients"), 6);
    assert_int_equal(number_of(document, "active"), 2);
    assert_int_equal(number_of(document, "response_bytes"), 1000);
    assert_true(number_of(document, "response_time_sec") == 0.5);
    assert_true(number_of(document, "uptime_sec") >= 0 && number_of(document, "uptime_sec") < 100);
    assert_non_null(
        strstr(world.answer.body.ptr, "\"status\":{\"200\":18,\"404\":2},\"ended\":{\"no frontend matches\":2}"));
    assert_non_null(strstr(world.answer.body.ptr, "\"entrypoints\":[{\"name\":\"http\",\"address\":\":80\"},"
                                                  "{\"name\":\"traefik\",\"address\":\":8080\"},"
                                                  "{\"name\":\"ping\",\"address\":\":8082\"}]"));
    assert_non_null(strstr(world.answer.body.ptr, "\"draining\":false"));
    cJSON_Delete(document);
    world_fini(&world);
}

static void test_overview_is_there_before_the_first_snapshot(void **state)
{
    struct world world;
    (void)state;

    world_init(&world);
    world.request.snapshot = NULL;
    cJSON *document = read_document(&world, "GET /api/overview");
    assert_int_equal(number_of(document, "snapshot"), 0);
    cJSON_Delete(document);
    assert_json(&world, "GET /api/overview/frontends", "{\"snapshot\":0,\"frontends\":[]}");
    assert_redirect(&world, "GET /api/overview/", 301, "/api/overview");
    world_fini(&world);
}

static void test_frontends_say_what_became_of_them(void **state)
{
    struct route_server server = {.name = SLICE("s")};
    struct route_backend full = {.servers = &server, .server_count = 1}, empty = {0};
    struct route_health well = {.number = 0}, ill = {.failing = {2}};
    struct route_server some[] = {{.name = SLICE("s1"), .health = &well}, {.name = SLICE("s2"), .health = &ill}},
                        ill_ones[] = {{.name = SLICE("s1"), .health = &ill}, {.name = SLICE("s<2>"), .health = &ill}};
    struct route_backend partly = {.servers = some, .server_count = 2}, failing = {.servers = ill_ones, .server_count = 2};
    struct route_frontend frontends[] = {
        {.provider = SLICE("docker"), .name = SLICE("p"), .backend = &partly, .priority = 1},
        {.provider = SLICE("docker"), .name = SLICE("f"), .backend = &failing, .priority = 1},
        {.provider = SLICE("docker"), .name = SLICE("a"), .backend = &full, .priority = 21},
        {.provider = SLICE("docker"), .name = SLICE("b"), .backend = &empty, .priority = 5},
        {.provider = SLICE("docker"), .name = SLICE("c"), .priority = 6},
        {.provider = SLICE("file"),
         .name = SLICE("d"),
         .backend = &full,
         .closed = true,
         .closed_because = SLICE("`<bad>`: no range")},
        {.provider = SLICE("docker"),
         .name = SLICE("e"),
         .priority = 9,
         .absent = REASON_SERVICE_NOT_RUNNING,
         .absent_because = SLICE("container e was stopped")},
    };
    struct route_frontend *list[] = {&frontends[0], &frontends[1], &frontends[2], &frontends[3],
                                     &frontends[4], &frontends[5], &frontends[6]};
    struct route_frontend unread = {.provider = SLICE("docker"),
                                    .name = SLICE("frontend-Host-web-t-0"),
                                    .why = WHY_RULE,
                                    .why_because = SLICE("`Host` has no value")};
    struct route_frontend *left_out[] = {&unread};
    struct world world;
    (void)state;

    world_init(&world);
    world.snapshot.left_out = left_out;
    world.snapshot.left_out_count = 1;
    world.snapshot.frontends = list;
    world.snapshot.frontend_count = 7;
    assert_json(&world, "GET /api/overview/frontends",
                "{\"snapshot\":7,\"frontends\":["
                "{\"provider\":\"docker\",\"name\":\"p\",\"state\":\"open\",\"failing\":1,\"down\":[\"s2\"],\"priority\":1},"
                "{\"provider\":\"docker\",\"name\":\"f\",\"state\":\"no healthy "
                "server\",\"failing\":2,\"down\":[\"s1\",\"s\\u003c2\\u003e\"],\"priority\":1},"
                "{\"provider\":\"docker\",\"name\":\"a\",\"state\":\"open\",\"priority\":21},"
                "{\"provider\":\"docker\",\"name\":\"b\",\"state\":\"no server\",\"priority\":5},"
                "{\"provider\":\"docker\",\"name\":\"c\",\"state\":\"no backend\",\"priority\":6},"
                "{\"provider\":\"file\",\"name\":\"d\",\"state\":\"closed\",\"because\":\"`\\u003cbad\\u003e`: no "
                "range\",\"priority\":0},"
                "{\"provider\":\"docker\",\"name\":\"e\",\"state\":\"remembered\","
                "\"because\":\"container e was stopped\",\"priority\":9},"
                "{\"provider\":\"docker\",\"name\":\"frontend-Host-web-t-0\",\"state\":\"left out\","
                "\"because\":\"`Host` has no value\"}]}");
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overview_sums_the_workers),
        cmocka_unit_test(test_overview_is_there_before_the_first_snapshot),
        cmocka_unit_test(test_frontends_say_what_became_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
