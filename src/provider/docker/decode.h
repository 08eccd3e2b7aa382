/* SPDX-License-Identifier: MIT */
/*
 * decode - the engine's JSON to plain structs. The text may be hostile (K4): truncated, huge, of other types,
 * not UTF-8. What cannot be used is left out and named; nothing of it crashes or grows without bound.
 *
 * Thread: any. No I/O.
 */
#pragma once
#include "container.h"

struct service_list;
struct task_list;
struct stranger_list;

enum { DECODE_ERROR_SIZE = 160 };

/* One container; NULL with a reason when it cannot be used at all. */
struct container *decode_container(struct slice json, char out_error[DECODE_ERROR_SIZE]);
/* Rows without an id are left out and counted. False: not a list. */
bool decode_list(struct slice json, struct container_list *out_list, size_t *out_skipped, char out_error[DECODE_ERROR_SIZE]);
/* `list` grows; the caller made its arena. */
bool decode_tasks(struct slice json, struct task_list *list, size_t *out_skipped, char out_error[DECODE_ERROR_SIZE]);
bool decode_services(struct slice json, struct service_list *out_list, size_t *out_skipped,
                     char out_error[DECODE_ERROR_SIZE]);
/* The engine's list of containers again: those of them that are no tasks. False: not a list. */
bool decode_strangers(struct slice json, struct stranger_list *out_list);
bool decode_networks(struct slice json, struct network_list *out_list);
/* False: not an event that is about a container, a network, or a service or node of a Swarm. */
bool decode_event(struct slice json, struct docker_event *out_event);
/* The engine's own version and the lowest it still speaks (equal to 1.12 when it does not say). */
bool decode_version(struct slice json, struct docker_version *out_own, struct docker_version *out_lowest);
