/* SPDX-License-Identifier: MIT */
/*
 * burst - when to act on changes: at once, but in a burst not before a gap has passed since the last time.
 *
 * The gap is a multiple of what acting took, so that a large configuration is not built all the time, and has a limit.
 * Times are milliseconds of one clock. Thread: any; no I/O.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct burst {
    uint64_t gap_max_ms;
    uint64_t gap_ms, applied_ms; /* after the last time, which was then; 0: never */
    bool is_pending;
    uint64_t first_ms; /* of the changes that wait */
};

void burst_note(struct burst *burst, uint64_t now_ms);
/* UINT64_MAX while nothing waits. */
uint64_t burst_due_ms(const struct burst *burst);
/* All that waited was acted on, which took `cost_us`. */
void burst_applied(struct burst *burst, uint64_t now_ms, uint64_t cost_us);
