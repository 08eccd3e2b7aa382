/* SPDX-License-Identifier: MIT */
/* For a terminal. Whatever comes from a request or a label is escaped. */
#include "explain.h"
#include "waybill/exchange/environment.h"
#include "waybill/route/snapshot.h"
#include <inttypes.h>

static void add(struct text *out, const char *before, struct slice value)
{
    text_addf(out, "%s", before);
    text_add_escaped(out, value);
}

static void add_request(struct text *out, const struct explain_findings *f)
{
    char client[ADDRESS_TEXT_SIZE];

    if (f->readable) {
        add(out, "", f->head.method);
        add(out, " ", f->head.host);
        add(out, "", f->target.raw);
    } else {
        add(out, "", slice_head(f->query.head, slice_find(f->query.head, '\r')));
    }
    add(out, "\n  comes in on entrypoint ", f->entrypoint->name);
    if (f->query.has_client)
        add(out, " from ", slice_make(client, address_format_ip(&f->query.client, client)));
    if (f->trusted)
        text_add(out, SLICE(", which believes what it says in X-Forwarded-* and the like"));
    else if (f->removed)
        text_add(out, SLICE(", which does not believe it: its X-Forwarded-* and the like are removed"));
    if (f->readable && !slice_eq(f->target.canonical, f->target.raw_path))
        add(out, "\n  its path is read as ", f->target.canonical);
    if (f->alias.len)
        add(out, "\n  the CNAME records of its host lead to ", f->alias);
    text_add_char(out, '\n');
}

static void add_filters(struct text *out, const char *before, const struct route_filter *filters, size_t count)
{
    if (count == 0)
        return;
    text_addf(out, "%s", before);
    for (size_t i = 0; i < count; i++)
        text_addf(out, "%s%s", i ? ", then " : "", filters[i].ops->name);
    text_add_char(out, '\n');
}

static void add_way(struct text *out, const struct explain_findings *f)
{
    const struct path_changes *changes = &f->decision.changes;
    const struct route_backend *backend = f->decision.frontend->backend;

    add_filters(out, "  filters, in order: ", f->decision.frontend->filters, f->decision.frontend->filter_count);
    if (f->decision.found.slash_redirect) {
        text_addf(out, "  answer: 301 to the path %s its final slash, as the rule has it\n",
                  f->decision.found.add_slash ? "with" : "without");
        return;
    }
    if (backend) {
        add(out, "  backend: ", backend->name);
        text_addf(out, ", %zu server%s\n", backend->server_count, backend->server_count == 1 ? "" : "s");
    }
    if (f->server) {
        add(out, "  next server: ", f->server->url);
        add(out, " (", f->server->name);
        text_add(out, SLICE(")\n"));
    }
    if (f->reason != REASON_NONE)
        return;
    add(out, "  is sent: ", f->head.method);
    add(out, " ", changes->target);
    if (changes->prefix.len)
        add(out, ", X-Forwarded-Prefix: ", changes->prefix);
    if (changes->replaced.len)
        add(out, ", X-Replaced-Path: ", changes->replaced);
    text_add_char(out, '\n');
}

static void add_refusal(struct text *out, const struct explain_findings *f)
{
    const struct reason_row *row = reason_row(f->reason);

    if (f->reason == REASON_NONE)
        return;
    text_addf(out, "  answer: %u, %s", row->status, row->text);
    if (f->decision.frontend && explain_because(f->decision.frontend).len)
        add(out, ": ", explain_because(f->decision.frontend));
    if (f->reason == REASON_AMBIGUOUS_PATH) {
        add(out, ": strictly read it leads to ",
            f->decision.found.frontend ? f->decision.found.frontend->name : SLICE("nobody"));
        add(out, ", carelessly to ", f->decision.careless ? f->decision.careless->name : SLICE("nobody"));
    }
    text_add_char(out, '\n');
}

static void add_outcome(struct text *out, const struct explain_findings *f)
{
    if (f->is_local) {
        text_add(out, SLICE("\nThe router answers it itself: API, dashboard or ping.\n"));
        return;
    }
    if (f->decision.frontend) {
        add(out, "\nFrontend ", f->decision.frontend->name);
        add(out, " of ", f->decision.frontend->provider);
        text_add(out, SLICE(" gets it.\n"));
    } else {
        text_add(out, SLICE("\nNo frontend gets it.\n"));
    }
    add_filters(out, "  filters of the entrypoint, in order: ", f->entrypoint->filters, f->entrypoint->filter_count);
    if (f->decision.frontend)
        add_way(out, f);
    add_refusal(out, f);
}

static void add_nearest(struct text *out, const struct explain_findings *f)
{
    struct text nearest = TEXT_EMPTY;

    if (f->decision.found.frontend)
        return;
    explain_add_nearest(&f->explanation, 3, &nearest);
    if (nearest.len) {
        text_add(out, SLICE("  nearest: "));
        text_add(out, text_slice(&nearest)); /* is escaped */
        text_add_char(out, '\n');
    }
    text_fini(&nearest);
}

static void add_row(struct text *out, const struct explain_findings *f, const struct explain_row *row, struct arena *arena)
{
    bool wins = row->matches && row->frontend == f->decision.frontend;

    text_addf(out, "%4" PRIu32 "  %-8s", row->rank + 1, wins ? "WINS" : row->matches ? "matches" : "refuses");
    add(out, " ", row->frontend->name);
    add(out, " (", row->frontend->provider);
    text_addf(out, ", priority %" PRId64 "%s)\n", row->frontend->priority,
              row->frontend->absent == REASON_NONE ? "" : ", remembered: it has no server now");
    add(out, "               ", explain_rule(f, row->frontend, arena));
    text_add_char(out, '\n');
    if (row->matches)
        return;
    add(out, "               ", row->part);
    text_add(out, SLICE(": "));
    explain_add_why(row, &f->input, out);
    text_add_char(out, '\n');
}

static void add_tried(struct text *out, const struct explain_findings *f, struct arena *arena)
{
    const struct explanation *explanation = &f->explanation;

    add_nearest(out, f);
    if (explanation->frontend_count == 0) {
        text_add(out, SLICE("\nThere are no frontends on this entrypoint.\n"));
        return;
    }
    text_add(out, SLICE("\nFrontends of the entrypoint, in the order in which they are tried"));
    if (explanation->row_count < explanation->frontend_count)
        text_addf(out, " (%zu of %zu, the most telling ones)", explanation->row_count, explanation->frontend_count);
    text_add(out, SLICE(":\n"));
    for (size_t i = 0; i < explanation->row_count; i++)
        add_row(out, f, &explanation->rows[i], arena);
}

void explain_write_text(const struct explain_findings *f, struct arena *arena, struct text *out)
{
    add_request(out, f);
    add_outcome(out, f);
    if (f->compared)
        add_tried(out, f, arena);
}
