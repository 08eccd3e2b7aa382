/* SPDX-License-Identifier: MIT */
/*
 * inventory - what a provider saw: each container in exactly one state, with a code, the sentence that says why, and the
 * values that decided it. Delivered beside the fragment; what is shown of it is never worked out a second time.
 *
 * Thread: the builder's until delivered; any after. Owner: reference count. Texts are in its arena, in what it keeps, or in
 * those of the inventory it revises, which it holds.
 */
#pragma once
#include "waybill/base/arena.h"
#include "waybill/base/keep.h"
#include "waybill/model/diagnostic.h"

enum container_state {
    CONTAINER_ROUTED,
    CONTAINER_IGNORED,  /* nobody asked for it */
    CONTAINER_WAITING,  /* it will be routed when it is healthy, has an address... */
    CONTAINER_REJECTED, /* its labels or what the engine says of it cannot be used */
};

/* code, state, what it means in general: the sentence of a container says it in particular */
#define CONTAINER_CODES(X)                                                                       \
    X(ROUTED, ROUTED, "requests reach it")                                                       \
    X(DISABLED, IGNORED, "its label traefik.enable is false")                                    \
    X(NOT_ENABLED, IGNORED, "exposedByDefault is off and it has no label traefik.enable=true")   \
    X(NO_RULE, IGNORED, "it has no rule, and without a domain there is none by default")         \
    X(NO_PORT, IGNORED, "it exposes no port and no label traefik.port names one")                \
    X(CONSTRAINT, IGNORED, "its tags do not meet a constraint")                                  \
    X(IS_ROUTER, IGNORED, "it is the router itself, and no label asks to route to it")           \
    X(SWARM_TASK, IGNORED, "it is a task of a swarm service, and the provider reads containers") \
    X(NOT_SWARM, IGNORED, "it is no swarm service, and the provider reads services")             \
    X(NOT_RUNNING, IGNORED, "it is not running")                                                 \
    X(STARTING, WAITING, "its health check has not passed yet")                                  \
    X(UNHEALTHY, WAITING, "its health check fails")                                              \
    X(PAUSED, WAITING, "it is paused")                                                           \
    X(RESTARTING, WAITING, "it is restarting")                                                   \
    X(STOPPING, WAITING, "it is being ended")                                                    \
    X(TASK_NOT_RUNNING, WAITING, "its task in the Swarm does not run yet")                       \
    X(NO_TASK, WAITING, "no task of the service is to run")                                      \
    X(NO_VIRTUAL_IP, WAITING, "the service has no virtual IP of its own")                        \
    X(NO_NETWORK, WAITING, "it is in no network")                                                \
    X(NO_ADDRESS, WAITING, "it has no address in the network that counts")                       \
    X(NO_SHARED_NETWORK, WAITING, "the router is not in the network of its address")             \
    X(NETWORK_OWNER_DOWN, WAITING, "it uses the network of a container that is not running")     \
    X(LABEL, REJECTED, "the value of a label cannot be used")                                    \
    X(TOO_MANY_SEGMENTS, REJECTED, "its labels make too many segments")                          \
    X(NOT_READABLE, REJECTED, "the engine does not say what it is")                              \
    X(NAME_TAKEN, REJECTED, "another container has a frontend of this name")                     \
    X(RULE, REJECTED, "its rule cannot be understood")                                           \
    X(RULE_TAKEN, REJECTED, "another backend has this rule already")                             \
    X(NO_ENTRYPOINT, REJECTED, "none of its entrypoints exists")                                 \
    X(NO_BACKEND, REJECTED, "its backend has no server that can be used")                        \
    X(CLOSED, REJECTED, "an option that protects cannot be understood: it answers 503")

/* Why a container is in its state. */
enum container_why {
#define CONTAINER_WHY(code, state, text) WHY_##code,
    CONTAINER_CODES(CONTAINER_WHY)
#undef CONTAINER_WHY
        WHY_COUNT,
};

/* What decided: a label, the constraint, the tags, the networks of both sides... */
struct inventory_value {
    struct slice name, value;
};

struct inventory_frontend {
    struct slice name, rule, backend;
};

struct inventory_server {
    struct slice backend, name, url;
};

struct inventory_problem {
    enum severity severity;
    struct slice label; /* empty: about none in particular */
    struct slice text;
};

struct inventory_item {
    struct arena *arena;   /* where what is added to it goes */
    struct slice id, name; /* the name without its slash */
    struct slice service;  /* as names are made of it: "/web", "web_project"; empty: not known */
    enum container_why why;
    struct slice sentence; /* never empty */
    uint64_t since_ns;     /* in this state, by the wall clock; 0: set when it is followed */
    struct inventory_value *values;
    size_t value_count;
    struct inventory_frontend *frontends; /* those it is behind, whoever of its service made them */
    size_t frontend_count;
    struct inventory_server *servers; /* those it is */
    size_t server_count;
    struct inventory_problem *problems;
    size_t problem_count;
};

struct inventory {
    struct arena arena;
    struct keep keep;
    _Atomic unsigned refs;
    struct inventory *base; /* whose texts ours may point to; NULL: none. One reference */
    struct slice provider;
    struct inventory_item *items; /* in the provider's order */
    size_t count, capacity;
};

/* "UNHEALTHY", "waiting" of a code; what the code means. */
const char *container_why_name(enum container_why why);
enum container_state container_why_state(enum container_why why);
const char *container_why_meaning(enum container_why why);
/* "routed", "ignored"... */
const char *container_state_name(enum container_state state);

/* One reference, the caller's. Holds at most `capacity` items. */
struct inventory *inventory_create(struct slice provider, size_t capacity);
/* A copy whose items may be changed; it shares the texts and holds the other for that. */
struct inventory *inventory_revise(struct inventory *inventory);
struct inventory *inventory_ref(struct inventory *inventory);
void inventory_unref(struct inventory **inventory);

/* While it is built. What is given is copied. */
struct inventory_item *inventory_add(struct inventory *inventory, struct slice id, struct slice name);
/* The same with all that was decided for `draft`, whose texts and lists are shared: the inventory keeps what they are in. */
struct inventory_item *inventory_add_draft(struct inventory *inventory, const struct inventory_item *draft);
/* Replaces what was decided before; values of that are dropped. */
void inventory_decide(struct inventory_item *item, enum container_why why, const char *form, ...) WB_PRINTF(3, 4);
/* The same with a sentence that is in the item's arena, or in what its inventory keeps. */
void inventory_settle(struct inventory_item *item, enum container_why why, struct slice sentence);
void inventory_add_value(struct inventory_item *item, const char *name, struct slice value);
void inventory_add_frontend(struct inventory_item *item, const struct inventory_frontend *frontend);
void inventory_add_server(struct inventory_item *item, const struct inventory_server *server);
/* What the list says of "container NAME" and of "container NAME, label LABEL". */
void inventory_add_problems(struct inventory *inventory, const struct diagnostics *list);

/* The same but for `since_ns`: nothing to tell anybody. */
bool inventory_equal(const struct inventory *a, const struct inventory *b);
/* By id, which may be cut off, or by name. NULL: none, or the beginning of several ids. */
const struct inventory_item *inventory_find(const struct inventory *inventory, struct slice name_or_id);
