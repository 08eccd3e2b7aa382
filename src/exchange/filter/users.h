/* SPDX-License-Identifier: MIT */
/*
 * users - who may log in, from a list and a file (spec/proxy.md 15).
 *
 * One bad entry is left out with a diagnostic; a file that cannot be read, or nobody left, closes (decisions.md 10). Diagnostics
 * say an entry's number and its user's name, as the rest is secret, and no more than 20 of them for one list and file.
 * Thread: control when read; workers after. Owner: the arena.
 */
#pragma once
#include "filters_private.h"
#include "password_hash.h"

struct user {
    struct slice name;
    struct password_hash hash; /* basic */
    struct slice secret;       /* digest: HA1, in lower case */
    size_t number;             /* in the order in which they were read */
};

struct users {
    struct user *items; /* sorted by name, each once */
    size_t count;
};

struct users_source {
    const char *option; /* "auth.basic" */
    struct slices list;
    struct slice file;
    bool digest; /* name:realm:HA1, else name:hash */
};

#define AUTH_REALM "traefik"

/* False: closed, with a diagnostic. */
bool users_read(const struct filter_source *from, const struct users_source *source, struct users *out);
/* NULL: there is none. */
const struct user *users_find(const struct users *users, struct slice name);
