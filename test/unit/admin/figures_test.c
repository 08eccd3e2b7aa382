/* SPDX-License-Identifier: MIT */
/* Figures by backend: from the cells of metrics, since the last reading. */
#include "ask.h"
#include "figures.h"
#include <stdio.h>

static const uint64_t second_ns = 1000000000;

struct scene {
    struct world world;
    struct traffic_options options;
    struct traffic *traffic[2];
    struct figures figures;
    struct text out;
    uint64_t now_ns;
};

static int set_up(void **state)
{
    struct scene *scene = wb_alloc(sizeof *scene);

    world_init(&scene->world);
    scene->options = (struct traffic_options){.bounds_ns = {100}, .bound_count = 1, .in_steps = true, .entrypoint_count = 1};
    for (size_t i = 0; i < 2; i++)
        scene->traffic[i] = traffic_create(&scene->options);
    scene->world.options.traffic = scene->traffic;
    scene->now_ns = 5 * second_ns;
    figures_begin(&scene->figures, &scene->world.options, scene->now_ns);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    figures_end(&scene->figures);
    text_fini(&scene->out);
    for (size_t i = 0; i < 2; i++)
        traffic_destroy(&scene->traffic[i]);
    world_fini(&scene->world);
    free(scene);
    return 0;
}

/* `count` requests that took so long, at the entrypoint and at the backend. */
static void serve(struct scene *scene, size_t worker, const char *name, unsigned status, uint64_t duration_ns,
                  unsigned count)
{
    struct traffic *traffic = scene->traffic[worker];
    const struct route_backend backend = {.name = slice_of(name), .slot = 1};

    for (unsigned i = 0; i < count; i++) {
        traffic_end(traffic, traffic_begin(traffic, 0, SLICE("GET"), TRAFFIC_HTTP), status, duration_ns);
        traffic_end(traffic, traffic_begin_backend(traffic, &backend, SLICE("GET"), TRAFFIC_HTTP), status, duration_ns);
    }
}

static const char *read_after_a_second(struct scene *scene)
{
    scene->out.len = 0;
    scene->now_ns += second_ns;
    figures_write(&scene->figures, scene->now_ns, &scene->out);
    return scene->out.ptr;
}

/* The figure `name` behind the first `from`. */
static double number_behind(const char *text, const char *from, const char *name)
{
    const char *at = strstr(text, from);

    assert_non_null(at);
    at = strstr(at, name);
    assert_non_null(at);
    return strtod(at + strlen(name) + 2, NULL);
}

static bool is_near(double value, double wanted)
{
    return value > wanted * 0.88 && value < wanted * 1.13;
}

static void test_percentiles_are_those_of_the_last_second_over_all_workers(void **state)
{
    struct scene *scene = *state;

    serve(scene, 0, "slow", 200, 900 * second_ns, 1000); /* before */
    read_after_a_second(scene);
    serve(scene, 0, "web", 200, 2000000, 90);
    serve(scene, 1, "web", 502, 50000000, 8);
    serve(scene, 1, "web", 404, 700000000, 2);
    const char *text = read_after_a_second(scene);
    assert_true(number_behind(text, "\"name\":\"web\"", "\"requests") == 100);
    assert_true(number_behind(text, "\"name\":\"web\"", "\"errors") == 8);
    assert_true(is_near(number_behind(text, "\"name\":\"web\"", "\"p50"), 2));
    assert_true(is_near(number_behind(text, "\"name\":\"web\"", "\"p95"), 50));
    assert_true(is_near(number_behind(text, "\"name\":\"web\"", "\"p99"), 700));
    assert_true(is_near(number_behind(text, "\"bytes\"", "\"p50"), 2)); /* of all */
    assert_null(strstr(text, "\"name\":\"slow\""));
    assert_non_null(strstr(text, "],\"quiet\":1"));
    text = read_after_a_second(scene);
    assert_non_null(strstr(text, "\"p50\":null,\"p95\":null,\"p99\":null,\"backends\":[],\"quiet\":2"));
}

static void test_the_busiest_are_listed_and_what_is_under_way_too(void **state)
{
    struct scene *scene = *state;
    const struct route_backend waiting = {.name = SLICE("<waiting>"), .slot = 2};
    char name[16];

    for (unsigned i = 0; i < FIGURES_LISTED + 5; i++) {
        snprintf(name, sizeof name, "b%03u", i);
        serve(scene, i % 2, name, 200, 1000000, 1 + i);
    }
    struct traffic_flow *flow = traffic_begin_backend(scene->traffic[0], &waiting, SLICE("GET"), TRAFFIC_SSE);
    const char *text = read_after_a_second(scene);
    assert_non_null(strstr(text, "\"backends\":[{\"name\":\"b104\",\"requests\":105.00,"));
    assert_null(strstr(text, "\"b000\""));
    assert_null(strstr(text, "waiting"));
    text = read_after_a_second(scene);
    assert_non_null(
        strstr(text, "\"backends\":[{\"name\":\"\\u003cwaiting\\u003e\",\"requests\":0.00,\"errors\":0.00,\"active\":1,"
                     "\"p50\":null,\"p95\":null,\"p99\":null}],\"quiet\":105"));
    traffic_end(scene->traffic[0], flow, 200, 1);
}

/* Backends are followed up to a limit, and those that the workers drop are forgotten. */
static void test_what_is_followed_is_bounded(void **state)
{
    struct scene *scene = *state;
    struct snapshot empty = {.number = 1};
    char name[16];

    for (unsigned i = 0; i < FIGURES_BACKENDS + 50; i++) {
        snprintf(name, sizeof name, "b%u", i);
        serve(scene, 0, name, 200, 1000000, 1);
    }
    read_after_a_second(scene);
    assert_int_equal(map_count(&scene->figures.backends), FIGURES_BACKENDS);
    traffic_adopt(scene->traffic[0], &empty);
    const char *text = read_after_a_second(scene);
    assert_int_equal(map_count(&scene->figures.backends), 0);
    assert_non_null(strstr(text, "\"backends\":[],\"quiet\":0"));
    serve(scene, 0, "b1", 200, 1000000, 3);
    text = read_after_a_second(scene);
    assert_true(number_behind(text, "\"name\":\"b1\"", "\"requests") == 3);
}

int main(void)
{
#define FIGURES_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        FIGURES_TEST(test_percentiles_are_those_of_the_last_second_over_all_workers),
        FIGURES_TEST(test_the_busiest_are_listed_and_what_is_under_way_too),
        FIGURES_TEST(test_what_is_followed_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
