/* SPDX-License-Identifier: MIT */
#include "waybill/route/snapshot.h"
#include "waybill/base/text.h"
#include <stdatomic.h>
#include <stdlib.h>

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

static int compare_shadows(const void *a, const void *b)
{
    uintptr_t one = (uintptr_t)((const struct route_shadow *)a)->frontend,
              other = (uintptr_t)((const struct route_shadow *)b)->frontend;

    return (one > other) - (one < other);
}

void snapshot_sort_shadows(struct snapshot *snapshot)
{
    if (snapshot->shadow_count)
        qsort(snapshot->shadows, snapshot->shadow_count, sizeof *snapshot->shadows, compare_shadows);
}

void route_shadow_explain(const struct route_shadow *shadow, struct text *out)
{
    text_addf(out,
              SLICE_FMT " is older and has the rule `" SLICE_FMT "` already (frontend " SLICE_FMT
                        ")%s; give this one another rule, or both the same traefik.backend if they are one service",
              SLICE_ARG(shadow->by_origin), SLICE_SHOWN(shadow->rule), SLICE_SHOWN(shadow->by->name),
              shadow->is_everywhere ? "" : ", on some of its entrypoints");
}

const struct route_shadow *snapshot_shadow(const struct snapshot *snapshot, const struct route_frontend *frontend)
{
    struct route_shadow wanted = {.frontend = frontend};

    return snapshot->shadow_count
               ? bsearch(&wanted, snapshot->shadows, snapshot->shadow_count, sizeof wanted, compare_shadows)
               : NULL;
}
