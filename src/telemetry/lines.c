/* SPDX-License-Identifier: MIT */
#include "lines.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct past_series {
    uint64_t count, sum_ns, round;
    uint64_t steps[TRAFFIC_STEPS];
};

struct past_count {
    uint64_t count, round;
};

void lines_past_init(struct lines_past *past)
{
    *past = (struct lines_past){.round = 0};
    map_init(&past->series);
    map_init(&past->retries);
}

static void free_values(struct map *map)
{
    struct map_entry *entry;

    for (size_t i = 0; (entry = map_next(map, &i));)
        free(entry->value);
    map_fini(map);
}

void lines_past_fini(struct lines_past *past)
{
    free_values(&past->series);
    free_values(&past->retries);
}

/* Counts begin anew when what they belong to was gone for a while. */
static uint64_t added(uint64_t now, uint64_t before)
{
    return now >= before ? now - before : now;
}

/* What was added to one series; `steps` is in a struct of the caller's. */
struct increase {
    const struct reading_series *series;
    uint64_t count, sum_ns;
    uint64_t steps[TRAFFIC_STEPS];
};

static void take_increase(struct lines_past *past, const struct reading_series *series, struct increase *out)
{
    struct past_series *before = map_get(&past->series, series->key);

    if (!before) {
        before = wb_alloc(sizeof *before);
        map_put(&past->series, series->key, before);
    }
    if (series->count < before->count)
        *before = (struct past_series){0};
    *out = (struct increase){series, series->count - before->count, added(series->sum_ns, before->sum_ns), {0}};
    for (size_t i = 0; series->steps && i < TRAFFIC_STEPS; i++) {
        out->steps[i] = added(series->steps[i], before->steps[i]);
        before->steps[i] = series->steps[i];
    }
    before->count = series->count;
    before->sum_ns = series->sum_ns;
    before->round = past->round;
}

static uint64_t take_retries(struct lines_past *past, const struct reading_retries *retries)
{
    struct past_count *before = map_get(&past->retries, retries->backend);
    uint64_t more;

    if (!before) {
        before = wb_alloc(sizeof *before);
        map_put(&past->retries, retries->backend, before);
    }
    more = added(retries->count, before->count);
    before->count = retries->count;
    before->round = past->round;
    return more;
}

static uint64_t take_reloads(struct lines_past *past, const struct reading *reading)
{
    uint64_t more = added(reading->reloads, past->reloads);

    past->reloads = reading->reloads;
    return more;
}

/* What the reading does not have any more is forgotten. */
static void end_round(struct lines_past *past)
{
    struct map_entry *entry;

    for (size_t i = 0; (entry = map_next(&past->series, &i));) {
        struct past_series *series = entry->value;
        if (series->round != past->round) {
            map_remove(&past->series, entry->key);
            free(series);
        }
    }
    for (size_t i = 0; (entry = map_next(&past->retries, &i));) {
        struct past_count *count = entry->value;
        if (count->round != past->round) {
            map_remove(&past->retries, entry->key);
            free(count);
        }
    }
    past->round++;
}

/* The middle of a step; when all were in one, their mean, which is exact. */
static double seconds_of(const struct increase *increase, size_t step)
{
    if (increase->steps[step] == increase->count && increase->count)
        return (double)increase->sum_ns / 1e9 / (double)increase->count;
    return (double)traffic_step_ns(step) / 1e9;
}

/* StatsD and DogStatsD. */

struct statsd {
    struct text *out;
    bool has_tags;
};

/* In a tag `|`, `,` and line ends would end it. */
static void add_tag(struct statsd *statsd, const char *name, struct slice value, bool first)
{
    if (!statsd->has_tags)
        return;
    text_addf(statsd->out, "%s%s:", first ? "|#" : ",", name);
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        text_add_char(statsd->out, c == '|' || c == ',' || c == '\n' || c == '\r' ? '_' : c);
    }
}

static void end_line(struct statsd *statsd)
{
    text_add_char(statsd->out, '\n');
}

static void add_value(struct statsd *statsd, const char *name, double value, const char *type)
{
    text_addf(statsd->out, "traefik.%s:%f|%s", name, value, type);
}

static void add_series_tags(struct statsd *statsd, const char *owner, const struct reading_series *series)
{
    char code[16];

    add_tag(statsd, owner, series->owner, true);
    add_tag(statsd, "method", series->method, false);
    add_tag(statsd, "protocol", slice_of(series->protocol), false);
    snprintf(code, sizeof code, "%u", series->code);
    add_tag(statsd, "code", slice_of(code), false);
}

/* So many requests that took as long: one line that says that it stands for so many. */
static void add_durations(struct statsd *statsd, const char *name, const char *owner, const struct increase *increase)
{
    for (size_t i = 0; i < TRAFFIC_STEPS; i++) {
        if (!increase->steps[i])
            continue;
        add_value(statsd, name, seconds_of(increase, i), statsd->has_tags ? "h" : "ms");
        if (increase->steps[i] > 1)
            text_addf(statsd->out, "|@%.9f", 1.0 / (double)increase->steps[i]);
        add_series_tags(statsd, owner, increase->series);
        end_line(statsd);
    }
}

static void add_part(struct statsd *statsd, const char *owner, const struct reading_part *part, struct lines_past *past)
{
    char *total = wb_format("%s.request.total", owner), *duration = wb_format("%s.request.duration", owner);
    uint64_t all = 0;

    for (size_t i = 0; i < part->series_count; i++) {
        struct increase increase;

        take_increase(past, part->series[i], &increase);
        all += increase.count;
        if (!increase.count)
            continue;
        if (statsd->has_tags) {
            add_value(statsd, total, (double)increase.count, "c");
            add_series_tags(statsd, owner, part->series[i]);
            end_line(statsd);
        }
        add_durations(statsd, duration, owner, &increase);
    }
    if (all && !statsd->has_tags) {
        add_value(statsd, total, (double)all, "c");
        end_line(statsd);
    }
    free(total);
    free(duration);
}

static void add_open(struct statsd *statsd, const char *owner, const struct reading_part *part)
{
    char *name = wb_format("%s.connections.open", owner);
    uint64_t all = 0;

    for (size_t i = 0; i < part->flow_count; i++) {
        const struct reading_flow *flow = part->flows[i];

        all += flow->open;
        if (!statsd->has_tags)
            continue;
        add_value(statsd, name, (double)flow->open, "g");
        add_tag(statsd, owner, flow->owner, true);
        add_tag(statsd, "method", flow->method, false);
        add_tag(statsd, "protocol", slice_of(flow->protocol), false);
        end_line(statsd);
    }
    if (part->flow_count && !statsd->has_tags) {
        add_value(statsd, name, (double)all, "g");
        end_line(statsd);
    }
    free(name);
}

static void add_retries(struct statsd *statsd, const struct reading *reading, struct lines_past *past)
{
    uint64_t all = 0;

    for (size_t i = 0; i < reading->retries_count; i++) {
        uint64_t more = take_retries(past, reading->retries[i]);

        all += more;
        if (!more || !statsd->has_tags)
            continue;
        add_value(statsd, "backend.retries.total", (double)more, "c");
        add_tag(statsd, "backend", reading->retries[i]->backend, true);
        end_line(statsd);
    }
    if (all && !statsd->has_tags) {
        add_value(statsd, "backend.retries.total", (double)all, "c");
        end_line(statsd);
    }
}

/* Without tags there is one value for all: 1 while all are up. */
static void add_up(struct statsd *statsd, const struct reading *reading)
{
    bool all = true;

    for (size_t i = 0; i < reading->server_count; i++) {
        const struct reading_server *server = reading->servers[i];

        all = all && server->is_up;
        if (!statsd->has_tags)
            continue;
        add_value(statsd, "backend.server.up", server->is_up, "g");
        add_tag(statsd, "backend", server->backend, true);
        add_tag(statsd, "url", server->url, false);
        end_line(statsd);
    }
    if (reading->server_count && !statsd->has_tags) {
        add_value(statsd, "backend.server.up", all, "g");
        end_line(statsd);
    }
}

static void write_statsd(struct statsd *statsd, const struct reading *reading, struct lines_past *past)
{
    uint64_t reloads = take_reloads(past, reading);

    if (reloads) {
        add_value(statsd, "config.reload.total", (double)reloads, "c");
        end_line(statsd);
    }
    if (reading->reloads) {
        add_value(statsd, "config.reload.lastSuccessTimestamp", (double)(reading->last_reload_wall_ns / 1000000000), "g");
        end_line(statsd);
    }
    add_part(statsd, "entrypoint", &reading->entrypoints, past);
    add_open(statsd, "entrypoint", &reading->entrypoints);
    add_part(statsd, "backend", &reading->backends, past);
    add_open(statsd, "backend", &reading->backends);
    add_retries(statsd, reading, past);
    add_up(statsd, reading);
    end_round(past);
}

void lines_statsd(struct text *out, const struct reading *reading, struct lines_past *past)
{
    write_statsd(&(struct statsd){out, false}, reading, past);
}

void lines_datadog(struct text *out, const struct reading *reading, struct lines_past *past)
{
    write_statsd(&(struct statsd){out, true}, reading, past);
}

/* InfluxDB: `name,tags fields time`, tags in order of their names. */

struct influx {
    struct text *out;
    uint64_t wall_ns;
};

static void begin_point(struct influx *influx, const char *name)
{
    text_addf(influx->out, "traefik.%s", name);
}

static void add_point_tag(struct influx *influx, const char *name, struct slice value)
{
    if (!value.len)
        return; /* a tag without a value is an error there */
    text_addf(influx->out, ",%s=", name);
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == ',' || c == '=' || c == ' ' || c == '\\')
            text_add_char(influx->out, '\\');
        text_add_char(influx->out, c == '\n' || c == '\r' ? '_' : c);
    }
}

static void end_point(struct influx *influx, const char *field, double value)
{
    text_addf(influx->out, " %s=%.15g %" PRIu64 "\n", field, value, influx->wall_ns);
}

/* Alphabetical: backend, code | code, entrypoint; then method, protocol. */
static void add_point_tags(struct influx *influx, const char *owner, const struct reading_series *series)
{
    bool owner_first = strcmp(owner, "code") < 0;
    char code[16];

    snprintf(code, sizeof code, "%u", series->code);
    if (owner_first)
        add_point_tag(influx, owner, series->owner);
    add_point_tag(influx, "code", slice_of(code));
    if (!owner_first)
        add_point_tag(influx, owner, series->owner);
    add_point_tag(influx, "method", series->method);
    add_point_tag(influx, "protocol", slice_of(series->protocol));
}

/* The duration that `part` of the requests took at most. */
static double quantile(const struct increase *increase, double part)
{
    uint64_t all = 0, seen = 0;
    size_t i;

    for (i = 0; i < TRAFFIC_STEPS; i++)
        all += increase->steps[i];
    for (i = 0; i < TRAFFIC_STEPS - 1; i++) {
        seen += increase->steps[i];
        if (seen && (double)seen >= part * (double)all)
            break;
    }
    return seconds_of(increase, i);
}

static void add_points(struct influx *influx, const char *owner, const struct reading_part *part, struct lines_past *past)
{
    char *total = wb_format("%s.requests.total", owner), *duration = wb_format("%s.request.duration", owner),
         *open = wb_format("%s.connections.open", owner);

    for (size_t i = 0; i < part->series_count; i++) {
        struct increase increase;

        take_increase(past, part->series[i], &increase);
        if (!increase.count)
            continue;
        begin_point(influx, total);
        add_point_tags(influx, owner, part->series[i]);
        end_point(influx, "count", (double)increase.count);
        begin_point(influx, duration);
        add_point_tags(influx, owner, part->series[i]);
        text_addf(influx->out, " p50=%.15g,p90=%.15g,p95=%.15g", quantile(&increase, 0.5), quantile(&increase, 0.9),
                  quantile(&increase, 0.95));
        text_addf(influx->out, ",p99=%.15g %" PRIu64 "\n", quantile(&increase, 0.99), influx->wall_ns);
    }
    for (size_t i = 0; i < part->flow_count; i++) {
        begin_point(influx, open);
        add_point_tag(influx, owner, part->flows[i]->owner);
        add_point_tag(influx, "method", part->flows[i]->method);
        add_point_tag(influx, "protocol", slice_of(part->flows[i]->protocol));
        end_point(influx, "value", (double)part->flows[i]->open);
    }
    free(total);
    free(duration);
    free(open);
}

static void add_server_points(struct influx *influx, const struct reading *reading, struct lines_past *past)
{
    for (size_t i = 0; i < reading->retries_count; i++) {
        uint64_t more = take_retries(past, reading->retries[i]);

        if (!more)
            continue;
        begin_point(influx, "backend.retries.total");
        add_point_tag(influx, "backend", reading->retries[i]->backend);
        end_point(influx, "count", (double)more);
    }
    for (size_t i = 0; i < reading->server_count; i++) {
        begin_point(influx, "backend.server.up");
        add_point_tag(influx, "backend", reading->servers[i]->backend);
        add_point_tag(influx, "url", reading->servers[i]->url);
        end_point(influx, "value", reading->servers[i]->is_up);
    }
}

void lines_influx(struct text *out, const struct reading *reading, struct lines_past *past, uint64_t wall_ns)
{
    struct influx influx = {out, wall_ns};
    uint64_t reloads = take_reloads(past, reading);

    if (reloads) {
        begin_point(&influx, "config.reload.total");
        end_point(&influx, "count", (double)reloads);
    }
    if (reading->reloads) {
        begin_point(&influx, "config.reload.lastSuccessTimestamp");
        end_point(&influx, "value", (double)(reading->last_reload_wall_ns / 1000000000));
    }
    add_points(&influx, "entrypoint", &reading->entrypoints, past);
    add_points(&influx, "backend", &reading->backends, past);
    add_server_points(&influx, reading, past);
    end_round(past);
}
