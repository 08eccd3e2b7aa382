/* SPDX-License-Identifier: MIT */
#include "waybill/exchange/traffic.h"
#include "waybill/base/map.h"
#include "waybill/route/snapshot.h"
#include <pthread.h>
#include <stdlib.h>

enum {
    SCOPES_BEFORE_LOOK = 64, /* backends that may be there before any is looked for in a snapshot */
    STEP_FIRST_BIT = 14,     /* 16 us and less are the first step */
};

struct series {
    struct series *next;
    unsigned code;
    struct cell sum_ns;
    struct cell cells[]; /* buckets, then steps */
};

struct traffic_flow {
    struct traffic_flow *next;
    struct scope *scope;
    struct series *first, *recent;
    size_t code_count;
    struct cell open;
    enum traffic_protocol protocol;
    size_t method_len;
    char method[TRAFFIC_METHOD_BYTES];
};

struct scope {
    bool is_backend;
    size_t entrypoint;
    char *name; /* of a backend */
    struct slice name_slice;
    struct traffic_flow *first, *recent;
    struct cell retries;
};

struct traffic {
    const struct traffic_options *options;
    struct scope *entrypoints;
    struct map backends;    /* name to scope */
    struct scope **by_slot; /* the scope that a backend's slot led to last: to be checked by its name */
    size_t slot_count;
    size_t look_at;       /* so many backends, and it is time to look for those that have gone */
    pthread_mutex_t lock; /* readers; the worker, when it changes what they walk along */
};

struct traffic *traffic_create(const struct traffic_options *options)
{
    struct traffic *traffic = wb_alloc(sizeof *traffic);

    traffic->options = options;
    traffic->entrypoints = wb_alloc((options->entrypoint_count + 1) * sizeof *traffic->entrypoints);
    for (size_t i = 0; i < options->entrypoint_count; i++)
        traffic->entrypoints[i].entrypoint = i;
    map_init(&traffic->backends);
    traffic->look_at = SCOPES_BEFORE_LOOK;
    pthread_mutex_init(&traffic->lock, NULL);
    return traffic;
}

static void free_flow(struct traffic_flow *flow)
{
    while (flow->first) {
        struct series *series = flow->first;
        flow->first = series->next;
        free(series);
    }
    free(flow);
}

static void scope_fini(struct scope *scope)
{
    while (scope->first) {
        struct traffic_flow *flow = scope->first;
        scope->first = flow->next;
        free_flow(flow);
    }
    free(scope->name);
}

void traffic_destroy(struct traffic **traffic)
{
    struct traffic *ending = *traffic;
    struct map_entry *entry;

    if (!ending)
        return;
    *traffic = NULL;
    for (size_t i = 0; i < ending->options->entrypoint_count; i++)
        scope_fini(&ending->entrypoints[i]);
    for (size_t i = 0; (entry = map_next(&ending->backends, &i));) {
        scope_fini(entry->value);
        free(entry->value);
    }
    map_fini(&ending->backends);
    pthread_mutex_destroy(&ending->lock);
    free(ending->entrypoints);
    free(ending->by_slot);
    free(ending);
}

size_t traffic_step_of(uint64_t duration_ns)
{
    unsigned bit = 63u - (unsigned)__builtin_clzll(duration_ns | 1);
    size_t step;

    if (bit < STEP_FIRST_BIT)
        return 0;
    step = (size_t)(bit - STEP_FIRST_BIT) * 4 + ((duration_ns >> (bit - 2)) & 3);
    return step < TRAFFIC_STEPS ? step : TRAFFIC_STEPS - 1;
}

uint64_t traffic_step_ns(size_t step)
{
    uint64_t quarter = UINT64_C(1) << (STEP_FIRST_BIT - 2 + step / 4);

    return quarter * (4 + step % 4) + quarter / 2;
}

static bool is_flow(const struct traffic_flow *flow, struct slice method, enum traffic_protocol protocol)
{
    return flow->protocol == protocol && slice_eq(slice_make(flow->method, flow->method_len), method);
}

static struct traffic_flow *add_flow(struct traffic *traffic, struct scope *scope, struct slice method,
                                     enum traffic_protocol protocol)
{
    struct traffic_flow *flow = wb_alloc(sizeof *flow);

    flow->scope = scope;
    flow->protocol = protocol;
    flow->method_len = method.len;
    memcpy(flow->method, method.ptr, method.len);
    pthread_mutex_lock(&traffic->lock);
    flow->next = scope->first;
    scope->first = flow;
    pthread_mutex_unlock(&traffic->lock);
    return flow;
}

static struct traffic_flow *begin(struct traffic *traffic, struct scope *scope, struct slice method,
                                  enum traffic_protocol protocol)
{
    struct traffic_flow *flow = scope->recent;

    method = slice_head(method, TRAFFIC_METHOD_BYTES);
    if (!flow || !is_flow(flow, method, protocol)) {
        for (flow = scope->first; flow && !is_flow(flow, method, protocol);)
            flow = flow->next;
        if (!flow)
            flow = add_flow(traffic, scope, method, protocol);
        scope->recent = flow;
    }
    cell_add(&flow->open, 1);
    return flow;
}

struct traffic_flow *traffic_begin(struct traffic *traffic, size_t entrypoint, struct slice method,
                                   enum traffic_protocol protocol)
{
    return begin(traffic, &traffic->entrypoints[entrypoint], method, protocol);
}

static struct scope *add_backend(struct traffic *traffic, struct slice name)
{
    struct scope *scope = wb_alloc(sizeof *scope);

    scope->is_backend = true;
    scope->name = slice_dup(name);
    scope->name_slice = slice_make(scope->name, name.len);
    pthread_mutex_lock(&traffic->lock);
    map_put(&traffic->backends, name, scope);
    pthread_mutex_unlock(&traffic->lock);
    return scope;
}

static void grow_slots(struct traffic *traffic, size_t slot)
{
    size_t count = slot < 64 ? 64 : slot * 2;

    traffic->by_slot = wb_realloc(traffic->by_slot, count * sizeof(struct scope *));
    while (traffic->slot_count < count)
        traffic->by_slot[traffic->slot_count++] = NULL;
}

static struct scope *find_backend(struct traffic *traffic, const struct route_backend *backend)
{
    struct scope *scope = backend->slot < traffic->slot_count ? traffic->by_slot[backend->slot] : NULL;

    if (scope && slice_eq(scope->name_slice, backend->name))
        return scope;
    scope = map_get(&traffic->backends, backend->name);
    if (!scope)
        scope = add_backend(traffic, backend->name);
    if (backend->slot >= traffic->slot_count)
        grow_slots(traffic, backend->slot);
    traffic->by_slot[backend->slot] = scope;
    return scope;
}

struct traffic_flow *traffic_begin_backend(struct traffic *traffic, const struct route_backend *backend, struct slice method,
                                           enum traffic_protocol protocol)
{
    return begin(traffic, find_backend(traffic, backend), method, protocol);
}

static struct series *add_series(struct traffic *traffic, struct traffic_flow *flow, unsigned code)
{
    size_t cells = traffic->options->bound_count + 1 + (traffic->options->in_steps ? TRAFFIC_STEPS : 0);
    struct series *series = wb_alloc(sizeof *series + cells * sizeof series->cells[0]);

    series->code = code;
    flow->code_count++;
    pthread_mutex_lock(&traffic->lock);
    series->next = flow->first;
    flow->first = series;
    pthread_mutex_unlock(&traffic->lock);
    return series;
}

static struct series *find_series(struct traffic *traffic, struct traffic_flow *flow, unsigned code)
{
    struct series *series = flow->first;

    while (series && series->code != code)
        series = series->next;
    if (series)
        return series;
    if (flow->code_count < TRAFFIC_CODES_MAX || code == 0)
        return add_series(traffic, flow, code);
    return find_series(traffic, flow, 0);
}

static size_t bucket_of(const struct traffic_options *options, uint64_t duration_ns)
{
    size_t bucket = 0;

    while (bucket < options->bound_count && duration_ns > options->bounds_ns[bucket])
        bucket++;
    return bucket;
}

enum traffic_protocol traffic_protocol_of(const struct traffic_flow *flow)
{
    return flow->protocol;
}

void traffic_retry(struct traffic_flow *flow)
{
    cell_add(&flow->scope->retries, 1);
}

void traffic_end(struct traffic *traffic, struct traffic_flow *flow, unsigned status, uint64_t duration_ns)
{
    const struct traffic_options *options = traffic->options;
    struct series *series = flow->recent;

    if (!series || series->code != status)
        series = flow->recent = find_series(traffic, flow, status);
    cell_sub(&flow->open, 1);
    cell_add(&series->sum_ns, duration_ns);
    cell_add(&series->cells[bucket_of(options, duration_ns)], 1);
    if (options->in_steps)
        cell_add(&series->cells[options->bound_count + 1 + traffic_step_of(duration_ns)], 1);
}

static bool is_in_use(const struct scope *scope)
{
    for (const struct traffic_flow *flow = scope->first; flow; flow = flow->next) {
        if (cell_read(&flow->open))
            return true;
    }
    return false;
}

static bool snapshot_has_backend(const struct snapshot *snapshot, struct slice name)
{
    for (size_t i = 0; i < snapshot->model.count; i++) {
        if (fragment_backend(snapshot->model.fragments[i], name))
            return true;
    }
    return false;
}

/* What is gone goes all at once, so that a reader is held up once. */
static void drop_gone(struct traffic *traffic, const struct snapshot *snapshot)
{
    struct map_entry *entry;
    struct map kept;

    map_init(&kept);
    pthread_mutex_lock(&traffic->lock);
    for (size_t i = 0; (entry = map_next(&traffic->backends, &i));) {
        struct scope *scope = entry->value;

        if (is_in_use(scope) || snapshot_has_backend(snapshot, scope->name_slice)) {
            map_put(&kept, scope->name_slice, scope);
        } else {
            scope_fini(scope);
            free(scope);
        }
    }
    map_fini(&traffic->backends);
    traffic->backends = kept;
    pthread_mutex_unlock(&traffic->lock);
    for (size_t i = 0; i < traffic->slot_count; i++)
        traffic->by_slot[i] = NULL;
}

void traffic_adopt(struct traffic *traffic, const struct snapshot *snapshot)
{
    if (map_count(&traffic->backends) < traffic->look_at)
        return;
    drop_gone(traffic, snapshot);
    traffic->look_at = map_count(&traffic->backends) * 2 + SCOPES_BEFORE_LOOK;
}

static void visit_flow(const struct traffic *traffic, const struct traffic_flow *flow,
                       const struct traffic_scope_facts *scope, const struct traffic_visitor *visitor)
{
    const struct traffic_flow_facts facts = {.scope = scope,
                                             .method = slice_make(flow->method, flow->method_len),
                                             .protocol = flow->protocol,
                                             .open = cell_read(&flow->open)};

    visitor->flow(visitor->arg, &facts);
    for (const struct series *series = flow->first; series; series = series->next) {
        const struct traffic_series_facts shown = {
            .flow = &facts,
            .code = series->code,
            .sum_ns = cell_read(&series->sum_ns),
            .buckets = series->cells,
            .steps = traffic->options->in_steps ? series->cells + traffic->options->bound_count + 1 : NULL};
        visitor->series(visitor->arg, &shown);
    }
}

static void visit_scope(const struct traffic *traffic, const struct scope *scope, const struct traffic_visitor *visitor)
{
    const struct traffic_scope_facts facts = {.is_backend = scope->is_backend,
                                              .entrypoint = scope->entrypoint,
                                              .backend = scope->name_slice,
                                              .retries = cell_read(&scope->retries)};

    visitor->scope(visitor->arg, &facts);
    for (const struct traffic_flow *flow = scope->first; flow; flow = flow->next)
        visit_flow(traffic, flow, &facts, visitor);
}

void traffic_read(struct traffic *traffic, const struct traffic_visitor *visitor)
{
    struct map_entry *entry;

    pthread_mutex_lock(&traffic->lock);
    for (size_t i = 0; i < traffic->options->entrypoint_count; i++)
        visit_scope(traffic, &traffic->entrypoints[i], visitor);
    for (size_t i = 0; (entry = map_next(&traffic->backends, &i));)
        visit_scope(traffic, entry->value, visitor);
    pthread_mutex_unlock(&traffic->lock);
}
