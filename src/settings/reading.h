/* SPDX-License-Identifier: MIT */
/*
 * reading - what grows into struct settings while the sources are read one over the other.
 *
 * Thread: main. Owner: settings_read; texts live in settings.arena.
 */
#pragma once
#include "waybill/settings/settings.h"
#include "flag.h"

struct entrypoint_options;

/* In the order they are read; a later one wins. */
enum reading_source { SOURCE_DEFAULTS, SOURCE_FILE, SOURCE_COMMAND_LINE };

#define DURATION_NOT_GIVEN UINT64_MAX

struct reading {
    struct settings settings;
    enum reading_source source;
    uint8_t given[FLAG_COUNT_MAX]; /* enum reading_source that set a flag last; by position in the table */
    size_t entrypoint_capacity, note_capacity;
    const char *failure; /* why reading cannot go on, in the arena; NULL while it can */

    struct slice config_file;
    struct {
        bool on, prometheus_on, statsd_on, datadog_on, influx_on;
        struct slice address, path, cert, key, prometheus_entrypoint;
        struct traffic_options traffic;  /* only its bounds */
        struct entrypoint_options *auth; /* NULL: there is none */
    } web;                               /* deprecated; what it stands for */
    bool debug, level_given, routes_in_static_file;
    struct slices constraints;                  /* of all providers */
    uint64_t old_idle_timeout_ms, old_grace_ms; /* deprecated flags: over 0 they win */
    uint64_t read_timeout_ms, write_timeout_ms; /* or DURATION_NOT_GIVEN */
    int swarm_refresh_s;                        /* not over 0: the default */
    const char *absent_tracer; /* what is said of the first tracer named that is not there, unless another is chosen */
    struct slice old_access_log_path, old_log_path, log_format;
    bool group_on, accepted; /* groups that switch nothing; values that go nowhere */
    unsigned accepted_count;
    uint64_t accepted_ms;
    struct slices accepted_constraints;
};

/* Remembers it for settings_log_warnings. */
void reading_note(struct reading *reading, enum log_level level, const char *form, ...) WB_PRINTF(3, 4);
/* Always false: `return reading_fail(...)`. The first failure stays. */
bool reading_fail(struct reading *reading, const char *form, ...) WB_PRINTF(2, 3);
/* Replaces the one of the same name. */
void reading_put_entrypoint(struct reading *reading, const struct model_entrypoint *entrypoint);
/* `text` with what would disturb a terminal escaped, in the arena. */
const char *reading_shown(struct reading *reading, struct slice text);
