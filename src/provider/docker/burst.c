/* SPDX-License-Identifier: MIT */
#include "burst.h"

void burst_note(struct burst *burst, uint64_t now_ms)
{
    if (!burst->is_pending)
        burst->first_ms = now_ms;
    burst->is_pending = true;
    burst->last_ms = now_ms;
}

uint64_t burst_due_ms(const struct burst *burst)
{
    if (!burst->is_pending)
        return UINT64_MAX;
    if (!burst->was_applied || burst->first_ms >= burst->applied_ms + burst->quiet_ms)
        return burst->first_ms;
    uint64_t quiet = burst->last_ms + burst->quiet_ms, latest = burst->first_ms + burst->gather_ms;
    return quiet < latest ? quiet : latest;
}

void burst_applied(struct burst *burst, uint64_t now_ms)
{
    burst->is_pending = false;
    burst->was_applied = true;
    burst->applied_ms = now_ms;
}
