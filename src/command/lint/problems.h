/* SPDX-License-Identifier: MIT */
/* problems - what lint found: how bad, where, and what to write instead. Thread: main. Texts are in the arena. */
#pragma once
#include "waybill/base/arena.h"

enum problem_level {
    PROBLEM_NOTICE,  /* good to know; never fails the check */
    PROBLEM_WARNING, /* works, but not as it reads; fails it with --strict */
    PROBLEM_ERROR,
};

enum { PROBLEMS_MAX = 1000 }; /* nobody reads more */

struct source {
    struct slice file;     /* or "container web, label traefik.port" */
    uint32_t line, column; /* from 1; 0: not known */
};

struct problem {
    enum problem_level level;
    struct source at;
    const char *text; /* one line */
};

struct problems {
    struct arena *arena;
    struct problem *items;
    size_t count;
    size_t found[PROBLEM_ERROR + 1]; /* of each level; more than are kept when there are very many */
    bool unreadable; /* something could not be read at all: what is said of the rest is not the whole truth */
};

/* "error", "warning", "notice" */
const char *problem_level_name(enum problem_level level);
/* What is said already at the same place is not said again. */
void problems_add(struct problems *problems, enum problem_level level, struct source at, const char *form, ...)
    WB_PRINTF(4, 5);
/* By file in the order in which they first appear, then line. */
void problems_sort(struct problems *problems);
size_t problems_count(const struct problems *problems, enum problem_level level);
