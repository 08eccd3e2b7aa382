/* SPDX-License-Identifier: MIT */
/* follow - since when a container is in its state, and its log line. Private to control. Thread: control's. */
#pragma once
#include <stdint.h>

struct inventory;

/* `after` is control's own revision: items get their `since_ns`. Each container whose state or reason is not that of `before`
 * is logged, and each that is gone. `before` may be NULL. */
void follow_inventory(struct inventory *after, const struct inventory *before, uint64_t now_ns);
