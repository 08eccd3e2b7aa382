/* SPDX-License-Identifier: MIT */
/*
 * container - what the engine says of one container, as plain structs (spec/docker-provider.md 2).
 *
 * Thread: the provider's; its texts may be read, and references let go, by any. Owner: reference count: the census, and each
 * fragment and inventory that points into it. Its texts are in its own arena.
 */
#pragma once
#include "waybill/base/arena.h"
#include "waybill/model/inventory.h"

struct docker_label {
    struct slice name, value;
    size_t position; /* where it stood in the engine's answer */
};

struct docker_network {
    struct slice name, id;
    struct slice address;  /* IPv4, or what the engine puts there */
    struct slice address6; /* GlobalIPv6Address */
    bool is_ingress;
};

struct docker_port {
    unsigned number;
    struct slice protocol;           /* "tcp" */
    bool is_bound;                   /* published: */
    struct slice host_ip, host_port; /* of its first binding */
};

struct plan;

struct container {
    struct arena arena;
    _Atomic unsigned refs;
    struct plan *plan;       /* what it asks for; NULL: not read yet */
    struct slice id, name;   /* name as the engine gives it, with its slash */
    struct slice started_at; /* text of the engine: only compared */
    uint64_t created_ns;     /* since 1970; 0 = unknown */
    bool is_running, is_paused, is_restarting;
    bool is_stopping;          /* it got a signal that ends it (not the engine's word: census) */
    int stop_signal;           /* that asks it to end; 0: not known */
    unsigned stop_timeout_s;   /* how long it may take then */
    struct slice health;       /* empty: no health check */
    struct slice network_mode; /* "bridge", "host", "container:<id>" */
    struct slice node_address; /* of a classic Swarm */
    const char *doubt;         /* why it could not be looked at again; NULL: it could. The census's */

    /* What Swarm mode makes a container of: a task, or a whole service. Empty in others. */
    struct slice service;     /* the service's name */
    struct slice not_serving; /* why it cannot serve now, with the code for it */
    enum container_why not_serving_why;
    struct slice remark; /* what its owner should know though it serves */
    bool is_router;      /* a task of the router's own service */

    struct docker_label *labels; /* sorted by name, each once */
    size_t label_count;
    struct docker_network *networks; /* sorted by name */
    size_t network_count;
    struct docker_port *ports; /* sorted by number */
    size_t port_count;
};

/* One row of the engine's list: the order, and what tells a changed container cheaply. */
struct listed_container {
    struct slice id;
    uint64_t facts; /* hash of state, names, networks, ports, labels and health */
};
struct container_list {
    struct arena arena;
    struct listed_container *items;
    size_t count;
};

/* A network of the engine; compose names it otherwise than the file does. */
struct named_network {
    struct slice id, name;
    struct slice key; /* label com.docker.compose.network */
    bool is_ingress;  /* of the Swarm's own balancing of published ports */
};
struct network_list {
    struct arena arena;
    struct named_network *items;
    size_t count;
};

struct docker_event {
    char action[32];    /* cut off where it is longer */
    char container[72]; /* id; empty when it is about none */
    int signal;         /* of a `kill`; 0: not known */
    char task[72];      /* of a Swarm, that the container runs */
    bool about_network;
    bool about_swarm; /* a service or a node of it */
};

struct docker_version {
    unsigned major, minor; /* 1.44 */
};

/* The value of a label; empty when it is not there. */
struct slice container_label(const struct container *container, struct slice name);
const struct docker_network *container_network(const struct container *container, struct slice name);
/* The name without its slash. */
struct slice container_short_name(const struct container *container);
/* Empty, one reference. */
struct container *container_create(void);
struct container *container_ref(struct container *container);
/* Nulls; the last one frees. */
void container_unref(struct container **container);
void container_list_fini(struct container_list *list);
void network_list_fini(struct network_list *list);
