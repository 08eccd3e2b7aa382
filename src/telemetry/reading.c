/* SPDX-License-Identifier: MIT */
#include "telemetry_private.h"
#include "waybill/base/text.h"
#include "waybill/route/snapshot.h"
#include <stdlib.h>

/* While it is being summed: by key, in the order of coming. */
struct summing {
    const struct telemetry *telemetry;
    struct reading *reading;
    struct map flows[2], series[2]; /* [0] of entrypoints, [1] of backends */
    struct map retries, servers;
    struct map known; /* backends: whether the snapshot has them */
    struct text key;
};

static const char *const protocols[] = {[TRAFFIC_HTTP] = "http", [TRAFFIC_SSE] = "sse", [TRAFFIC_WEBSOCKET] = "websocket"};

static bool is_in_snapshot(const struct snapshot *snapshot, struct slice backend)
{
    for (size_t i = 0; snapshot && i < snapshot->model.count; i++) {
        if (fragment_backend(snapshot->model.fragments[i], backend))
            return true;
    }
    return false;
}

static bool is_shown(struct summing *summing, const struct traffic_scope_facts *scope)
{
    static char yes, no;
    void *known;

    if (!scope->is_backend)
        return true;
    known = map_get(&summing->known, scope->backend);
    if (!known) {
        known = is_in_snapshot(summing->reading->snapshot, scope->backend) ? &yes : &no;
        map_put(&summing->known, scope->backend, known);
    }
    return known == &yes;
}

static struct slice owner_of(const struct summing *summing, const struct traffic_scope_facts *scope)
{
    return scope->is_backend ? scope->backend : summing->telemetry->options.entrypoint_names[scope->entrypoint];
}

static struct slice flow_key(struct summing *summing, const struct traffic_flow_facts *flow)
{
    summing->key.len = 0;
    text_add(&summing->key, owner_of(summing, flow->scope));
    text_add_char(&summing->key, '\0');
    text_add(&summing->key, flow->method);
    text_addf(&summing->key, " %s", protocols[flow->protocol]);
    return text_slice(&summing->key);
}

static void add_scope(void *arg, const struct traffic_scope_facts *scope)
{
    struct summing *summing = arg;
    struct reading_retries *retries;

    if (!scope->is_backend || !scope->retries || !is_shown(summing, scope))
        return;
    retries = map_get(&summing->retries, scope->backend);
    if (!retries) {
        retries = ARENA_NEW(&summing->reading->arena, struct reading_retries);
        retries->backend = arena_copy(&summing->reading->arena, scope->backend);
        map_put(&summing->retries, scope->backend, retries);
    }
    retries->count += scope->retries;
}

static void add_flow(void *arg, const struct traffic_flow_facts *from)
{
    struct summing *summing = arg;
    struct arena *arena = &summing->reading->arena;
    struct map *flows = &summing->flows[from->scope->is_backend];
    struct reading_flow *flow;
    struct slice key;

    if (!is_shown(summing, from->scope))
        return;
    key = flow_key(summing, from);
    flow = map_get(flows, key);
    if (!flow) {
        flow = ARENA_NEW(arena, struct reading_flow);
        flow->owner = arena_copy(arena, owner_of(summing, from->scope));
        flow->method = arena_copy(arena, from->method);
        flow->protocol = protocols[from->protocol];
        map_put(flows, key, flow);
    }
    flow->open += from->open;
}

static struct reading_series *find_series(struct summing *summing, const struct traffic_series_facts *from)
{
    struct arena *arena = &summing->reading->arena;
    struct map *all = &summing->series[from->flow->scope->is_backend];
    struct reading_series *series;

    flow_key(summing, from->flow);
    text_addf(&summing->key, " %u%s", from->code, from->flow->scope->is_backend ? "b" : "e");
    series = map_get(all, text_slice(&summing->key));
    if (series)
        return series;
    series = ARENA_NEW(arena, struct reading_series);
    series->key = arena_copy(arena, text_slice(&summing->key));
    series->owner = arena_copy(arena, owner_of(summing, from->flow->scope));
    series->method = arena_copy(arena, from->flow->method);
    series->protocol = protocols[from->flow->protocol];
    series->code = from->code;
    series->buckets = ARENA_ARRAY(arena, uint64_t, summing->telemetry->options.traffic->bound_count + 1);
    series->steps = from->steps ? ARENA_ARRAY(arena, uint64_t, TRAFFIC_STEPS) : NULL;
    map_put(all, text_slice(&summing->key), series);
    return series;
}

static void add_series(void *arg, const struct traffic_series_facts *from)
{
    struct summing *summing = arg;
    struct reading_series *series;

    if (!is_shown(summing, from->flow->scope))
        return;
    series = find_series(summing, from);
    series->sum_ns += from->sum_ns;
    for (size_t i = 0; i <= summing->telemetry->options.traffic->bound_count; i++) {
        uint64_t count = cell_read(&from->buckets[i]);
        series->buckets[i] += count;
        series->count += count;
    }
    for (size_t i = 0; from->steps && i < TRAFFIC_STEPS; i++)
        series->steps[i] += cell_read(&from->steps[i]);
}

/* One that some backend of that name finds failing is down. */
static void add_server(struct summing *summing, struct slice backend, const struct route_server *from)
{
    bool is_up = !route_health_is_failing(from->health);
    struct reading_server *server;

    summing->key.len = 0;
    text_add(&summing->key, backend);
    text_add_char(&summing->key, '\0');
    text_add(&summing->key, from->url);
    server = map_get(&summing->servers, text_slice(&summing->key));
    if (!server) {
        server = ARENA_NEW(&summing->reading->arena, struct reading_server);
        *server = (struct reading_server){backend, from->url, true};
        map_put(&summing->servers, text_slice(&summing->key), server);
    }
    server->is_up = server->is_up && is_up;
}

static void add_servers(struct summing *summing)
{
    const struct snapshot *snapshot = summing->reading->snapshot;

    for (size_t i = 0; snapshot && i < snapshot->frontend_count; i++) {
        const struct route_backend *backend = snapshot->frontends[i]->backend;
        for (size_t k = 0; backend && k < backend->server_count; k++)
            add_server(summing, backend->name, &backend->servers[k]);
    }
}

static int compare_entries(const void *a, const void *b)
{
    const struct map_entry *const *one = a, *const *other = b;

    return slice_compare((*one)->key, (*other)->key);
}

/* The values in order of their keys, in the reading's arena. */
static void *sort_values(struct summing *summing, const struct map *map, size_t *out_count)
{
    size_t count = map_count(map), filled = 0;
    struct map_entry **entries = wb_alloc((count + 1) * sizeof(struct map_entry *)), *entry;
    void **values = ARENA_ARRAY(&summing->reading->arena, void *, count + 1);

    for (size_t i = 0; (entry = map_next(map, &i));)
        entries[filled++] = entry;
    if (count)
        qsort(entries, count, sizeof(struct map_entry *), compare_entries);
    for (size_t i = 0; i < count; i++)
        values[i] = entries[i]->value;
    free(entries);
    *out_count = count;
    return values;
}

static void sort_part(struct summing *summing, bool of_backends, struct reading_part *part)
{
    part->flows = sort_values(summing, &summing->flows[of_backends], &part->flow_count);
    part->series = sort_values(summing, &summing->series[of_backends], &part->series_count);
}

static void take_configuration(struct telemetry *telemetry, struct reading *reading)
{
    pthread_mutex_lock(&telemetry->lock);
    reading->snapshot = telemetry->snapshot ? snapshot_ref(telemetry->snapshot) : NULL;
    reading->reloads = telemetry->reloads;
    reading->last_reload_wall_ns = telemetry->last_reload_wall_ns;
    pthread_mutex_unlock(&telemetry->lock);
}

void reading_take(struct telemetry *telemetry, struct reading *reading)
{
    struct summing summing = {.telemetry = telemetry, .reading = reading};
    struct traffic_visitor visitor = {add_scope, add_flow, add_series, &summing};
    struct map *maps[] = {&summing.flows[0], &summing.flows[1], &summing.series[0], &summing.series[1],
                          &summing.retries,  &summing.servers,  &summing.known};

    *reading = (struct reading){.reloads = 0};
    arena_init(&reading->arena, 0);
    for (size_t i = 0; i < WB_COUNT(maps); i++)
        map_init(maps[i]);
    take_configuration(telemetry, reading);
    for (size_t i = 0; i < telemetry->options.worker_count; i++) {
        if (telemetry->options.traffics[i])
            traffic_read(telemetry->options.traffics[i], &visitor);
    }
    add_servers(&summing);
    sort_part(&summing, false, &reading->entrypoints);
    sort_part(&summing, true, &reading->backends);
    reading->retries = sort_values(&summing, &summing.retries, &reading->retries_count);
    reading->servers = sort_values(&summing, &summing.servers, &reading->server_count);
    for (size_t i = 0; i < WB_COUNT(maps); i++)
        map_fini(maps[i]);
    text_fini(&summing.key);
}

void reading_fini(struct reading *reading)
{
    if (reading->snapshot)
        snapshot_unref(&reading->snapshot);
    arena_fini(&reading->arena);
}
