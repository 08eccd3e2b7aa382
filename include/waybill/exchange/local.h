/* SPDX-License-Identifier: MIT */
/*
 * local - routes that the router answers itself: API, dashboard, ping. Looked up before ordinary routing on their
 * entrypoint. Implemented by admin as pure functions of the request. Thread: a worker's.
 */
#pragma once
#include "waybill/base/text.h"
#include "waybill/http/message.h"

struct environment;
struct exchange;
struct snapshot;

struct local_request {
    size_t entrypoint; /* number in the static configuration */
    struct slice method, path, query, host;
    const struct headers *headers;
    const struct snapshot *snapshot; /* NULL before the first one */
    const struct environment *env;   /* of the worker that was asked; to be looked at only */
    bool draining;
    bool filtered; /* the entrypoint's filters have passed it; false: only what needs none (ping) */
    bool has_body; /* `body` is all of its body: it was asked before, and wanted it */
    struct slice body;
};

/* Of a body that a route wants: more is refused. */
enum { LOCAL_BODY_MAX = 4 * 1024 * 1024 };
/* Of all those bodies, and of documents that clients have not taken yet, of one worker: beyond it there is one of any length, and
 * short ones. Who reads slowly and in great number must not make the process grow. */
enum { LOCAL_BYTES_MAX = 64 * 1024 * 1024, LOCAL_BYTES_SHORT = 16 * 1024 };

struct local_answer {
    bool wants_body; /* it is asked again when that has come, and nothing is done before; the rest is not filled */
    unsigned status;
    struct slice content_type;                  /* static text or in the body's text */
    struct slice location;                      /* for redirects; static, or in `body` */
    struct slice extra_name[4], extra_value[4]; /* further fields, static */
    struct text body;                           /* taken over by the exchange */
    struct slice fixed_body;                    /* static bytes instead of `body` */
    /* Not NULL: what is behind the head comes piece by piece, as long as it likes. Called once, when the answer is given and not
     * only asked for: puts a response half on the exchange, whose head() calls exchange_stream and whose body() gives the pieces. */
    void (*stream)(void *arg, struct exchange *exchange);
    void *stream_arg;
};

/* `answer` gives false for what is not one of its routes. Without `has_body` it changes nothing: who only wants to know whether
 * there is such a route asks, too. */
struct local_routes {
    bool (*answer)(void *arg, const struct local_request *request, struct local_answer *out_answer);
    void *arg;
};
