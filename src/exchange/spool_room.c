/* SPDX-License-Identifier: MIT */
#include "spool_private.h"
#include "waybill/base/clock.h"
#include "waybill/base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define COMPLAIN_EVERY_NS UINT64_C(10000000000)

struct spool_room {
    struct offload *offload;
    struct spool_limits limits; /* `folder` is ours */
    _Atomic size_t memory, files;
    _Atomic uint64_t file_bytes;
    _Atomic uint64_t silent_until_ns;
};

struct spool_room *spool_room_create(const struct spool_limits *limits)
{
    struct spool_room *room = wb_alloc(sizeof *room);

    room->limits = *limits;
    room->limits.folder = slice_of(slice_dup(limits->folder));
    room->offload = offload_create(limits->threads);
    return room;
}

void spool_room_destroy(struct spool_room **room)
{
    struct spool_room *ending = *room;

    *room = NULL;
    offload_work(ending->offload); /* files that still wait to be closed */
    offload_destroy(&ending->offload);
    WB_REQUIRE(spool_room_memory(ending) == 0 && spool_room_file(ending) == 0);
    free((char *)(uintptr_t)ending->limits.folder.ptr);
    free(ending);
}

size_t spool_room_work(struct spool_room *room)
{
    return offload_work(room->offload);
}

size_t spool_room_memory(const struct spool_room *room)
{
    return atomic_load_explicit(&room->memory, memory_order_relaxed);
}

uint64_t spool_room_file(const struct spool_room *room)
{
    return atomic_load_explicit(&room->file_bytes, memory_order_relaxed);
}

/* Nothing but the numbers themselves depends on their order. */
bool spool_room_take_memory(struct spool_room *room, size_t count, bool for_file)
{
    size_t max = for_file ? room->limits.memory_max : room->limits.memory_max / 4 * 3;
    size_t used = atomic_load_explicit(&room->memory, memory_order_relaxed);

    do {
        if (used > max || count > max - used)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&room->memory, &used, used + count, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

void spool_room_return_memory(struct spool_room *room, size_t count)
{
    atomic_fetch_sub_explicit(&room->memory, count, memory_order_relaxed);
}

bool spool_room_take_file(struct spool_room *room)
{
    if (atomic_fetch_add_explicit(&room->files, 1, memory_order_relaxed) < room->limits.files_max)
        return true;
    atomic_fetch_sub_explicit(&room->files, 1, memory_order_relaxed);
    return false;
}

bool spool_room_take_file_bytes(struct spool_room *room, uint64_t count)
{
    uint64_t used = atomic_load_explicit(&room->file_bytes, memory_order_relaxed);

    do {
        if (used > room->limits.file_max || count > room->limits.file_max - used)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&room->file_bytes, &used, used + count, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

void spool_room_return_file(struct spool_room *room, uint64_t count)
{
    atomic_fetch_sub_explicit(&room->file_bytes, count, memory_order_relaxed);
    atomic_fetch_sub_explicit(&room->files, 1, memory_order_relaxed);
}

/* Some file systems know no files without a name: it loses it at once. */
static int open_named_file(const char *folder)
{
    char *path = wb_format("%s/waybill-XXXXXX", folder);
    int file = mkostemp(path, O_CLOEXEC);

    if (file >= 0)
        unlink(path);
    free(path);
    return file;
}

int spool_room_open_file(const struct spool_room *room, int *out_error)
{
    const char *folder = room->limits.folder.ptr;
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        file = open_named_file(folder);
    *out_error = file < 0 ? errno : 0;
    return file;
}

void spool_room_complain(struct spool_room *room, int error)
{
    uint64_t now_ns = clock_monotonic_ns();
    uint64_t until_ns = atomic_load_explicit(&room->silent_until_ns, memory_order_relaxed);

    if (now_ns < until_ns ||
        !atomic_compare_exchange_strong_explicit(&room->silent_until_ns, &until_ns, now_ns + COMPLAIN_EVERY_NS,
                                                 memory_order_relaxed, memory_order_relaxed))
        return;
    if (error)
        wb_log_error("buffering: a body does not fit into memory, and the folder %s cannot take it: %s; see "
                     "--buffering.folder",
                     room->limits.folder.ptr, strerror(error));
    else
        wb_log_error("buffering: no room for another body: %zu bytes of memory and %llu bytes of files are used; see "
                     "--buffering.memoryMiB and --buffering.filesMiB",
                     spool_room_memory(room), (unsigned long long)spool_room_file(room));
}

bool spool_room_post(struct spool_room *room, struct offload_line *line, struct offload_job *job)
{
    return offload_post(room->offload, line, job);
}

bool spool_room_withdraw(struct spool_room *room, struct offload_job *job)
{
    return offload_withdraw(room->offload, job);
}
