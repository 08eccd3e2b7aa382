/* SPDX-License-Identifier: MIT */
/*
 * lease - a worker's hold on a snapshot, shared by the exchanges that began with it.
 *
 * The worker takes one atomic reference when it adopts a snapshot; exchanges count on the lease with a plain integer.
 * When the worker has moved on and the last exchange has dropped it, the reference goes back, and the last
 * worker's goes to control by mail. Thread: one worker. Owner: its users together; the last drop frees it.
 */
#pragma once
#include "waybill/route/snapshot.h"

struct lease {
    struct snapshot *snapshot; /* one reference, ours */
    unsigned users;            /* the worker itself while it is current, plus each exchange */
};

/* Takes over the reference. The worker is its first user. */
struct lease *lease_create(struct snapshot **snapshot);
static inline struct lease *lease_use(struct lease *lease)
{
    lease->users++;
    return lease;
}
/* Nulls. */
void lease_drop(struct lease **lease);
