/* SPDX-License-Identifier: MIT */
/* swarm_lists - the three answers of an engine in a Swarm, and what is mustered of them. */
#pragma once
#include "docker/decode.h"
#include "docker/swarm.h"
#include "waybill/base/error.h"
#include <stdlib.h>

struct swarm_lists {
    struct service_list services;
    struct task_list tasks;
    struct network_list networks;
    struct stranger_list strangers;
    struct inspected *items;
    size_t count;
};

static size_t swarm_lists_read(struct swarm_lists *lists, const char *services, const char *tasks, const char *networks,
                               const char *strangers, const struct docker_options *options, const struct container *own)
{
    char error[DECODE_ERROR_SIZE];
    size_t skipped, skipped_tasks;

    *lists = (struct swarm_lists){0};
    arena_init(&lists->tasks.arena, 0);
    WB_REQUIRE(decode_services(slice_of(services), &lists->services, &skipped, error));
    WB_REQUIRE(decode_tasks(slice_of(tasks), &lists->tasks, &skipped_tasks, error));
    WB_REQUIRE(decode_networks(slice_of(networks), &lists->networks));
    WB_REQUIRE(decode_strangers(slice_of(strangers), &lists->strangers));
    struct swarm_scene scene = {options, &lists->services, &lists->tasks, &lists->networks, &lists->strangers, own};
    lists->items = swarm_muster(&scene, &lists->count);
    return skipped + skipped_tasks;
}

static void swarm_lists_fini(struct swarm_lists *lists)
{
    for (size_t i = 0; i < lists->count; i++)
        container_unref(&lists->items[i].container);
    free(lists->items);
    service_list_fini(&lists->services);
    task_list_fini(&lists->tasks);
    network_list_fini(&lists->networks);
    stranger_list_fini(&lists->strangers);
}
