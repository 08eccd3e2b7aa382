/* SPDX-License-Identifier: MIT */
/* build_scene - containers as the engine describes them, and what is built of them. */
#pragma once
#include "waybill/provider/docker.h"
#include "docker/build.h"
#include "docker/decode.h"
#include "waybill/base/text.h"
#include "waybill/model/inventory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct scene {
    struct docker_options options;
    struct slices entrypoints;
    struct provider_sink sink;
    struct arena arena;
    struct container *containers[16];
    size_t count;
    struct network_list networks;
    struct build_output built;
};

static inline int set_up(void **state)
{
    struct scene *scene = wb_alloc(sizeof *scene);

    arena_init(&scene->arena, 0);
    slices_add(&scene->arena, &scene->entrypoints, SLICE("http"));
    scene->options = (struct docker_options){.domain = SLICE("t"), .exposed_by_default = true};
    scene->sink = (struct provider_sink){NULL, NULL, &scene->entrypoints, &scene->entrypoints, NULL};
    *state = scene;
    return 0;
}

static inline void drop_built(struct scene *scene)
{
    if (!scene->built.fragment)
        return;
    fragment_unref(&scene->built.fragment);
    inventory_unref(&scene->built.inventory);
    diagnostics_fini(scene->built.diagnostics);
    free(scene->built.diagnostics);
}

static inline int tear_down(void **state)
{
    struct scene *scene = *state;

    drop_built(scene);
    for (size_t i = 0; i < scene->count; i++)
        container_unref(&scene->containers[i]);
    arena_fini(&scene->arena);
    free(scene);
    return 0;
}

/* `more` are further members of the answer, each with a comma in front. */
static inline void add_with(struct scene *scene, const char *id, const char *name, const char *labels, const char *networks,
                            const char *state, const char *mode)
{
    char error[DECODE_ERROR_SIZE] = "";
    char *json = wb_format(
        "{\"Id\":\"%s\",\"Name\":\"/%s\",\"Created\":\"2026-01-01T00:00:00Z\",\"State\":{\"Running\":true,"
        "\"StartedAt\":\"S\"%s},\"HostConfig\":{\"NetworkMode\":\"%s\"},\"Config\":{\"Labels\":{%s}},"
        "\"NetworkSettings\":{\"Ports\":{\"80/tcp\":null},\"Networks\":{%s}}}",
        id, name, state, mode, labels, networks);
    struct container *container = decode_container(slice_of(json), error);

    assert_string_equal(error, "");
    assert_non_null(container);
    scene->containers[scene->count++] = container;
    free(json);
}

#define BRIDGE "\"bridge\":{\"NetworkID\":\"n0\",\"IPAddress\":\"172.17.0.2\"}"

static inline void add(struct scene *scene, const char *id, const char *name, const char *labels)
{
    add_with(scene, id, name, labels, BRIDGE, "", "bridge");
}

static inline const struct fragment *build(struct scene *scene)
{
    struct map by_id;

    drop_built(scene);
    map_init(&by_id);
    for (size_t i = 0; i < scene->count; i++)
        map_put(&by_id, scene->containers[i]->id, scene->containers[i]);
    struct build_input input = {
        &scene->options, &scene->sink, scene->containers, scene->count, &by_id, &scene->networks, NULL, 0};
    build_fragment(&input, &scene->built);
    map_fini(&by_id);
    return scene->built.fragment;
}

static inline enum container_state state_of(const struct scene *scene, size_t number)
{
    return container_why_state(scene->built.inventory->items[number].why);
}

static inline bool is_said(const struct scene *scene, const char *part)
{
    for (size_t i = 0; i < scene->built.diagnostics->count; i++) {
        const struct diagnostic *said = &scene->built.diagnostics->items[i];
        if (strstr(said->place, part) || strstr(said->text, part))
            return true;
    }
    return false;
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
