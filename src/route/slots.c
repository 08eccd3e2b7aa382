/* SPDX-License-Identifier: MIT */
#include "slots.h"
#include "waybill/base/error.h"
#include <stdlib.h>

struct slot {
    struct fingerprint identity;
    uint64_t generation;
    uint32_t holds;     /* 0: free */
    uint32_t free_next; /* number plus 1 */
};

void slots_init(struct slots *slots)
{
    *slots = (struct slots){0};
    keyed_init(&slots->numbers);
}

void slots_fini(struct slots *slots)
{
    free(slots->items);
    keyed_fini(&slots->numbers);
    *slots = (struct slots){0};
}

static uint32_t take_number(struct slots *slots)
{
    if (slots->free_first) {
        uint32_t number = slots->free_first - 1;
        slots->free_first = slots->items[number].free_next;
        return number;
    }
    if (slots->count == slots->capacity) {
        slots->capacity = slots->capacity ? 2 * slots->capacity : 16;
        slots->items = wb_realloc(slots->items, slots->capacity * sizeof *slots->items);
    }
    return slots->count++;
}

uint32_t slots_hold(struct slots *slots, struct slice identity, uint64_t *out_generation)
{
    const struct fingerprint key = fingerprint_of(identity);
    uint32_t number;
    void *there = keyed_get(&slots->numbers, &key);

    if (there) {
        number = (uint32_t)((uintptr_t)there - 1);
        slots->items[number].holds++;
    } else {
        number = take_number(slots);
        slots->items[number] = (struct slot){.identity = key, .generation = ++slots->generation, .holds = 1};
        keyed_put(&slots->numbers, &key, (void *)((uintptr_t)number + 1));
    }
    *out_generation = slots->items[number].generation;
    return number;
}

void slots_drop(struct slots *slots, uint32_t number)
{
    WB_REQUIRE(number < slots->count);
    struct slot *slot = &slots->items[number];
    WB_REQUIRE(slot->holds > 0);
    if (--slot->holds)
        return;
    keyed_remove(&slots->numbers, &slot->identity);
    slot->free_next = slots->free_first;
    slots->free_first = number + 1;
}
