/* SPDX-License-Identifier: MIT */
/*
 * callout - HTTP calls that are not proxied requests (the engine's API): straight-line, blocking, GET only.
 *
 * Thread: one caller, blocked while it calls; callout_stop may be called from any other thread and ends the wait.
 * Owner:  the caller. One place (endpoint), its kept-alive connections, at most one open stream.
 * Errors: CALLOUT_FAILED leaves a text in callout_error or callout_get.error that names the place.
 */
#pragma once
#include "waybill/base/slice.h"
#include "waybill/base/text.h"

struct callout;

enum callout_outcome {
    CALLOUT_OK,
    CALLOUT_STOPPED, /* callout_stop was called: everything returns this from now on */
    CALLOUT_FAILED,
};

/* One GET. The caller fills the first part and fini's the whole. */
struct callout_get {
    struct slice target; /* "/v1.44/containers/json?limit=0"; visible ASCII, begins with a slash */
    size_t body_limit;   /* bytes; a longer body is an error */
    uint64_t timeout_ms; /* for the whole call */
    const char *login;   /* "NAME:PASSWORD" for who asks for one, by Basic or Digest; NULL: none */

    unsigned status; /* 0: no answer, then `error` says why */
    struct text body;
    struct text error;
    bool ended; /* the three above are final */
};

/* How to speak TLS 1.2 or later. `ca`, `cert` and `key` are each the path of a PEM file or PEM text itself; empty: not given. */
struct callout_tls {
    const char *options;       /* what errors name: "docker.tls" stands before ".ca" */
    struct slice ca;           /* who may have signed the other side's certificate; not given: whom the system trusts */
    struct slice cert, key;    /* to show who we are: both, or with insecure_skip_verify perhaps none */
    bool insecure_skip_verify; /* talk to whoever answers */
};

/* unix:///path, tcp://host:port, http://host:port; a bare /path is a socket, too. With `tls` (else NULL) a host is spoken to
 * by https, whichever of these names it, or https://host:port. NULL when the endpoint or the TLS files cannot be used:
 * *out_error is then a text to free. */
struct callout *callout_create(struct slice endpoint, const struct callout_tls *tls, char **out_error);
/* Nobody may be inside a call. */
void callout_destroy(struct callout **callout);
/* Any thread. */
void callout_stop(struct callout *callout);

/* Closes the stream and all connections: after the place went away, or to be sure to talk to who is there now. */
void callout_disconnect(struct callout *callout);
/* The socket file is not the one that the connections lead to. */
bool callout_place_was_replaced(const struct callout *callout);

/* Makes all calls, at most `parallel` at a time, and returns when each has an answer or an error (the outcome is
 * then CALLOUT_OK). What the stream sends meanwhile is kept. */
enum callout_outcome callout_get_all(struct callout *callout, struct callout_get *gets, size_t count, unsigned parallel);
void callout_get_fini(struct callout_get *get);

/* Begins a call and returns. It goes on while anything of this callout is waited for; callout_wait returns when it has ended.
 * The call must stay until then, or until callout_disconnect, which drops it. */
void callout_begin(struct callout *callout, struct callout_get *get);

/* Begins an endless GET and waits at most `timeout_ms` for its head. FAILED: any status but 200, or no answer. */
enum callout_outcome callout_stream_open(struct callout *callout, struct slice target, uint64_t timeout_ms);
/* Waits until a line is there, a call that was begun ended, the stream ended (FAILED) or the time is over (OK). Without a
 * stream and a call it just waits. */
enum callout_outcome callout_wait(struct callout *callout, uint64_t timeout_ms);
/* The next whole line, without its end; false when there is none yet. Valid until the next call. */
bool callout_stream_line(struct callout *callout, struct slice *out_line);
/* What made the last FAILED. */
const char *callout_error(const struct callout *callout);
