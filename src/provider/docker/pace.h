/* SPDX-License-Identifier: MIT */
/*
 * pace - when to look again at what changes without telling (the tasks of a Swarm): soon after something changed, then
 * less and less often, up to `refresh_ms`. Things in motion are looked at every second, but for a minute only after the
 * last change: what does not get ready by then may never.
 *
 * Times are milliseconds of one clock. Thread: any; no I/O.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct pace {
    uint64_t refresh_ms;
    uint64_t interval_ms; /* that was waited last */
    uint64_t due_ms;
    uint64_t changed_ms;
};

/* It was looked; `changed`: that showed something new, or an event asked for it. */
void pace_looked(struct pace *pace, uint64_t now_ms, bool changed, bool in_motion);
