/* SPDX-License-Identifier: MIT */
#include "waybill/route/live.h"
#include <stdatomic.h>
#include <stdlib.h>

enum { LIVE_ALIGN = 64 };

/* What stands before the memory that is given out. */
struct live_front {
    _Alignas(LIVE_ALIGN) _Atomic uint64_t refs; /* the table's while anything is held, and each worker's */
    unsigned holds;                             /* control's */
    bool of_arena;
    struct slice identity; /* ours */
    void (*fini)(void *live);
};

static struct live_front *front_of(void *live)
{
    return (struct live_front *)live - 1;
}

void live_table_init(struct live_table *table)
{
    map_init(&table->by_identity);
}

void live_table_fini(struct live_table *table)
{
    map_fini(&table->by_identity);
}

void *live_hold(struct live_table *table, struct slice identity, size_t bytes, void (*fini)(void *live))
{
    void *live = map_get(&table->by_identity, identity);

    if (live) {
        front_of(live)->holds++;
        return live;
    }
    size_t size = (sizeof(struct live_front) + bytes + LIVE_ALIGN - 1) / LIVE_ALIGN * LIVE_ALIGN;
    struct live_front *front = aligned_alloc(LIVE_ALIGN, size);
    WB_REQUIRE(front); /* memory that runs out ends the process */
    memset(front, 0, size);
    atomic_init(&front->refs, 1);
    front->holds = 1;
    front->identity = slice_make(slice_dup(identity), identity.len);
    front->fini = fini;
    map_put(&table->by_identity, identity, front + 1);
    return front + 1;
}

void live_drop(struct live_table *table, void *live)
{
    struct live_front *front = front_of(live);

    WB_REQUIRE(front->holds > 0);
    if (--front->holds)
        return;
    map_remove(&table->by_identity, front->identity);
    live_unref(&live);
}

void *live_of_arena(struct arena *arena, size_t bytes)
{
    char *memory = arena_alloc(arena, sizeof(struct live_front) + bytes + LIVE_ALIGN);
    uintptr_t at = ((uintptr_t)memory + LIVE_ALIGN - 1) / LIVE_ALIGN * LIVE_ALIGN;
    struct live_front *front = (struct live_front *)(void *)(memory + (at - (uintptr_t)memory));

    atomic_init(&front->refs, 1);
    front->of_arena = true;
    return front + 1;
}

void *live_ref(void *live)
{
    atomic_fetch_add_explicit(&front_of(live)->refs, 1, memory_order_relaxed);
    return live;
}

void live_unref(void **live)
{
    struct live_front *front = front_of(*live);
    void *memory = *live;

    *live = NULL;
    if (atomic_fetch_sub_explicit(&front->refs, 1, memory_order_acq_rel) != 1)
        return;
    WB_REQUIRE(!front->of_arena);
    if (front->fini)
        front->fini(memory);
    free((void *)(uintptr_t)front->identity.ptr);
    free(front);
}
