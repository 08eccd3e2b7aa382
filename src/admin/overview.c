/* SPDX-License-Identifier: MIT */
/*
 * Two documents of ours beside v1.7's API, for the dashboard and for scripts:
 *
 *   GET /api/overview            entrypoints, number of the snapshot, uptime, workers, and the counters since the start.
 *                                Small: it is asked for every two seconds.
 *   GET /api/overview/frontends  what became of each frontend: {"snapshot":N,"frontends":[{"provider","name",
 *                                "priority": the one that counts, "state": "open" | "closed" | "left out" |
 *                                "no backend" | "no server" | "no healthy server" | "remembered", "because": of
 *                                closed, left out and remembered, "failing": how many servers fail their health
 *                                check, when some do, and "down": their names}]}
 */
#include "admin_private.h"
#include "containers.h"
#include "reply.h"
#include "waybill/base/clock.h"
#include "waybill/exchange/environment.h"
#include "waybill/http/reason.h"
#include "waybill/model/board.h"
#include "waybill/model/json.h"
#include "waybill/route/snapshot.h"
#include <inttypes.h>

struct totals {
    uint64_t requests, response_ns, response_bytes, active, clients;
    uint64_t status[HEALTH_STATUS_COUNT];
    uint64_t ended[REASON_COUNT];
};

static void sum_counters(const struct admin_options *options, struct totals *out_totals)
{
    for (size_t i = 0; i < options->counter_count; i++) {
        const struct exchange_counters *from = options->counters[i];
        if (!from)
            continue;
        out_totals->requests += cell_read(&from->requests);
        out_totals->response_ns += cell_read(&from->response_ns);
        out_totals->response_bytes += cell_read(&from->response_bytes);
        out_totals->active += cell_read(&from->active);
        out_totals->clients += cell_read(&from->clients);
        for (size_t status = 100; status < HEALTH_STATUS_COUNT; status++)
            out_totals->status[status] += cell_read(&from->status[status]);
        for (size_t reason = 0; reason < REASON_COUNT; reason++)
            out_totals->ended[reason] += cell_read(&from->ended[reason]);
    }
}

static void write_entrypoints(struct text *out, const struct admin_options *options)
{
    text_add(out, SLICE(",\"entrypoints\":["));
    for (size_t i = 0; i < options->entrypoint_count; i++) {
        text_add(out, i ? SLICE(",{\"name\":") : SLICE("{\"name\":"));
        json_string(out, options->entrypoint_names[i]);
        text_add(out, SLICE(",\"address\":"));
        json_string(out, options->entrypoint_addresses[i]);
        text_add_char(out, '}');
    }
    text_add_char(out, ']');
}

static const bool ended_well[REASON_COUNT] = {[REASON_NONE] = true,
                                              [REASON_DONE] = true,
                                              [REASON_LOCAL] = true,
                                              [REASON_CLIENT_DONE] = true,
                                              [REASON_CLIENT_IDLE] = true};

/* How exchanges ended, in the words of the reason table; those that went well are not news. */
static void write_ended(struct text *out, const uint64_t ended[REASON_COUNT])
{
    const char *separator = "";

    text_add(out, SLICE(",\"ended\":{"));
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        if (!ended[reason] || ended_well[reason])
            continue;
        text_add(out, slice_of(separator));
        json_string(out, slice_of(reason_row((enum reason)reason)->text));
        text_addf(out, ":%" PRIu64, ended[reason]);
        separator = ",";
    }
    text_add_char(out, '}');
}

/* How the provider is, and a number that is another one whenever /api/containers is. */
static void write_board(struct text *out, struct board *board)
{
    text_add(out, SLICE(",\"provider\":"));
    containers_write_provider(out, board);
    text_addf(out, ",\"inventory\":%" PRIu64, board ? board_changes(board) : 0);
}

static void write_overview(struct text *out, const struct admin *admin, const struct local_request *request)
{
    struct totals totals = {0};

    sum_counters(&admin->options, &totals);
    text_addf(out, "{\"version\":\"%s\",\"started\":%" PRIu64 ",\"uptime_sec\":", WB_VERSION,
              admin->started_wall_ns / 1000000000);
    health_write_seconds(out, clock_monotonic_ns() - admin->started_ns);
    text_addf(out, ",\"draining\":%s,\"snapshot\":%" PRIu64, request->draining ? "true" : "false",
              request->snapshot ? request->snapshot->number : 0);
    if (admin->options.live_snapshots)
        text_addf(out, ",\"live_snapshots\":%" PRIu64, cell_read(admin->options.live_snapshots));
    text_addf(out, ",\"workers\":%zu,\"clients\":%" PRIu64 ",\"active\":%" PRIu64, admin->options.counter_count,
              totals.clients, totals.active);
    text_addf(out, ",\"requests\":%" PRIu64 ",\"response_bytes\":%" PRIu64 ",\"response_time_sec\":", totals.requests,
              totals.response_bytes);
    health_write_seconds(out, totals.response_ns);
    text_add(out, SLICE(",\"status\":"));
    health_write_counts(out, totals.status);
    write_ended(out, totals.ended);
    write_board(out, admin->options.board);
    write_entrypoints(out, &admin->options);
    text_add_char(out, '}');
}

static void write_outcome(struct text *out, struct slice provider, struct slice name, const char *state,
                          struct slice because)
{
    if (out->ptr[out->len - 1] != '[')
        text_add_char(out, ',');
    text_add(out, SLICE("{\"provider\":"));
    json_string(out, provider);
    text_add(out, SLICE(",\"name\":"));
    json_string(out, name);
    text_addf(out, ",\"state\":\"%s\"", state);
    if (because.len) {
        text_add(out, SLICE(",\"because\":"));
        json_string(out, because);
    }
}

static size_t count_failing(const struct route_backend *backend)
{
    size_t failing = 0;

    for (size_t i = 0; backend && i < backend->server_count; i++)
        failing += route_health_is_failing(backend->servers[i].health);
    return failing;
}

static void write_down(struct text *out, const struct route_backend *backend)
{
    text_add(out, SLICE(",\"down\":["));
    for (size_t i = 0; i < backend->server_count; i++) {
        if (!route_health_is_failing(backend->servers[i].health))
            continue;
        if (out->ptr[out->len - 1] != '[')
            text_add_char(out, ',');
        json_string(out, backend->servers[i].name);
    }
    text_add_char(out, ']');
}

/* Who has the rule of a shadowed one. */
static void write_shadow(struct text *out, const struct route_shadow *shadow)
{
    struct text because = TEXT_EMPTY;

    route_shadow_explain(shadow, &because);
    write_outcome(out, shadow->frontend->provider, shadow->frontend->name, "shadowed", text_slice(&because));
    text_addf(out, ",\"priority\":%" PRId64 "}", shadow->frontend->priority);
    text_fini(&because);
}

static void write_compiled(struct text *out, const struct route_frontend *frontend)
{
    size_t failing = count_failing(frontend->backend);
    const char *state = frontend->absent != REASON_NONE              ? "remembered"
                        : frontend->closed                           ? "closed"
                        : !frontend->backend                         ? "no backend"
                        : frontend->backend->server_count == 0       ? "no server"
                        : frontend->backend->server_count == failing ? "no healthy server"
                                                                     : "open";

    write_outcome(out, frontend->provider, frontend->name, state,
                  frontend->absent != REASON_NONE ? frontend->absent_because : frontend->closed_because);
    if (failing) {
        text_addf(out, ",\"failing\":%zu", failing);
        write_down(out, frontend->backend);
    }
    text_addf(out, ",\"priority\":%" PRId64 "}", frontend->priority);
}

static void write_left_out(struct text *out, const struct route_frontend *frontend)
{
    write_outcome(out, frontend->provider, frontend->name, "left out", frontend->why_because);
    text_add_char(out, '}');
}

static void write_frontends(struct text *out, const struct snapshot *snapshot)
{
    text_addf(out, "{\"snapshot\":%" PRIu64 ",\"frontends\":[", snapshot ? snapshot->number : 0);
    for (size_t i = 0; snapshot && i < snapshot->frontend_count; i++) {
        const struct route_shadow *shadow = snapshot_shadow(snapshot, snapshot->frontends[i]);
        if (shadow)
            write_shadow(out, shadow);
        else
            write_compiled(out, snapshot->frontends[i]);
    }
    for (size_t i = 0; snapshot && i < snapshot->left_out_count; i++)
        write_left_out(out, snapshot->left_out[i]);
    text_add(out, SLICE("]}"));
}

bool overview_answer(const struct admin *admin, const struct path_parts *parts, const struct local_request *request,
                     struct local_answer *out_answer)
{
    struct text document = TEXT_EMPTY;

    if (parts->count == 1)
        write_overview(&document, admin, request);
    else if (parts->count == 2 && slice_eq(parts->items[1], SLICE("frontends")))
        write_frontends(&document, request->snapshot);
    else
        return false;
    reply_json(out_answer, &document);
    return true;
}
