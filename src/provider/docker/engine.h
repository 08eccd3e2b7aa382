/* SPDX-License-Identifier: MIT */
/*
 * engine - the part of the Docker Engine API that is used: reads only, from a fixed list of paths (security-cases K6).
 *
 * Thread: the provider's; engine_stop from any. Owner: the provider.
 */
#pragma once
#include "container.h"

struct docker_options;
struct service_list;
struct task_list;
struct stranger_list;

struct engine;

enum engine_outcome {
    ENGINE_OK,
    ENGINE_STOPPED,
    ENGINE_FAILED, /* engine_error says it: connect again */
};

/* What came of one inspect. */
struct inspected {
    struct slice id;             /* the caller's */
    struct container *container; /* NULL: gone or error; the caller's otherwise */
    bool is_gone;                /* the engine knows no such container */
    char error[256];             /* why there is none, when it is not gone */
};

enum { ENGINE_INSPECTS_MAX = 16 }; /* begun and not taken */

/* NULL: the endpoint or a file of TLS cannot be used; *out_error is a text to free. */
struct engine *engine_create(const struct docker_options *options, char **out_error);
void engine_destroy(struct engine **engine);
void engine_stop(struct engine *engine);

/* Fresh connections, /_ping, and the version of the API both sides speak. */
enum engine_outcome engine_connect(struct engine *engine);
/* Opens the stream of events, with those of a Swarm or without. What happens from now on comes by engine_next_event. */
enum engine_outcome engine_watch(struct engine *engine, bool swarm);
/* Waits for an event, or an inspect that was begun, at most this long. */
enum engine_outcome engine_wait(struct engine *engine, uint64_t timeout_ms);
bool engine_next_event(struct engine *engine, struct docker_event *out_event);
/* Just waits; can be stopped. */
enum engine_outcome engine_sleep(struct engine *engine, uint64_t timeout_ms);

enum engine_outcome engine_list(struct engine *engine, struct container_list *out_list);
/* Of a Swarm. FAILED also when the engine manages none, with what to do about it. */
enum engine_outcome engine_services(struct engine *engine, struct service_list *out_list);
/* The tasks of these services that are to run. */
enum engine_outcome engine_tasks(struct engine *engine, const struct slice *services, size_t count,
                                 struct task_list *out_list);
/* The networks that span the Swarm. */
enum engine_outcome engine_swarm_networks(struct engine *engine, struct network_list *out_list);
/* Containers that are no tasks. An engine that does not answer this gives an empty list: nothing of them is routed. */
enum engine_outcome engine_strangers(struct engine *engine, struct stranger_list *out_list);
/* One container by its id or the head of it; NULL when there is none. */
enum engine_outcome engine_container(struct engine *engine, struct slice id, struct container **out_container);
/* An engine that does not answer this gives an empty list: it is only needed for the names of compose. */
enum engine_outcome engine_networks(struct engine *engine, struct network_list *out_list);
/* Several at a time. FAILED only when the engine does not answer at all. */
enum engine_outcome engine_inspect(struct engine *engine, struct inspected *items, size_t count);
/* Begins an inspect, so that one that takes long (the engine holds it back while a container starts or goes) holds up nobody.
 * False: not now, there are too many, or one of this container is under way. */
bool engine_inspect_begin(struct engine *engine, struct slice id);
/* What came of one that has ended; its id is valid until the next call. Those under way at engine_connect or _sleep are lost. */
bool engine_inspect_next(struct engine *engine, struct inspected *out_item);
/* Somebody else listens at the endpoint now. */
bool engine_was_replaced(const struct engine *engine);
const char *engine_error(const struct engine *engine);
