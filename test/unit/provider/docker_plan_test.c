/* SPDX-License-Identifier: MIT */
/* A container is read once: what fragments share stays right as others come and go, and is let go by whichever thread is last. */
#include "docker/build.h"
#include "docker/decode.h"
#include "waybill/base/text.h"
#include "waybill/model/inventory.h"
#include "waybill/model/json.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { CONTAINERS = 8, BUILDS = 200 };

struct scene {
    struct docker_options options;
    struct slice entrypoint;
    struct slices entrypoints;
    struct provider_sink sink;
    struct container *containers[CONTAINERS]; /* as the engine lists them */
    size_t count;
};

static int set_up(void **state)
{
    struct scene *scene = wb_alloc(sizeof *scene);

    scene->entrypoint = SLICE("http");
    scene->entrypoints = (struct slices){&scene->entrypoint, 1};
    scene->options = (struct docker_options){.domain = SLICE("t"), .exposed_by_default = true};
    scene->sink = (struct provider_sink){NULL, NULL, &scene->entrypoints, &scene->entrypoints, NULL};
    *state = scene;
    return 0;
}

static void remove_first(struct scene *scene)
{
    container_unref(&scene->containers[0]);
    scene->count--;
    for (size_t i = 0; i < scene->count; i++)
        scene->containers[i] = scene->containers[i + 1];
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    while (scene->count)
        remove_first(scene);
    free(scene);
    return 0;
}

static struct container *container_of(const char *name, const char *address, const char *labels)
{
    char error[DECODE_ERROR_SIZE] = "";
    char *json = wb_format("{\"Id\":\"%s\",\"Name\":\"/%s\",\"State\":{\"Running\":true},\"Config\":{\"Labels\":{%s}},"
                           "\"NetworkSettings\":{\"Ports\":{\"80/tcp\":null},\"Networks\":{\"n\":{\"IPAddress\":\"%s\"}}}}",
                           name, name, labels, address);
    struct container *container = decode_container(slice_of(json), error);

    assert_string_equal(error, "");
    free(json);
    return container;
}

/* As the engine does: the youngest comes first. */
static void add_first(struct scene *scene, const char *name, const char *address, const char *labels)
{
    for (size_t i = scene->count++; i > 0; i--)
        scene->containers[i] = scene->containers[i - 1];
    scene->containers[0] = container_of(name, address, labels);
}

static struct build_output build(struct scene *scene)
{
    static const struct network_list networks;
    struct build_output built;
    struct map by_id;

    map_init(&by_id);
    for (size_t i = 0; i < scene->count; i++)
        map_put(&by_id, scene->containers[i]->id, scene->containers[i]);
    build_fragment(&(struct build_input){.options = &scene->options,
                                         .sink = &scene->sink,
                                         .containers = scene->containers,
                                         .count = scene->count,
                                         .by_id = &by_id,
                                         .networks = &networks},
                   &built);
    map_fini(&by_id);
    return built;
}

static void drop(struct build_output *built)
{
    fragment_unref(&built->fragment);
    inventory_unref(&built->inventory);
    diagnostics_fini(built->diagnostics);
    free(built->diagnostics);
}

static char *document_of(const struct build_output *built)
{
    struct text document = TEXT_EMPTY;

    json_fragment(&document, built->fragment);
    return text_take(&document);
}

static void test_names_move_as_containers_come_and_earlier_fragments_stay(void **state)
{
    struct scene *scene = *state;

    add_first(scene, "a", "10.0.0.1", "");
    add_first(scene, "b", "10.0.0.2", "\"traefik.s.port\":\"1\"");
    struct build_output first = build(scene);
    char *before = document_of(&first);
    for (const char *const *name = (const char *const[]){"c", "d", "e", NULL}; *name; name++)
        add_first(scene, *name, "10.0.0.3", "");
    struct build_output second = build(scene);
    assert_non_null(fragment_frontend(first.fragment, SLICE("frontend-Host-a-t-1")));
    assert_non_null(fragment_frontend(first.fragment, SLICE("frontend-s-b-s"))); /* of a segment: no number */
    assert_non_null(fragment_frontend(second.fragment, SLICE("frontend-Host-a-t-4")));
    assert_non_null(fragment_frontend(second.fragment, SLICE("frontend-s-b-s")));
    assert_true(slice_eq(fragment_frontend(second.fragment, SLICE("frontend-Host-a-t-4"))->routes[0].name,
                         SLICE("route-frontend-Host-a-t-4")));
    assert_true(slice_eq(second.inventory->items[4].frontends[0].name, SLICE("frontend-Host-a-t-4")));
    while (scene->count)
        remove_first(scene);
    char *after = document_of(&first);
    assert_string_equal(before, after);
    drop(&first);
    assert_true(slice_eq(second.inventory->items[4].sentence, SLICE("`Host:a.t` to http://10.0.0.1:80")));
    drop(&second);
    free(before);
    free(after);
}

static void test_what_there_is_to_say_is_said_with_each_fragment(void **state)
{
    struct scene *scene = *state;

    add_first(scene, "a", "10.0.0.1",
              "\"traefik.weight\":\"x\",\"traefik.frontend.priority\":\"y\",\"traefik.backend.maxconn.amount\":\"z\","
              "\"traefik.backend.loadbalancer.method\":\"wwr\"");
    struct build_output first = build(scene);
    add_first(scene, "b", "10.0.0.2", "");
    struct build_output second = build(scene);
    assert_true(first.diagnostics->count >= 4);
    assert_int_equal(first.diagnostics->count, second.diagnostics->count);
    for (size_t i = 0; i < first.diagnostics->count; i++)
        assert_string_equal(first.diagnostics->items[i].text, second.diagnostics->items[i].text);
    assert_true(second.inventory->items[1].problem_count >= 3);
    assert_int_equal(first.inventory->items[0].problem_count, second.inventory->items[1].problem_count);
    drop(&first);
    drop(&second);
}

/* Of a backend the options of the first container hold; when that is gone, those of the next. */
static void test_options_of_a_backend_are_those_of_its_first_container(void **state)
{
    struct scene *scene = *state;

    add_first(scene, "a", "10.0.0.1", "\"traefik.backend\":\"x\",\"traefik.backend.loadbalancer.method\":\"drr\"");
    add_first(scene, "b", "10.0.0.2", "\"traefik.backend\":\"x\",\"traefik.backend.loadbalancer.method\":\"wrr\"");
    for (int i = 0; i < 2; i++) {
        struct build_output built = build(scene);
        const struct model_backend *backend = fragment_backend(built.fragment, SLICE("backend-x"));
        assert_int_equal(backend->server_count, 2 - i);
        assert_true(slice_eq(backend->load_balancer->method, i ? SLICE("drr") : SLICE("wrr")));
        drop(&built);
        remove_first(scene);
    }
}

static void test_an_address_that_changes_changes_the_name_of_the_server(void **state)
{
    struct scene *scene = *state;
    struct slice names[3];
    struct build_output built[3];

    /* It is reached by the network of another one, which comes back elsewhere: its own plan is the same. */
    add_first(scene, "a", "", "");
    scene->containers[0]->network_mode = SLICE("container:owner");
    for (size_t i = 0; i < 3; i++) {
        add_first(scene, "owner", i == 1 ? "10.0.0.2" : "10.0.0.1", "");
        built[i] = build(scene);
        names[i] = fragment_backend(built[i].fragment, SLICE("backend-a"))->servers[0].name;
        remove_first(scene);
    }
    assert_false(slice_eq(names[0], names[1]));
    assert_true(slice_eq(names[0], names[2]));
    for (size_t i = 0; i < 3; i++)
        drop(&built[i]);
}

/* -- other threads -- */

static void *read_and_drop(void *arg)
{
    struct build_output *built = arg;

    for (size_t i = 0; i < built->inventory->count; i++)
        assert_true(built->inventory->items[i].sentence.len > 0);
    free(document_of(built));
    drop(built);
    free(built);
    return NULL;
}

static void test_fragments_are_read_and_let_go_by_other_threads(void **state)
{
    static const char *const addresses[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};
    struct scene *scene = *state;
    pthread_t readers[BUILDS];

    for (size_t i = 0; i < BUILDS; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%zu", i);
        if (scene->count == CONTAINERS)
            remove_first(scene);
        add_first(scene, name, addresses[i % 3],
                  "\"traefik.backend\":\"x\",\"traefik.frontend.headers.customRequestHeaders\":\"B:1||A:2\"");
        struct build_output *built = wb_alloc(sizeof *built);
        *built = build(scene);
        assert_int_equal(pthread_create(&readers[i], NULL, read_and_drop, built), 0);
    }
    for (size_t i = 0; i < BUILDS; i++)
        pthread_join(readers[i], NULL);
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(test_names_move_as_containers_come_and_earlier_fragments_stay),
        WITH_SCENE(test_what_there_is_to_say_is_said_with_each_fragment),
        WITH_SCENE(test_options_of_a_backend_are_those_of_its_first_container),
        WITH_SCENE(test_an_address_that_changes_changes_the_name_of_the_server),
        WITH_SCENE(test_fragments_are_read_and_let_go_by_other_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
