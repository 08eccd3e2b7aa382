/* SPDX-License-Identifier: MIT */
/*
 * access_log - one line for every routed request (common format of spec/api-json.md 6.1, escaped as defects A8 asks).
 *
 * One per worker: lines gather in memory and go out with one write(2) at the end of a turn. The file is opened with
 * O_APPEND by main and shared. Thread: its worker.
 */
#pragma once
#include "waybill/net/loop.h"

struct access_log;
struct exchange;

/* "" is stdout. Folders are made (0755). */
WB_MUST_USE wb_err access_log_open(struct slice path, int *out_fd);
struct access_log *access_log_create(struct loop *loop, int fd);
void access_log_destroy(struct access_log **log);
void access_log_add(struct access_log *log, const struct exchange *exchange);
