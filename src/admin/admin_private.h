/* SPDX-License-Identifier: MIT */
/* admin_private - what the parts of admin share. Answers are made on workers' threads, several at once. */
#pragma once
#include "feed.h"
#include "health.h"
#include "waybill/admin/admin.h"

struct admin {
    struct admin_options options;
    uint64_t started_ns; /* monotonic */
    uint64_t started_wall_ns;
    struct health_window window;
    struct feed *feed;
};

/* Parts of a path between its slashes, percent-encoding undone; in an arena of the caller's. */
enum { PATH_PARTS_MAX = 7 };
struct path_parts {
    struct slice items[PATH_PARTS_MAX];
    size_t count;
};

/* GET /api and below (spec/api-json.md 2); `parts` begins behind "api". False: not one of its routes. */
bool providers_answer(const struct path_parts *parts, const struct snapshot *snapshot, struct local_answer *out_answer);
/* GET /api/overview and /api/overview/frontends, which v1.7 has not: what the dashboard shows beside /api/providers. */
bool overview_answer(const struct admin *admin, const struct path_parts *parts, const struct local_request *request,
                     struct local_answer *out_answer);
/* GET /api/containers and /api/containers/NAME, which v1.7 has not either. */
bool containers_answer(const struct admin *admin, const struct path_parts *parts, const struct local_request *request,
                       struct local_answer *out_answer);
/* GET /api/explain: see explain.c. */
bool explain_answer(struct admin *admin, const struct local_request *request, struct local_answer *out_answer);
/* GET /api/unserved: what is asked for and nothing serves. */
void unserved_answer(const struct admin *admin, struct local_answer *out_answer);
/* GET /api/diagnostics: everything that is wrong with the configuration, with its place. */
void diagnostics_answer(const struct admin *admin, const struct local_request *request, struct local_answer *out_answer);
/* GET /api/errors: the latest. */
void errors_answer(const struct admin *admin, struct local_answer *out_answer);
/* PUT /api/providers/rest. */
bool rest_answer(const struct admin *admin, const struct local_request *request, struct local_answer *out_answer);
/* GET /dashboard/ and below, HEAD too. */
bool dashboard_answer(struct slice path, struct local_answer *out_answer);
