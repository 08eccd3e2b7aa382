/* SPDX-License-Identifier: MIT */
/* grow - lists of structs in an arena: { items, count } of any item, one function for all. */
#pragma once
#include "waybill/base/arena.h"

/* Where the items are once there is room for one more; zeroed behind them. Room is the next power of two. */
static inline void *grow_items(struct arena *arena, void *items, size_t count, size_t size)
{
    if (count & (count - 1))
        return items;
    void *room = arena_alloc(arena, (count ? 2 * count : 1) * size);
    if (count)
        memcpy(room, items, count * size);
    return room;
}

/* A new item at the end of the list, zeroed; its address holds until the next one is added. */
#define GROW_ADD(arena, list)                                                                  \
    ((list)->items = grow_items((arena), (list)->items, (list)->count, sizeof *(list)->items), \
     memset(&(list)->items[(list)->count], 0, sizeof *(list)->items), &(list)->items[(list)->count++])
