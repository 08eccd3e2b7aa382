/* SPDX-License-Identifier: MIT */
/*
 * telemetry - what is measured, for who asks (Prometheus) and for who is sent it (StatsD, DogStatsD, InfluxDB), with the names
 * and labels of v1.7 (spec/api-json.md 5).
 *
 * Everything is read from what workers count for themselves (exchange/traffic.h), when somebody asks or a push is due. Series of
 * backends and servers that are gone are shown no more.
 * Thread: create, push and destroy: main. publish: control's. write_prometheus: any. Each receiver has a thread of its own.
 * Owner: main; it ends after the workers are joined and before control.
 */
#pragma once
#include "waybill/base/error.h"
#include "waybill/base/slice.h"
#include <stdbool.h>
#include <stdint.h>

struct board;
struct cell;
struct exchange_counters;
struct snapshot;
struct span_exporter;
struct telemetry;
struct text;
struct traffic;
struct traffic_options;

/* What it points to stays as long as the telemetry. */
struct telemetry_options {
    const struct traffic_options *traffic;
    struct traffic *const *traffics;                 /* one per worker */
    const struct exchange_counters *const *counters; /* as many */
    size_t worker_count;
    const struct slice *entrypoint_names;
    size_t entrypoint_count;
    const struct cell *live_snapshots;
    struct board *board;            /* whose diagnostics are counted, and how providers are; NULL: they are not shown */
    struct span_exporter *exporter; /* of traced requests, whose counts are shown; NULL: none */
};

enum push_kind { PUSH_STATSD, PUSH_DATADOG, PUSH_INFLUX_UDP, PUSH_INFLUX_HTTP };

struct push_options {
    enum push_kind kind;
    struct slice address;                    /* host:port; for PUSH_INFLUX_HTTP a URL, http:// may be left out */
    uint64_t interval_ms;                    /* not 0 */
    struct slice database, retention_policy; /* PUSH_INFLUX_HTTP; may be empty */
};

struct telemetry *telemetry_create(const struct telemetry_options *options);
/* Sends what is left to send, but waits for no receiver for long. */
void telemetry_destroy(struct telemetry **telemetry);
/* A configuration is in force. Takes a reference of its own. */
void telemetry_publish(struct telemetry *telemetry, struct snapshot *snapshot);
/* Appends the text of format version 0.0.4. */
void telemetry_write_prometheus(struct telemetry *telemetry, struct text *out);
/* From now on it is sent there. The texts are copied. */
WB_MUST_USE wb_err telemetry_push(struct telemetry *telemetry, const struct push_options *options);
