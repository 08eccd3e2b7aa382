/* SPDX-License-Identifier: MIT */
#include "spool_private.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Memory grows with the body, by blocks twice as large as those before; files are written and read by the largest. */
enum { BLOCK_MIN = 4096, BLOCK_MAX = 64 * 1024, FILE_BLOCKS = 2 };

struct block {
    struct block *next;
    size_t capacity, len;
    char bytes[];
};

enum spool_task { TASK_WRITE, TASK_READ, TASK_CLOSE };

struct spool {
    struct spool_room *room;
    struct spool_options options;
    uint64_t length;
    size_t charged; /* of the room's memory */

    /* The begin of the body. */
    struct block *first, *last;
    size_t memory; /* capacity of the blocks there were */

    /* The rest: the file, and behind it the tail, which was not written there (yet). */
    bool holds_file;
    uint64_t file_charged, file_len;
    struct block *tail, *window; /* window: what was read of the file, from window_at */
    uint64_t window_at;

    /* What comes next. */
    struct block *at; /* NULL: what is behind the blocks */
    size_t block_taken, tail_taken;
    uint64_t file_taken;

    bool written, failed, dropped;
    bool busy; /* with a task: `file`, `error` and the block it is about are the thread's meanwhile */
    int file, error;
    enum spool_task task;
    struct offload_line line;
    struct offload_job job;
};

static struct block *create_block(size_t capacity)
{
    struct block *block = wb_alloc(sizeof *block + capacity);

    block->capacity = capacity;
    return block;
}

struct spool *spool_create(struct spool_room *room, const struct spool_options *options)
{
    struct spool *spool = wb_alloc(sizeof *spool);

    spool->room = room;
    spool->options = *options;
    spool->file = -1;
    offload_line_init(&spool->line);
    return spool;
}

static void destroy(struct spool *spool)
{
    if (spool->file >= 0)
        close(spool->file);
    if (spool->holds_file)
        spool_room_return_file(spool->room, spool->file_charged);
    while (spool->first) {
        struct block *next = spool->first->next;
        free(spool->first);
        spool->first = next;
    }
    free(spool->tail);
    free(spool->window);
    spool_room_return_memory(spool->room, spool->charged);
    free(spool);
}

static enum spool_result fail(struct spool *spool, int error)
{
    spool->failed = true;
    spool_room_complain(spool->room, error);
    return SPOOL_FAILED;
}

/* On a thread: all of it, or an error. */
static int write_all(int file, const struct block *block, uint64_t at)
{
    for (size_t done = 0; done < block->len;) {
        ssize_t count = pwrite(file, block->bytes + done, block->len - done, (off_t)(at + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count < 0 ? errno : ENOSPC;
        done += (size_t)count;
    }
    return 0;
}

static int read_all(int file, struct block *block, uint64_t at)
{
    for (size_t done = 0; done < block->len;) {
        ssize_t count = pread(file, block->bytes + done, block->len - done, (off_t)(at + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count < 0 ? errno : EIO;
        done += (size_t)count;
    }
    return 0;
}

static void run_task(struct offload_job *job)
{
    struct spool *spool = WB_CONTAINER_OF(job, struct spool, job);

    switch (spool->task) {
    case TASK_WRITE:
        if (spool->file < 0)
            spool->file = spool_room_open_file(spool->room, &spool->error);
        if (spool->file >= 0)
            spool->error = write_all(spool->file, spool->tail, spool->file_len);
        return;
    case TASK_READ:
        spool->error = read_all(spool->file, spool->window, spool->window_at);
        return;
    case TASK_CLOSE: /* of a long file that takes its time */
        close(spool->file);
        spool->file = -1;
        return;
    }
    WB_UNREACHABLE();
}

static void on_done(struct offload_job *job)
{
    struct spool *spool = WB_CONTAINER_OF(job, struct spool, job);

    spool->busy = false;
    if (spool->dropped) {
        spool_drop(&spool);
        return;
    }
    if (spool->error) {
        fail(spool, spool->error);
    } else if (spool->task == TASK_WRITE) {
        spool->file_len += spool->tail->len;
        spool->tail->len = 0;
    }
    spool->options.poke(spool->options.owner);
}

/* Once it is posted the thread may be done with it before we are, and a dropped spool is gone then. */
static bool begin_task(struct spool *spool, enum spool_task task)
{
    spool->task = task;
    spool->job.run = run_task;
    spool->job.done = on_done;
    spool->job.home = spool->options.home;
    spool->busy = true;
    if (spool_room_post(spool->room, &spool->line, &spool->job))
        return true;
    spool->busy = false;
    return false;
}

void spool_drop(struct spool **spool)
{
    struct spool *ending = *spool;

    *spool = NULL;
    if (!ending)
        return;
    ending->dropped = true;
    if (ending->busy && !spool_room_withdraw(ending->room, &ending->job))
        return; /* on_done comes back here */
    if (ending->file < 0 || !begin_task(ending, TASK_CLOSE))
        destroy(ending);
}

/* More memory for the begin of the body; NULL: what follows is for the file. */
static struct block *add_block(struct spool *spool)
{
    size_t left = spool->options.memory_max - spool->memory;
    size_t capacity = spool->memory < BLOCK_MIN ? BLOCK_MIN : spool->memory < BLOCK_MAX ? spool->memory : BLOCK_MAX;
    struct block *block;

    if (capacity > left)
        capacity = left;
    if (capacity == 0 || !spool_room_take_memory(spool->room, capacity, false))
        return NULL;
    block = create_block(capacity);
    spool->charged += capacity;
    spool->memory += capacity;
    if (spool->last)
        spool->last->next = block;
    else
        spool->first = block;
    spool->last = block;
    return block;
}

/* Both blocks are paid for at once: what was written must be readable. */
static struct block *add_tail(struct spool *spool)
{
    const size_t bytes = (size_t)FILE_BLOCKS * BLOCK_MAX;

    if (!spool_room_take_memory(spool->room, bytes, true))
        return NULL;
    spool->charged += bytes;
    spool->tail = create_block(BLOCK_MAX);
    return spool->tail;
}

static enum spool_result begin_writing(struct spool *spool)
{
    if (!spool->holds_file) {
        spool->holds_file = spool_room_take_file(spool->room);
        if (!spool->holds_file)
            return fail(spool, 0);
    }
    if (!spool_room_take_file_bytes(spool->room, spool->tail->len))
        return fail(spool, 0);
    spool->file_charged += spool->tail->len;
    return begin_task(spool, TASK_WRITE) ? SPOOL_WAIT : fail(spool, EAGAIN);
}

/* Where the next byte goes. */
static enum spool_result find_room(struct spool *spool, struct block **out_block)
{
    struct block *block = spool->tail ? spool->tail : spool->last;

    if (!block || block->len == block->capacity) {
        if (spool->tail)
            return begin_writing(spool);
        block = add_block(spool);
        if (!block)
            block = add_tail(spool);
        if (!block)
            return fail(spool, 0);
    }
    *out_block = block;
    return SPOOL_READY;
}

enum spool_result spool_write(struct spool *spool, struct slice bytes, size_t *out_count)
{
    struct block *block;

    *out_count = 0;
    WB_REQUIRE(!spool->written);
    if (spool->failed)
        return SPOOL_FAILED;
    if (spool->busy)
        return SPOOL_WAIT;
    while (*out_count < bytes.len) {
        enum spool_result result = find_room(spool, &block);
        if (result != SPOOL_READY)
            return *out_count && result == SPOOL_WAIT ? SPOOL_READY : result;
        size_t count = bytes.len - *out_count, room = block->capacity - block->len;
        if (count > room)
            count = room;
        memcpy(block->bytes + block->len, bytes.ptr + *out_count, count);
        block->len += count;
        spool->length += count;
        *out_count += count;
    }
    return SPOOL_READY;
}

void spool_written(struct spool *spool)
{
    spool->written = true;
    spool->at = spool->first;
}

uint64_t spool_length(const struct spool *spool)
{
    return spool->length;
}

/* What the window holds of the file from where reading is. */
static struct slice in_window(const struct spool *spool)
{
    if (!spool->window || spool->file_taken < spool->window_at || spool->file_taken >= spool->window_at + spool->window->len)
        return SLICE("");
    size_t from = (size_t)(spool->file_taken - spool->window_at);
    return slice_make(spool->window->bytes + from, spool->window->len - from);
}

static enum spool_result begin_reading(struct spool *spool)
{
    uint64_t left = spool->file_len - spool->file_taken;

    if (!spool->window)
        spool->window = create_block(BLOCK_MAX);
    spool->window_at = spool->file_taken;
    spool->window->len = left < BLOCK_MAX ? (size_t)left : BLOCK_MAX;
    return begin_task(spool, TASK_READ) ? SPOOL_WAIT : fail(spool, EAGAIN);
}

enum spool_result spool_read(struct spool *spool, struct slice *out_bytes)
{
    *out_bytes = SLICE("");
    WB_REQUIRE(spool->written);
    if (spool->failed)
        return SPOOL_FAILED;
    if (spool->at) {
        *out_bytes = slice_make(spool->at->bytes + spool->block_taken, spool->at->len - spool->block_taken);
        return SPOOL_READY;
    }
    if (spool->busy)
        return SPOOL_WAIT;
    if (spool->file_taken < spool->file_len) {
        *out_bytes = in_window(spool);
        return out_bytes->len ? SPOOL_READY : begin_reading(spool);
    }
    if (spool->tail)
        *out_bytes = slice_make(spool->tail->bytes + spool->tail_taken, spool->tail->len - spool->tail_taken);
    return SPOOL_READY;
}

static void leave_block(struct spool *spool)
{
    struct block *left = spool->at;

    spool->at = left->next;
    spool->block_taken = 0;
    if (spool->options.keeps)
        return;
    spool->first = left->next;
    if (spool->last == left)
        spool->last = NULL;
    spool_room_return_memory(spool->room, left->capacity);
    spool->charged -= left->capacity;
    free(left);
}

void spool_took(struct spool *spool, size_t count)
{
    if (spool->at) {
        spool->block_taken += count;
        WB_REQUIRE(spool->block_taken <= spool->at->len);
        if (spool->block_taken == spool->at->len)
            leave_block(spool);
    } else if (spool->file_taken < spool->file_len) {
        spool->file_taken += count;
        WB_REQUIRE(spool->file_taken <= spool->file_len);
    } else if (count) {
        spool->tail_taken += count;
        WB_REQUIRE(spool->tail && spool->tail_taken <= spool->tail->len);
    }
}

void spool_rewind(struct spool *spool)
{
    WB_REQUIRE(spool->options.keeps);
    spool->at = spool->first;
    spool->block_taken = spool->tail_taken = 0;
    spool->file_taken = 0;
}
