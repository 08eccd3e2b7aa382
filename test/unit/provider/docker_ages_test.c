/* SPDX-License-Identifier: MIT */
/* Since when a frontend is there: the age of the oldest container of its service, kept while the service is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "docker/ages.h"
#include "build_scene.h"

static const char service[] = "\"com.docker.compose.project\":\"p\",\"com.docker.compose.service\":\"web\","
                              "\"traefik.frontend.rule\":\"Host:web.t\"";

static void add_of(struct scene *scene, const char *id, uint64_t created_ns, const char *labels)
{
    add(scene, id, id, labels);
    scene->containers[scene->count - 1]->created_ns = created_ns;
}

/* What is remembered: `gone`, and those that are there but serve nobody. */
static void build_all(struct scene *scene, struct ages *ages, bool remember, struct gone *gone)
{
    struct map by_id;

    drop_built(scene);
    map_init(&by_id);
    for (size_t i = 0; i < scene->count; i++)
        map_put(&by_id, scene->containers[i]->id, scene->containers[i]);
    struct build_input input = {.options = &scene->options,
                                .sink = &scene->sink,
                                .containers = scene->containers,
                                .count = scene->count,
                                .by_id = &by_id,
                                .networks = &scene->networks,
                                .remember = remember,
                                .gone = gone,
                                .gone_count = gone ? 1 : 0,
                                .ages = ages};
    build_fragment(&input, &scene->built);
    map_fini(&by_id);
}

static void build_with(struct scene *scene, struct ages *ages)
{
    build_all(scene, ages, false, NULL);
}

static void build_remembering(struct scene *scene, struct ages *ages, struct gone *gone)
{
    build_all(scene, ages, true, gone);
}

static void remove_first(struct scene *scene)
{
    container_unref(&scene->containers[0]);
    scene->count--;
    memmove(scene->containers, scene->containers + 1, scene->count * sizeof(struct container *));
}

static const struct model_frontend *only_frontend(const struct scene *scene)
{
    assert_int_equal(scene->built.fragment->frontend_count, 1);
    return &scene->built.fragment->frontends[0];
}

static void test_a_scaled_service_is_as_old_as_its_oldest_container(void **state)
{
    struct scene *scene = *state;

    add_of(scene, "new", 300, service); /* the engine lists the latest first */
    add_of(scene, "b-old", 100, service);
    add_of(scene, "a-old", 100, service);
    add_of(scene, "unknown", 0, service);
    build_with(scene, NULL);
    assert_int_equal(only_frontend(scene)->since, 100);
    assert_true(slice_eq(only_frontend(scene)->claimant, SLICE("a-old")));
}

static void test_a_service_keeps_its_age_while_its_containers_are_replaced(void **state)
{
    struct scene *scene = *state;
    struct ages ages;

    ages_init(&ages);
    add_of(scene, "first", 100, service);
    build_with(scene, &ages);
    add_of(scene, "second", 200, service);
    build_with(scene, &ages);
    remove_first(scene);
    build_with(scene, &ages);
    assert_int_equal(only_frontend(scene)->since, 100);
    assert_true(slice_eq(only_frontend(scene)->claimant, SLICE("first")));
    build_with(scene, NULL); /* by itself it is younger */
    assert_int_equal(only_frontend(scene)->since, 200);

    add_of(scene, "older", 50, service);
    build_with(scene, &ages);
    assert_int_equal(only_frontend(scene)->since, 50);
    assert_true(slice_eq(only_frontend(scene)->claimant, SLICE("older")));
    ages_fini(&ages);
}

static void test_a_service_that_was_gone_begins_anew(void **state)
{
    struct scene *scene = *state;
    struct ages ages;

    ages_init(&ages);
    add_of(scene, "first", 100, service);
    build_with(scene, &ages);
    remove_first(scene);
    build_with(scene, &ages);
    assert_int_equal(scene->built.fragment->frontend_count, 0);
    assert_int_equal(map_count(&ages.by_key), 0);
    add_of(scene, "second", 200, service);
    build_with(scene, &ages);
    assert_int_equal(only_frontend(scene)->since, 200);

    /* While it is ill nobody is served by it: the next one may have the rule. */
    scene->containers[0]->health = SLICE("unhealthy");
    build_with(scene, &ages);
    assert_int_equal(map_count(&ages.by_key), 0);
    ages_fini(&ages);
}

static void test_segments_have_ages_of_their_own(void **state)
{
    struct scene *scene = *state;
    struct ages ages;

    ages_init(&ages);
    add_of(scene, "one", 100, "\"traefik.a.port\":\"80\",\"traefik.b.port\":\"81\"");
    build_with(scene, &ages);
    assert_int_equal(map_count(&ages.by_key), 2);
    assert_int_equal(scene->built.fragment->frontends[0].since, 100);
    assert_int_equal(scene->built.fragment->frontends[1].since, 100);
    ages_fini(&ages);
}

/* Else whoever has an old container of any kind could take the rule of any younger one (security case K3). */
static void test_k3_an_age_is_no_claim_to_another_rule(void **state)
{
    static const char other[] = "\"com.docker.compose.project\":\"p\",\"com.docker.compose.service\":\"web\","
                                "\"traefik.frontend.rule\":\"Host:victim.t\"";
    struct scene *scene = *state;
    struct ages ages;

    ages_init(&ages);
    add_of(scene, "new", 300, other); /* the latest one makes the frontend of its service */
    add_of(scene, "old", 100, service);
    build_with(scene, NULL);
    assert_int_equal(only_frontend(scene)->since, 300);
    assert_true(slice_eq(only_frontend(scene)->claimant, SLICE("new")));

    remove_first(scene);
    build_with(scene, &ages);
    assert_int_equal(only_frontend(scene)->since, 100);
    remove_first(scene);
    add_of(scene, "new", 300, other);
    build_with(scene, &ages);
    assert_int_equal(only_frontend(scene)->since, 300);
    build_with(scene, &ages);
    assert_int_equal(only_frontend(scene)->since, 300);
    ages_fini(&ages);
}

/* `docker compose up` ends the old container before it makes the new one. */
static void test_k3_a_service_keeps_its_age_while_it_is_remembered(void **state)
{
    struct scene *scene = *state;
    struct ages ages;

    ages_init(&ages);
    add_of(scene, "first", 100, service);
    build_with(scene, &ages);
    struct gone gone = {.container = container_ref(scene->containers[0])};
    gone.container->is_running = false;
    remove_first(scene);
    build_remembering(scene, &ages, &gone);
    assert_true(gone.is_needed);
    assert_int_equal(scene->built.fragment->frontend_count, 0);
    add_of(scene, "second", 200, service);
    build_remembering(scene, &ages, &gone);
    assert_false(gone.is_needed);
    assert_int_equal(only_frontend(scene)->since, 100);

    scene->containers[0]->health = SLICE("unhealthy");
    build_remembering(scene, &ages, NULL);
    assert_int_equal(scene->built.fragment->remembered_count, 1);
    assert_int_equal(map_count(&ages.by_key), 1);
    remove_first(scene);
    build_remembering(scene, &ages, NULL);
    assert_int_equal(map_count(&ages.by_key), 0);
    container_unref(&gone.container);
    ages_fini(&ages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(test_a_scaled_service_is_as_old_as_its_oldest_container),
        WITH_SCENE(test_a_service_keeps_its_age_while_its_containers_are_replaced),
        WITH_SCENE(test_a_service_that_was_gone_begins_anew),
        WITH_SCENE(test_segments_have_ages_of_their_own),
        WITH_SCENE(test_k3_an_age_is_no_claim_to_another_rule),
        WITH_SCENE(test_k3_a_service_keeps_its_age_while_it_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
