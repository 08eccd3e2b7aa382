/* SPDX-License-Identifier: MIT */
#include "pace.h"

enum { SOON_MS = 200, IN_MOTION_MS = 1000, PATIENCE_MS = 60000 };

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void pace_looked(struct pace *pace, uint64_t now_ms, bool changed, bool in_motion)
{
    bool is_first = pace->interval_ms == 0;

    if (changed || is_first)
        pace->changed_ms = now_ms;
    in_motion = in_motion && now_ms - pace->changed_ms < PATIENCE_MS;
    uint64_t longest = in_motion ? lower(IN_MOTION_MS, pace->refresh_ms) : pace->refresh_ms;
    pace->interval_ms = changed || is_first ? SOON_MS : pace->interval_ms * 2;
    pace->interval_ms = lower(pace->interval_ms, longest);
    pace->due_ms = now_ms + pace->interval_ms;
}
