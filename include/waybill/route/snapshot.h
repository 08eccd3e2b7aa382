/* SPDX-License-Identifier: MIT */
/*
 * snapshot - what the model means: match tables over compiled frontends. Immutable once published.
 *
 * Thread: built by control, read by every worker. Owner: reference count (atomic, touched once per worker and
 * adoption, never per request). The last reference is dropped on the control thread.
 * What changes (pools, balancer positions) lives with the workers, found by the slots below.
 */
#pragma once
#include "waybill/http/reason.h"
#include "waybill/model/entrypoint.h"
#include "waybill/model/inventory.h"
#include "waybill/model/model.h"
#include "waybill/route/filter.h"
#include "waybill/route/health.h"

struct match_table;
struct rule;
struct text;

/* A server as it is dialled. Slot: a small number that stands for one identity (backend's filters do not matter; address and
 * container do) as long as any snapshot names it; workers index their live state by it. */
struct route_server {
    struct slice name;
    struct slice url;       /* as written, for the access log */
    struct slice host;      /* name or address, no brackets */
    struct slice host_port; /* what Host is with passHostHeader=false */
    uint16_t port;
    bool is_secure; /* https: nothing is said to it before it has been verified */
    bool is_h2c;    /* HTTP/2 in clear, by prior knowledge */
    uint32_t slot;
    uint64_t generation;         /* differs whenever the slot was given to another identity */
    unsigned weight;             /* 0: gets only whom a cookie sends to it */
    struct slice cookie;         /* who asks with it comes back here; empty: the backend is not sticky */
    struct route_health *health; /* NULL: it is not checked */
};

struct route_backend {
    struct slice name;
    uint32_t slot; /* of the balancer's live state */
    uint64_t generation;
    struct route_server *servers; /* in name order; those with a usable URL, equal URLs once */
    size_t server_count;
    unsigned weight_gcd, weight_max;
    bool is_checked;          /* servers have a `health` */
    bool is_dynamic;          /* drr: weights follow how the servers answer */
    struct slice cookie_name; /* empty: it is not sticky */
};

/* Refcounted by the snapshots that share it (control thread only), keyed by content (decisions.md 23). */
struct route_frontend {
    const struct rule *rule;             /* what each request looks at lies side by side */
    const struct route_backend *backend; /* NULL: none, answers 503 */
    const struct route_filter *filters;  /* in order of application */
    uint32_t filter_count;
    bool pass_host_header;
    bool pass_tls_cert;      /* servers over TLS are shown the entrypoint's certificate */
    bool closed;             /* answers 503: REASON_FRONTEND_CLOSED */
    bool changes_path;       /* its rule does */
    enum reason absent;      /* a remembered one answers with it; REASON_NONE: it is live */
    int64_t priority;        /* effective: from the label, else the length of the rules */
    struct slice short_name; /* without a leading "frontend-": what the access log shows */
    struct slice provider, name;
    struct slice closed_because, absent_because;
    enum container_why why;   /* not WHY_ROUTED: no request gets through it to a server */
    struct slice why_because; /* says what is in the way */
};

struct route_entrypoint {
    struct slice name;
    const struct match_table *table;
};

/* A frontend that gets no requests on some entrypoint: an older container has its rule already. */
struct route_shadow {
    const struct route_frontend *frontend, *by;
    struct slice origin, by_origin; /* where each was written: "container web" */
    struct slice rule;
    bool is_everywhere; /* on all of its entrypoints */
};

struct snapshot {
    _Atomic unsigned refs;
    uint64_t number;                      /* counts up with each publication */
    struct model model;                   /* what it was compiled from, for the API */
    struct route_entrypoint *entrypoints; /* same order as the static configuration's */
    size_t entrypoint_count;
    uint32_t server_slot_count;   /* slots of servers are below it */
    uint64_t *server_generations; /* by server slot: the generation this snapshot routes to, or 0 */
    struct route_health **checks; /* of the servers above */
    size_t check_count;
    struct route_frontend **frontends; /* in the order in which they are tried: remembered ones last */
    size_t frontend_count;
    struct route_frontend **left_out; /* match nothing; `why` says why not */
    size_t left_out_count;
    struct route_shadow *shadows; /* of `frontends`; each once, by address */
    size_t shadow_count;
    void (*retire)(struct snapshot *snapshot, void *arg); /* called by the last unref, on any thread: mails it to control */
    void *retire_arg;
};

struct snapshot *snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot **snapshot);
/* Once, when all are known. */
void snapshot_sort_shadows(struct snapshot *snapshot);
/* "container a is older and has the rule `Host:a.t` already (frontend x)", and what to do. */
void route_shadow_explain(const struct route_shadow *shadow, struct text *out);
/* NULL: it is not one of the shadowed. */
const struct route_shadow *snapshot_shadow(const struct snapshot *snapshot, const struct route_frontend *frontend);
/* Adds to a revision of an inventory what became of the frontends: a container that would be routed, and is behind none that
 * lets requests through, is in the state that says why. */
void snapshot_review(const struct snapshot *snapshot, struct inventory *inventory);
