/* SPDX-License-Identifier: MIT */
#include "waybill/model/board.h"
#include "waybill/base/clock.h"
#include "waybill/model/inventory.h"
#include "waybill/model/model.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct posted {
    char *name;
    struct inventory *inventory; /* one reference, or NULL */
    struct provider_health health;
};

struct board {
    pthread_mutex_t lock;
    struct posted providers[MODEL_PROVIDERS_MAX];
    size_t count;
    uint64_t changes;
};

struct board *board_create(void)
{
    struct board *board = wb_alloc(sizeof *board);

    WB_REQUIRE(pthread_mutex_init(&board->lock, NULL) == 0);
    return board;
}

void board_destroy(struct board **board)
{
    struct board *old = *board;

    *board = NULL;
    if (!old)
        return;
    for (size_t i = 0; i < old->count; i++) {
        free(old->providers[i].name);
        inventory_unref(&old->providers[i].inventory);
    }
    pthread_mutex_destroy(&old->lock);
    free(old);
}

static struct posted *find(struct board *board, struct slice provider)
{
    for (size_t i = 0; i < board->count; i++) {
        if (slice_eq(slice_of(board->providers[i].name), provider))
            return &board->providers[i];
    }
    return NULL;
}

static struct posted *find_or_add(struct board *board, struct slice provider)
{
    struct posted *posted = find(board, provider);

    if (posted)
        return posted;
    WB_REQUIRE(board->count < MODEL_PROVIDERS_MAX);
    posted = &board->providers[board->count++];
    posted->name = slice_dup(provider);
    return posted;
}

void board_set_inventory(struct board *board, struct inventory **inventory)
{
    pthread_mutex_lock(&board->lock);
    struct posted *posted = find_or_add(board, (*inventory)->provider);
    struct inventory *old = posted->inventory;
    posted->inventory = *inventory;
    board->changes++;
    pthread_mutex_unlock(&board->lock);
    *inventory = NULL;
    inventory_unref(&old); /* it may be large: not under the lock */
}

struct inventory *board_inventory(struct board *board, struct slice provider)
{
    struct inventory *inventory = NULL;

    pthread_mutex_lock(&board->lock);
    const struct posted *posted = find(board, provider);
    if (posted && posted->inventory)
        inventory = inventory_ref(posted->inventory);
    pthread_mutex_unlock(&board->lock);
    return inventory;
}

uint64_t board_changes(struct board *board)
{
    pthread_mutex_lock(&board->lock);
    uint64_t changes = board->changes;
    pthread_mutex_unlock(&board->lock);
    return changes;
}

void board_note_synced(struct board *board, struct slice provider, bool follows)
{
    uint64_t now_ns = clock_wall_ns();

    pthread_mutex_lock(&board->lock);
    struct provider_health *health = &find_or_add(board, provider)->health;
    if (!health->connected)
        health->since_ns = now_ns;
    health->connected = true;
    health->follows = follows;
    health->error[0] = '\0';
    health->synced_ns = now_ns;
    pthread_mutex_unlock(&board->lock);
}

void board_note_lost(struct board *board, struct slice provider, const char *error)
{
    uint64_t now_ns = clock_wall_ns();

    pthread_mutex_lock(&board->lock);
    struct provider_health *health = &find_or_add(board, provider)->health;
    if (health->connected || !health->since_ns)
        health->since_ns = now_ns;
    health->connected = false;
    snprintf(health->error, sizeof health->error, "%s", error);
    pthread_mutex_unlock(&board->lock);
}

bool board_health(struct board *board, struct slice provider, struct provider_health *out_health)
{
    pthread_mutex_lock(&board->lock);
    const struct posted *posted = find(board, provider);
    bool said = posted && posted->health.since_ns;
    if (said)
        *out_health = posted->health;
    pthread_mutex_unlock(&board->lock);
    return said;
}
