/* SPDX-License-Identifier: MIT */
/*
 * swarm - what a Swarm is made of, and what Swarm mode routes of it: each running task as a container, or a service's
 * virtual IPs as one (spec/docker-provider.md 9). From there on naming, labels, filter and addresses are those of
 * containers.
 *
 * Thread: the provider's. No I/O. Lists own what is in them until their fini.
 */
#pragma once
#include "container.h"
#include "engine.h"
#include "waybill/provider/docker.h"

enum swarm_endpoint {
    ENDPOINT_OTHER,
    ENDPOINT_VIP,   /* the Swarm balances behind one address for each network */
    ENDPOINT_DNSRR, /* there are only the tasks' own addresses */
};

struct swarm_service {
    struct slice id, name;
    /* With its labels, and as its networks its virtual IPs: ids without names. NULL: see error. */
    struct container *container;
    char error[160];
    enum swarm_endpoint endpoint;
    bool is_global;   /* one task on each node: tasks have no slot */
    bool is_updating; /* its tasks are being replaced */
};
struct service_list {
    struct arena arena;
    struct swarm_service *items; /* in the engine's order */
    size_t count;
};

struct swarm_task {
    struct slice id, service;   /* ids */
    struct slice state, wanted; /* "running", "shutdown"... */
    struct slice trouble;       /* why it does not run, in the engine's words */
    unsigned slot;
    struct docker_network *networks; /* ids and addresses, without names */
    size_t network_count;
    struct swarm_task *next; /* of its service */
};
struct task_list {
    struct arena arena;
    struct swarm_task **items; /* in the engine's order */
    size_t count, capacity;
};

/* A container that is no task: it is only told why it is not routed. */
struct stranger {
    struct slice id, name;
};
struct stranger_list {
    struct arena arena;
    struct stranger *items;
    size_t count;
};

void service_list_fini(struct service_list *list);
void task_list_fini(struct task_list *list);
void stranger_list_fini(struct stranger_list *list);

/* It is routed by its tasks, so they have to be asked for. */
bool swarm_wants_tasks(const struct swarm_service *service, const struct docker_options *options);

struct swarm_scene {
    const struct docker_options *options;
    struct service_list *services;
    struct task_list *tasks; /* of the services that want them */
    const struct network_list *networks;
    const struct stranger_list *strangers;
    const struct container *own; /* the router's container; NULL: it runs in none of this engine */
};
/* One entry for each task that is to run, and for each service that has none or is taken as a whole, in the order by which
 * names are numbered; then the strangers. The array is to be freed, containers in it are the caller's; ids end with the scene's lists. */
struct inspected *swarm_muster(const struct swarm_scene *scene, size_t *out_count);
