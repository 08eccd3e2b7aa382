/* SPDX-License-Identifier: MIT */
#include "ghosts.h"
#include "waybill/base/log.h"
#include <stdlib.h>

static void forget_oldest(struct ghosts *ghosts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        wb_log_info("container " SLICE_FMT ": forgotten", SLICE_ARG(container_short_name(ghosts->items[i].container)));
        container_unref(&ghosts->items[i].container);
    }
    ghosts->count -= count;
    if (count)
        memmove(ghosts->items, ghosts->items + count, ghosts->count * sizeof *ghosts->items);
}

void ghosts_fini(struct ghosts *ghosts)
{
    for (size_t i = 0; i < ghosts->count; i++)
        container_unref(&ghosts->items[i].container);
    free(ghosts->items);
    *ghosts = (struct ghosts){0};
}

void ghosts_add(struct ghosts *ghosts, struct container **container, uint64_t now_ms)
{
    if (ghosts->count == GHOSTS_MAX)
        forget_oldest(ghosts, 1);
    if (ghosts->count == ghosts->capacity) {
        ghosts->capacity = ghosts->capacity ? ghosts->capacity * 2 : 16;
        ghosts->items = wb_realloc(ghosts->items, ghosts->capacity * sizeof *ghosts->items);
    }
    (*container)->is_running = false;
    ghosts->items[ghosts->count++] = (struct ghost){*container, now_ms + ghosts->remember_ms};
    *container = NULL;
}

uint64_t ghosts_due_ms(const struct ghosts *ghosts)
{
    return ghosts->count ? ghosts->items[0].until_ms : UINT64_MAX;
}

void ghosts_expire(struct ghosts *ghosts, uint64_t now_ms)
{
    size_t over = 0;

    while (over < ghosts->count && ghosts->items[over].until_ms <= now_ms)
        over++;
    forget_oldest(ghosts, over);
}

struct gone *ghosts_list(const struct ghosts *ghosts)
{
    struct gone *gone = wb_alloc((ghosts->count + 1) * sizeof *gone);

    for (size_t i = 0; i < ghosts->count; i++)
        gone[i].container = ghosts->items[ghosts->count - 1 - i].container;
    return gone;
}

void ghosts_lay(struct ghosts *ghosts, const struct gone *gone)
{
    size_t count = ghosts->count, kept = 0;

    for (size_t i = 0; i < count; i++) {
        struct ghost ghost = ghosts->items[i];
        if (gone[count - 1 - i].is_needed)
            ghosts->items[kept++] = ghost;
        else
            container_unref(&ghost.container);
    }
    ghosts->count = kept;
}
