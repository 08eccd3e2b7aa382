/* SPDX-License-Identifier: MIT */
#include "burst.h"

enum { GAP_MIN_MS = 4, COST_SHARE = 4 };

void burst_note(struct burst *burst, uint64_t now_ms)
{
    if (!burst->is_pending)
        burst->first_ms = now_ms;
    burst->is_pending = true;
}

uint64_t burst_due_ms(const struct burst *burst)
{
    if (!burst->is_pending)
        return UINT64_MAX;
    uint64_t free_ms = burst->applied_ms ? burst->applied_ms + burst->gap_ms : 0;
    return burst->first_ms > free_ms ? burst->first_ms : free_ms;
}

void burst_applied(struct burst *burst, uint64_t now_ms, uint64_t cost_us)
{
    uint64_t gap = cost_us * COST_SHARE / 1000;

    if (gap < GAP_MIN_MS)
        gap = GAP_MIN_MS;
    burst->gap_ms = gap < burst->gap_max_ms ? gap : burst->gap_max_ms;
    burst->applied_ms = now_ms;
    burst->is_pending = false;
}
