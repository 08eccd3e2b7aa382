/* SPDX-License-Identifier: MIT */
/*
 * burst - when to act on changes: the first one at once, those that follow when it has been quiet for a while, but
 * not later than `gather_ms` after the first of them. Times are milliseconds of one clock. Thread: any; no I/O.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct burst {
    uint64_t quiet_ms, gather_ms;
    uint64_t first_ms, last_ms; /* of the changes that wait */
    uint64_t applied_ms;
    bool is_pending, was_applied;
};

void burst_note(struct burst *burst, uint64_t now_ms);
/* UINT64_MAX while nothing waits. */
uint64_t burst_due_ms(const struct burst *burst);
void burst_applied(struct burst *burst, uint64_t now_ms);
