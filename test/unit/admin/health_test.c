/* SPDX-License-Identifier: MIT */
#include "ask.h"
#include "health.h"

static const uint64_t second_ns = 1000000000;

/* The recording of spec/api-json.md 4 without recent_errors (only with api.statistics); its m=+ is our uptime. */
static void test_document_is_the_one_v17_gave(void **state)
{
    struct health_facts facts = {
        .pid = 23292, .uptime_ns = 201301293, .wall_ns = 1795421601461268986, .response_ns = 1033588, .response_bytes = 249};
    struct text out = TEXT_EMPTY;
    (void)state;

    facts.second[200] = facts.second[404] = facts.total[200] = facts.total[404] = 1;
    health_write(&out, &facts);
    assert_string_equal(
        out.ptr, "{\"pid\":23292,\"hostname\":\"\",\"uptime\":\"201.301293ms\",\"uptime_sec\":0.201301293,"
                 "\"time\":\"2026-11-23 08:13:21.461268986 +0000 UTC m=+0.201301293\",\"unixtime\":1795421601,"
                 "\"status_code_count\":{\"200\":1,\"404\":1},\"total_status_code_count\":{\"200\":1,\"404\":1},\"count\":2,"
                 "\"total_count\":2,\"total_response_time\":\"1.033588ms\",\"total_response_time_sec\":0.001033588,"
                 "\"total_response_size\":249,\"average_response_size\":124,\"average_response_time\":\"516.794\xc2\xb5s\","
                 "\"average_response_time_sec\":0.000516794,\"total_metrics_counts\":{},\"average_metrics_timers\":{}}");
    text_fini(&out);
}

static void test_nothing_counted_is_zero_everywhere(void **state)
{
    struct health_facts facts = {.pid = 1, .uptime_ns = 3600 * second_ns, .wall_ns = 1795421605 * second_ns};
    struct text out = TEXT_EMPTY;
    (void)state;

    health_write(&out, &facts);
    assert_string_equal(
        out.ptr,
        "{\"pid\":1,\"hostname\":\"\",\"uptime\":\"1h0m0s\",\"uptime_sec\":3600,"
        "\"time\":\"2026-11-23 08:13:25 +0000 UTC m=+3600.000000000\",\"unixtime\":1795421605,\"status_code_count\":{},"
        "\"total_status_code_count\":{},\"count\":0,\"total_count\":0,\"total_response_time\":\"0s\","
        "\"total_response_time_sec\":0,\"total_response_size\":0,\"average_response_size\":0,"
        "\"average_response_time\":\"0s\",\"average_response_time_sec\":0,\"total_metrics_counts\":{},"
        "\"average_metrics_timers\":{}}");
    text_fini(&out);
}

static void test_seconds_have_as_many_decimals_as_it_takes(void **state)
{
    static const struct {
        uint64_t ns;
        const char *text;
    } cases[] = {{0, "0"}, {1, "0.000000001"}, {1500000000, "1.5"}, {10000000000, "10"}, {100, "0.0000001"}};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        struct text out = TEXT_EMPTY;
        health_write_seconds(&out, cases[i].ns);
        assert_string_equal(out.ptr, cases[i].text);
        text_fini(&out);
    }
}

static struct health_facts read_at(struct world *world, struct health_window *window, uint64_t now_ns)
{
    struct health_facts facts = {0};
    health_window_read(window, now_ns, world->counters_read, 2, &facts);
    return facts;
}

static void test_counts_of_a_second_come_from_a_reading_at_least_a_second_old(void **state)
{
    struct health_window window;
    struct world world;
    struct health_facts facts;
    uint64_t start_ns = 5 * second_ns;
    (void)state;

    world_init(&world);
    health_window_init(&window, start_ns);
    cell_add(&world.counters[0]->status[200], 3);
    cell_add(&world.counters[1]->status[200], 4);
    facts = read_at(&world, &window, start_ns + second_ns / 2); /* younger than a second: all there is */
    assert_int_equal(facts.second[200], 7);
    assert_int_equal(facts.total[200], 7);
    facts = read_at(&world, &window, start_ns + second_ns / 2); /* another reader changes nothing */
    assert_int_equal(facts.second[200], 7);
    cell_add(&world.counters[0]->status[404], 20);
    facts = read_at(&world, &window, start_ns + 10 * second_ns); /* an average of ten seconds */
    assert_int_equal(facts.second[404], 2);
    assert_int_equal(facts.second[200], 1); /* 0.7 */
    assert_int_equal(facts.total[404], 20);
    cell_add(&world.counters[0]->status[404], 5);
    facts = read_at(&world, &window, start_ns + 11 * second_ns); /* since the reading before */
    assert_int_equal(facts.second[404], 5);
    assert_int_equal(facts.second[200], 0);
    assert_int_equal(facts.total[404], 25);
    facts = read_at(&world, &window, start_ns + 10 * second_ns); /* a look at the clock before the other's */
    assert_int_equal(facts.second[404], 5);
    facts = read_at(&world, &window, start_ns + 13 * second_ns);
    assert_int_equal(facts.second[404], 0);
    health_window_fini(&window);
    world_fini(&world);
}

static void test_health_sums_the_workers_and_leaves_out_what_had_no_answer(void **state)
{
    struct world world;
    (void)state;

    world_init(&world);
    cell_add(&world.counters[0]->status[0], 9); /* clients gone before an answer */
    cell_add(&world.counters[0]->status[200], 2);
    cell_add(&world.counters[1]->status[503], 1);
    cell_add(&world.counters[0]->response_bytes, 100);
    cell_add(&world.counters[1]->response_bytes, 50);
    cell_add(&world.counters[0]->response_ns, 3000);
    assert_true(world_ask(&world, "GET /health"));
    assert_slice(world.answer.content_type, "application/json; charset=UTF-8");
    assert_non_null(strstr(world.answer.body.ptr, "\"total_status_code_count\":{\"200\":2,\"503\":1}"));
    assert_non_null(strstr(world.answer.body.ptr, "\"total_count\":3,"));
    assert_non_null(strstr(world.answer.body.ptr, "\"total_response_size\":150,\"average_response_size\":50,"));
    assert_non_null(strstr(world.answer.body.ptr, "\"average_response_time\":\"1\xc2\xb5s\""));
    world_fini(&world);
}

static void test_a_worker_that_is_not_there_yet_counts_nothing(void **state)
{
    struct world world;
    (void)state;

    world_init(&world);
    world.counters_read[1] = NULL;
    assert_true(world_ask(&world, "GET /health"));
    assert_true(world_ask(&world, "GET /api/overview"));
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document_is_the_one_v17_gave),
        cmocka_unit_test(test_nothing_counted_is_zero_everywhere),
        cmocka_unit_test(test_seconds_have_as_many_decimals_as_it_takes),
        cmocka_unit_test(test_counts_of_a_second_come_from_a_reading_at_least_a_second_old),
        cmocka_unit_test(test_health_sums_the_workers_and_leaves_out_what_had_no_answer),
        cmocka_unit_test(test_a_worker_that_is_not_there_yet_counts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
