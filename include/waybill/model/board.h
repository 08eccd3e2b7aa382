/* SPDX-License-Identifier: MIT */
/*
 * board - what the providers say right now, for whoever shows it: their inventories, how they are themselves, and every diagnostic
 * in force.
 *
 * Thread: any; a lock is held for a moment. Owner: main; outlives those who write to it and read from it.
 */
#pragma once
#include "waybill/base/slice.h"

struct board;
struct diagnostic;
struct diagnostics;
struct inventory;

enum { BOARD_ERROR_SIZE = 256 };

struct provider_health {
    bool connected;
    bool follows;                 /* it reads again by itself: a last reading that is old says that something is wrong */
    uint64_t since_ns;            /* connected, or not, since then; wall clock */
    uint64_t synced_ns;           /* all was read last; 0: never yet */
    uint64_t configured_ns;       /* its configuration in force came; 0: none has */
    char error[BOARD_ERROR_SIZE]; /* of the last failure while it is not connected; else empty */
};

struct board *board_create(void);
void board_destroy(struct board **board);

/* Takes over the reference; replaces the one that its provider had. */
void board_set_inventory(struct board *board, struct inventory **inventory);
/* One reference, the caller's; NULL: there is none. */
struct inventory *board_inventory(struct board *board, struct slice provider);
/* Counts up with each inventory that is put up. */
uint64_t board_changes(struct board *board);

/* All of it was read just now, and `follows`: it will be again. */
void board_note_synced(struct board *board, struct slice provider, bool follows);
void board_note_lost(struct board *board, struct slice provider, const char *error);
/* Its configuration is another one from now on. */
void board_note_configuration(struct board *board, struct slice provider);
/* False: there is no such provider, or it has not said how it is. */
bool board_health(struct board *board, struct slice provider, struct provider_health *out_health);
/* Each provider that has said how it is (since_ns is not 0) or has brought a configuration; the lock is held meanwhile. */
void board_visit_health(struct board *board,
                        void (*visit)(void *arg, struct slice provider, const struct provider_health *health), void *arg);

/* Replaces what `source` had to say before: a provider, "routes" (what the compiler found), or "settings". The list is copied. */
void board_set_diagnostics(struct board *board, struct slice source, const struct diagnostics *list);
/* Counts up with each list that says something else than the one before. */
uint64_t board_diagnostic_changes(struct board *board);
size_t board_diagnostic_count(struct board *board);
/* Each of them, in the order of the sources; the lock is held meanwhile. */
void board_visit_diagnostics(struct board *board,
                             void (*visit)(void *arg, struct slice source, const struct diagnostic *diagnostic), void *arg);
