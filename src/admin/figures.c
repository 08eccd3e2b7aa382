/* SPDX-License-Identifier: MIT */
#include "figures.h"
#include "waybill/base/clock.h"
#include "waybill/exchange/environment.h"
#include "waybill/model/json.h"
#include <inttypes.h>
#include <stdlib.h>

/* -- reading -- */

static struct figures_backend *follow(struct figures *figures, struct slice name)
{
    struct figures_backend *backend = map_get(&figures->backends, name);

    if (backend || map_count(&figures->backends) >= FIGURES_BACKENDS)
        return backend;
    backend = wb_alloc(sizeof *backend);
    backend->name = slice_make(slice_dup(name), name.len);
    map_put(&figures->backends, backend->name, backend);
    return backend;
}

static void free_backend(struct figures_backend *backend)
{
    free((char *)(uintptr_t)backend->name.ptr);
    free(backend);
}

static void on_scope(void *arg, const struct traffic_scope_facts *scope)
{
    struct figures *figures = arg;

    figures->reads_entrypoint = !scope->is_backend;
    figures->reading = scope->is_backend ? follow(figures, scope->backend) : NULL;
    if (figures->reading)
        figures->reading->seen = true;
}

static void on_flow(void *arg, const struct traffic_flow_facts *flow)
{
    struct figures *figures = arg;

    if (figures->reading)
        figures->reading->active += flow->open;
}

static void add_steps(struct figures_count *count, const struct cell *steps, unsigned code)
{
    uint64_t requests = 0;

    for (size_t i = 0; i < TRAFFIC_STEPS; i++) {
        uint64_t more = cell_read(&steps[i]);
        count->steps[i] += more;
        requests += more;
    }
    count->requests += requests;
    if (code >= 500)
        count->errors += requests;
}

static void on_series(void *arg, const struct traffic_series_facts *series)
{
    struct figures *figures = arg;

    if (!series->steps)
        return;
    if (figures->reading)
        add_steps(&figures->reading->now, series->steps, series->code);
    else if (figures->reads_entrypoint)
        add_steps(&figures->now, series->steps, series->code);
}

static void read_traffic(struct figures *figures)
{
    const struct admin_options *options = figures->options;
    const struct traffic_visitor visitor = {on_scope, on_flow, on_series, figures};

    for (size_t i = 0; options->traffic && i < options->counter_count; i++)
        if (options->traffic[i])
            traffic_read(options->traffic[i], &visitor);
}

/* What is shown of all is what /health and the overview show, whether anybody counts by entrypoint or not. */
static void read_counters(struct figures *figures)
{
    const struct admin_options *options = figures->options;

    figures->bytes = figures->now.requests = figures->now.errors = 0;
    for (size_t i = 0; i < options->counter_count; i++) {
        const struct exchange_counters *from = options->counters[i];
        if (!from)
            continue;
        figures->bytes += cell_read(&from->response_bytes);
        figures->now.requests += cell_read(&from->requests);
        for (size_t status = 500; status < 600; status++)
            figures->now.errors += cell_read(&from->status[status]);
    }
}

static void begin_reading(struct figures *figures)
{
    struct map_entry *entry;

    figures->last = figures->now;
    figures->last_bytes = figures->bytes;
    memset(&figures->now, 0, sizeof figures->now);
    for (size_t i = 0; (entry = map_next(&figures->backends, &i));) {
        struct figures_backend *backend = entry->value;
        backend->last = backend->now;
        memset(&backend->now, 0, sizeof backend->now);
        backend->active = 0;
        backend->seen = false;
    }
}

/* Those that no worker counts any more. */
static void forget_gone(struct figures *figures)
{
    struct map kept;
    struct map_entry *entry;

    map_init_lent(&kept);
    for (size_t i = 0; (entry = map_next(&figures->backends, &i));) {
        struct figures_backend *backend = entry->value;
        if (backend->seen)
            map_put(&kept, backend->name, backend);
        else
            free_backend(backend);
    }
    map_fini(&figures->backends);
    figures->backends = kept;
}

static void read_all(struct figures *figures)
{
    begin_reading(figures);
    read_traffic(figures);
    read_counters(figures);
    forget_gone(figures);
}

void figures_begin(struct figures *figures, const struct admin_options *options, uint64_t now_ns)
{
    *figures = (struct figures){.options = options, .at_ns = now_ns};
    map_init_lent(&figures->backends);
    read_all(figures);
}

void figures_end(struct figures *figures)
{
    struct map_entry *entry;

    for (size_t i = 0; (entry = map_next(&figures->backends, &i));)
        free_backend(entry->value);
    map_fini(&figures->backends);
}

/* -- writing -- */

/* A worker that drops what is gone makes a sum smaller: that is no request. */
static uint64_t more_of(uint64_t now, uint64_t last)
{
    return now > last ? now - last : 0;
}

/* Two decimals tell one request in a minute from none. */
static void write_rate(struct text *out, const char *name, uint64_t more, double seconds)
{
    text_addf(out, ",\"%s\":%.2f", name, (double)more / seconds);
}

static void write_percentiles(struct text *out, const struct figures_count *now, const struct figures_count *last)
{
    static const struct {
        const char *name;
        unsigned percent;
    } wanted[] = {{"p50", 50}, {"p95", 95}, {"p99", 99}};
    uint64_t total = 0, below = 0;
    size_t at = 0;

    for (size_t i = 0; i < TRAFFIC_STEPS; i++)
        total += more_of(now->steps[i], last->steps[i]);
    for (size_t step = 0; step < TRAFFIC_STEPS && at < WB_COUNT(wanted) && total; step++) {
        below += more_of(now->steps[step], last->steps[step]);
        for (; at < WB_COUNT(wanted) && below * 100 >= total * wanted[at].percent; at++)
            text_addf(out, ",\"%s\":%.3f", wanted[at].name, (double)traffic_step_ns(step) / 1e6);
    }
    for (; at < WB_COUNT(wanted); at++)
        text_addf(out, ",\"%s\":null", wanted[at].name);
}

static uint64_t requests_of(const struct figures_backend *backend)
{
    return more_of(backend->now.requests, backend->last.requests);
}

static int compare_busy(const void *a, const void *b)
{
    const struct figures_backend *const *x = a, *const *y = b;
    uint64_t one = requests_of(*x), other = requests_of(*y);

    return one != other ? (one < other) - (one > other) : slice_compare((*x)->name, (*y)->name);
}

static void write_backend(struct text *out, const struct figures_backend *backend, double seconds)
{
    text_add(out, out->ptr[out->len - 1] == '[' ? SLICE("{\"name\":") : SLICE(",{\"name\":"));
    json_string(out, backend->name);
    write_rate(out, "requests", requests_of(backend), seconds);
    write_rate(out, "errors", more_of(backend->now.errors, backend->last.errors), seconds);
    text_addf(out, ",\"active\":%" PRIu64, backend->active);
    write_percentiles(out, &backend->now, &backend->last);
    text_add_char(out, '}');
}

static void write_backends(struct text *out, const struct figures *figures, double seconds)
{
    size_t count = map_count(&figures->backends), busy = 0;
    struct figures_backend **list = wb_alloc((count + 1) * sizeof *list);
    struct map_entry *entry;

    for (size_t i = 0; (entry = map_next(&figures->backends, &i));) {
        struct figures_backend *backend = entry->value;
        if (requests_of(backend) || backend->active)
            list[busy++] = backend;
    }
    qsort(list, busy, sizeof *list, compare_busy);
    text_add(out, SLICE(",\"backends\":["));
    for (size_t i = 0; i < busy && i < FIGURES_LISTED; i++)
        write_backend(out, list[i], seconds);
    text_addf(out, "],\"quiet\":%zu", count - busy);
    free(list);
}

static void write_open(struct text *out, const struct admin_options *options)
{
    uint64_t clients = 0, active = 0;

    for (size_t i = 0; i < options->counter_count; i++) {
        const struct exchange_counters *from = options->counters[i];
        clients += from ? cell_read(&from->clients) : 0;
        active += from ? cell_read(&from->active) : 0;
    }
    text_addf(out, ",\"clients\":%" PRIu64 ",\"active\":%" PRIu64, clients, active);
}

void figures_write(struct figures *figures, uint64_t now_ns, struct text *out)
{
    double seconds = now_ns > figures->at_ns ? (double)(now_ns - figures->at_ns) / 1e9 : 1;

    read_all(figures);
    figures->at_ns = now_ns;
    text_addf(out, ",\"at\":%" PRIu64 ",\"seconds\":%.3f", clock_wall_ns() / 1000000, seconds);
    write_open(out, figures->options);
    write_rate(out, "requests", more_of(figures->now.requests, figures->last.requests), seconds);
    write_rate(out, "errors", more_of(figures->now.errors, figures->last.errors), seconds);
    write_rate(out, "bytes", more_of(figures->bytes, figures->last_bytes), seconds);
    write_percentiles(out, &figures->now, &figures->last);
    write_backends(out, figures, seconds);
}
