/* SPDX-License-Identifier: MIT */
#include "waybill/base/line_writer.h"
#include "waybill/base/clock.h"
#include "waybill/base/list.h"
#include "waybill/base/log.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    TELL_EVERY_MS = 60000,
    SPARES_MAX = 4,               /* batches whose room is kept, and so handed out instead of new memory */
    SPARE_BYTES_MAX = 256 * 1024, /* of each: not what one huge line has made of it */
};

/* What was posted at once; without text: the file is to be opened anew. */
struct batch {
    struct list link;
    struct text lines;
};

struct line_writer {
    struct line_writer_options options;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows; not held while something is written */
    pthread_cond_t more;
    struct list waiting, spares;
    size_t waiting_bytes, spare_count;
    uint64_t lost;
    bool told_of_overflow, stopping;

    /* The writing thread's own. */
    uint64_t lost_by_failure; /* that nobody was told of */
    uint64_t told_at_ms;      /* that it fails; 0: never */
    bool failing, told;
    bool torn;    /* the last line is there in part only */
    bool is_pipe; /* or something else that is no file */
};

static void free_batch(struct batch *batch)
{
    text_fini(&batch->lines);
    free(batch);
}

static void add_lost(struct line_writer *writer, uint64_t count)
{
    pthread_mutex_lock(&writer->lock);
    writer->lost += count;
    pthread_mutex_unlock(&writer->lock);
}

/* What one write takes from the front. In a pipe, where the router's log may go too, only so much stays together. */
static size_t piece_length(const struct line_writer *writer, struct slice bytes)
{
    size_t end;

    if (!writer->is_pipe || bytes.len <= PIPE_BUF)
        return bytes.len;
    end = slice_find_last(slice_head(bytes, PIPE_BUF), '\n');
    if (end == PIPE_BUF) /* a line that is longer */
        end = slice_find(bytes, '\n');
    return end < bytes.len ? end + 1 : end;
}

/* Takes what was written off the front of `bytes`; 0, or why not all of it was. */
static int write_bytes(const struct line_writer *writer, struct slice *bytes)
{
    int fd = writer->options.file.fd;

    while (bytes->len) {
        ssize_t wrote = write(fd, bytes->ptr, piece_length(writer, *bytes));
        if (wrote < 0 && errno == EAGAIN) { /* stdout may be somebody's who wants it so */
            struct pollfd ready = {.fd = fd, .events = POLLOUT};
            poll(&ready, 1, 1000);
        } else if (wrote < 0 && errno != EINTR) {
            return errno;
        } else if (wrote > 0) {
            *bytes = slice_from(*bytes, (size_t)wrote);
        }
    }
    return 0;
}

static uint64_t count_lines(struct slice bytes)
{
    uint64_t count = 0;

    for (const char *at = bytes.ptr; at < bytes.ptr + bytes.len; at++)
        count += *at == '\n';
    return count;
}

/* A disk that is full now and then must not fill the router's log. */
static bool may_tell(struct line_writer *writer)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (writer->told_at_ms && now_ms - writer->told_at_ms < TELL_EVERY_MS)
        return false;
    writer->told_at_ms = now_ms;
    return true;
}

static void note_failure(struct line_writer *writer, uint64_t lost, int error)
{
    const struct line_writer_options *o = &writer->options;

    writer->lost_by_failure += lost;
    add_lost(writer, lost);
    if (!writer->failing && may_tell(writer)) {
        wb_log_error("%s %s: %s: requests go on, and their lines are lost until it can be written again: make room, or "
                     "mend the path and send SIGUSR1",
                     o->what, log_file_name(&o->file), strerror(error));
        writer->told = true;
    }
    writer->failing = true;
}

static void note_success(struct line_writer *writer)
{
    writer->failing = false;
    if (!writer->told)
        return;
    wb_log_error("%s %s: can be written again; %llu lines were lost", writer->options.what,
                 log_file_name(&writer->options.file), (unsigned long long)writer->lost_by_failure);
    writer->told = false;
    writer->lost_by_failure = 0;
}

static void write_batch(struct line_writer *writer, const struct batch *batch)
{
    struct slice rest = text_slice(&batch->lines), line_end = SLICE("\n");
    int error = writer->torn ? write_bytes(writer, &line_end) : 0;

    writer->torn = writer->torn && error;
    if (!error)
        error = write_bytes(writer, &rest);
    if (error) {
        writer->torn = writer->torn || (rest.ptr > batch->lines.ptr && rest.ptr[-1] != '\n');
        note_failure(writer, count_lines(rest), error);
    } else {
        note_success(writer);
    }
}

static void look_at_file(struct line_writer *writer)
{
    struct stat status;
    writer->is_pipe = fstat(writer->options.file.fd, &status) == 0 && !S_ISREG(status.st_mode);
}

static void reopen(struct line_writer *writer)
{
    struct log_file *file = &writer->options.file;
    wb_err error = log_file_reopen(file);

    if (error)
        wb_log_error("%s %s: cannot be opened again: %s: lines go on to where they went", writer->options.what,
                     log_file_name(file), strerror(-error));
    else
        writer->torn = false;
    look_at_file(writer);
}

/* The oldest batch; NULL: none is there, or none will come. */
static struct batch *take_batch(struct line_writer *writer, bool waits)
{
    struct batch *batch = NULL;

    pthread_mutex_lock(&writer->lock);
    while (waits && list_empty(&writer->waiting) && !writer->stopping)
        pthread_cond_wait(&writer->more, &writer->lock);
    if (!list_empty(&writer->waiting)) {
        batch = LIST_ENTRY(writer->waiting.next, struct batch, link);
        list_remove(&batch->link);
    }
    pthread_mutex_unlock(&writer->lock);
    return batch;
}

/* It is written: until here it was in memory. */
static void put_aside(struct line_writer *writer, struct batch *batch)
{
    bool is_kept;

    pthread_mutex_lock(&writer->lock);
    writer->waiting_bytes -= batch->lines.len;
    is_kept = writer->spare_count < SPARES_MAX && batch->lines.len && batch->lines.capacity <= SPARE_BYTES_MAX;
    if (is_kept) {
        batch->lines.len = 0;
        writer->spare_count++;
        list_push_back(&writer->spares, &batch->link);
    }
    pthread_mutex_unlock(&writer->lock);
    if (!is_kept)
        free_batch(batch);
}

/* With the lock held. */
static struct batch *take_spare(struct line_writer *writer)
{
    struct batch *batch;

    if (list_empty(&writer->spares))
        return NULL;
    batch = LIST_ENTRY(writer->spares.prev, struct batch, link); /* the latest, of which most is in a cache */
    list_remove(&batch->link);
    writer->spare_count--;
    return batch;
}

static void free_spares(struct line_writer *writer)
{
    struct batch *batch;

    while ((batch = take_spare(writer)))
        free_batch(batch);
}

static bool work_once(struct line_writer *writer, bool waits)
{
    struct batch *batch = take_batch(writer, waits);

    if (!batch)
        return false;
    if (batch->lines.len)
        write_batch(writer, batch);
    else
        reopen(writer);
    put_aside(writer, batch);
    return true;
}

void line_writer_work(struct line_writer *writer)
{
    while (work_once(writer, false))
        continue;
}

static void *run(void *arg)
{
    struct line_writer *writer = arg;

    while (work_once(writer, true))
        continue;
    return NULL;
}

struct line_writer *line_writer_create(const struct line_writer_options *options)
{
    struct line_writer *writer = wb_alloc(sizeof *writer);

    writer->options = *options;
    look_at_file(writer);
    list_init(&writer->waiting);
    list_init(&writer->spares);
    WB_REQUIRE(pthread_mutex_init(&writer->lock, NULL) == 0 && pthread_cond_init(&writer->more, NULL) == 0);
    if (!options->threadless)
        WB_REQUIRE(pthread_create(&writer->thread, NULL, run, writer) == 0);
    return writer;
}

/* False when the thread hangs in a write: a pipe that nobody reads must not keep the router from ending. */
static bool join(struct line_writer *writer)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LINE_WRITER_END_MS / 1000;
    if (pthread_timedjoin_np(writer->thread, NULL, &until) == 0)
        return true;
    pthread_detach(writer->thread);
    return false;
}

void line_writer_destroy(struct line_writer **writer)
{
    struct line_writer *w = *writer;

    *writer = NULL;
    if (!w)
        return;
    if (w->options.threadless) {
        line_writer_work(w);
    } else {
        pthread_mutex_lock(&w->lock);
        w->stopping = true;
        pthread_mutex_unlock(&w->lock);
        pthread_cond_signal(&w->more);
        if (!join(w))
            return; /* what it uses stays; the end of the program ends it */
    }
    free_spares(w);
    log_file_close(&w->options.file);
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

/* With the lock held. True: the thread is to be woken, without the lock, or it would wake only to wait for that. */
static bool append(struct line_writer *writer, struct batch *batch)
{
    bool was_empty = list_empty(&writer->waiting);

    list_push_back(&writer->waiting, &batch->link);
    return was_empty;
}

static void tell_of_overflow(const struct line_writer *writer)
{
    wb_log_error(
        "%s %s: is written more slowly than requests come: lines are lost; a larger bufferingSize holds more of them",
        writer->options.what, log_file_name(&writer->options.file));
}

/* With the lock held: what is handed over is in a batch, and there is room of an earlier one instead. */
static struct batch *wrap(struct line_writer *writer, struct text *lines)
{
    struct batch *batch = take_spare(writer);
    struct text room;

    if (!batch)
        batch = wb_alloc(sizeof *batch);
    room = batch->lines;
    batch->lines = *lines;
    *lines = room;
    return batch;
}

void line_writer_post(struct line_writer *writer, struct text *lines, uint64_t count)
{
    bool wakes = false, tell = false;

    if (lines->len == 0)
        return;
    pthread_mutex_lock(&writer->lock);
    if (writer->waiting_bytes + lines->len <= writer->options.waiting_max) {
        writer->waiting_bytes += lines->len;
        wakes = append(writer, wrap(writer, lines));
    } else {
        lines->len = 0;
        writer->lost += count;
        tell = !writer->told_of_overflow;
        writer->told_of_overflow = true;
    }
    pthread_mutex_unlock(&writer->lock);
    if (wakes)
        pthread_cond_signal(&writer->more);
    if (tell)
        tell_of_overflow(writer);
}

void line_writer_reopen(struct line_writer *writer)
{
    struct batch *batch = wb_alloc(sizeof *batch);

    pthread_mutex_lock(&writer->lock);
    bool wakes = append(writer, batch);
    pthread_mutex_unlock(&writer->lock);
    if (wakes)
        pthread_cond_signal(&writer->more);
}

uint64_t line_writer_lost(struct line_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    uint64_t lost = writer->lost;
    pthread_mutex_unlock(&writer->lock);
    return lost;
}
