/* SPDX-License-Identifier: MIT */
#include "waybill/model/model.h"

enum { SLICES_FIRST = 4 };

/* There is no capacity to remember: it is SLICES_FIRST, or the power of two not below the count. */
static bool is_full(size_t count)
{
    return count == 0 || (count >= SLICES_FIRST && (count & (count - 1)) == 0);
}

static void append(struct arena *arena, struct slices *list, struct slice item)
{
    if (is_full(list->count)) {
        struct slice *items = ARENA_ARRAY(arena, struct slice, list->count ? list->count * 2 : SLICES_FIRST);
        if (list->count)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
    }
    list->items[list->count++] = item;
}

void slices_add(struct arena *arena, struct slices *list, struct slice item)
{
    append(arena, list, arena_copy(arena, item));
}

struct slices slices_split(struct arena *arena, struct slice text, char separator)
{
    struct slices parts = {NULL, 0};
    struct slice part;

    while (slice_cut(&text, separator, &part)) {
        part = slice_trim_space(part);
        if (part.len)
            append(arena, &parts, part);
    }
    return parts;
}
