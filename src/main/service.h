/* SPDX-License-Identifier: MIT */
/*
 * service - the router as a service of systemd: READY when the first configuration of all providers is with all workers,
 * WATCHDOG while every worker takes its mail, STOPPING when it is told to end.
 *
 * Thread: main. Owner: the router.
 */
#pragma once
#include "waybill/control/control.h"

struct service;

struct service_options {
    struct loop *loop;
    struct control *control;
    struct worker *const *workers;
    size_t worker_count;
    const struct slice *providers; /* whose configurations are waited for */
    size_t provider_count;
};

/* NULL when nobody wants to hear. What it needs is copied, but for the pointers. */
struct service *service_create(const struct service_options *options);
/* The workers may end from now on; it takes `within_ms` at most. NULL is fine, as below. */
void service_stop(struct service *service, uint64_t within_ms);
void service_destroy(struct service **service);
