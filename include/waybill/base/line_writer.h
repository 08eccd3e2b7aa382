/* SPDX-License-Identifier: MIT */
/*
 * line_writer - a thread that writes lines to a file, so that nobody else waits for a disk or for who reads a pipe.
 *
 * What waits is bounded: lines beyond it are lost, and the router's log says so once. So are those that cannot be written (a full
 * disk): it says so, and once more when lines are written again, with how many were lost; twice a minute at most (security
 * case D14).
 * Thread: any; destroy when nobody posts any more. Owner: whoever created it.
 */
#pragma once
#include "waybill/base/log_file.h"
#include "waybill/base/text.h"
#include <stdbool.h>
#include <stdint.h>

struct line_writer;

enum { LINE_WRITER_WAITING_MAX = 8 * 1024 * 1024, LINE_WRITER_END_MS = 2000 };

struct line_writer_options {
    const char *what;     /* for messages: "access log" */
    struct log_file file; /* taken over */
    size_t waiting_max;   /* bytes */
    bool threadless;      /* line_writer_work does the work (tests on a fake clock) */
};

struct line_writer *line_writer_create(const struct line_writer_options *options);
/* Writes what waits, for LINE_WRITER_END_MS at most: then what is left is lost. Nulls. */
void line_writer_destroy(struct line_writer **writer);
/* Takes over `lines`, of which there are `count`; leaves it empty, maybe with the room of what was written before. Never waits for
 * the file. */
void line_writer_post(struct line_writer *writer, struct text *lines, uint64_t count);
/* What was posted before goes to the old file. */
void line_writer_reopen(struct line_writer *writer);
/* Does what there is to do, on the caller's thread. */
void line_writer_work(struct line_writer *writer);
/* Lines lost so far. */
uint64_t line_writer_lost(struct line_writer *writer);
