/* SPDX-License-Identifier: MIT */
/*
 * spool - the bytes of one body, kept until they are wanted: first in memory, the rest in a file without a name.
 *
 *   spool_write ... spool_write, spool_written -> spool_read, spool_took ... -> [spool_rewind] ...
 *
 * What goes to the file and comes from it does so on threads of the room's own, never on the worker's: meanwhile the answer
 * is SPOOL_WAIT, and the owner is poked when it is worth asking again.
 * Room: what all spools of the process may use together. Whoever finds none left gets SPOOL_FAILED; so does who cannot
 * write or read the file.
 * Thread: a room any, a spool its worker. Owner: of a spool whoever created it, until spool_drop.
 */
#pragma once
#include "waybill/base/mailbox.h"
#include "waybill/base/slice.h"

struct spool;
struct spool_room;

struct spool_limits {
    size_t memory_max; /* of all spools, in bytes */
    uint64_t file_max; /* of all files, in bytes */
    size_t files_max;
    struct slice folder; /* of the files */
    unsigned threads;    /* 0: spool_room_work does the work (tests on a fake clock) */
};

enum spool_result {
    SPOOL_READY,
    SPOOL_WAIT,   /* the owner will be poked */
    SPOOL_FAILED, /* sticky: no room, or the file cannot be used */
};

struct spool_room *spool_room_create(const struct spool_limits *limits);
/* Every spool was dropped, and the mailboxes of their workers are still there. */
void spool_room_destroy(struct spool_room **room);
/* On the caller's thread; what is done comes by mail. Returns how much there was to do. */
size_t spool_room_work(struct spool_room *room);
/* In use now. */
size_t spool_room_memory(const struct spool_room *room);
uint64_t spool_room_file(const struct spool_room *room);

struct spool_options {
    struct mailbox *home; /* of the worker */
    size_t memory_max;    /* of this body; what is longer goes to a file */
    bool keeps;           /* spool_rewind will be asked for: else what was taken is gone */
    void (*poke)(void *owner);
    void *owner;
};
struct spool *spool_create(struct spool_room *room, const struct spool_options *options);
/* Nulls; NULL is fine. Work under way ends by itself. */
void spool_drop(struct spool **spool);

/* Copies as much as can be now, which may be less than all: *out_count. With SPOOL_READY at least one byte. */
enum spool_result spool_write(struct spool *spool, struct slice bytes, size_t *out_count);
/* That was all. */
void spool_written(struct spool *spool);
/* Bytes written so far. */
uint64_t spool_length(const struct spool *spool);
/* With SPOOL_READY the next bytes, which stay where they are until spool_took; none: that was all. */
enum spool_result spool_read(struct spool *spool, struct slice *out_bytes);
void spool_took(struct spool *spool, size_t count);
/* To the begin again. */
void spool_rewind(struct spool *spool);
