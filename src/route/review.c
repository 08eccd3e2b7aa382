/* SPDX-License-Identifier: MIT */
#include "waybill/base/map.h"
#include "waybill/base/text.h"
#include "waybill/model/inventory.h"
#include "waybill/route/snapshot.h"

/* Frontends of the provider that no request gets through, by name. */
static void collect(struct map *in_the_way, const struct snapshot *snapshot, struct slice provider,
                    struct route_frontend *const *frontends, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct route_shadow *shadow = snapshot_shadow(snapshot, frontends[i]);
        bool blocked = frontends[i]->why != WHY_ROUTED || (shadow && shadow->is_everywhere);
        if (blocked && frontends[i]->absent == REASON_NONE && slice_eq(frontends[i]->provider, provider))
            map_put(in_the_way, frontends[i]->name, frontends[i]);
    }
}

static void decide_shadowed(struct inventory_item *item, const struct route_shadow *shadow)
{
    struct text why = TEXT_EMPTY;

    route_shadow_explain(shadow, &why);
    inventory_decide(item, WHY_RULE_TAKEN, SLICE_FMT, SLICE_ARG(text_slice(&why)));
    inventory_add_value(item, "takenBy", shadow->by_origin);
    inventory_add_value(item, "takenByFrontend", shadow->by->name);
    text_fini(&why);
}

static void decide(struct inventory_item *item, const struct snapshot *snapshot, const struct route_frontend *frontend)
{
    const struct route_shadow *shadow = snapshot_shadow(snapshot, frontend);

    if (shadow)
        decide_shadowed(item, shadow);
    else
        inventory_decide(item, frontend->why, "frontend " SLICE_FMT ": " SLICE_FMT, SLICE_SHOWN(frontend->name),
                         SLICE_ARG(frontend->why_because));
    inventory_add_value(item, "frontend", frontend->name);
    inventory_add_value(item, "rule", item->frontends[0].rule);
}

/* A container that no frontend lets requests to is no better than its first one. */
static void review_item(struct inventory_item *item, const struct snapshot *snapshot, const struct map *in_the_way)
{
    const struct route_frontend *first = NULL;

    for (size_t i = item->frontend_count; i-- > 0;) {
        const struct route_frontend *found = map_get(in_the_way, item->frontends[i].name);
        if (!found)
            return;
        first = found;
    }
    if (first)
        decide(item, snapshot, first);
}

void snapshot_review(const struct snapshot *snapshot, struct inventory *inventory)
{
    struct map in_the_way;

    map_init(&in_the_way);
    collect(&in_the_way, snapshot, inventory->provider, snapshot->frontends, snapshot->frontend_count);
    collect(&in_the_way, snapshot, inventory->provider, snapshot->left_out, snapshot->left_out_count);
    for (size_t i = 0; i < inventory->count && map_count(&in_the_way); i++) {
        if (container_why_state(inventory->items[i].why) == CONTAINER_ROUTED)
            review_item(&inventory->items[i], snapshot, &in_the_way);
    }
    map_fini(&in_the_way);
}
