/* SPDX-License-Identifier: MIT */
/* sim_buffering - scenes in which bodies are collected, and the threads that write and read their files. */
#pragma once
#include "sim_test.h"

/* Options of the next scene's backend. */
static struct model_buffering wanted_buffering;
static const char *wanted_retry;

static inline void set_buffering(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    backend->buffering = ARENA_NEW(arena, struct model_buffering);
    *backend->buffering = wanted_buffering;
    backend->buffering->retry_expression = slice_of(arena_strdup(arena, wanted_retry ? wanted_retry : ""));
}

static inline void publish_buffering(struct sim_scene *scene, const char *servers)
{
    const struct sim_route route = {.name = "a", .rule = "Host:a.test", .servers = servers, .set_options = set_buffering};
    sim_world_publish(scene->world, &route, 1);
}

static inline void begin_buffering(struct sim_scene *scene, uint64_t seed, const struct model_buffering *options,
                                   const char *expression)
{
    wanted_buffering = *options;
    wanted_retry = expression;
    scene_prepare(scene, seed);
    if (seed) /* pieces of any length, but not so small that the scripts, which read all anew, take long */
        scene->sim->wire = (struct sim_wire){
            .deliver_max = 9000, .socket_bytes = 20000, .absorb_max = 9000, .absorb_every_ms = 2, .random = true};
    scene_start(scene);
    publish_buffering(scene, SIM_SERVER_URL);
}

/* The world goes on, and the threads that write and read files with it. */
static inline void pass(struct sim_scene *scene, uint64_t ms)
{
    uint64_t until_ms = scene->sim->loop.now_ms + ms;

    do {
        sim_advance(scene->sim, ms / 50);
        sim_world_spool(scene->world);
    } while (scene->sim->loop.now_ms < until_ms);
}

static inline void expect_echo(struct sim_scene *scene, unsigned index, uint64_t id, size_t count)
{
    struct sim_message answer;

    assert_true(sim_client_answer(&scene->client, index, &answer));
    assert_int_equal(sim_message_status(&answer), 200);
    assert_true(sim_body_is(text_slice(&answer.body), id, count));
    assert_false(answer.chunked || answer.until_close);
    assert_int_equal(sim_message_field_count(&answer, "Content-Length"), 1);
    sim_message_fini(&answer);
}
