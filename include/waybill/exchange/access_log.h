/* SPDX-License-Identifier: MIT */
/*
 * access_log - one line for every routed request (spec/api-json.md 6), common or JSON, escaped as defects A8 asks.
 *
 * Rules are compiled once, from the static configuration, and shared. Each worker gathers its lines in memory and hands them to a
 * line_writer, which writes them on a thread of its own: no request waits for the file.
 * Thread: a log its worker's, rules any (they never change). Owner: of a log its worker, of rules main.
 */
#pragma once
#include "waybill/base/line_writer.h"
#include "waybill/model/diagnostic.h"
#include "waybill/model/model.h"
#include "waybill/net/loop.h"

struct access_log;
struct access_rules;
struct exchange;

/* As the static configuration has them. */
struct access_log_options {
    struct slice format;                     /* common, json */
    struct slices status_codes;              /* 200, 300-399 */
    bool retry_attempts;                     /* requests that were tried more than once */
    uint64_t min_duration_ms;                /* that took longer; 0: not asked for */
    struct slice fields_mode, headers_mode;  /* keep, drop; of headers redact, too */
    struct slices field_names, header_names; /* NAME=MODE */
};

/* Problems go to `diagnostics`. What is asked to be left out and not understood is left out; a header's value is redacted then
 * (decisions.md 10). NULL: there is no such format, so there is no log. In the arena. */
struct access_rules *access_rules_compile(const struct access_log_options *options, struct arena *arena,
                                          struct diagnostics *diagnostics);

struct access_log *access_log_create(struct loop *loop, const struct access_rules *rules, struct line_writer *writer);
/* What was gathered is handed over. Nulls; NULL is fine. */
void access_log_destroy(struct access_log **log);
/* The exchange has ended at `now_ns` (monotonic). */
void access_log_add(struct access_log *log, const struct exchange *exchange, uint64_t now_ns);
