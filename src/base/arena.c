/* SPDX-License-Identifier: MIT */
#include "waybill/base/arena.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Blocks grow with what there is already, to this; from ARENA_MAPPED on they come from the system and go back to it, so that what
 * ends leaves no hole in the heap. */
enum { ARENA_BLOCK = 4096, ARENA_GROWN = 1024 * 1024, ARENA_MAPPED = 256 * 1024, ARENA_ALIGN = 16 };

struct arena_block {
    struct arena_block *older;
    size_t size;
    _Alignas(16) char bytes[];
};

struct arena_end {
    struct arena_end *next;
    void (*run)(void *what);
    void *what;
};

#ifdef WB_SANITIZED
static const bool each_alone = true;
#else
static const bool each_alone = false;
#endif

void arena_init(struct arena *arena, size_t limit)
{
    *arena = (struct arena){.limit = limit};
}

static struct arena_block *make_block(size_t size, struct arena_block *older)
{
    struct arena_block *block = NULL;

    if (!each_alone && size >= ARENA_MAPPED) {
        void *mapped = mmap(NULL, sizeof *block + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        block = mapped == MAP_FAILED ? NULL : mapped;
    } else {
        block = malloc(sizeof *block + size);
    }
    if (!block)
        wb_bug(__FILE__, __LINE__, "out of memory");
    block->size = size;
    block->older = older;
    return block;
}

/* Returns the next older one. */
static struct arena_block *free_block(struct arena_block *block)
{
    struct arena_block *older = block->older;

    if (!each_alone && block->size >= ARENA_MAPPED)
        munmap(block, sizeof *block + block->size);
    else
        free(block);
    return older;
}

/* Whole pages with the header, if it is mapped. */
static size_t block_size(const struct arena *arena, size_t bytes)
{
    size_t usual = arena->block_bytes ? arena->block_bytes : ARENA_BLOCK, grown = arena->used / 8;

    if (each_alone)
        return bytes;
    if (grown > usual)
        usual = grown < ARENA_GROWN ? grown : ARENA_GROWN;
    size_t size = bytes > usual ? bytes : usual, whole = sizeof(struct arena_block) + size;
    return size < ARENA_MAPPED ? size
                               : ((whole + ARENA_BLOCK - 1) & ~(size_t)(ARENA_BLOCK - 1)) - sizeof(struct arena_block);
}

static void run_ends(struct arena *arena)
{
    for (struct arena_end *end = arena->ends; end; end = end->next)
        end->run(end->what);
    arena->ends = NULL;
}

void arena_fini(struct arena *arena)
{
    run_ends(arena);
    while (arena->blocks)
        arena->blocks = free_block(arena->blocks);
    *arena = (struct arena){.limit = arena->limit, .block_bytes = arena->block_bytes};
}

void arena_reset(struct arena *arena)
{
    struct arena_block *block = arena->blocks;

    if (!block) {
        arena->used = 0;
        arena->overflowed = false;
        return;
    }
    if (each_alone) {
        arena_fini(arena);
        return;
    }
    run_ends(arena);
    while (block->older)
        block = free_block(block);
    arena->blocks = block;
    arena->next = block->bytes;
    arena->end = block->bytes + block->size;
    arena->used = 0;
    arena->overflowed = false;
}

static char *take(struct arena *arena, size_t bytes, size_t align)
{
    if (arena->limit && (bytes > arena->limit || arena->used > arena->limit - bytes)) {
        arena->overflowed = true;
        return NULL;
    }
    char *at = (char *)(((uintptr_t)arena->next + align - 1) & ~(uintptr_t)(align - 1));
    if (!arena->next || at > arena->end || (size_t)(arena->end - at) < bytes) {
        struct arena_block *block = make_block(block_size(arena, bytes), arena->blocks);
        arena->blocks = block;
        at = block->bytes;
        arena->end = block->bytes + block->size;
    }
    arena->next = each_alone ? arena->end : at + bytes;
    arena->used += bytes;
    return at;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    char *at = take(arena, bytes, ARENA_ALIGN);
    return at ? memset(at, 0, bytes) : NULL;
}

void arena_at_end(struct arena *arena, void (*run)(void *what), void *what)
{
    WB_REQUIRE(arena->limit == 0);
    struct arena_end *end = ARENA_NEW(arena, struct arena_end);
    *end = (struct arena_end){.next = arena->ends, .run = run, .what = what};
    arena->ends = end;
}

char *arena_bytes(struct arena *arena, size_t bytes)
{
    return take(arena, bytes, 1);
}

struct slice arena_copy(struct arena *arena, struct slice text)
{
    char *copy = arena_strndup(arena, text.ptr, text.len);
    return copy ? slice_make(copy, text.len) : SLICE("");
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
    char *copy = take(arena, len + 1, 1);
    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_format(struct arena *arena, const char *form, ...)
{
    va_list args, again;
    va_start(args, form);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, form, again);
    va_end(again);
    WB_REQUIRE(len >= 0);
    char *text = take(arena, (size_t)len + 1, 1);
    if (text)
        vsnprintf(text, (size_t)len + 1, form, args);
    va_end(args);
    return text;
}

struct slice arena_join(struct arena *arena, const struct slice *parts, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    char *text = take(arena, len + 1, 1), *end = text;
    if (!text)
        return SLICE("");
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len)
            memcpy(end, parts[i].ptr, parts[i].len);
        end += parts[i].len;
    }
    *end = '\0';
    return slice_make(text, len);
}
