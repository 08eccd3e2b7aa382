/* SPDX-License-Identifier: MIT */
/*
 * log_file - where lines go: a file that is appended to, or stdout.
 *
 * Each write(2) of one process goes behind what is there (O_APPEND), whoever else writes to it. Thread: open and reopen
 * one at a time; the descriptor is anybody's to write to. Owner: whoever opened it, until close.
 */
#pragma once
#include "waybill/base/error.h"
#include "waybill/base/slice.h"

struct log_file {
    char *path; /* NULL: stdout */
    int fd;
};

/* "" is stdout. A FIFO is not waited for. Folders are made (0755), the file too (0644). On failure nothing is to be closed. */
WB_MUST_USE wb_err log_file_open(struct log_file *file, struct slice path);
/* The file of that name, which may be another by now: what writes to the descriptor writes there. On failure all stays as it is. */
WB_MUST_USE wb_err log_file_reopen(struct log_file *file);
void log_file_close(struct log_file *file);
/* For messages: the path, or "stdout". */
static inline const char *log_file_name(const struct log_file *file)
{
    return file->path ? file->path : "stdout";
}
