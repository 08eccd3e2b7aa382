/* SPDX-License-Identifier: MIT */
/*
 * GET /api/errors: the latest requests that were answered with an error, newest first:
 *
 *   {"errors":[{"time","status","reason","method","host","path","frontend","server","seconds"}]}
 *
 * Those of servers (5xx) and those of clients (4xx) have their own places: see exchange/recent.h. `time` is in RFC 3339 with
 * milliseconds; `frontend` and `server` are empty where the request did not come so far.
 */
#include "errors.h"
#include "admin_private.h"
#include "reply.h"
#include "waybill/base/clock.h"
#include "waybill/exchange/recent.h"
#include "waybill/model/json.h"
#include <stdio.h>
#include <stdlib.h>

struct errors {
    struct recent_error *items; /* heap */
    size_t count;
};

static int compare_errors(const void *a, const void *b)
{
    const struct recent_error *x = a, *y = b;
    return (x->wall_ns < y->wall_ns) - (x->wall_ns > y->wall_ns);
}

static void gather(struct errors *errors, const struct admin_options *options)
{
    errors->count = 0;
    errors->items = wb_alloc((options->counter_count + 1) * 2 * RECENT_KEPT * sizeof *errors->items);
    for (size_t i = 0; options->recent && i < options->counter_count; i++)
        if (options->recent[i])
            errors->count += recent_read(options->recent[i], errors->items + errors->count);
    qsort(errors->items, errors->count, sizeof *errors->items, compare_errors);
}

static void add_member(struct text *out, const char *name, struct slice value)
{
    text_addf(out, ",\"%s\":", name);
    json_string(out, value);
}

/* 2026-11-23T08:13:21.458227432Z, with so many decimals. */
static void write_time(struct text *out, uint64_t wall_ns, int decimals)
{
    char time[CLOCK_RFC3339_SIZE], fraction[12];

    clock_rfc3339(wall_ns, time);
    time[CLOCK_RFC3339_SIZE - 2] = '\0';
    snprintf(fraction, sizeof fraction, "%09u", (unsigned)(wall_ns % 1000000000));
    text_addf(out, "\"%s.%.*sZ\"", time, decimals, fraction);
}

static struct slice method_of(const struct recent_error *error)
{
    return slice_make(error->method, error->method_len);
}

static void write_error(struct text *out, const struct recent_error *error)
{
    text_add(out, SLICE("{\"time\":"));
    write_time(out, error->wall_ns, 3);
    text_addf(out, ",\"status\":%u,\"reason\":", error->status);
    json_string(out, slice_of(reason_row(error->reason)->text));
    add_member(out, "method", method_of(error));
    add_member(out, "host", recent_slice(&error->host));
    add_member(out, "path", recent_slice(&error->path));
    add_member(out, "frontend", recent_slice(&error->frontend));
    add_member(out, "server", recent_slice(&error->server));
    text_add(out, SLICE(",\"seconds\":"));
    health_write_seconds(out, error->duration_ns);
    text_add_char(out, '}');
}

void errors_answer(const struct admin *admin, struct local_answer *out_answer)
{
    struct text document = TEXT_EMPTY;
    struct errors errors;

    gather(&errors, &admin->options);
    text_add(&document, SLICE("{\"errors\":["));
    for (size_t i = 0; i < errors.count; i++) {
        if (i)
            text_add_char(&document, ',');
        write_error(&document, &errors.items[i]);
    }
    text_add(&document, SLICE("]}"));
    free(errors.items);
    reply_json(out_answer, &document);
}

/* As v1.7 writes one. */
static void write_recent(struct text *out, const struct recent_error *error)
{
    text_addf(out, "{\"status_code\":%u,\"status\":", error->status);
    json_string(out, slice_of(status_phrase(error->status)));
    add_member(out, "method", method_of(error));
    add_member(out, "host", recent_slice(&error->host));
    add_member(out, "path", recent_slice(&error->path));
    text_add(out, SLICE(",\"time\":"));
    write_time(out, error->wall_ns, 9);
    text_add_char(out, '}');
}

void errors_write_recent(struct text *out, const struct admin_options *options, size_t most)
{
    struct errors errors;

    gather(&errors, options);
    text_add(out, SLICE(",\"recent_errors\":["));
    for (size_t i = 0; i < errors.count && i < most; i++) {
        if (i)
            text_add_char(out, ',');
        write_recent(out, &errors.items[i]);
    }
    text_add_char(out, ']');
    free(errors.items);
}
