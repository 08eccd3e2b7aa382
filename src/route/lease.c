/* SPDX-License-Identifier: MIT */
#include "waybill/route/lease.h"
#include <stdlib.h>

struct lease *lease_create(struct snapshot **snapshot)
{
    struct lease *lease = wb_alloc(sizeof *lease);

    lease->snapshot = *snapshot;
    lease->users = 1;
    *snapshot = NULL;
    return lease;
}

void lease_drop(struct lease **lease)
{
    struct lease *dropped = *lease;

    *lease = NULL;
    if (!dropped)
        return;
    WB_REQUIRE(dropped->users > 0);
    if (--dropped->users > 0)
        return;
    snapshot_unref(&dropped->snapshot);
    free(dropped);
}
