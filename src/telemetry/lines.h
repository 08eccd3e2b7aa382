/* SPDX-License-Identifier: MIT */
/*
 * lines - what is pushed, as lines of text: StatsD, DogStatsD and InfluxDB's line protocol, with the names of v1.7.
 *
 * Counters are what was added since the last push. Single durations are not kept: they come from the steps they were
 * counted in, a quarter of an octave each. Thread: one. No I/O.
 */
#pragma once
#include "telemetry_private.h"
#include "waybill/base/text.h"

/* What was pushed before; zero at first. */
struct lines_past {
    struct map series;  /* key to struct past_series */
    struct map retries; /* backend to a count on the heap */
    uint64_t reloads;
    uint64_t round;
};

void lines_past_init(struct lines_past *past);
void lines_past_fini(struct lines_past *past);

/* Each adds whole lines, LF behind each; the past is then this reading. */
void lines_statsd(struct text *out, const struct reading *reading, struct lines_past *past);
void lines_datadog(struct text *out, const struct reading *reading, struct lines_past *past);
void lines_influx(struct text *out, const struct reading *reading, struct lines_past *past, uint64_t wall_ns);
