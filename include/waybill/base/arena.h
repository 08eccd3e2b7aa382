/* SPDX-License-Identifier: MIT */
/*
 * arena - memory that ends all at once.
 *
 * Thread: the one that holds it. Owner: its holder; pointers from it end at arena_reset or arena_fini.
 * With a limit, an allocation past it returns NULL and marks the arena overflowed (sticky until
 * reset): allocate freely, ask once. Without a limit (0) it never returns NULL.
 * In sanitizer builds each allocation is its own malloc, so that ASan sees overruns.
 */
#pragma once
#include "waybill/base/error.h"
#include "waybill/base/slice.h"

struct arena_block;
struct arena_end;

struct arena {
    struct arena_block *blocks; /* newest first; the first one made is kept by reset */
    char *next, *end;           /* free part of the newest block */
    size_t used, limit;         /* bytes handed out; 0 = no limit */
    size_t block_bytes; /* of the next blocks; 0 = 4 KiB. For holders that are many and small; set after arena_init */
    bool overflowed;
    struct arena_end *ends;
};

void arena_init(struct arena *arena, size_t limit);
void arena_fini(struct arena *arena);
/* Everything handed out is gone; the first block stays for reuse. */
void arena_reset(struct arena *arena);
/* Calls `run` with `what` when everything goes: for what an arena cannot hold itself. Only in one without limit. */
void arena_at_end(struct arena *arena, void (*run)(void *what), void *what);
/* Zeroed, aligned to 16. */
void *arena_alloc(struct arena *arena, size_t bytes);
/* Not zeroed, not aligned: for text. */
char *arena_bytes(struct arena *arena, size_t bytes);
/* Copy with a NUL behind (not counted in len). On overflow an empty slice. */
struct slice arena_copy(struct arena *arena, struct slice text);
/* NUL-terminated copies. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_format(struct arena *arena, const char *form, ...) WB_PRINTF(2, 3);
/* The parts one behind the other, NUL-terminated: what arena_format does with texts only, for where that is done often. */
struct slice arena_join(struct arena *arena, const struct slice *parts, size_t count);
#define ARENA_JOIN(arena, ...)                               \
    arena_join((arena), (const struct slice[]){__VA_ARGS__}, \
               sizeof((const struct slice[]){__VA_ARGS__}) / sizeof(struct slice))

#define ARENA_NEW(arena, type)          ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (count)))
