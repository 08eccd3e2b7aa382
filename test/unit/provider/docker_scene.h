/* SPDX-License-Identifier: MIT */
/* docker_scene - the docker provider with a scripted engine, and what it delivered last. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "engine_script.h"
#include "waybill/base/clock.h"
#include "waybill/base/log.h"
#include "waybill/base/text.h"
#include "waybill/model/board.h"
#include "waybill/model/inventory.h"
#include "waybill/provider/docker.h"

struct scene {
    struct engine_script *engine;
    struct docker_options options; /* a test changes them before it starts */
    struct provider_sink sink;
    struct slice entrypoint;
    struct slices entrypoints;
    struct provider *provider;
    pthread_mutex_t lock;
    struct fragment *fragment; /* the last one; the same for the inventory */
    struct inventory *inventory;
    struct board *board;
    int deliveries;
};

static inline void deliver(void *arg, struct slice provider, struct delivery *delivery)
{
    struct scene *scene = arg;

    (void)provider;
    pthread_mutex_lock(&scene->lock);
    if (delivery->fragment) {
        fragment_unref(&scene->fragment);
        scene->fragment = delivery->fragment;
        scene->deliveries++;
    }
    if (delivery->inventory) {
        inventory_unref(&scene->inventory);
        scene->inventory = delivery->inventory;
    }
    pthread_mutex_unlock(&scene->lock);
    if (delivery->diagnostics)
        diagnostics_fini(delivery->diagnostics);
    free(delivery->diagnostics);
}

/* -- the scene -- */

static inline int set_up(void **state)
{
    struct scene *scene = wb_alloc(sizeof *scene);

    snprintf(socket_path, sizeof socket_path, "/tmp/docker_scene_%d.sock", (int)getpid());
    log_set_level(LOG_FATAL);
    pthread_mutex_init(&scene->lock, NULL);
    scene->entrypoint = SLICE("http");
    scene->entrypoints = (struct slices){&scene->entrypoint, 1};
    scene->board = board_create();
    scene->sink = (struct provider_sink){deliver, scene, &scene->entrypoints, &scene->entrypoints, scene->board};
    scene->options = (struct docker_options){
        .domain = SLICE("t"), .watch = true, .exposed_by_default = true, .remember_ms = 60000, .gather_ms = 50};
    scene->engine = script_create();
    *state = scene;
    return 0;
}

static inline void start(struct scene *scene)
{
    char *endpoint = wb_format("unix://%s", socket_path);

    scene->options.endpoint = slice_of(endpoint);
    scene->provider = docker_provider_create(&scene->options, &scene->sink);
    free(endpoint); /* it has its own copy */
    assert_int_equal(scene->provider->ops->start(scene->provider), 0);
}

static inline void start_with(struct scene *scene, uint64_t resync_ms, uint64_t answer_ms)
{
    scene->options.resync_ms = resync_ms;
    scene->options.answer_ms = answer_ms;
    start(scene);
}

static inline int tear_down(void **state)
{
    struct scene *scene = *state;

    provider_destroy(&scene->provider);
    if (scene->engine)
        script_destroy(scene->engine);
    fragment_unref(&scene->fragment);
    inventory_unref(&scene->inventory);
    board_destroy(&scene->board);
    pthread_mutex_destroy(&scene->lock);
    unlink(socket_path);
    free(scene);
    return 0;
}

/* "a=10.0.0.1 b=10.0.0.2", sorted by name; "-" before the first delivery. */
static inline char *routes_of(struct scene *scene)
{
    struct text routes = TEXT_EMPTY;

    pthread_mutex_lock(&scene->lock);
    if (!scene->fragment)
        text_add_char(&routes, '-');
    for (size_t i = 0; scene->fragment && i < scene->fragment->backend_count; i++) {
        const struct model_backend *backend = &scene->fragment->backends[i];
        struct slice url = slice_from(backend->servers[0].url, 7);
        text_addf(&routes, "%s" SLICE_FMT "=" SLICE_FMT, i ? " " : "", SLICE_ARG(slice_from(backend->name, 8)),
                  SLICE_ARG(slice_head(url, slice_find(url, ':'))));
    }
    pthread_mutex_unlock(&scene->lock);
    return text_take(&routes);
}

/* Converges within the time, and then stays. */
static inline void await_routes(struct scene *scene, const char *wanted, uint64_t within_ms)
{
    uint64_t end = clock_monotonic_ms() + within_ms;

    for (;;) {
        char *routes = routes_of(scene);
        bool same = strcmp(routes, wanted) == 0;
        if (!same && clock_monotonic_ms() > end)
            fail_msg("wanted %s, have %s after %llu ms", wanted, routes, (unsigned long long)within_ms);
        free(routes);
        if (same)
            return;
        usleep(2000);
    }
}

static inline void await_streams(struct scene *scene, int count)
{
    for (int i = 0; i < 3000 && atomic_load(&scene->engine->streams) < count; i++)
        usleep(1000);
    assert_true(atomic_load(&scene->engine->streams) >= count);
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
