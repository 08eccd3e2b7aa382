/* SPDX-License-Identifier: MIT */
#include "service.h"
#include "waybill/base/log.h"
#include "waybill/base/notify.h"
#include <stdlib.h>

/* A provider that is away (an engine that is down, a file that cannot be read) does not keep the others' routes from being
 * served, so the service has started all the same after READY_LATEST_MS. */
enum { LOOK_MS = 10, READY_LATEST_MS = 20 * 1000, STOP_SLACK_MS = 5000 };

struct service {
    struct service_options options;
    struct notify notify;
    struct deadline look;
    uint64_t latest_ms; /* READY, whoever is away */
    enum { SERVICE_WAITING, SERVICE_ADOPTING, SERVICE_SERVING, SERVICE_STOPPING } state;
    bool silent_told; /* that a worker does not take its mail */
};

/* Whose configuration is not there yet; empty: all are. */
static struct slice find_missing(const struct service *service)
{
    const struct snapshot *snapshot = control_current(service->options.control);

    for (size_t i = 0; i < service->options.provider_count; i++)
        if (!snapshot || !model_fragment(&snapshot->model, service->options.providers[i]))
            return service->options.providers[i];
    return snapshot ? SLICE("") : SLICE("a configuration");
}

static void knock(struct service *service)
{
    for (size_t i = 0; i < service->options.worker_count; i++)
        worker_knock(service->options.workers[i]);
}

/* All have opened what they were mailed before they were knocked at. */
static bool all_answered(const struct service *service)
{
    for (size_t i = 0; i < service->options.worker_count; i++)
        if (!worker_answered(service->options.workers[i]))
            return false;
    return true;
}

static void wait_for_providers(struct service *service)
{
    if (find_missing(service).len && service->options.loop->now_ms < service->latest_ms)
        return;
    knock(service);
    service->state = SERVICE_ADOPTING;
}

static void wait_for_workers(struct service *service)
{
    struct slice missing = find_missing(service);

    if (!all_answered(service))
        return;
    if (missing.len)
        notify_send(&service->notify, "READY=1\nSTATUS=Serving; still waiting for " SLICE_FMT, SLICE_ARG(missing));
    else
        notify_send(&service->notify, "READY=1\nSTATUS=Serving");
    service->state = SERVICE_SERVING;
    knock(service);
}

/* Without a sign of life systemd ends the program and starts it anew, which is right: a worker that hangs serves nobody. */
static void give_sign(struct service *service)
{
    if (service->state == SERVICE_STOPPING || all_answered(service)) {
        notify_send(&service->notify, "WATCHDOG=1");
        service->silent_told = false;
        if (service->state == SERVICE_SERVING)
            knock(service);
        return;
    }
    if (!service->silent_told)
        wb_log_error("a worker does not answer: systemd is told of no sign of life until it does");
    service->silent_told = true;
}

static void on_look(struct deadline *deadline)
{
    struct service *service = WB_CONTAINER_OF(deadline, struct service, look);

    if (service->state == SERVICE_WAITING)
        wait_for_providers(service);
    else if (service->state == SERVICE_ADOPTING)
        wait_for_workers(service);
    else
        give_sign(service);
    if (service->state < SERVICE_SERVING)
        loop_set_deadline_in(service->options.loop, &service->look, LOOK_MS);
    else if (service->notify.watchdog_ms)
        loop_set_deadline_in(service->options.loop, &service->look, service->notify.watchdog_ms / 3);
}

struct service *service_create(const struct service_options *options)
{
    struct notify notify;

    if (!notify_open(&notify))
        return NULL;
    struct service *service = wb_alloc(sizeof *service);
    service->options = *options;
    service->notify = notify;
    service->latest_ms = options->loop->now_ms + READY_LATEST_MS;
    deadline_init(&service->look, on_look);
    loop_set_deadline_in(options->loop, &service->look, LOOK_MS);
    return service;
}

void service_stop(struct service *service, uint64_t within_ms)
{
    if (!service)
        return;
    notify_send(&service->notify, "STOPPING=1\nSTATUS=Finishing what is under way\nEXTEND_TIMEOUT_USEC=%llu",
                (unsigned long long)(within_ms + STOP_SLACK_MS) * 1000);
    service->state = SERVICE_STOPPING;
}

void service_destroy(struct service **service)
{
    if (!*service)
        return;
    loop_remove_deadline((*service)->options.loop, &(*service)->look);
    notify_close(&(*service)->notify);
    free(*service);
    *service = NULL;
}
