/* SPDX-License-Identifier: MIT */
/* The provider in Swarm mode against a scripted engine: what it asks, when it asks again, and what events say by themselves. */
#include "docker/engine.h"
#include "docker/swarm.h"
#include "swarm_script.h"
#include "waybill/base/clock.h"
#include "waybill/base/log.h"
#include "waybill/base/text.h"
#include "waybill/model/inventory.h"
#include "waybill/provider/docker.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* -- the scene -- */

static void deliver(void *arg, struct slice name, struct delivery *delivery)
{
    struct scene *scene = arg;

    (void)name;
    pthread_mutex_lock(&scene->lock);
    if (delivery->fragment) {
        fragment_unref(&scene->fragment);
        scene->fragment = delivery->fragment;
    }
    pthread_mutex_unlock(&scene->lock);
    if (delivery->diagnostics)
        diagnostics_fini(delivery->diagnostics);
    free(delivery->diagnostics);
    inventory_unref(&delivery->inventory);
}

static int set_up(void **state)
{
    struct scene *scene = wb_alloc(sizeof *scene);

    log_set_level(LOG_FATAL);
    snprintf(scene->path, sizeof scene->path, "/tmp/docker_swarm_test_%d.sock", (int)getpid());
    pthread_mutex_init(&scene->lock, NULL);
    scene->endpoint = wb_format("unix://%s", scene->path);
    scene->version = "{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}";
    scene->services_status = 200;
    set_lists(scene, SERVICE, TASK("t1", "10.0.0.1"));
    scene->entrypoint = SLICE("http");
    scene->entrypoints = (struct slices){&scene->entrypoint, 1};
    scene->sink = (struct provider_sink){deliver, scene, &scene->entrypoints, &scene->entrypoints, NULL};
    scene->options = (struct docker_options){.endpoint = slice_of(scene->endpoint),
                                             .domain = SLICE("t"),
                                             .watch = true,
                                             .exposed_by_default = true,
                                             .swarm_mode = true,
                                             .refresh_ms = 15000,
                                             .gather_ms = 50};
    fake_server_start(&scene->server, scene->path, answer, scene);
    *state = scene;
    return 0;
}

static void start(struct scene *scene)
{
    scene->provider = docker_provider_create(&scene->options, &scene->sink);
    assert_int_equal(scene->provider->ops->start(scene->provider), 0);
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    provider_destroy(&scene->provider);
    fake_server_stop(&scene->server);
    unlink(scene->path);
    fragment_unref(&scene->fragment);
    text_fini(&scene->asked);
    text_fini(&scene->events);
    pthread_mutex_destroy(&scene->lock);
    free(scene->endpoint);
    free(scene);
    return 0;
}

/* "10.0.0.1 10.0.0.2"; "-" before the first delivery. */
static char *servers_of(struct scene *scene)
{
    struct text servers = TEXT_EMPTY;

    pthread_mutex_lock(&scene->lock);
    if (!scene->fragment)
        text_add_char(&servers, '-');
    for (size_t i = 0; scene->fragment && scene->fragment->backend_count && i < scene->fragment->backends[0].server_count;
         i++) {
        struct slice url = slice_from(scene->fragment->backends[0].servers[i].url, 7);
        text_addf(&servers, "%s" SLICE_FMT, i ? " " : "", SLICE_ARG(slice_head(url, slice_find(url, ':'))));
    }
    pthread_mutex_unlock(&scene->lock);
    return text_take(&servers);
}

static void await_servers(struct scene *scene, const char *wanted, uint64_t within_ms)
{
    uint64_t end = clock_monotonic_ms() + within_ms;

    for (bool same = false; !same;) {
        char *servers = servers_of(scene);
        same = strcmp(servers, wanted) == 0;
        if (!same && clock_monotonic_ms() > end)
            fail_msg("wanted %s, have %s after %llu ms", wanted, servers, (unsigned long long)within_ms);
        free(servers);
        usleep(1000);
    }
}

/* For a while nothing else comes. */
static void expect_servers_stay(struct scene *scene, const char *wanted, unsigned for_ms)
{
    for (uint64_t end = clock_monotonic_ms() + for_ms; clock_monotonic_ms() < end; usleep(2000))
        await_servers(scene, wanted, 0);
}

static void start_and_follow(struct scene *scene)
{
    start(scene);
    await_servers(scene, "10.0.0.1", 2000);
    assert_int_equal(atomic_load(&scene->streams), 1);
}

/* -- what is asked -- */

static void test_the_swarm_is_read_by_the_filters_of_v17_and_nothing_is_written(void **state)
{
    struct scene *scene = *state;
    static const char *const wanted[] = {
        "GET /_ping",
        "GET /version",
        "GET /v1.41/events?since=",
        "GET /v1.41/services",
        "GET "
        "/v1.41/"
        "tasks?filters=%7B%22desired-state%22%3A%7B%22running%22%3Atrue%7D%2C%22service%22%3A%7B%22s1%22%3Atrue%7D%7D",
        "GET /v1.41/networks?filters=%7B%22scope%22%3A%7B%22swarm%22%3Atrue%7D%7D",
        "GET /v1.41/containers/" OWN "/json",
        "GET /v1.41/containers/json?limit=0",
    };
    unsigned known = 0;

    scene->options.own_id = SLICE(OWN);
    start_and_follow(scene);
    for (size_t i = 0; i < WB_COUNT(wanted); i++) {
        assert_true(times_asked(scene, wanted[i]) > 0);
        known += times_asked(scene, wanted[i]);
    }
    assert_int_equal(times_asked(scene, "GET /v1.41/events?since="), 1);
    assert_true(times_asked(scene, "") == known + 1); /* and the empty line at the end */
    pthread_mutex_lock(&scene->lock);
    assert_non_null(strstr(scene->asked.ptr, "%22service%22%3Atrue%2C%22node%22%3Atrue%7D%7D\n"));
    assert_true(strstr(scene->asked.ptr, "/events?") < strstr(scene->asked.ptr, "/services"));
    pthread_mutex_unlock(&scene->lock);
}

static void test_an_old_engine_is_asked_for_overlay_networks(void **state)
{
    struct scene *scene = *state;

    scene->version = "{\"ApiVersion\":\"1.28\"}";
    start_and_follow(scene);
    assert_int_equal(times_asked(scene, "GET /v1.28/networks?filters=%7B%22driver%22%3A%7B%22overlay%22%3Atrue%7D%7D"), 1);
}

static void test_tasks_of_services_that_are_off_are_not_asked_for(void **state)
{
    struct scene *scene = *state;

    scene->options.exposed_by_default = false;
    start(scene);
    await_servers(scene, "", 2000);
    assert_int_equal(times_asked(scene, "GET /v1.41/tasks"), 0);
}

static void test_many_services_are_asked_for_in_parts(void **state)
{
    struct scene *scene = *state;
    struct text services = TEXT_EMPTY;

    for (int i = 0; i < 120; i++)
        text_addf(&services, "{\"ID\":\"x%d\",\"Spec\":{\"Name\":\"x%d\",\"Labels\":{}}},", i, i);
    text_addf(&services, "%s", SERVICE);
    set_lists(scene, services.ptr, TASK("t1", "10.0.0.1"));
    start_and_follow(scene);
    assert_int_equal(times_asked(scene, "GET /v1.41/tasks"), 3);
    set_lists(scene, SERVICE, "");
    provider_destroy(&scene->provider);
    text_fini(&services);
}

static void test_without_watching_all_is_read_once(void **state)
{
    struct scene *scene = *state;

    scene->options.watch = false;
    scene->options.refresh_ms = 10;
    start(scene);
    await_servers(scene, "10.0.0.1", 2000);
    usleep(100000);
    assert_int_equal(times_asked(scene, "GET /v1.41/services"), 1);
    assert_int_equal(times_asked(scene, "GET /v1.41/events"), 0);
}

/* -- when it is asked again -- */

/* Looks that no event asks for come 200, 600 and 1400 ms after the last change. */
static void let_looks_become_rare(void)
{
    usleep(700000);
}

static void test_events_of_services_nodes_networks_and_tasks_are_acted_on_at_once(void **state)
{
    struct scene *scene = *state;
    static const char *const kinds[] = {"service", "node", "network"};
    static const char *const tasks[] = {TASK("t2", "10.0.0.2"), TASK("t3", "10.0.0.3"), TASK("t4", "10.0.0.4")};
    static const char *const servers[] = {"10.0.0.2", "10.0.0.3", "10.0.0.4"};

    start_and_follow(scene);
    for (size_t i = 0; i < WB_COUNT(kinds); i++) {
        let_looks_become_rare();
        set_lists(scene, SERVICE, tasks[i]);
        send_event(scene, kinds[i], "update", "s1", "");
        await_servers(scene, servers[i], 500);
    }
    let_looks_become_rare();
    set_lists(scene, SERVICE, TASK("t5", "10.0.0.5"));
    send_task_event(scene, "start", "t5", "");
    await_servers(scene, "10.0.0.5", 500);
}

static void test_events_of_containers_that_are_no_tasks_ask_nothing(void **state)
{
    struct scene *scene = *state;

    start_and_follow(scene);
    let_looks_become_rare();
    unsigned before = times_asked(scene, "GET /v1.41/services");
    send_event(scene, "container", "start", "dddddddddddd", "");
    send_event(scene, "network", "connect", "n1", "\"container\":\"dddddddddddd\"");
    send_event(scene, "container", "die", "dddddddddddd", "");
    usleep(200000);
    assert_int_equal(times_asked(scene, "GET /v1.41/services"), before);
}

/* Tasks have no events: an update of a service is followed by looks that find them. */
static void test_tasks_that_come_after_an_event_are_found_without_another(void **state)
{
    struct scene *scene = *state;

    start_and_follow(scene);
    send_event(scene, "service", "update", "s1", "");
    usleep(100000);
    set_lists(scene, SERVICE, TASK("t2", "10.0.0.2"));
    await_servers(scene, "10.0.0.2", 700);
}

static void test_the_swarm_is_looked_at_when_the_refresh_is_due(void **state)
{
    struct scene *scene = *state;

    scene->options.refresh_ms = 100;
    start_and_follow(scene);
    usleep(400000);
    set_lists(scene, SERVICE, TASK("t2", "10.0.0.2"));
    await_servers(scene, "10.0.0.2", 500);
}

static void test_the_routers_own_networks_are_read_again_when_it_is_connected(void **state)
{
    struct scene *scene = *state;

    scene->options.own_id = SLICE("aaaaaaaaaaaa");
    start_and_follow(scene);
    usleep(250000);
    assert_int_equal(times_asked(scene, "GET /v1.41/containers/aaaaaaaaaaaa/json"), 1);
    send_event(scene, "network", "connect", "n1", "\"container\":\"" OWN "\"");
    for (int i = 0; i < 500 && times_asked(scene, "GET /v1.41/containers/aaaaaaaaaaaa/json") < 2; i++)
        usleep(1000);
    assert_int_equal(times_asked(scene, "GET /v1.41/containers/aaaaaaaaaaaa/json"), 2);
}

/* -- what events say by themselves -- */

static void test_a_task_that_is_told_to_end_leaves_though_it_is_still_listed(void **state)
{
    struct scene *scene = *state;

    set_lists(scene, SERVICE, TASK("t1", "10.0.0.1") "," TASK("t2", "10.0.0.2"));
    start(scene);
    await_servers(scene, "10.0.0.1 10.0.0.2", 2000);
    send_task_event(scene, "kill", "t1", ",\"signal\":\"1\"");
    expect_servers_stay(scene, "10.0.0.1 10.0.0.2", 100);
    send_task_event(scene, "kill", "t1", ",\"signal\":\"15\"");
    await_servers(scene, "10.0.0.2", 1000);
    expect_servers_stay(scene, "10.0.0.2", 700);                /* looks come and find it running */
    await_servers(scene, "10.0.0.1 10.0.0.2", 2500);            /* it outlived its grace of 0 s and 2 s more (decision 17) */
    send_task_event(scene, "kill", "t1", ",\"signal\":\"10\""); /* its own stop signal */
    await_servers(scene, "10.0.0.2", 1000);
}

static void test_a_task_that_died_does_not_come_back(void **state)
{
    struct scene *scene = *state;

    set_lists(scene, SERVICE, TASK("t1", "10.0.0.1") "," TASK("t2", "10.0.0.2"));
    start(scene);
    await_servers(scene, "10.0.0.1 10.0.0.2", 2000);
    send_task_event(scene, "die", "t2", "");
    await_servers(scene, "10.0.0.1", 1000);
    expect_servers_stay(scene, "10.0.0.1", 300);
    set_lists(scene, SERVICE, TASK("t1", "10.0.0.1") "," TASK("t3", "10.0.0.2"));
    await_servers(scene, "10.0.0.1 10.0.0.2", 2000); /* another task has the address */
}

static void test_a_paused_task_rests_until_it_goes_on(void **state)
{
    struct scene *scene = *state;

    set_lists(scene, SERVICE, TASK("t1", "10.0.0.1") "," TASK("t2", "10.0.0.2"));
    start(scene);
    await_servers(scene, "10.0.0.1 10.0.0.2", 2000);
    send_task_event(scene, "pause", "t1", "");
    await_servers(scene, "10.0.0.2", 1000);
    expect_servers_stay(scene, "10.0.0.2", 300);
    send_task_event(scene, "unpause", "t1", "");
    await_servers(scene, "10.0.0.1 10.0.0.2", 1000);
}

/* -- an engine that manages no Swarm -- */

static void test_an_engine_that_manages_no_swarm_says_what_to_do(void **state)
{
    struct scene *scene = *state;
    struct service_list services;
    char *error = NULL;
    struct engine *engine = engine_create(&scene->options, &error);

    set_services_status(scene, 503);
    assert_int_equal(engine_connect(engine), ENGINE_OK);
    assert_int_equal(engine_services(engine, &services), ENGINE_FAILED);
    assert_non_null(strstr(engine_error(engine), "This node is not a swarm manager"));
    assert_non_null(strstr(engine_error(engine), "or leave --docker.swarmMode out"));
    engine_destroy(&engine);
}

static void test_an_engine_that_steps_down_leaves_the_routes_as_they_are(void **state)
{
    struct scene *scene = *state;

    start_and_follow(scene);
    set_services_status(scene, 503);
    set_lists(scene, SERVICE, TASK("t2", "10.0.0.2"));
    send_event(scene, "node", "update", "x", "");
    expect_servers_stay(scene, "10.0.0.1", 400);
    set_services_status(scene, 200);
    await_servers(scene, "10.0.0.2", 3000);
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(test_the_swarm_is_read_by_the_filters_of_v17_and_nothing_is_written),
        WITH_SCENE(test_an_old_engine_is_asked_for_overlay_networks),
        WITH_SCENE(test_tasks_of_services_that_are_off_are_not_asked_for),
        WITH_SCENE(test_many_services_are_asked_for_in_parts),
        WITH_SCENE(test_without_watching_all_is_read_once),
        WITH_SCENE(test_events_of_services_nodes_networks_and_tasks_are_acted_on_at_once),
        WITH_SCENE(test_events_of_containers_that_are_no_tasks_ask_nothing),
        WITH_SCENE(test_tasks_that_come_after_an_event_are_found_without_another),
        WITH_SCENE(test_the_swarm_is_looked_at_when_the_refresh_is_due),
        WITH_SCENE(test_the_routers_own_networks_are_read_again_when_it_is_connected),
        WITH_SCENE(test_a_task_that_is_told_to_end_leaves_though_it_is_still_listed),
        WITH_SCENE(test_a_task_that_died_does_not_come_back),
        WITH_SCENE(test_a_paused_task_rests_until_it_goes_on),
        WITH_SCENE(test_an_engine_that_manages_no_swarm_says_what_to_do),
        WITH_SCENE(test_an_engine_that_steps_down_leaves_the_routes_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
