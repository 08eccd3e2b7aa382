/* SPDX-License-Identifier: MIT */
#include "waybill/base/buffer.h"
#include <stdlib.h>

/* A worker keeps this many freed blocks of each size; more go back to malloc. */
enum { STOCK_SMALL_KEPT = 256, STOCK_LARGE_KEPT = 16 };

struct stock_block {
    struct stock_block *next;
};

#ifdef WB_SANITIZED
static const bool keeps_blocks = false; /* so that ASan sees a use after it was given back */
#else
static const bool keeps_blocks = true;
#endif

void stock_init(struct stock *stock)
{
    *stock = (struct stock){0};
}

static void free_chain(struct stock_block *block)
{
    while (block) {
        struct stock_block *next = block->next;
        free(block);
        block = next;
    }
}

void stock_fini(struct stock *stock)
{
    WB_REQUIRE(stock->lent_bytes == 0);
    free_chain(stock->small);
    free_chain(stock->large);
    stock_init(stock);
}

static char *stock_lend(struct stock *stock, size_t size)
{
    struct stock_block **list = size == BUFFER_SIZE ? &stock->small : &stock->large;
    unsigned *count = size == BUFFER_SIZE ? &stock->small_count : &stock->large_count;
    struct stock_block *block = *list;

    stock->lent_bytes += size;
    if (block) {
        *list = block->next;
        (*count)--;
        return (char *)block;
    }
    return wb_realloc(NULL, size);
}

static void stock_take_back(struct stock *stock, char *memory, size_t size)
{
    bool small = size == BUFFER_SIZE;
    struct stock_block **list = small ? &stock->small : &stock->large;
    unsigned *count = small ? &stock->small_count : &stock->large_count;

    WB_REQUIRE(stock->lent_bytes >= size);
    stock->lent_bytes -= size;
    if (!keeps_blocks || *count >= (small ? STOCK_SMALL_KEPT : STOCK_LARGE_KEPT)) {
        free(memory);
        return;
    }
    struct stock_block *block = (struct stock_block *)(void *)memory;
    block->next = *list;
    *list = block;
    (*count)++;
}

void buffer_borrow(struct buffer *b, struct stock *stock, size_t size)
{
    if (b->base)
        return;
    WB_REQUIRE(size <= BUFFER_LARGE);
    b->capacity = size <= BUFFER_SIZE ? BUFFER_SIZE : BUFFER_LARGE;
    b->base = stock_lend(stock, b->capacity);
    b->start = b->end = 0;
}

void buffer_return(struct buffer *b, struct stock *stock)
{
    if (b->base)
        stock_take_back(stock, b->base, b->capacity);
    *b = (struct buffer){0};
}

void buffer_consume(struct buffer *b, size_t count)
{
    WB_REQUIRE(count <= buffer_len(b));
    b->start += count;
    if (b->start == b->end)
        b->start = b->end = 0;
}

void buffer_compact(struct buffer *b)
{
    if (b->start == 0)
        return;
    memmove(b->base, b->base + b->start, b->end - b->start);
    b->end -= b->start;
    b->start = 0;
}

void buffer_grow(struct buffer *b, struct stock *stock)
{
    struct buffer larger = {0};

    WB_REQUIRE(b->base && b->capacity < BUFFER_LARGE);
    buffer_borrow(&larger, stock, BUFFER_LARGE);
    larger.end = buffer_append(&larger, b->base + b->start, buffer_len(b));
    buffer_return(b, stock);
    *b = larger;
}

size_t buffer_append(struct buffer *b, const char *bytes, size_t count)
{
    if (count > buffer_room(b))
        count = buffer_room(b);
    if (count)
        memcpy(b->base + b->end, bytes, count);
    b->end += count;
    return count;
}
