/* SPDX-License-Identifier: MIT */
#include "sim_crowd.h"
#include "waybill/route/thread.h"
#include <stdlib.h>

struct sim_crowd *sim_crowd_create(unsigned spool_threads)
{
    struct sim_crowd *crowd = wb_alloc(sizeof *crowd);

    pthread_mutex_init(&crowd->lock, NULL);
    for (unsigned i = 0; i < SIM_CROWD; i++) {
        struct sim_world *world = crowd->workers[i] = sim_world_create(i + 1);
        world->crowd = crowd;
        world->leader = i ? crowd->workers[0] : NULL;
        world->env.worker = world->upstream.worker = i;
        world->upstream.workers = SIM_CROWD;
    }
    crowd->workers[0]->spool.threads = spool_threads;
    return crowd;
}

void sim_crowd_start(struct sim_crowd *crowd)
{
    for (unsigned i = 0; i < SIM_CROWD; i++)
        sim_world_start(crowd->workers[i]);
}

/* As control does it: not on the thread of the worker that was the last. */
static void free_retired(struct sim_crowd *crowd)
{
    for (size_t i = 0; i < crowd->retired_count; i++)
        compiler_free_snapshot(crowd->workers[0]->compiler, crowd->retired[i]);
    crowd->retired_count = 0;
}

void sim_crowd_retire(struct sim_crowd *crowd, struct snapshot *snapshot)
{
    pthread_mutex_lock(&crowd->lock);
    WB_REQUIRE(crowd->retired_count < SIM_RETIRED_MAX);
    crowd->retired[crowd->retired_count++] = snapshot;
    pthread_mutex_unlock(&crowd->lock);
}

void sim_crowd_adopt(struct sim_crowd *crowd, struct snapshot *snapshot)
{
    for (unsigned i = 1; i < SIM_CROWD; i++)
        sim_world_adopt(crowd->workers[i], snapshot_ref(snapshot));
}

void sim_crowd_publish(struct sim_crowd *crowd, const struct sim_route *routes, size_t count)
{
    sim_world_publish(crowd->workers[0], routes, count);
    free_retired(crowd);
}

static void *live_through(void *arg)
{
    struct sim_world *world = arg;

    route_use_thread(world->env.worker + 1);
    for (uint64_t i = 0; i < world->crowd->round_ms; i++) {
        sim_advance(&world->sim, 1);
        mailbox_open_all(&world->sim.loop.mailbox, NULL);
    }
    sim_settle(&world->sim);
    return NULL;
}

void sim_crowd_round(struct sim_crowd *crowd, uint64_t ms)
{
    pthread_t threads[SIM_CROWD];

    crowd->round_ms = ms;
    for (unsigned i = 0; i < SIM_CROWD; i++)
        WB_REQUIRE(pthread_create(&threads[i], NULL, live_through, crowd->workers[i]) == 0);
    for (unsigned i = 0; i < SIM_CROWD; i++)
        pthread_join(threads[i], NULL);
    free_retired(crowd);
}

void sim_crowd_destroy(struct sim_crowd **crowd)
{
    struct sim_crowd *ending = *crowd;

    *crowd = NULL;
    for (unsigned i = 0; i < SIM_CROWD; i++)
        sim_world_stop(ending->workers[i]);
    free_retired(ending);
    sim_world_free_shared(ending->workers[0]);
    for (unsigned i = 0; i < SIM_CROWD; i++)
        sim_world_free(&ending->workers[i]);
    pthread_mutex_destroy(&ending->lock);
    free(ending);
}
