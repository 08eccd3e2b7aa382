/* SPDX-License-Identifier: MIT */
/* sim_test - what every simulation test includes: cmocka, and a world with one server. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim_world.h"
#include <stdio.h>
#include <stdlib.h>

#define SIM_SERVER_URL "http://10.0.0.1:80"

struct sim_scene {
    struct sim_world *world;
    struct sim *sim;
    struct sim_server server;
    struct sim_client client;
};

static inline void scene_prepare(struct sim_scene *scene, uint64_t seed)
{
    scene->world = sim_world_create(seed);
    scene->sim = &scene->world->sim;
}

static inline void scene_start(struct sim_scene *scene)
{
    sim_world_start(scene->world);
    sim_server_init(&scene->server, scene->sim, "10.0.0.1", 80, "one");
    sim_world_serve(scene->world, SIM_SERVER_URL);
    sim_client_connect(&scene->client, scene->sim, scene->world->entry, "192.0.2.1");
}

static inline void scene_begin(struct sim_scene *scene)
{
    scene_prepare(scene, 0);
    scene_start(scene);
}

static inline void scene_end(struct sim_scene *scene)
{
    sim_server_fini(&scene->server);
    sim_world_destroy(&scene->world);
}
