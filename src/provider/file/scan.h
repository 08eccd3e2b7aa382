/* SPDX-License-Identifier: MIT */
/*
 * scan - which files hold the rules now, and where a change of them would show (file-provider.md 1.1, 2.2).
 *
 * Two scans with equal signatures saw the same files, unchanged. Thread: the provider's.
 */
#pragma once
#include "waybill/base/arena.h"
#include "waybill/base/text.h"
#include "waybill/provider/file.h"
#include "rules.h"

struct scan_file {
    struct slice path;
    uint64_t device, inode, size;
    int64_t changed_ns; /* the later of mtime and ctime */
};

enum scan_place_kind {
    PLACE_WAY,    /* a folder: its entry `name`, a folder or link, leads on; what is written in it shows further down */
    PLACE_FOLDER, /* a folder: its entry `name` is a file of rules; empty: any entry may be */
    PLACE_FILE,   /* the file itself: one that is mounted alone shows its changes only there */
};

struct scan_place {
    enum scan_place_kind kind;
    struct slice path, name;
};

struct scan {
    struct arena arena;
    struct scan_file *files; /* in order of reading */
    size_t file_count;
    struct scan_place *places;
    size_t place_count;
    struct text signature;
    const char *problem; /* NULL, or why the files cannot be listed: one line */
};

void scan_init(struct scan *scan);
void scan_fini(struct scan *scan);
void scan_run(struct scan *scan, const struct file_options *options);
bool scan_equal(const struct scan *a, const struct scan *b);
/* A file that was not empty is empty now: a writer has truncated it and may not be done. */
bool scan_shows_truncation(const struct scan *before, const struct scan *now);
/* An entry of a rules folder that may be read, or lead to one that is. */
bool scan_name_matters(struct slice name);

/* Reads all files; texts are in `arena`. False when one cannot be read, changed since the scan, or is one too many for 128 MiB:
 * *out_problem is then one line on the heap. */
bool scan_read(const struct scan *scan, struct arena *arena, struct rules_text **out_texts, char **out_problem);
