/* SPDX-License-Identifier: MIT */
/*
 * plan - what one container asks for, read from its labels once. It is the same in each fragment until the container is
 * another: so a change of one costs the others next to nothing.
 *
 * Thread: the provider's makes it; afterwards nothing of it changes but the memo, which that thread alone uses. Owner: its
 * container, whose arena it is in; fragments and inventories that point into it hold that.
 */
#pragma once
#include "filter.h"
#include "waybill/model/model.h"

/* One segment that has a rule. */
struct plan_route {
    const struct segment *segment;
    struct slice key;  /* service and segment: of those only the first one makes a frontend (4.5) */
    struct slice stem; /* of the frontend's name; with is_numbered its position comes behind */
    bool is_numbered;
    struct slice rule;                   /* as the document shows it */
    struct model_frontend frontend;      /* all but its name and its route */
    struct model_backend backend;        /* all but its servers; of a backend the first container's options hold */
    bool has_options;                    /* then the backend exists without servers, too (5) */
    struct slice backend_closed_because; /* an option that protects was not understood: its frontends are closed */
    struct slice protocol, port;         /* of the server's URL */
    int64_t weight;
    const struct label *bad_label; /* the server is skipped where routes are compiled; NULL: it can be one */
    const char *bad_because;
    struct diagnostics frontend_said, backend_said, server_said;

    struct slice memo_url, memo_name; /* the first URL it was reached by, and the server's name for that */
};

struct plan {
    struct inventory_item draft; /* decided when it is not to be routed; it shares its texts */
    struct diagnostics said;     /* about the whole container */
    bool is_wanted;              /* it is to be routed when it runs and is well */
    struct plan_route *routes;
    size_t route_count;
};

/* The container's plan, made now when it has none yet. */
struct plan *plan_of(const struct build_input *input, struct container *container);
/* "route-" and behind it the name of a frontend whose container stands there; in the arena given. */
struct slice plan_route_name(struct arena *arena, const struct plan_route *route, size_t position);
/* Nulls. */
void plan_fini(struct plan **plan);
