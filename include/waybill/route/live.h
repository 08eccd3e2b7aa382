/* SPDX-License-Identifier: MIT */
/*
 * live - state of a filter that changes while requests pass, shared by all workers and kept over reloads: a limiter's
 * counts, what a breaker decided.
 *
 * Found by identity while the configuration is compiled (filter_source_ops.live). It lives as long as a compiled frontend names it;
 * who needs it longer than the exchange's lease (an answer under way, a tunnel) takes a reference of its own.
 * Thread: table, hold and drop: control. ref and unref: any. What is inside guards itself.
 */
#pragma once
#include "waybill/base/arena.h"
#include "waybill/base/map.h"

struct live_table {
    struct map by_identity;
};

void live_table_init(struct live_table *table);
/* Nothing is held any more. */
void live_table_fini(struct live_table *table);
/* Zeroed memory aligned to 64 when new. */
void *live_hold(struct live_table *table, struct slice identity, size_t bytes, void (*fini)(void *live));
/* The table's last hold: the identity is free for a new one. */
void live_drop(struct live_table *table, void *live);
/* Of an entrypoint: part of its arena, found by nobody; whose it is calls `fini`. */
void *live_of_arena(struct arena *arena, size_t bytes);

void *live_ref(void *live);
/* Nulls. The last one frees it. */
void live_unref(void **live);
