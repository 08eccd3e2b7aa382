/* SPDX-License-Identifier: MIT */
/* explain - what GET /api/explain found out, before it is shown. Thread: a worker's. Memory: an arena of the call. */
#pragma once
#include "admin_private.h"
#include "explain_query.h"
#include "waybill/http/message.h"
#include "waybill/route/decide.h"
#include "waybill/route/explain.h"

struct route_server;

struct explain_findings {
    struct explain_query query;
    const struct snapshot *snapshot; /* NULL: none yet */
    const struct entrypoint *entrypoint;
    bool trusted;             /* what the client says of itself is believed */
    bool removed;             /* it said something, and that was removed */
    struct request_head head; /* if `readable` */
    struct target target;
    struct slice alias; /* what is known of where the host's CNAME records lead; empty: nothing, or nobody asks */
    bool readable;      /* the head and its target; else `reason` says why not */
    bool is_local;      /* the router answers it itself */
    enum reason reason; /* why it ends here; REASON_NONE: it goes to the frontend */
    struct route_decision decision;
    const struct route_server *server; /* the next one */
    struct match_input input;
    bool compared; /* `explanation` is filled */
    struct explanation explanation;
};

/* As the model has it: the rules of its routes. In the arena. */
struct slice explain_rule(const struct explain_findings *findings, const struct route_frontend *frontend,
                          struct arena *arena);
/* Why it answers 503 itself: it is closed, or remembered; else empty. */
struct slice explain_because(const struct route_frontend *frontend);

/* explain_json.c, explain_text.c */
void explain_write_json(const struct explain_findings *findings, struct arena *arena, struct text *out);
void explain_write_text(const struct explain_findings *findings, struct arena *arena, struct text *out);
