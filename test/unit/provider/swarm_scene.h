/* SPDX-License-Identifier: MIT */
/* swarm_scene - from an engine's answers about a Swarm to a fragment and an inventory, and what a test expects of them. */
#pragma once
#include "docker/build.h"
#include "swarm_lists.h"
#include "waybill/base/text.h"
#include "waybill/model/inventory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define NETWORKS                                                                                                  \
    "[{\"Id\":\"net1\",\"Name\":\"front\"},{\"Id\":\"net2\",\"Name\":\"zone\"},{\"Id\":\"net8\",\"Name\":\"a\"}," \
    "{\"Id\":\"net9\",\"Name\":\"ingress\",\"Ingress\":true}]"
#define SERVICE(id, name, labels, mode, more)                                                                       \
    "{\"ID\":\"" id "\",\"CreatedAt\":\"2026-01-01T00:00:00Z\",\"Spec\":{\"Name\":\"" name "\",\"Labels\":{" labels \
    "},\"Mode\":{\"" mode "\":{}},\"EndpointSpec\":{\"Mode\":\"vip\"}}" more "}"
#define WEB(labels)    "[" SERVICE("s1", "web", labels, "Replicated", "") "]"
#define PORT           "\"traefik.port\":\"80\""
#define VIP_LABEL      "\"traefik.backend.loadbalancer.swarm\":\"true\""
#define IN(net, where) "{\"Network\":{\"ID\":\"" net "\"},\"Addresses\":[\"" where "\"]}"
#define TASK(id, service, state, slot, networks)                                                                   \
    "{\"ID\":\"" id "\",\"ServiceID\":\"" service "\",\"Slot\":" slot ",\"DesiredState\":\"running\",\"Status\":{" \
    "\"State\":\"" state "\"},\"NetworksAttachments\":[" networks "]}"
#define ONE_TASK "[" TASK("t1", "s1", "running", "1", IN("net1", "10.0.1.11/24")) "]"

struct scene {
    struct docker_options options;
    struct slices entrypoints;
    struct provider_sink sink;
    struct arena arena;
    struct container *own;
    struct swarm_lists lists;
    struct build_output built;
};

static int set_up(void **state)
{
    struct scene *scene = wb_alloc(sizeof *scene);

    arena_init(&scene->arena, 0);
    slices_add(&scene->arena, &scene->entrypoints, SLICE("http"));
    scene->options = (struct docker_options){.domain = SLICE("t"), .exposed_by_default = true, .swarm_mode = true};
    scene->sink = (struct provider_sink){NULL, NULL, &scene->entrypoints, &scene->entrypoints, NULL};
    *state = scene;
    return 0;
}

static void drop_built(struct scene *scene)
{
    swarm_lists_fini(&scene->lists);
    fragment_unref(&scene->built.fragment);
    inventory_unref(&scene->built.inventory);
    if (scene->built.diagnostics)
        diagnostics_fini(scene->built.diagnostics);
    free(scene->built.diagnostics);
    scene->built.diagnostics = NULL;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    drop_built(scene);
    container_unref(&scene->own);
    arena_fini(&scene->arena);
    free(scene);
    return 0;
}

/* -- from the engine's answers to a fragment -- */

static void build_with(struct scene *scene, const char *services, const char *tasks, const char *strangers)
{
    struct container *containers[32];
    struct unreadable unreadable[32];
    struct map by_id;
    struct build_input input = {.options = &scene->options,
                                .sink = &scene->sink,
                                .containers = containers,
                                .by_id = &by_id,
                                .unreadable = unreadable,
                                .own = scene->own};

    drop_built(scene);
    swarm_lists_read(&scene->lists, services, tasks, NETWORKS, strangers, &scene->options, scene->own);
    input.networks = &scene->lists.networks;
    map_init(&by_id);
    for (size_t i = 0; i < scene->lists.count; i++) {
        struct inspected *item = &scene->lists.items[i];
        if (item->container)
            containers[input.count++] = item->container;
        else
            unreadable[input.unreadable_count++] = (struct unreadable){item->id, item->error};
    }
    build_fragment(&input, &scene->built);
    map_fini(&by_id);
}

static void build(struct scene *scene, const char *services, const char *tasks)
{
    build_with(scene, services, tasks, "[]");
}

static void set_own(struct scene *scene, const char *networks)
{
    char error[DECODE_ERROR_SIZE];
    char *json = wb_format(
        "{\"Id\":\"aaaaaaaaaaaa\",\"Name\":\"/router\",\"State\":{\"Running\":true},\"Config\":{\"Labels\":{"
        "\"com.docker.swarm.service.id\":\"s9\"}},\"NetworkSettings\":{\"Networks\":{%s}}}",
        networks);

    scene->own = decode_container(slice_of(json), error);
    assert_non_null(scene->own);
    free(json);
}

/* "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.1.11:80" */
static void expect_routes(struct scene *scene, const char *wanted)
{
    const struct fragment *fragment = scene->built.fragment;
    struct text got = TEXT_EMPTY;

    for (size_t i = 0; i < fragment->frontend_count; i++)
        text_addf(&got, "%s" SLICE_FMT " " SLICE_FMT " " SLICE_FMT, got.len ? "; " : "",
                  SLICE_ARG(fragment->frontends[i].name), SLICE_ARG(fragment->frontends[i].routes[0].rule),
                  SLICE_ARG(fragment->frontends[i].backend));
    for (size_t i = 0; i < fragment->backend_count; i++) {
        text_addf(&got, "%s" SLICE_FMT, got.len ? "; " : "", SLICE_ARG(fragment->backends[i].name));
        for (size_t k = 0; k < fragment->backends[i].server_count; k++)
            text_addf(&got, " " SLICE_FMT, SLICE_ARG(fragment->backends[i].servers[k].url));
    }
    char *text = text_take(&got);
    assert_string_equal(text, wanted);
    free(text);
}

/* "web.1 ROUTED, web.2 TASK_NOT_RUNNING" */
static void expect_states(struct scene *scene, const char *wanted)
{
    struct text got = TEXT_EMPTY;

    for (size_t i = 0; i < scene->built.inventory->count; i++) {
        const struct inventory_item *item = &scene->built.inventory->items[i];
        text_addf(&got, "%s" SLICE_FMT " %s", i ? ", " : "", SLICE_ARG(item->name), container_why_name(item->why));
    }
    char *text = text_take(&got);
    assert_string_equal(text, wanted);
    free(text);
}

static void expect_sentence(struct scene *scene, const char *name, const char *part)
{
    const struct inventory_item *item = inventory_find(scene->built.inventory, slice_of(name));

    assert_non_null(item);
    char *sentence = slice_dup(item->sentence);
    if (!strstr(sentence, part))
        fail_msg("`%s` is not in: %s", part, sentence);
    free(sentence);
}

static size_t times_said(const struct scene *scene, const char *part)
{
    size_t times = 0;

    for (size_t i = 0; i < scene->built.diagnostics->count; i++)
        times += strstr(scene->built.diagnostics->items[i].text, part) != NULL;
    return times;
}
