/* SPDX-License-Identifier: MIT */
/* clock - the two clocks. Everything with a deadline takes its time from a loop (net/loop.h), which a
 * test can replace; these are for what is outside a loop. Thread: any. */
#pragma once
#include "waybill/base/slice.h"
#include <stdint.h>
#include <stddef.h>

uint64_t clock_monotonic_ns(void);
uint64_t clock_monotonic_ms(void);
/* Nanoseconds since 1970. */
uint64_t clock_wall_ns(void);
/* IMF-fixdate of RFC 9110 5.6.7, 29 characters and a NUL. */
enum { CLOCK_HTTP_DATE_SIZE = 30 };
void clock_http_date(uint64_t wall_ns, char out[CLOCK_HTTP_DATE_SIZE]);
/* "2026-11-23T08:01:19Z" */
enum { CLOCK_RFC3339_SIZE = 21 };
void clock_rfc3339(uint64_t wall_ns, char out[CLOCK_RFC3339_SIZE]);
/* A duration in the way Go prints it: "1.4s", "516.794µs", "1m30s", "0s". */
enum { CLOCK_DURATION_SIZE = 40 };
void clock_format_duration(int64_t ns, char out[CLOCK_DURATION_SIZE]);
/* The reverse, as v1.7 reads durations: Go's form ("1h1m1s", "1.5ms", "-2s"), or digits alone, which are seconds.
 * False when it is neither or does not fit. */
bool clock_parse_duration(struct slice text, int64_t *out_ns);
