/* SPDX-License-Identifier: MIT */
/*
 * explain - why a request gets the frontend it gets: the frontends of a table in the order in which they are tried, each with
 * the first part of its rule that refuses the request. The parts are asked by the functions of the matcher; who wins is what
 * match_table_find says.
 *
 * Of a large table only a part is looked at: the frontend that wins, those that have the request's host or one spelled nearly
 * so, and some of those that have none. So the work is bounded whatever the table (it is done on a worker's thread).
 * Thread: any that matches (route/thread.h). Rows point into the snapshot.
 */
#pragma once
#include "waybill/base/text.h"
#include "waybill/route/match.h"

enum { EXPLAIN_ROWS_MAX = 50 };

struct explain_row {
    const struct route_frontend *frontend;
    uint32_t rank; /* place in the order, from 0 */
    bool matches;
    bool slash_redirect; /* matches with the other form of the final slash: 301 */
    bool host_is_near;   /* refused for its host, which is spelled almost like the request's */
    bool has_host;       /* the rule names hosts */
    unsigned refused;    /* parts of the rule that refuse */
    struct slice part;   /* the first of them, as written: "PathPrefix:/a,/b" */
    /* For explain_add_why. */
    unsigned words, host_distance;
    int word;
    const void *refusing;
};

struct explanation {
    struct explain_row rows[EXPLAIN_ROWS_MAX]; /* the most telling ones, in the order in which they are tried */
    size_t row_count;
    size_t frontend_count; /* of the table; those without a row refuse the request, or come behind the one that wins */
    size_t looked_at;      /* frontends whose rules were asked */
};

void match_table_explain(const struct match_table *table, const struct match_input *input, struct explanation *out);
/* What the part that refuses met: "the method is GET". Nothing for a row that matches. Bytes of the request are escaped. */
void explain_add_why(const struct explain_row *row, const struct match_input *input, struct text *out);
/* Up to `most` rows that would match but for one thing, nearest first: "same host, other path: frontend-x (Path:/a)", separated
 * by "; ". Nothing when none is near. */
void explain_add_nearest(const struct explanation *explanation, size_t most, struct text *out);
