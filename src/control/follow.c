/* SPDX-License-Identifier: MIT */
#include "follow.h"
#include "waybill/base/log.h"
#include "waybill/base/map.h"
#include "waybill/model/inventory.h"

static void say(const struct inventory_item *item)
{
    wb_log_info("container " SLICE_FMT ": %s (%s): " SLICE_FMT, SLICE_ARG(item->name),
                container_state_name(container_why_state(item->why)), container_why_name(item->why),
                SLICE_ARG(item->sentence));
}

static void follow_item(struct inventory_item *item, const struct inventory_item *before, uint64_t now_ns)
{
    bool same = before && before->why == item->why;

    item->since_ns = same ? before->since_ns : now_ns;
    if (!same || !slice_eq(before->sentence, item->sentence))
        say(item);
}

void follow_inventory(struct inventory *after, const struct inventory *before, uint64_t now_ns)
{
    struct map gone;
    struct map_entry *entry;

    map_init(&gone);
    for (size_t i = 0; before && i < before->count; i++)
        map_put(&gone, before->items[i].id, &before->items[i]);
    for (size_t i = 0; i < after->count; i++)
        follow_item(&after->items[i], map_remove(&gone, after->items[i].id), now_ns);
    for (size_t i = 0; (entry = map_next(&gone, &i));) {
        const struct inventory_item *item = entry->value;
        wb_log_info("container " SLICE_FMT ": gone", SLICE_ARG(item->name));
    }
    map_fini(&gone);
}
