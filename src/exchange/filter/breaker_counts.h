/* SPDX-License-Identifier: MIT */
/*
 * breaker counts - one worker's replies of the last 10 s (latencies: 60 s), as the tests of a circuit breaker's expression
 * need them: each test has its own few counters. Thread: its worker. Owner: the breaker.
 */
#pragma once
#include "waybill/route/expression.h"

struct breaker_counts;

/* The expression with the functions of a circuit breaker; see expression_parse. */
bool breaker_parse(struct arena *arena, struct slice text, struct expression *out_expression, struct slice *out_error);

/* free() ends it. */
struct breaker_counts *breaker_counts_create(const struct expression *expression);
/* A reply. What was counted under another `epoch` is forgotten. */
void breaker_counts_add(struct breaker_counts *counts, const struct expression *expression, uint64_t epoch, unsigned status,
                        uint64_t latency_ms, uint64_t now_ms);
/* Does the condition hold? Asked at most every `every_ms`, else false. */
bool breaker_counts_ask(struct breaker_counts *counts, const struct expression *expression, uint64_t every_ms,
                        uint64_t now_ms);
