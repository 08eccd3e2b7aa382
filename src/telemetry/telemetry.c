/* SPDX-License-Identifier: MIT */
#include "telemetry_private.h"
#include "waybill/base/clock.h"
#include "waybill/route/snapshot.h"
#include <errno.h>
#include <stdlib.h>

struct telemetry *telemetry_create(const struct telemetry_options *options)
{
    struct telemetry *telemetry = wb_alloc(sizeof *telemetry);

    telemetry->options = *options;
    telemetry->started_wall_ns = clock_wall_ns();
    pthread_mutex_init(&telemetry->lock, NULL);
    return telemetry;
}

void telemetry_destroy(struct telemetry **telemetry)
{
    struct telemetry *ending = *telemetry;

    if (!ending)
        return;
    *telemetry = NULL;
    for (size_t i = 0; i < ending->pusher_count; i++)
        pusher_destroy(&ending->pushers[i]);
    if (ending->snapshot)
        snapshot_unref(&ending->snapshot);
    pthread_mutex_destroy(&ending->lock);
    free(ending);
}

void telemetry_publish(struct telemetry *telemetry, struct snapshot *snapshot)
{
    struct snapshot *before;

    pthread_mutex_lock(&telemetry->lock);
    before = telemetry->snapshot;
    telemetry->snapshot = snapshot_ref(snapshot);
    telemetry->reloads++;
    telemetry->last_reload_wall_ns = clock_wall_ns();
    pthread_mutex_unlock(&telemetry->lock);
    if (before)
        snapshot_unref(&before);
}

wb_err telemetry_push(struct telemetry *telemetry, const struct push_options *options)
{
    struct pusher *pusher;
    wb_err error;

    WB_REQUIRE(telemetry->pusher_count < PUSHERS_MAX);
    pusher = pusher_create(telemetry, options);
    error = pusher_start(pusher);
    if (error)
        pusher_destroy(&pusher);
    else
        telemetry->pushers[telemetry->pusher_count++] = pusher;
    return error;
}
