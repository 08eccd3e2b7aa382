/* SPDX-License-Identifier: MIT */
/*
 * buffer - bytes in transit, and the stock they are borrowed from.
 *
 * Thread: one worker. Owner: the stock is its loop's, a buffer its holder's. A buffer borrows its memory from the worker's stock when bytes come and gives
 * it back when the last one is gone, so an idle connection holds none.
 */
#pragma once
#include "waybill/base/error.h"
#include "waybill/base/slice.h"

enum {
    BUFFER_SIZE = 16 * 1024, /* what a buffer starts with */
    BUFFER_LARGE = 72 *
                   1024, /* for bodies that keep filling the small one, and the largest head (64 KiB) with what we add */
};

struct stock_block;

/* Freed memory blocks of the two sizes, last in first out. */
struct stock {
    struct stock_block *small, *large;
    unsigned small_count, large_count;
    size_t lent_bytes; /* in use now: a test and a metric read it */
};

void stock_init(struct stock *stock);
void stock_fini(struct stock *stock);

struct buffer {
    char *base;        /* NULL while nothing is borrowed */
    size_t start, end; /* the bytes are base[start..end) */
    size_t capacity;
};

static inline struct slice buffer_slice(const struct buffer *b)
{
    return (struct slice){b->base ? b->base + b->start : "", b->end - b->start};
}

static inline size_t buffer_len(const struct buffer *b)
{
    return b->end - b->start;
}

static inline size_t buffer_room(const struct buffer *b)
{
    return b->capacity - b->end;
}

/* Borrows BUFFER_SIZE (or `size` rounded up to a size of the stock) if nothing is borrowed yet. */
void buffer_borrow(struct buffer *b, struct stock *stock, size_t size);
/* Gives the memory back, bytes or not. */
void buffer_return(struct buffer *b, struct stock *stock);
/* The first `count` bytes are done with; an emptied buffer starts again at 0 but keeps its memory. */
void buffer_consume(struct buffer *b, size_t count);
/* Moves the bytes to the front. Invalidates slices into it. */
void buffer_compact(struct buffer *b);
/* Makes it a BUFFER_LARGE, bytes kept. Invalidates slices into it. */
void buffer_grow(struct buffer *b, struct stock *stock);
/* Appends what fits; returns how much that was. */
size_t buffer_append(struct buffer *b, const char *bytes, size_t count);
