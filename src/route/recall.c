/* SPDX-License-Identifier: MIT */
#include "recall.h"
#include "waybill/base/error.h"
#include <stdlib.h>

/* How far from its place a thing is looked for, and how long before it is needed it is asked for. */
enum { RECALL_NEAR = 4, RECALL_AHEAD = 12 };

void compiled_list_add(struct compiled_list *list, struct compiled_head *made)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 16;
        list->items = wb_realloc(list->items, list->capacity * sizeof(struct compiled_head *));
    }
    list->items[list->count++] = made;
}

void compiled_list_fini(struct compiled_list *list)
{
    free(list->items);
    *list = (struct compiled_list){0};
}

struct compiled_head *recall_find(struct recall *recall, const struct fingerprint *key)
{
    const struct compiled_list *list = recall->list;
    size_t next = recall->next++; /* one that is not here has taken the place of one that was */

    if (!list)
        return NULL;
    if (next + RECALL_AHEAD < list->count)
        __builtin_prefetch(list->items[next + RECALL_AHEAD]);
    if (next < list->count && fingerprint_eq(&list->items[next]->key, key))
        return list->items[next];
    size_t first = next > RECALL_NEAR ? next - RECALL_NEAR : 0, end = next + RECALL_NEAR;
    for (size_t i = first; i <= end && i < list->count; i++) {
        if (fingerprint_eq(&list->items[i]->key, key)) {
            recall->next = i + 1;
            return list->items[i];
        }
    }
    return NULL;
}
