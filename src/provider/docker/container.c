/* SPDX-License-Identifier: MIT */
#include "container.h"
#include "plan.h"
#include <stdatomic.h>
#include <stdlib.h>

static const struct docker_label *find_label(const struct container *container, struct slice name)
{
    size_t low = 0, high = container->label_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(container->labels[middle].name, name);
        if (order == 0)
            return &container->labels[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct slice container_label(const struct container *container, struct slice name)
{
    const struct docker_label *label = find_label(container, name);

    return label ? label->value : SLICE("");
}

const struct docker_network *container_network(const struct container *container, struct slice name)
{
    for (size_t i = 0; i < container->network_count; i++) {
        if (slice_eq(container->networks[i].name, name))
            return &container->networks[i];
    }
    return NULL;
}

struct slice container_short_name(const struct container *container)
{
    return slice_starts(container->name, SLICE("/")) ? slice_from(container->name, 1) : container->name;
}

struct container *container_create(void)
{
    struct container *container = wb_alloc(sizeof *container);

    arena_init(&container->arena, 0);
    atomic_init(&container->refs, 1);
    return container;
}

struct container *container_ref(struct container *container)
{
    /* Relaxed: who takes a reference already has one, so it cannot end meanwhile. */
    unsigned before = atomic_fetch_add_explicit(&container->refs, 1, memory_order_relaxed);

    WB_REQUIRE(before > 0);
    return container;
}

void container_unref(struct container **container)
{
    struct container *gone = *container;

    *container = NULL;
    if (!gone)
        return;
    /* Release and acquire: what others read of it happened before it is freed here. */
    unsigned before = atomic_fetch_sub_explicit(&gone->refs, 1, memory_order_acq_rel);
    WB_REQUIRE(before > 0);
    if (before > 1)
        return;
    plan_fini(&gone->plan);
    arena_fini(&gone->arena);
    free(gone);
}

void container_list_fini(struct container_list *list)
{
    arena_fini(&list->arena);
    *list = (struct container_list){0};
}

void network_list_fini(struct network_list *list)
{
    arena_fini(&list->arena);
    *list = (struct network_list){0};
}
