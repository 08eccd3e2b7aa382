/* SPDX-License-Identifier: MIT */
/*
 * deadline - one queue per worker for everything that must happen by a time.
 *
 * Moving a deadline later, and clearing it, is one store: the queue looks again when the old time comes. So a
 * connection may move its deadline with every byte. Thread: its worker. Owner: the object it is embedded in, which calls
 * deadline_queue_remove before it is freed.
 */
#pragma once
#include "waybill/base/error.h"
#include <stdbool.h>
#include <stdint.h>

#define DEADLINE_NEVER UINT64_MAX

struct deadline {
    uint64_t at_ms;     /* when it is due; DEADLINE_NEVER: it is not */
    uint64_t queued_ms; /* what the queue sorts by: at most at_ms, when queued */
    size_t place;       /* in the heap + 1; 0 = not queued */
    void (*fire)(struct deadline *deadline);
};

struct deadline_queue {
    struct deadline **heap;
    size_t count, capacity;
};

void deadline_init(struct deadline *deadline, void (*fire)(struct deadline *deadline));
void deadline_queue_init(struct deadline_queue *queue);
void deadline_queue_fini(struct deadline_queue *queue);
/* Returns true when it became the first of the queue: the loop must wake earlier. */
bool deadline_queue_set(struct deadline_queue *queue, struct deadline *deadline, uint64_t at_ms);
static inline void deadline_clear(struct deadline *deadline)
{
    deadline->at_ms = DEADLINE_NEVER;
}
void deadline_queue_remove(struct deadline_queue *queue, struct deadline *deadline);
/* When to look again; DEADLINE_NEVER: nothing queued. */
uint64_t deadline_queue_next(const struct deadline_queue *queue);
/* Fires all that is due at `now_ms`. A fire function may set, clear and remove any deadline. */
void deadline_queue_run(struct deadline_queue *queue, uint64_t now_ms);
