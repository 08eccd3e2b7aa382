/* SPDX-License-Identifier: MIT */
/* /api/errors, and the list of them in /health. */
#include "ask.h"
#include "waybill/exchange/recent.h"

static void set(struct recent_text *out, const char *text)
{
    out->len = (uint16_t)strlen(text);
    memcpy(out->bytes, text, out->len);
}

static void add(struct recent *recent, unsigned status, uint64_t wall_ns, const char *path)
{
    struct recent_error error = {.wall_ns = wall_ns,
                                 .duration_ns = 1500000,
                                 .status = status,
                                 .reason = status == 502 ? REASON_SERVER_REFUSED : REASON_DONE,
                                 .method_len = 3,
                                 .method = "GET"};

    set(&error.host, "a.test");
    set(&error.path, path);
    recent_add(recent, &error);
}

static void test_workers_are_put_together_newest_first(void **state)
{
    struct recent *recent[] = {recent_create(), recent_create()};
    struct world world;
    (void)state;

    world_init(&world);
    assert_json(&world, "GET /api/errors", "{\"errors\":[]}");
    world.options.recent = recent;
    world_restart(&world);
    add(recent[0], 404, 1795421601461268986, "/<b>");
    add(recent[1], 502, 1795421602000000001, "/x");
    assert_json(
        &world, "GET /api/errors",
        "{\"errors\":[{\"time\":\"2026-11-23T08:13:22.000Z\",\"status\":502,\"reason\":\"connection to the server "
        "failed\",\"method\":\"GET\",\"host\":\"a.test\",\"path\":\"/x\",\"frontend\":\"\",\"server\":\"\",\"seconds\":"
        "0.0015},{\"time\":\"2026-11-23T08:13:21.461Z\",\"status\":404,\"reason\":\"answered by the server\",\"method\":"
        "\"GET\",\"host\":\"a.test\",\"path\":\"/\\u003cb\\u003e\",\"frontend\":\"\",\"server\":\"\",\"seconds\":0.0015}]}");
    world_fini(&world);
    recent_destroy(&recent[0]);
    recent_destroy(&recent[1]);
}

/* Security: what is kept is bounded, and clients cannot push out what servers did. */
static void test_a_flood_of_404_hides_no_502(void **state)
{
    struct recent *recent = recent_create();
    static struct recent_error errors[2 * RECENT_KEPT];
    (void)state;

    add(recent, 502, 1, "/x");
    for (unsigned i = 0; i < 10000; i++)
        add(recent, 404, i + 2, "/flood");
    assert_int_equal(recent_read(recent, errors), 1 + RECENT_KEPT);
    assert_int_equal(errors[0].status, 502);
    uint64_t oldest = UINT64_MAX;
    for (size_t i = 1; i <= RECENT_KEPT; i++)
        oldest = errors[i].wall_ns < oldest ? errors[i].wall_ns : oldest;
    assert_int_equal(oldest, 10001 - RECENT_KEPT + 1);
    recent_destroy(&recent);
}

/* As spec/api-json.md 4 has it, and only when it is asked for. */
static void test_health_lists_so_many_as_v17(void **state)
{
    struct recent *recent[] = {recent_create(), NULL};
    struct world world;
    (void)state;

    world_init(&world);
    world.options.recent = recent;
    world_restart(&world);
    assert_true(world_ask(&world, "GET /health"));
    assert_null(strstr(world.answer.body.ptr, "recent_errors"));
    world.options.recent_errors_shown = 1;
    world_restart(&world);
    assert_true(world_ask(&world, "GET /health"));
    assert_true(slice_ends(world_body(&world), SLICE("\"average_metrics_timers\":{},\"recent_errors\":[]}")));
    add(recent[0], 502, 1, "/old");
    add(recent[0], 404, 1795421601458227432, "/x");
    assert_true(world_ask(&world, "GET /health"));
    assert_true(
        slice_ends(world_body(&world),
                   SLICE(",\"recent_errors\":[{\"status_code\":404,\"status\":\"Not Found\",\"method\":\"GET\",\"host\":"
                         "\"a.test\",\"path\":\"/x\",\"time\":\"2026-11-23T08:13:21.458227432Z\"}]}")));
    world_fini(&world);
    recent_destroy(&recent[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers_are_put_together_newest_first),
        cmocka_unit_test(test_a_flood_of_404_hides_no_502),
        cmocka_unit_test(test_health_lists_so_many_as_v17),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
