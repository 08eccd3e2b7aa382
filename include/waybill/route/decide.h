/* SPDX-License-Identifier: MIT */
/*
 * decide - from a request to what becomes of it: the one function that routes. Exchanges act on what it says, explanations
 * show it.
 *
 * Thread: any that matches (route/thread.h). Memory: slices of the request's bytes, or of the arena.
 */
#pragma once
#include "waybill/route/match.h"

struct route_request {
    struct slice method, host, alias; /* `alias`: see struct match_input */
    const struct target *target;
    const struct headers *headers;
};

struct route_decision {
    const struct route_frontend *frontend; /* whose it is, also when it is closed or refuses the path; NULL: nobody's */
    struct match_found found; /* of the canonical path; its frontend is not the request's if the path is ambiguous */
    const struct route_frontend *careless; /* with REASON_AMBIGUOUS_PATH: where the loose path leads, or NULL */
    struct path_changes changes;           /* `target` is set with REASON_NONE */
};

/* REASON_NONE: the frontend's filters, then its backend, get it (or the other spelling of the slash is shown, found.slash_redirect).
 * Else why not. A careless server must not be led elsewhere by the same bytes, so both views of the path are asked. */
enum reason route_decide(const struct match_table *table, const struct route_request *request, struct arena *arena,
                         struct route_decision *out_decision);
