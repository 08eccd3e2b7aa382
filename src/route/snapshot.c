/* SPDX-License-Identifier: MIT */
#include "waybill/route/snapshot.h"
#include <stdatomic.h>

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    /* Relaxed: who takes a reference already has one. */
    unsigned before = atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
    WB_REQUIRE(before > 0);
    return snapshot;
}

void snapshot_unref(struct snapshot **snapshot)
{
    struct snapshot *old = *snapshot;
    *snapshot = NULL;
    if (!old)
        return;
    /* Release: what this thread did with the snapshot comes before its end; acquire: so does what all others did. */
    unsigned before = atomic_fetch_sub_explicit(&old->refs, 1, memory_order_acq_rel);
    WB_REQUIRE(before > 0);
    if (before == 1)
        old->retire(old, old->retire_arg);
}
