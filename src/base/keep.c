/* SPDX-License-Identifier: MIT */
#include "waybill/base/keep.h"
#include "waybill/base/error.h"
#include <stdlib.h>

void keep_add(struct keep *keep, void *object, void (*release)(void *object))
{
    if (keep->count == keep->capacity) {
        keep->capacity = keep->capacity ? 2 * keep->capacity : 8;
        keep->items = wb_realloc(keep->items, keep->capacity * sizeof *keep->items);
    }
    keep->items[keep->count++] = (struct kept){object, release};
}

void keep_fini(struct keep *keep)
{
    for (size_t i = 0; i < keep->count; i++)
        keep->items[i].release(keep->items[i].object);
    free(keep->items);
    *keep = (struct keep){0};
}
