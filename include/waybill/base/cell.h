/* SPDX-License-Identifier: MIT */
/*
 * cell - a counter one thread writes and any thread reads. Owner: the object it is embedded in.
 *
 * Relaxed order: a reader wants a recent number, not an order between numbers. The single writer needs
 * no read-modify-write, so counting costs a plain store on the worker's own cache line.
 */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

struct cell {
    _Atomic uint64_t value;
};

static inline void cell_add(struct cell *cell, uint64_t amount)
{
    uint64_t now = atomic_load_explicit(&cell->value, memory_order_relaxed);
    atomic_store_explicit(&cell->value, now + amount, memory_order_relaxed);
}

static inline void cell_set(struct cell *cell, uint64_t value)
{
    atomic_store_explicit(&cell->value, value, memory_order_relaxed);
}

static inline void cell_sub(struct cell *cell, uint64_t amount)
{
    cell_add(cell, (uint64_t)0 - amount);
}

static inline uint64_t cell_read(const struct cell *cell)
{
    return atomic_load_explicit(&((struct cell *)(uintptr_t)cell)->value, memory_order_relaxed);
}
