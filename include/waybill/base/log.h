/* SPDX-License-Identifier: MIT */
/*
 * log - what the router says of itself: one line a message, to stdout or a file, written with one write(2).
 *
 * Thread: any; log_open, log_set_json and log_reopen are main's. Text form: time="..." level=... msg="..."; or an object of
 * JSON. Where it goes may be read by nobody for a while: then lines are lost, and how many is said later; nobody waits for it
 * for longer than LOG_PATIENCE_MS. Control bytes, quotes and backslashes of a message are escaped. A message names the place, the value and what to do.
 */
#pragma once
#include "waybill/base/error.h"
#include "waybill/base/slice.h"
#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_FATAL };

enum { LOG_PATIENCE_MS = 1000 };

/* DEBUG INFO WARN WARNING ERROR FATAL PANIC, any case. */
bool log_level_parse(struct slice text, enum log_level *out_level);
/* Starts as LOG_ERROR, as v1.7's does. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* From now on lines go to that file ("" is stdout), which log_reopen opens anew. On failure all stays as it is. */
WB_MUST_USE wb_err log_open(struct slice path);
WB_MUST_USE wb_err log_reopen(void);
void log_set_json(bool json);
/* Tests take the lines instead of stdout; NULL restores. `line` has no line end. */
void log_set_sink(void (*sink)(enum log_level level, const char *line, void *arg), void *arg);

void wb_log(enum log_level level, const char *form, ...) WB_PRINTF(2, 3);

#define wb_log_debug(...) (log_get_level() <= LOG_DEBUG ? wb_log(LOG_DEBUG, __VA_ARGS__) : (void)0)
#define wb_log_info(...)  wb_log(LOG_INFO, __VA_ARGS__)
#define wb_log_warn(...)  wb_log(LOG_WARN, __VA_ARGS__)
#define wb_log_error(...) wb_log(LOG_ERROR, __VA_ARGS__)
#define wb_log_fatal(...) wb_log(LOG_FATAL, __VA_ARGS__)
