/* SPDX-License-Identifier: MIT */
#include "waybill/model/board.h"
#include "waybill/base/clock.h"
#include "waybill/model/diagnostic.h"
#include "waybill/model/inventory.h"
#include "waybill/model/model.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { OTHER_SOURCES_MAX = 2 }; /* of diagnostics: no provider has a hand in them */

struct posted {
    char *name;
    struct inventory *inventory; /* one reference, or NULL */
    struct provider_health health;
    struct diagnostics diagnostics;
};

struct board {
    pthread_mutex_t lock;
    struct posted providers[MODEL_PROVIDERS_MAX + OTHER_SOURCES_MAX];
    size_t count;
    uint64_t changes, diagnostic_changes;
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
        diagnostics_fini(&old->providers[i].diagnostics);
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
    WB_REQUIRE(board->count < WB_COUNT(board->providers));
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

void board_note_configuration(struct board *board, struct slice provider)
{
    uint64_t now_ns = clock_wall_ns();

    pthread_mutex_lock(&board->lock);
    find_or_add(board, provider)->health.configured_ns = now_ns;
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

void board_visit_health(struct board *board,
                        void (*visit)(void *arg, struct slice provider, const struct provider_health *health), void *arg)
{
    pthread_mutex_lock(&board->lock);
    for (size_t i = 0; i < board->count; i++) {
        const struct posted *posted = &board->providers[i];
        if (posted->health.since_ns || posted->health.configured_ns)
            visit(arg, slice_of(posted->name), &posted->health);
    }
    pthread_mutex_unlock(&board->lock);
}

static bool says_the_same(const struct diagnostics *a, const struct diagnostics *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct diagnostic *x = &a->items[i], *y = &b->items[i];
        if (x->severity != y->severity || strcmp(x->place, y->place) != 0 || strcmp(x->text, y->text) != 0)
            return false;
    }
    return true;
}

void board_set_diagnostics(struct board *board, struct slice source, const struct diagnostics *list)
{
    struct diagnostics copy, old;

    diagnostics_init(&copy);
    diagnostics_repeat(&copy, list);
    pthread_mutex_lock(&board->lock);
    struct posted *posted = find_or_add(board, source);
    board->diagnostic_changes += !says_the_same(&posted->diagnostics, &copy);
    old = posted->diagnostics;
    posted->diagnostics = copy;
    pthread_mutex_unlock(&board->lock);
    diagnostics_fini(&old);
}

uint64_t board_diagnostic_changes(struct board *board)
{
    pthread_mutex_lock(&board->lock);
    uint64_t changes = board->diagnostic_changes;
    pthread_mutex_unlock(&board->lock);
    return changes;
}

size_t board_diagnostic_count(struct board *board)
{
    size_t count = 0;

    pthread_mutex_lock(&board->lock);
    for (size_t i = 0; i < board->count; i++)
        count += board->providers[i].diagnostics.count;
    pthread_mutex_unlock(&board->lock);
    return count;
}

void board_visit_diagnostics(struct board *board,
                             void (*visit)(void *arg, struct slice source, const struct diagnostic *diagnostic), void *arg)
{
    pthread_mutex_lock(&board->lock);
    for (size_t i = 0; i < board->count; i++) {
        const struct posted *posted = &board->providers[i];
        for (size_t k = 0; k < posted->diagnostics.count; k++)
            visit(arg, slice_of(posted->name), &posted->diagnostics.items[k]);
    }
    pthread_mutex_unlock(&board->lock);
}
