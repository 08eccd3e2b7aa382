/* SPDX-License-Identifier: MIT */
#include "waybill/route/decide.h"
#include "waybill/route/snapshot.h"

static struct match_input input_of(const struct route_request *request, struct slice path, size_t *steps)
{
    return (struct match_input){
        .method = request->method,
        .host = request->host,
        .alias = request->alias,
        .path = path,
        .query = request->target->query,
        .has_query = request->target->has_query,
        .headers = request->headers,
        .steps = steps,
    };
}

static enum reason find_frontend(const struct match_table *table, const struct route_request *request, size_t *steps,
                                 struct route_decision *out)
{
    struct match_input input = input_of(request, request->target->canonical, steps);

    out->found = match_table_find(table, &input);
    if (request->target->loose_differs) {
        struct match_input loose = input_of(request, request->target->loose, steps);
        struct match_found careless = match_table_find(table, &loose);
        if (careless.too_costly)
            return REASON_MATCH_TOO_COSTLY;
        if (careless.frontend != out->found.frontend) {
            out->careless = careless.frontend;
            return REASON_AMBIGUOUS_PATH;
        }
    }
    if (!out->found.frontend)
        return REASON_NO_FRONTEND;
    if (out->found.too_costly)
        return REASON_MATCH_TOO_COSTLY;
    out->frontend = out->found.frontend;
    return out->frontend->closed ? REASON_FRONTEND_CLOSED : out->frontend->absent;
}

enum reason route_decide(const struct match_table *table, const struct route_request *request, struct arena *arena,
                         struct route_decision *out)
{
    size_t steps = MATCH_STEPS_MAX;

    *out = (struct route_decision){0};
    enum reason reason = table ? find_frontend(table, request, &steps, out) : REASON_NO_FRONTEND;
    if (reason != REASON_NONE)
        return reason;
    out->changes.target = request->target->raw;
    if (!out->found.slash_redirect && out->frontend->changes_path &&
        rule_change_path(out->frontend, request->target, arena, &steps, &out->changes, &reason) == PATH_REFUSED)
        return reason;
    return REASON_NONE;
}
