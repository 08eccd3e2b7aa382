/* SPDX-License-Identifier: MIT */
/*
 * slots - small numbers for identities, by which workers find live state.
 *
 * A slot stands for its identity as long as anybody holds it; then it may be given to another one, under another
 * generation. Thread: control.
 */
#pragma once
#include "keyed.h"

struct slot;

struct slots {
    struct keyed numbers; /* identity to slot number plus 1 */
    struct slot *items;
    uint32_t count, capacity; /* slots ever given out: all numbers are below count */
    uint32_t free_first;      /* number plus 1; 0: none */
    uint64_t generation;      /* of the last identity that got a slot */
};

void slots_init(struct slots *slots);
void slots_fini(struct slots *slots);
/* Holds the identity's slot once more. */
uint32_t slots_hold(struct slots *slots, struct slice identity, uint64_t *out_generation);
void slots_drop(struct slots *slots, uint32_t number);
