/* SPDX-License-Identifier: MIT */
/*
 * post - one HTTP POST to a URL (where metrics are sent), straight-line and blocking.
 *
 * Thread: the caller's, blocked meanwhile; `stopped` may be set from any other and ends the wait within a second.
 * Owner: the caller.
 */
#pragma once
#include "waybill/base/text.h"
#include <stdatomic.h>

enum { POST_ANSWER_MAX = 64 * 1024 };

struct callout_post {
    struct slice url; /* http:// or https:// */
    struct slice content_type, body;
    uint64_t timeout_ms;
    const atomic_bool *stopped; /* may be NULL */

    unsigned status;    /* 0: no answer, then `error` says why */
    struct text answer; /* its first POST_ANSWER_MAX bytes */
    struct text error;
};

/* The caller fills the first part; callout_post_fini afterwards. */
void callout_post(struct callout_post *post);
void callout_post_fini(struct callout_post *post);
/* As a value in a query: everything but letters, digits, `-`, `.`, `_` and `~` is %XX. */
void callout_add_query(struct text *out, struct slice value);
