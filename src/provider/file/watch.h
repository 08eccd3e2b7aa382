/* SPDX-License-Identifier: MIT */
/*
 * watch - waits for a change at the places of a scan. An event is a hint: who waits scans again.
 *
 * Thread: the provider's; watch_stop from any. Where inotify is not to be had it waits a second at a time.
 */
#pragma once
#include "waybill/base/error.h"
#include <stdbool.h>
#include <stdint.h>

struct scan;
struct watch_place;

enum watch_outcome { WATCH_CHANGED, WATCH_TIMEOUT, WATCH_STOPPED };

struct watch {
    int inotify_fd, stop_fd; /* inotify_fd is -1 when there is none */
    struct watch_place *places;
    size_t count;
    bool moved, written; /* what was seen since watch_forget: an entry moved into place, one written in place */
};

wb_err watch_init(struct watch *watch);
void watch_fini(struct watch *watch);
/* From now on these places alone. */
void watch_set(struct watch *watch, const struct scan *scan);
enum watch_outcome watch_wait(struct watch *watch, uint64_t timeout_ms);
void watch_forget(struct watch *watch);
/* Every wait, now and later, ends with WATCH_STOPPED. */
void watch_stop(struct watch *watch);
