/* SPDX-License-Identifier: MIT */
/* The provider against a scripted engine that misbehaves (K5, K6). What a real engine does is tested with a real one. */
#include "docker_scene.h"

static void test_an_event_makes_one_inspect_and_no_list(void **state)
{
    struct scene *scene = *state;

    script_add(scene->engine, "a", "10.0.0.1");
    script_add(scene->engine, "b", "10.0.0.2");
    start(scene);
    await_routes(scene, "a=10.0.0.1 b=10.0.0.2", 2000);
    assert_int_equal(atomic_load(&scene->engine->inspects), 2);
    script_add(scene->engine, "c", "10.0.0.3");
    script_event(scene->engine, "c", "start");
    await_routes(scene, "a=10.0.0.1 b=10.0.0.2 c=10.0.0.3", 1000);
    assert_int_equal(atomic_load(&scene->engine->inspects), 3);
    assert_int_equal(atomic_load(&scene->engine->lists), 1);
    script_remove_all(scene->engine);
    script_event(scene->engine, "a", "die");
    await_routes(scene, "b=10.0.0.2 c=10.0.0.3", 1000);
}

static void test_only_reads_from_the_known_paths_are_made(void **state)
{
    struct scene *scene = *state;

    script_add(scene->engine, "a", "10.0.0.1");
    start(scene);
    await_routes(scene, "a=10.0.0.1", 2000);
    script_event(scene->engine, "a", "health_status: healthy");
    script_event(scene->engine, "../../../kill", "start");
    usleep(100000);
    assert_int_equal(atomic_load(&scene->engine->bad_requests), 0);
}

static void test_the_version_spoken_is_one_both_know(void **state)
{
    static const char *const cases[][2] = {
        {"{\"ApiVersion\":\"1.24\",\"MinAPIVersion\":\"1.12\"}", "/v1.24/"},
        {"{\"ApiVersion\":\"1.60\",\"MinAPIVersion\":\"1.24\"}", "/v1.44/"},
        {"{\"ApiVersion\":\"1.60\",\"MinAPIVersion\":\"1.50\"}", "/v1.50/"},
        {"{\"ApiVersion\":\"1.22\"}", "/v1.22/"},
    };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        struct scene *scene;
        set_up((void **)&scene);
        scene->engine->version = cases[i][0];
        start(scene);
        await_routes(scene, "", 2000);
        pthread_mutex_lock(&scene->engine->lock);
        assert_memory_equal(scene->engine->last_target, cases[i][1], strlen(cases[i][1]));
        pthread_mutex_unlock(&scene->engine->lock);
        tear_down((void **)&scene);
    }
}

static void test_a_stream_that_ends_is_opened_again_and_all_is_read(void **state)
{
    struct scene *scene = *state;

    script_add(scene->engine, "a", "10.0.0.1");
    start(scene);
    await_routes(scene, "a=10.0.0.1", 2000);
    for (int i = 1; i <= 3; i++) {
        char name[] = {(char)('a' + i), '\0'};
        script_add(scene->engine, name, "10.0.0.9"); /* and its event is lost */
        fake_server_hang_up(&scene->engine->server);
        await_streams(scene, i + 1);
    }
    await_routes(scene, "a=10.0.0.1 b=10.0.0.9 c=10.0.0.9 d=10.0.0.9", 2000);
}

static void test_a_list_cut_off_changes_nothing_and_is_read_again(void **state)
{
    struct scene *scene = *state;

    script_add(scene->engine, "a", "10.0.0.1");
    start(scene);
    await_routes(scene, "a=10.0.0.1", 2000);
    pthread_mutex_lock(&scene->engine->lock);
    scene->engine->list_cut = 3;
    pthread_mutex_unlock(&scene->engine->lock);
    script_add(scene->engine, "b", "10.0.0.2");
    int before = scene->deliveries;
    fake_server_hang_up(&scene->engine->server);
    await_routes(scene, "a=10.0.0.1 b=10.0.0.2", 5000);
    assert_int_equal(scene->deliveries, before + 1);
    assert_true(atomic_load(&scene->engine->lists) >= 5);
}

static void test_an_inspect_that_fails_holds_up_nobody_else(void **state)
{
    struct scene *scene = *state;

    script_add(scene->engine, "a", "10.0.0.1");
    script_add(scene->engine, "b", "10.0.0.2");
    scene->engine->containers[0].inspect_status = 500;
    start(scene);
    await_routes(scene, "b=10.0.0.2", 2000);
    pthread_mutex_lock(&scene->engine->lock);
    scene->engine->containers[0].inspect_status = 0;
    pthread_mutex_unlock(&scene->engine->lock);
    await_routes(scene, "a=10.0.0.1 b=10.0.0.2", 4000); /* it is looked at again */
    pthread_mutex_lock(&scene->engine->lock);
    scene->engine->containers[0].inspect_status = 500;
    pthread_mutex_unlock(&scene->engine->lock);
    script_event(scene->engine, "a", "health_status: healthy");
    usleep(200000);
    await_routes(scene, "a=10.0.0.1 b=10.0.0.2", 0); /* what was known holds */
}

/* "CODE: sentence" of a container, then "; problem" each. */
static char *state_of(struct scene *scene, const char *name)
{
    struct text text = TEXT_EMPTY;

    pthread_mutex_lock(&scene->lock);
    for (size_t i = 0; scene->inventory && i < scene->inventory->count; i++) {
        const struct inventory_item *item = &scene->inventory->items[i];
        if (!slice_eq(item->name, slice_of(name)))
            continue;
        text_addf(&text, "%s: " SLICE_FMT, container_why_name(item->why), SLICE_ARG(item->sentence));
        for (size_t k = 0; k < item->problem_count; k++)
            text_addf(&text, "; " SLICE_FMT, SLICE_ARG(item->problems[k].text));
    }
    pthread_mutex_unlock(&scene->lock);
    return text_take(&text);
}

static void await_state(struct scene *scene, const char *name, const char *part, uint64_t within_ms)
{
    uint64_t until_ms = clock_monotonic_ms() + within_ms;
    char *state = state_of(scene, name);

    while (!strstr(state, part) && clock_monotonic_ms() < until_ms) {
        free(state);
        usleep(2000);
        state = state_of(scene, name);
    }
    if (!strstr(state, part))
        fail_msg("%s is `%s`, not `%s`", name, state, part);
    free(state);
}

static void test_each_listed_container_has_a_state_even_one_that_cannot_be_read(void **state)
{
    struct scene *scene = *state;
    char id[65];

    script_add(scene->engine, "a", "10.0.0.1");
    script_add(scene->engine, "b", "");
    scene->engine->containers[0].inspect_status = 500;
    id_of("a", id);
    id[12] = '\0'; /* its name is not known */
    start(scene);
    await_state(scene, id, "NOT_READABLE: ", 2000);
    await_state(scene, "b", "NO_ADDRESS: it has no address in the network `n`", 0);
    pthread_mutex_lock(&scene->engine->lock);
    scene->engine->containers[0].inspect_status = 0;
    pthread_mutex_unlock(&scene->engine->lock);
    await_state(scene, "a", "ROUTED: `Host:a.t` to http://10.0.0.1:80", 4000);
    assert_int_equal(scene->inventory->count, 2);
    pthread_mutex_lock(&scene->engine->lock);
    scene->engine->containers[0].inspect_status = 500;
    pthread_mutex_unlock(&scene->engine->lock);
    script_event(scene->engine, "a", "health_status: healthy");
    await_state(scene, "a", "what was known of it before holds", 1000);
    await_state(scene, "a", "ROUTED: ", 0);
}

static void await_health(struct scene *scene, bool connected, uint64_t within_ms)
{
    uint64_t until_ms = clock_monotonic_ms() + within_ms;
    struct provider_health health = {0};

    while ((!board_health(scene->board, SLICE("docker"), &health) || health.connected != connected) &&
           clock_monotonic_ms() < until_ms)
        usleep(2000);
    assert_int_equal(health.connected, connected);
    assert_int_equal(health.error[0] == '\0', connected);
    assert_true(!connected || (health.follows && health.synced_ns > 0));
}

static void test_the_board_says_when_the_engine_is_away_and_back(void **state)
{
    struct scene *scene = *state;

    script_add(scene->engine, "a", "10.0.0.1");
    start(scene);
    await_health(scene, true, 2000);
    script_destroy(scene->engine);
    scene->engine = NULL;
    unlink(socket_path);
    await_health(scene, false, 3000);
    scene->engine = script_create();
    script_add(scene->engine, "a", "10.0.0.1");
    await_health(scene, true, 4000);
}

static void test_an_engine_that_comes_late_is_found(void **state)
{
    struct scene *scene = *state;

    script_destroy(scene->engine);
    scene->engine = NULL;
    unlink(socket_path);
    start(scene);
    usleep(700000);
    await_routes(scene, "-", 0);
    scene->engine = script_create();
    script_add(scene->engine, "a", "10.0.0.1");
    await_routes(scene, "a=10.0.0.1", 3000);
}

static void test_a_socket_file_that_was_replaced_leads_to_the_new_engine(void **state)
{
    struct scene *scene = *state;
    struct engine_script *old = scene->engine;
    char *aside = wb_format("%s.old", socket_path);

    script_add(old, "a", "10.0.0.1");
    start(scene);
    await_routes(scene, "a=10.0.0.1", 2000);
    assert_int_equal(rename(socket_path, aside), 0); /* the old engine lives on, and so do its connections */
    scene->engine = script_create();
    script_add(scene->engine, "n", "10.0.0.7");
    await_routes(scene, "n=10.0.0.7", 3000);
    script_destroy(old);
    unlink(aside);
    free(aside);
}

/* Both the stream and the connections for calls are open, and nothing comes on them: only asking shows it. */
static void test_half_open_connections_are_found_by_the_timed_resync(void **state)
{
    struct scene *scene = *state;

    script_add(scene->engine, "a", "10.0.0.1");
    start_with(scene, 400, 300);
    await_routes(scene, "a=10.0.0.1", 2000);
    script_swallow_connections(scene->engine);
    script_add(scene->engine, "b", "10.0.0.2");
    script_event(scene->engine, "b", "start");
    usleep(100000);
    await_routes(scene, "a=10.0.0.1", 0); /* nobody knows yet */
    await_routes(scene, "a=10.0.0.1 b=10.0.0.2", 3000);
    assert_int_equal(atomic_load(&scene->engine->streams), 2);
    script_add(scene->engine, "c", "10.0.0.3");
    script_event(scene->engine, "c", "start");
    await_routes(scene, "a=10.0.0.1 b=10.0.0.2 c=10.0.0.3", 300); /* events come again */
}

static void test_a_lost_event_is_made_good_by_the_timed_resync(void **state)
{
    struct scene *scene = *state;

    script_add(scene->engine, "a", "10.0.0.1");
    start_with(scene, 300, 0);
    await_routes(scene, "a=10.0.0.1", 2000);
    script_add(scene->engine, "b", "10.0.0.2");
    await_routes(scene, "a=10.0.0.1 b=10.0.0.2", 2000);
    script_remove_all(scene->engine);
    await_routes(scene, "", 2000);
    assert_int_equal(atomic_load(&scene->engine->streams), 1);
}

static void test_a_burst_of_events_makes_few_deliveries_and_the_right_end(void **state)
{
    struct scene *scene = *state;

    start(scene);
    await_routes(scene, "", 2000);
    uint64_t begin_ms = clock_monotonic_ms();
    for (int i = 0; i < 60; i++) {
        char name[16], address[32];
        snprintf(name, sizeof name, "c%02d", i);
        snprintf(address, sizeof address, "10.0.1.%d", i);
        script_add(scene->engine, name, address);
        script_event(scene->engine, name, "start");
        script_event(scene->engine, name, "health_status: healthy");
        usleep(1000);
    }
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&scene->lock);
        bool whole = scene->fragment->backend_count == 60;
        pthread_mutex_unlock(&scene->lock);
        if (whole)
            break;
        usleep(1000);
    }
    assert_int_equal(scene->fragment->backend_count, 60);
    assert_in_range(scene->deliveries, 2, 3 + (clock_monotonic_ms() - begin_ms) / 4); /* one a gap */
}

static void test_destroy_ends_a_provider_that_waits_for_a_silent_engine(void **state)
{
    struct scene *scene = *state;

    scene->engine->list_hangs = true;
    start(scene);
    for (int i = 0; i < 2000 && atomic_load(&scene->engine->lists) == 0; i++)
        usleep(1000);
    uint64_t begin = clock_monotonic_ms();
    provider_destroy(&scene->provider);
    assert_true(clock_monotonic_ms() - begin < 1000);
    assert_int_equal(scene->deliveries, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(test_an_event_makes_one_inspect_and_no_list),
        WITH_SCENE(test_only_reads_from_the_known_paths_are_made),
        cmocka_unit_test(test_the_version_spoken_is_one_both_know),
        WITH_SCENE(test_a_stream_that_ends_is_opened_again_and_all_is_read),
        WITH_SCENE(test_a_list_cut_off_changes_nothing_and_is_read_again),
        WITH_SCENE(test_an_inspect_that_fails_holds_up_nobody_else),
        WITH_SCENE(test_each_listed_container_has_a_state_even_one_that_cannot_be_read),
        WITH_SCENE(test_the_board_says_when_the_engine_is_away_and_back),
        WITH_SCENE(test_an_engine_that_comes_late_is_found),
        WITH_SCENE(test_a_socket_file_that_was_replaced_leads_to_the_new_engine),
        WITH_SCENE(test_half_open_connections_are_found_by_the_timed_resync),
        WITH_SCENE(test_a_lost_event_is_made_good_by_the_timed_resync),
        WITH_SCENE(test_a_burst_of_events_makes_few_deliveries_and_the_right_end),
        WITH_SCENE(test_destroy_ends_a_provider_that_waits_for_a_silent_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
