/* SPDX-License-Identifier: MIT */
/* keep - things that several hold together, let go when who keeps them ends. Thread: the holder's. Owner: the holder. */
#pragma once
#include <stddef.h>

struct kept {
    void *object;
    void (*release)(void *object);
};

struct keep {
    struct kept *items;
    size_t count, capacity;
};

/* Takes over one reference. */
void keep_add(struct keep *keep, void *object, void (*release)(void *object));
void keep_fini(struct keep *keep);
