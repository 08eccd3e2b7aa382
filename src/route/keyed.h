/* SPDX-License-Identifier: MIT */
/*
 * keyed - fingerprint to pointer. What a struct map does for texts, in a third of the memory and one look: the keys are hashes
 * already, and lie in the places themselves.
 *
 * Thread: control.
 */
#pragma once
#include "fingerprint.h"

struct keyed_place {
    struct fingerprint key;
    void *value; /* NULL: free */
};

struct keyed {
    struct keyed_place *places;
    size_t mask, count; /* at most half of the places are taken */
};

void keyed_init(struct keyed *keyed);
/* Values are not freed. */
void keyed_fini(struct keyed *keyed);
void *keyed_get(const struct keyed *keyed, const struct fingerprint *key);
/* The key is new. */
void keyed_put(struct keyed *keyed, const struct fingerprint *key, void *value);
/* The key is there. */
void keyed_remove(struct keyed *keyed, const struct fingerprint *key);
