/* SPDX-License-Identifier: MIT */
/*
 * news - what has changed since the last look, as the events of GET /api/events:
 *
 *   configuration  {"snapshot","frontends","left_out"}                     another one is in force
 *   container      {"id","name","state","code","reason","since"}           a container came, changed its state or its reason;
 *                  {"id","name","state":"gone"}                            or went
 *   containers     {"changed"}                                             the same of too many to name
 *   health         {"check","state":"up" or "down"}                        a server's health check passes or fails now
 *   provider       {"name","connected",...}, as in /api/containers         the connection to the engine
 *   diagnostics    {"count"}                                               /api/diagnostics says something else
 *   figures        see figures.h
 *
 * An event's data is one line of JSON: nothing that comes from labels can begin another event. Thread: main.
 */
#pragma once
#include "figures.h"
#include "waybill/base/text.h"
#include "waybill/model/board.h"

struct snapshot;

/* Other numbers, other documents: /api/providers, /api/containers, /api/diagnostics. */
struct news_numbers {
    uint64_t snapshot, inventory, diagnostics;
};

struct news {
    const struct admin_options *options;
    struct news_numbers numbers;
    struct inventory *inventory; /* as it was told; NULL: there is none */
    struct provider_health provider;
    bool *failing; /* by number of the snapshot's checks */
    size_t check_count;
    struct figures figures;
};

/* From now on; what there is is not news. */
void news_begin(struct news *news, const struct admin_options *options, const struct snapshot *snapshot, uint64_t now_ns);
void news_end(struct news *news);
/* Appends an event for each thing that has changed. */
void news_gather(struct news *news, const struct snapshot *snapshot, struct text *out);
void news_gather_figures(struct news *news, const struct snapshot *snapshot, uint64_t now_ns, struct text *out);
