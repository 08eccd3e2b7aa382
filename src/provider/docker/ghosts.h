/* SPDX-License-Identifier: MIT */
/*
 * ghosts - containers that are gone and whose frontends are remembered for a while (decisions.md 16).
 *
 * Thread: the provider's. Owns the containers. A limit keeps what comes and goes all day from piling up.
 */
#pragma once
#include "build.h"

enum { GHOSTS_MAX = 1000 }; /* beyond these the oldest is forgotten */

struct ghost {
    struct container *container; /* as it was last, but not running */
    uint64_t until_ms;
};

struct ghosts {
    uint64_t remember_ms; /* 0: nothing is remembered */
    struct ghost *items;  /* oldest first */
    size_t count, capacity;
};

void ghosts_fini(struct ghosts *ghosts);
/* Takes the container over. */
void ghosts_add(struct ghosts *ghosts, struct container **container, uint64_t now_ms);
/* UINT64_MAX: there are none. */
uint64_t ghosts_due_ms(const struct ghosts *ghosts);
void ghosts_expire(struct ghosts *ghosts, uint64_t now_ms);
/* The latest first, as a build wants them; on the heap. */
struct gone *ghosts_list(const struct ghosts *ghosts);
/* Forgets those that the build had no need of: others have their frontends, and will be remembered themselves. */
void ghosts_lay(struct ghosts *ghosts, const struct gone *gone);
