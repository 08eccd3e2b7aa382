/* SPDX-License-Identifier: MIT */
/* Containers that stop, are killed, pause or fall ill: who is asked no more, from when on, and what is remembered of them. */
#include "docker_scene.h"
#include "docker/ghosts.h"

enum { AT_ONCE_MS = 500 }; /* far less than anything that is waited for, far more than a loaded machine needs */

/* "Host:a.t:1", sorted by name; the number is the absence. */
static char *remembered_of(struct scene *scene)
{
    struct text remembered = TEXT_EMPTY;

    pthread_mutex_lock(&scene->lock);
    for (size_t i = 0; i < scene->fragment->remembered_count; i++) {
        const struct model_frontend *frontend = &scene->fragment->remembered[i];
        text_addf(&remembered, "%s" SLICE_FMT ":%d", i ? " " : "", SLICE_ARG(frontend->routes[0].rule),
                  (int)frontend->absence);
    }
    pthread_mutex_unlock(&scene->lock);
    return text_take(&remembered);
}

static void await_remembered(struct scene *scene, const char *wanted, uint64_t within_ms)
{
    uint64_t end = clock_monotonic_ms() + within_ms;

    for (;;) {
        char *remembered = remembered_of(scene);
        bool same = strcmp(remembered ? remembered : "", wanted) == 0;
        if (!same && clock_monotonic_ms() > end)
            fail_msg("wanted `%s`, have `%s`", wanted, remembered);
        free(remembered);
        if (same)
            return;
        usleep(2000);
    }
}

static void start_with_two(struct scene *scene)
{
    script_add(scene->engine, "a", "10.0.0.1");
    script_add(scene->engine, "b", "10.0.0.2");
    start(scene);
    await_routes(scene, "a=10.0.0.1 b=10.0.0.2", 2000);
}

static void test_a_signal_that_ends_takes_a_container_out_without_a_look(void **state)
{
    static const struct {
        const char *signal, *config;
        bool ends;
    } cases[] = {
        {"15", NULL, true},
        {"SIGTERM", NULL, true},
        {"9", NULL, true},
        {"2", NULL, true},
        {"SIGQUIT", NULL, true},
        {"37", ",\"StopSignal\":\"SIGRTMIN+3\"", true},
        {"1", ",\"StopSignal\":\"HUP\"", true},
        {"1", NULL, false},
        {"SIGUSR1", NULL, false},
        {"28", ",\"StopSignal\":\"SIGTERM\"", false},
        {"", NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        struct scene *scene;
        set_up((void **)&scene);
        script_add(scene->engine, "a", "10.0.0.1");
        script_add(scene->engine, "b", "10.0.0.2");
        SCRIPT_SET(scene->engine, "a", config, cases[i].config);
        start(scene);
        await_routes(scene, "a=10.0.0.1 b=10.0.0.2", 2000);
        script_kill(scene->engine, "a", cases[i].signal);
        if (!cases[i].ends)
            usleep(30000);
        await_routes(scene, cases[i].ends ? "b=10.0.0.2" : "a=10.0.0.1 b=10.0.0.2", AT_ONCE_MS);
        await_remembered(scene, cases[i].ends ? "Host:a.t:1" : "", AT_ONCE_MS);
        assert_int_equal(atomic_load(&scene->engine->inspects), 2);
        tear_down((void **)&scene);
    }
}

static void test_a_death_and_a_pause_need_no_look_either(void **state)
{
    static const char *const actions[] = {"die", "pause"};

    (void)state;
    for (size_t i = 0; i < WB_COUNT(actions); i++) {
        struct scene *scene;
        set_up((void **)&scene);
        start_with_two(scene);
        SCRIPT_SET(scene->engine, "a", inspect_hangs, true); /* as long as the engine is busy with it */
        script_event(scene->engine, "a", actions[i]);
        await_routes(scene, "b=10.0.0.2", AT_ONCE_MS);
        await_remembered(scene, "Host:a.t:1", AT_ONCE_MS);
        script_add(scene->engine, "c", "10.0.0.3");
        script_event(scene->engine, "c", "start"); /* nobody waits for that inspect */
        await_routes(scene, "b=10.0.0.2 c=10.0.0.3", AT_ONCE_MS);
        script_kill(scene->engine, "b", "15");
        await_routes(scene, "c=10.0.0.3", AT_ONCE_MS);
        tear_down((void **)&scene);
    }
}

static void test_who_survives_its_signal_comes_back(void **state)
{
    struct scene *scene = *state;

    script_add(scene->engine, "a", "10.0.0.1");
    SCRIPT_SET(scene->engine, "a", config, ",\"StopTimeout\":0");
    start(scene);
    await_routes(scene, "a=10.0.0.1", 2000);
    uint64_t begin = clock_monotonic_ms();
    script_kill(scene->engine, "a", "15");
    await_routes(scene, "", AT_ONCE_MS);
    script_event(scene->engine, "a", "health_status: healthy"); /* a look changes nothing of it */
    await_routes(scene, "a=10.0.0.1", 4000);
    assert_true(clock_monotonic_ms() - begin >= 2000);
    await_remembered(scene, "", 0);
}

static void test_who_starts_anew_is_back_at_once(void **state)
{
    struct scene *scene = *state;

    start_with_two(scene);
    script_kill(scene->engine, "a", "15");
    await_routes(scene, "b=10.0.0.2", AT_ONCE_MS);
    SCRIPT_SET(scene->engine, "a", starts, 1);
    script_event(scene->engine, "a", "die");
    script_event(scene->engine, "a", "start");
    await_routes(scene, "a=10.0.0.1 b=10.0.0.2", AT_ONCE_MS);
    await_remembered(scene, "", 0);
}

static void start_and_ask_about_b(struct scene *scene)
{
    script_add(scene->engine, "a", "10.0.0.1");
    start(scene);
    await_routes(scene, "a=10.0.0.1", 2000);
    script_add(scene->engine, "b", "10.0.0.2");
    SCRIPT_SET(scene->engine, "b", inspect_takes_ms, 200);
    script_event(scene->engine, "b", "start");
    while (atomic_load(&scene->engine->inspects) < 2)
        usleep(1000);
}

/* Else it would be asked until the next list, a minute later, whoever had its address meanwhile (security case K9). */
static void test_k9_who_dies_while_it_is_looked_at_is_not_asked(void **state)
{
    struct scene *scene = *state;

    start_and_ask_about_b(scene);
    script_remove(scene->engine, "b");
    script_event(scene->engine, "b", "die");
    script_event(scene->engine, "b", "destroy");
    usleep(400000);
    await_routes(scene, "a=10.0.0.1", AT_ONCE_MS);
    await_remembered(scene, "", 0);
    assert_int_equal(atomic_load(&scene->engine->inspects), 3);
}

static void test_a_signal_counts_though_it_came_before_the_first_answer(void **state)
{
    struct scene *scene = *state;

    start_and_ask_about_b(scene);
    script_kill(scene->engine, "b", "15");
    await_remembered(scene, "Host:b.t:1", 2000);
    await_routes(scene, "a=10.0.0.1", AT_ONCE_MS);
}

/* An engine tells again what happened shortly before it was asked: that container had been restarted then. */
static void test_a_restart_that_is_told_again_does_no_harm(void **state)
{
    struct scene *scene = *state;

    start_with_two(scene);
    script_kill(scene->engine, "a", "15");
    await_routes(scene, "b=10.0.0.2", AT_ONCE_MS);
    script_event(scene->engine, "a", "die");
    script_event(scene->engine, "a", "start"); /* inspect says what it said before */
    await_routes(scene, "a=10.0.0.1 b=10.0.0.2", AT_ONCE_MS);
}

/* The events of a restart in the wrong order: what inspect says is the truth. */
static void test_a_death_told_after_the_next_start_does_no_harm(void **state)
{
    struct scene *scene = *state;

    start_with_two(scene);
    SCRIPT_SET(scene->engine, "a", starts, 1);
    script_event(scene->engine, "a", "start");
    script_event(scene->engine, "a", "die");
    usleep(50000);
    await_routes(scene, "a=10.0.0.1 b=10.0.0.2", 2000);
}

static void test_who_is_gone_is_remembered_for_the_time_given(void **state)
{
    struct scene *scene = *state;

    scene->options.remember_ms = 400;
    start_with_two(scene);
    script_remove(scene->engine, "a");
    script_event(scene->engine, "a", "die");
    await_routes(scene, "b=10.0.0.2", AT_ONCE_MS);
    await_remembered(scene, "Host:a.t:1", AT_ONCE_MS);
    assert_true(slice_eq(scene->fragment->remembered[0].absent_because, SLICE("container a: it is not running")));
    await_remembered(scene, "", 2000);
    script_remove(scene->engine, "b");
    script_event(scene->engine, "b", "die");
    await_remembered(scene, "Host:b.t:1", AT_ONCE_MS);
    script_add(scene->engine, "b", "10.0.0.9");
    SCRIPT_SET(scene->engine, "b", labels, "\"traefik.frontend.rule\":\"Host:other.t\"");
    script_event(scene->engine, "b", "start"); /* the same service, so its old rule is no more */
    await_routes(scene, "b=10.0.0.9", AT_ONCE_MS);
    await_remembered(scene, "", 0);
}

static void test_nothing_is_remembered_when_that_is_off(void **state)
{
    struct scene *scene = *state;

    scene->options.remember_ms = 0;
    start_with_two(scene);
    script_kill(scene->engine, "a", "15");
    await_routes(scene, "b=10.0.0.2", AT_ONCE_MS);
    script_remove(scene->engine, "b");
    script_event(scene->engine, "b", "die");
    await_routes(scene, "", AT_ONCE_MS);
    await_remembered(scene, "", 0);
}

#define OF_SERVICE "\"com.docker.compose.project\":\"p\",\"com.docker.compose.service\":\"s\""

static void test_a_service_is_remembered_when_its_last_container_is_gone(void **state)
{
    struct scene *scene = *state;

    script_add(scene->engine, "a", "10.0.0.1");
    script_add(scene->engine, "b", "10.0.0.2");
    SCRIPT_SET(scene->engine, "a", labels, OF_SERVICE);
    SCRIPT_SET(scene->engine, "b", labels, OF_SERVICE);
    start(scene);
    await_routes(scene, "s-p=10.0.0.1", 2000);
    script_kill(scene->engine, "a", "15");
    await_routes(scene, "s-p=10.0.0.2", AT_ONCE_MS);
    await_remembered(scene, "", 0);
    script_remove(scene->engine, "a");
    script_event(scene->engine, "a", "die");
    script_remove(scene->engine, "b");
    script_event(scene->engine, "b", "die");
    await_routes(scene, "", AT_ONCE_MS);
    await_remembered(scene, "Host:s.p.t:1", AT_ONCE_MS);
}

static void test_who_is_not_healthy_is_remembered_as_long_as_it_is_there(void **state)
{
    struct scene *scene = *state;

    scene->options.remember_ms = 1;
    script_add(scene->engine, "a", "10.0.0.1");
    SCRIPT_SET(scene->engine, "a", state, ",\"Health\":{\"Status\":\"starting\"}");
    start(scene);
    await_routes(scene, "", 2000);
    await_remembered(scene, "Host:a.t:2", AT_ONCE_MS);
    SCRIPT_SET(scene->engine, "a", state, ",\"Health\":{\"Status\":\"healthy\"}");
    script_event(scene->engine, "a", "health_status: healthy");
    await_routes(scene, "a=10.0.0.1", AT_ONCE_MS);
    SCRIPT_SET(scene->engine, "a", state, ",\"Health\":{\"Status\":\"unhealthy\"}");
    script_event(scene->engine, "a", "health_status: unhealthy");
    await_remembered(scene, "Host:a.t:3", AT_ONCE_MS);
    usleep(50000);
    await_remembered(scene, "Host:a.t:3", 0);
    script_remove(scene->engine, "a");
    script_event(scene->engine, "a", "die");
    await_remembered(scene, "", AT_ONCE_MS);
}

/* K5: 2000 events in a second, of containers that come and go; in the end everything is right within 2 s. */
static void test_two_thousand_events_in_a_second(void **state)
{
    struct scene *scene = *state;

    start_with_two(scene);
    uint64_t begin = clock_monotonic_ms();
    for (int i = 0; i < 1000; i++) {
        script_event(scene->engine, "a", "start");
        script_event(scene->engine, "ghost", "start");
        usleep(800);
    }
    script_kill(scene->engine, "b", "15");
    script_add(scene->engine, "c", "10.0.0.3");
    script_event(scene->engine, "c", "start");
    await_routes(scene, "a=10.0.0.1 c=10.0.0.3", 2000);
    assert_true(atomic_load(&scene->engine->lists) == 1);
    /* Looks and builds are paced: no more than one of each container in 4 ms. */
    assert_in_range(atomic_load(&scene->engine->inspects), 5, 2 * (clock_monotonic_ms() - begin) / 4 + 10);
    assert_in_range(scene->deliveries, 2, 10);
}

static struct container *make_container(unsigned number)
{
    struct container *container = container_create();

    container->id = container->name = slice_of(arena_format(&container->arena, "%u", number));
    return container;
}

static void test_there_is_a_limit_to_what_is_remembered(void **state)
{
    struct ghosts ghosts = {.remember_ms = 100};

    (void)state;
    assert_true(ghosts_due_ms(&ghosts) == UINT64_MAX);
    for (unsigned i = 0; i < GHOSTS_MAX + 5; i++) {
        struct container *container = make_container(i);
        ghosts_add(&ghosts, &container, 1000 + i);
        assert_null(container);
    }
    assert_int_equal(ghosts.count, GHOSTS_MAX);
    assert_int_equal(ghosts_due_ms(&ghosts), 1105); /* the five oldest are forgotten */
    ghosts_expire(&ghosts, 1109);
    assert_int_equal(ghosts.count, GHOSTS_MAX - 5);
    struct gone *gone = ghosts_list(&ghosts);
    assert_true(slice_eq(gone[0].container->id, SLICE("1004"))); /* the latest first */
    gone[0].is_needed = gone[7].is_needed = true;
    ghosts_lay(&ghosts, gone);
    free(gone);
    assert_int_equal(ghosts.count, 2);
    assert_true(slice_eq(ghosts.items[0].container->id, SLICE("997")));
    ghosts_fini(&ghosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_signal_that_ends_takes_a_container_out_without_a_look),
        cmocka_unit_test(test_a_death_and_a_pause_need_no_look_either),
        WITH_SCENE(test_who_survives_its_signal_comes_back),
        WITH_SCENE(test_who_starts_anew_is_back_at_once),
        WITH_SCENE(test_k9_who_dies_while_it_is_looked_at_is_not_asked),
        WITH_SCENE(test_a_signal_counts_though_it_came_before_the_first_answer),
        WITH_SCENE(test_a_restart_that_is_told_again_does_no_harm),
        WITH_SCENE(test_a_death_told_after_the_next_start_does_no_harm),
        WITH_SCENE(test_who_is_gone_is_remembered_for_the_time_given),
        WITH_SCENE(test_nothing_is_remembered_when_that_is_off),
        WITH_SCENE(test_a_service_is_remembered_when_its_last_container_is_gone),
        WITH_SCENE(test_who_is_not_healthy_is_remembered_as_long_as_it_is_there),
        WITH_SCENE(test_two_thousand_events_in_a_second),
        cmocka_unit_test(test_there_is_a_limit_to_what_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
