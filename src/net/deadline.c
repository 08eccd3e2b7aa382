/* SPDX-License-Identifier: MIT */
#include "waybill/net/deadline.h"
#include <stdlib.h>

void deadline_init(struct deadline *deadline, void (*fire)(struct deadline *deadline))
{
    *deadline = (struct deadline){.at_ms = DEADLINE_NEVER, .fire = fire};
}

void deadline_queue_init(struct deadline_queue *queue)
{
    *queue = (struct deadline_queue){0};
}

void deadline_queue_fini(struct deadline_queue *queue)
{
    WB_REQUIRE(queue->count == 0);
    free(queue->heap);
    deadline_queue_init(queue);
}

static void put(struct deadline_queue *queue, size_t at, struct deadline *deadline)
{
    queue->heap[at] = deadline;
    deadline->place = at + 1;
}

static void sift_up(struct deadline_queue *queue, size_t at)
{
    struct deadline *moving = queue->heap[at];
    while (at > 0) {
        size_t parent = (at - 1) / 2;
        if (queue->heap[parent]->queued_ms <= moving->queued_ms)
            break;
        put(queue, at, queue->heap[parent]);
        at = parent;
    }
    put(queue, at, moving);
}

static void sift_down(struct deadline_queue *queue, size_t at)
{
    struct deadline *moving = queue->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= queue->count)
            break;
        if (child + 1 < queue->count && queue->heap[child + 1]->queued_ms < queue->heap[child]->queued_ms)
            child++;
        if (moving->queued_ms <= queue->heap[child]->queued_ms)
            break;
        put(queue, at, queue->heap[child]);
        at = child;
    }
    put(queue, at, moving);
}

bool deadline_queue_set(struct deadline_queue *queue, struct deadline *deadline, uint64_t at_ms)
{
    deadline->at_ms = at_ms;
    if (at_ms == DEADLINE_NEVER)
        return false;
    if (deadline->place) {
        if (deadline->queued_ms <= at_ms)
            return false; /* looked at when the old time comes */
        deadline->queued_ms = at_ms;
        sift_up(queue, deadline->place - 1);
        return deadline->place == 1;
    }
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity ? queue->capacity * 2 : 64;
        queue->heap = wb_realloc(queue->heap, queue->capacity * sizeof(struct deadline *));
    }
    deadline->queued_ms = at_ms;
    put(queue, queue->count++, deadline);
    sift_up(queue, queue->count - 1);
    return deadline->place == 1;
}

void deadline_queue_remove(struct deadline_queue *queue, struct deadline *deadline)
{
    deadline->at_ms = DEADLINE_NEVER;
    if (!deadline->place)
        return;
    size_t at = deadline->place - 1;
    struct deadline *last = queue->heap[--queue->count];
    deadline->place = 0;
    if (last == deadline)
        return;
    put(queue, at, last);
    sift_up(queue, at);
    sift_down(queue, last->place - 1);
}

uint64_t deadline_queue_next(const struct deadline_queue *queue)
{
    return queue->count ? queue->heap[0]->queued_ms : DEADLINE_NEVER;
}

void deadline_queue_run(struct deadline_queue *queue, uint64_t now_ms)
{
    while (queue->count && queue->heap[0]->queued_ms <= now_ms) {
        struct deadline *first = queue->heap[0];
        if (first->at_ms > now_ms && first->at_ms != DEADLINE_NEVER) {
            first->queued_ms = first->at_ms;
            sift_down(queue, 0);
            continue;
        }
        bool due = first->at_ms != DEADLINE_NEVER;
        deadline_queue_remove(queue, first);
        if (due)
            first->fire(first);
    }
}
