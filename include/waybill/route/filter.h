/* SPDX-License-Identifier: MIT */
/*
 * filter - one thing a frontend, or an entrypoint for everybody, does to requests on their way to a server and to
 * answers on their way back.
 *
 *   client --> request() --> request() --> ... --> server        in the order of the registry (spec/proxy.md 1)
 *   client <-- head()    <-- head()    <-- ... <-- server        backwards
 *   client <-- body()    <-- body()    <-- ... <-- server        each pulls from the next one inside
 *
 * Compile (control thread) turns the model's options into the filter's own immutable configuration; request (worker
 * thread) acts on an exchange. Who wants to see the answer puts a response half on the exchange in its request function
 * (exchange_see_answer), so it sees exactly the answers to what it let pass, those made here further in too, and a
 * route without such filters pays for none. Compile must fail closed: an option that protects and cannot be understood
 * closes the frontend (decisions.md 10).
 */
#pragma once
#include "waybill/base/arena.h"
#include "waybill/http/body.h"
#include "waybill/model/diagnostic.h"

struct exchange;
struct filter_source;
struct model_backend;
struct model_entrypoint;
struct model_frontend;
struct response_half;
struct route_backend;

enum filter_verdict {
    FILTER_PASS,     /* on to the next */
    FILTER_ANSWERED, /* the filter has answered, or has set the exchange's answer */
    FILTER_WAIT,     /* asked somebody: it will poke the exchange and be called again */
};

enum filter_compiled {
    FILTER_ABSENT, /* the frontend does not use it */
    FILTER_MADE,   /* *out_config is set */
    FILTER_CLOSED, /* cannot be understood; a diagnostic was added */
};

struct filter_ops {
    const char *name; /* "whiteList" */
    /* It is an option of backends: who asks a backend in a frontend's stead (an error page) passes it too. */
    bool of_backend;
    enum filter_compiled (*compile)(const struct filter_source *from, const void **out_config);
    enum filter_verdict (*request)(struct exchange *exchange, const void *config);
    /* The exchange ends while the filter waits. May be NULL. */
    void (*cancel)(struct exchange *exchange);
    /* In the access log, before the name of the frontend or entrypoint, when it answers: "Auth for". NULL: the name alone. */
    const char *answers_as, *answers_as_entrypoint;
    /* The filter sets, removes or goes by fields of that name: no trailer of the name, which many servers take for a field, may
     * come past it. filter_owns_nothing for one that has none; NULL: nobody has said, and no trailer passes. */
    bool (*owns)(const void *config, struct slice name);
};

bool filter_owns_nothing(const void *config, struct slice name);

struct route_filter {
    const struct filter_ops *ops;
    const void *config;
};

/* A backend as a filter asks it: with the filters that are its own. */
struct route_target {
    const struct route_backend *backend;
    const struct route_filter *filters;
    uint32_t filter_count;
};

enum { ROUTE_FILTERS_MAX = 24 }; /* of one frontend or entrypoint */

/* What compile sees. The model may go; what the configuration needs is copied to the arena. */
struct filter_source {
    const struct model_frontend *frontend;      /* of an entrypoint: its options as those of a frontend; never NULL */
    const struct model_backend *backend;        /* NULL: none, or an entrypoint */
    const struct model_entrypoint *entrypoint;  /* whose filters these are; NULL: a frontend's */
    const struct model_entrypoint *entrypoints; /* all of the static configuration */
    size_t entrypoint_count;
    struct slice provider;
    bool files_elsewhere; /* those that options name cannot be looked at here */
    struct arena *arena;  /* lives as long as the compiled frontend, or entrypoint */
    struct slice place;   /* for diagnostics */
    struct diagnostics *diagnostics;
    const struct filter_source_ops *ops;
};

struct filter_source_ops {
    /* State that all workers share (route/live.h), `bytes` of it, zeroed when new. Whoever asks for the same identity gets the
     * same, so it outlives changes of the configuration: name in it the filter, provider, backend, and what else must be
     * the same for it to go on (decisions.md 15). `fini` may run on any thread. */
    void *(*live)(const struct filter_source *from, struct slice identity, size_t bytes, void (*fini)(void *live));
    /* Another backend of the same provider; false: there is none of that name. */
    bool (*target)(const struct filter_source *from, struct slice name, struct route_target *out_target);
};

enum response_verdict {
    RESPONSE_PASS,     /* on to the next one outwards */
    RESPONSE_REPLACED, /* the exchange was given another answer, or asks somebody else (exchange_answer, exchange_ask) */
    RESPONSE_WAIT,     /* not yet: called again when something came. After exchange_keep_head */
};

/* Thread: the exchange's worker. Every function may be NULL. The configuration and the snapshot may be gone once the head was
 * sent: what body, took and ended need is in the half, or held (live_ref). */
struct response_ops {
    /* An answer is about to be sent: exchange->answer may be changed, its fields with headers_set and the like. If it is
     * replaced, those inside are over and the new answer comes here again. Sees 101, but no other 1xx. */
    enum response_verdict (*head)(struct response_half *half, struct exchange *exchange);
    /* After exchange_transform in head(): payload as it leaves here. Pulls with response_payload and response_took. Bytes it
     * gives stay where they are until took. BODY_MORE only when the inside says so and nothing is held back that should go
     * out by now. */
    enum body_result (*body)(struct response_half *half, struct exchange *exchange, struct headers *trailers,
                             struct slice *out_payload);
    void (*took)(struct response_half *half, struct exchange *exchange, size_t count);
    /* Exactly once: the exchange is over, in whatever way, or the half's answer was replaced further out. */
    void (*ended)(struct response_half *half, struct exchange *exchange);
};

/* What a filter leaves on an exchange; the first member of its state there, which is in the exchange's arena. */
struct response_half {
    const struct response_ops *ops;
    struct response_half *outer;  /* next towards the client */
    struct response_half *source; /* of its payload; NULL: the server, or the answer made here */
};
