/* SPDX-License-Identifier: MIT */
#include "waybill/base/map.h"
#include "waybill/model/inventory.h"
#include "waybill/route/snapshot.h"

static void collect(struct map *in_the_way, struct slice provider, struct route_frontend *const *frontends, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (frontends[i]->why != WHY_ROUTED && frontends[i]->absent == REASON_NONE &&
            slice_eq(frontends[i]->provider, provider))
            map_put(in_the_way, frontends[i]->name, frontends[i]);
    }
}

/* A container that no frontend lets requests to is no better than its first one. */
static void review_item(struct inventory_item *item, const struct map *in_the_way)
{
    const struct route_frontend *first = NULL;

    for (size_t i = item->frontend_count; i-- > 0;) {
        const struct route_frontend *found = map_get(in_the_way, item->frontends[i].name);
        if (!found)
            return;
        first = found;
    }
    if (!first)
        return;
    inventory_decide(item, first->why, "frontend " SLICE_FMT ": " SLICE_FMT, SLICE_ARG(first->name),
                     SLICE_ARG(first->why_because));
    inventory_add_value(item, "frontend", first->name);
    inventory_add_value(item, "rule", item->frontends[0].rule);
}

void snapshot_review(const struct snapshot *snapshot, struct inventory *inventory)
{
    struct map in_the_way;

    map_init(&in_the_way);
    collect(&in_the_way, inventory->provider, snapshot->frontends, snapshot->frontend_count);
    collect(&in_the_way, inventory->provider, snapshot->left_out, snapshot->left_out_count);
    for (size_t i = 0; i < inventory->count && map_count(&in_the_way); i++) {
        if (container_why_state(inventory->items[i].why) == CONTAINER_ROUTED)
            review_item(&inventory->items[i], &in_the_way);
    }
    map_fini(&in_the_way);
}
