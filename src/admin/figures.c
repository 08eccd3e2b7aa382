/* SPDX-License-Identifier: MIT */
#include "figures.h"
#include "waybill/base/clock.h"
#include "waybill/exchange/environment.h"
#include <inttypes.h>

static void read_counters(const struct admin_options *options, struct figures_reading *out)
{
    for (size_t i = 0; i < options->counter_count; i++) {
        const struct exchange_counters *from = options->counters[i];
        if (!from)
            continue;
        out->requests += cell_read(&from->requests);
        out->bytes += cell_read(&from->response_bytes);
        for (size_t status = 500; status < 600; status++)
            out->errors += cell_read(&from->status[status]);
    }
}

static void sum_open(const struct admin_options *options, uint64_t *out_clients, uint64_t *out_active)
{
    *out_clients = *out_active = 0;
    for (size_t i = 0; i < options->counter_count; i++) {
        const struct exchange_counters *from = options->counters[i];
        if (!from)
            continue;
        *out_clients += cell_read(&from->clients);
        *out_active += cell_read(&from->active);
    }
}

void figures_begin(struct figures *figures, const struct admin_options *options, uint64_t now_ns)
{
    *figures = (struct figures){.last.at_ns = now_ns};
    read_counters(options, &figures->last);
}

void figures_end(struct figures *figures)
{
    (void)figures;
}

/* Two decimals tell one request in a minute from none. */
static void write_rate(struct text *out, const char *name, uint64_t more, double seconds)
{
    text_addf(out, ",\"%s\":%.2f", name, (double)more / seconds);
}

void figures_write(struct figures *figures, const struct admin_options *options, uint64_t now_ns, struct text *out)
{
    struct figures_reading now = {.at_ns = now_ns}, before = figures->last;
    double seconds = now_ns > before.at_ns ? (double)(now_ns - before.at_ns) / 1e9 : 1;
    uint64_t clients, active;

    read_counters(options, &now);
    sum_open(options, &clients, &active);
    text_addf(out, ",\"at\":%" PRIu64 ",\"seconds\":%.3f,\"clients\":%" PRIu64 ",\"active\":%" PRIu64,
              clock_wall_ns() / 1000000, seconds, clients, active);
    write_rate(out, "requests", now.requests - before.requests, seconds);
    write_rate(out, "errors", now.errors - before.errors, seconds);
    write_rate(out, "bytes", now.bytes - before.bytes, seconds);
    figures->last = now;
}
