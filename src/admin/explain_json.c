/* SPDX-License-Identifier: MIT */
/*
 * {"request":{"method","host","alias"?,"path","query"?,"entrypoint","client"?,"trusted"}, as it is understood
 *  "answered_by":"frontend" | "router" | "nobody","status"?,"reason"?, of an answer that is not the server's
 *  "entrypoint_filters":[],
 *  "frontend"?:{"provider","name","rule","priority","remembered"?,"because"?,"filters":[],"backend"?,"servers","server"?:{"name","url"},
 *               "target"?,"prefix"?,"replaced"?},
 *  "careless"?: the frontend that a more careless reading of the path leads to, or null
 *  "nearest"?, when nobody answers
 *  "frontends": on this entrypoint,"looked_at","tried":[{"position","provider","name","rule","priority","remembered"?,
 *               "verdict":"wins" | "matches" | "refuses","part"?,"why"?}]}
 */
#include "explain.h"
#include "waybill/exchange/environment.h"
#include "waybill/model/json.h"
#include "waybill/route/snapshot.h"
#include <inttypes.h>

static void add_text(struct text *out, const char *name, struct slice value)
{
    text_addf(out, ",\"%s\":", name);
    json_string(out, value);
}

static void add_text_if(struct text *out, const char *name, struct slice value)
{
    if (value.len)
        add_text(out, name, value);
}

static void add_filters(struct text *out, const char *name, const struct route_filter *filters, size_t count)
{
    text_addf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < count; i++)
        text_addf(out, "%s\"%s\"", i ? "," : "", filters[i].ops->name);
    text_add_char(out, ']');
}

static void add_request(struct text *out, const struct explain_findings *f)
{
    char client[ADDRESS_TEXT_SIZE];

    text_add(out, SLICE("\"request\":{\"entrypoint\":"));
    json_string(out, f->entrypoint->name);
    if (f->query.has_client)
        add_text(out, "client", slice_make(client, address_format_ip(&f->query.client, client)));
    text_addf(out, ",\"trusted\":%s", f->trusted ? "true" : "false");
    if (f->readable) {
        add_text(out, "method", f->head.method);
        add_text(out, "host", f->head.host);
        add_text_if(out, "alias", f->alias);
        add_text(out, "path", f->target.canonical);
        if (f->target.has_query)
            add_text(out, "query", f->target.query);
    }
    text_add_char(out, '}');
}

static void add_outcome(struct text *out, const struct explain_findings *f)
{
    const struct reason_row *row = reason_row(f->reason);
    bool redirect = f->reason == REASON_NONE && f->decision.found.slash_redirect;

    text_addf(out, ",\"answered_by\":\"%s\"", f->is_local ? "router" : f->decision.frontend ? "frontend" : "nobody");
    if (redirect)
        text_addf(out, ",\"status\":301,\"reason\":\"the rule has the path %s its final slash\"",
                  f->decision.found.add_slash ? "with" : "without");
    else if (f->reason != REASON_NONE)
        text_addf(out, ",\"status\":%u", row->status);
    if (f->reason != REASON_NONE)
        add_text(out, "reason", slice_of(row->text));
    if (f->reason == REASON_AMBIGUOUS_PATH) {
        text_add(out, SLICE(",\"careless\":"));
        if (f->decision.careless)
            json_string(out, f->decision.careless->name);
        else
            text_add(out, SLICE("null"));
    }
}

static void add_names(struct text *out, const struct explain_findings *f, const struct route_frontend *frontend,
                      struct arena *arena)
{
    text_add(out, SLICE("\"provider\":"));
    json_string(out, frontend->provider);
    add_text(out, "name", frontend->name);
    add_text(out, "rule", explain_rule(f, frontend, arena));
    text_addf(out, ",\"priority\":%" PRId64 "%s", frontend->priority,
              frontend->absent == REASON_NONE ? "" : ",\"remembered\":true");
}

static void add_frontend(struct text *out, const struct explain_findings *f, struct arena *arena)
{
    const struct route_frontend *frontend = f->decision.frontend;

    if (!frontend)
        return;
    text_add(out, SLICE(",\"frontend\":{"));
    add_names(out, f, frontend, arena);
    add_text_if(out, "because", explain_because(frontend));
    add_filters(out, "filters", frontend->filters, frontend->filter_count);
    if (frontend->backend)
        add_text(out, "backend", frontend->backend->name);
    text_addf(out, ",\"servers\":%zu", frontend->backend ? frontend->backend->server_count : 0);
    if (f->server) {
        text_add(out, SLICE(",\"server\":{\"name\":"));
        json_string(out, f->server->name);
        add_text(out, "url", f->server->url);
        text_add_char(out, '}');
    }
    if (f->reason == REASON_NONE && !f->decision.found.slash_redirect) {
        add_text(out, "target", f->decision.changes.target);
        add_text_if(out, "prefix", f->decision.changes.prefix);
        add_text_if(out, "replaced", f->decision.changes.replaced);
    }
    text_add_char(out, '}');
}

static void add_row(struct text *out, const struct explain_findings *f, const struct explain_row *row, struct arena *arena)
{
    struct text why = TEXT_EMPTY;
    bool wins = row->matches && row->frontend == f->decision.frontend;

    text_addf(out, "{\"position\":%" PRIu32 ",", row->rank + 1);
    add_names(out, f, row->frontend, arena);
    text_addf(out, ",\"verdict\":\"%s\"", wins ? "wins" : row->matches ? "matches" : "refuses");
    if (!row->matches) {
        explain_add_why(row, &f->input, &why);
        add_text(out, "part", row->part);
        add_text(out, "why", text_slice(&why));
    }
    text_add_char(out, '}');
    text_fini(&why);
}

static void add_tried(struct text *out, const struct explain_findings *f, struct arena *arena)
{
    struct text nearest = TEXT_EMPTY;

    if (!f->compared)
        return;
    if (!f->decision.found.frontend)
        explain_add_nearest(&f->explanation, 3, &nearest);
    add_text_if(out, "nearest", text_slice(&nearest));
    text_fini(&nearest);
    text_addf(out, ",\"frontends\":%zu,\"looked_at\":%zu,\"tried\":[", f->explanation.frontend_count,
              f->explanation.looked_at);
    for (size_t i = 0; i < f->explanation.row_count; i++) {
        if (i)
            text_add_char(out, ',');
        add_row(out, f, &f->explanation.rows[i], arena);
    }
    text_add_char(out, ']');
}

void explain_write_json(const struct explain_findings *f, struct arena *arena, struct text *out)
{
    text_add_char(out, '{');
    add_request(out, f);
    add_outcome(out, f);
    add_filters(out, "entrypoint_filters", f->entrypoint->filters, f->entrypoint->filter_count);
    add_frontend(out, f, arena);
    add_tried(out, f, arena);
    text_add_char(out, '}');
}
