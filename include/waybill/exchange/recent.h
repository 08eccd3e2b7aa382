/* SPDX-License-Identifier: MIT */
/*
 * recent - the latest requests that were answered with an error, and why: for people who look what goes wrong right now.
 *
 * One per worker, written by that worker, read by any thread; a lock keeps the two apart, and only a request that ends with 400 or
 * more takes it. Errors of clients and errors of servers have places of their own, so that a flood of 404s hides no 502. Texts are as
 * they came, cut, without the query: who shows them escapes them.
 */
#pragma once
#include "waybill/http/reason.h"
#include <stdint.h>

enum { RECENT_KEPT = 32, RECENT_METHOD_BYTES = 16, RECENT_TEXT_BYTES = 160 };

struct recent_text {
    uint16_t len;
    char bytes[RECENT_TEXT_BYTES];
};

struct recent_error {
    uint64_t wall_ns; /* when it ended */
    uint64_t duration_ns;
    unsigned status;
    enum reason reason;
    uint16_t method_len;
    char method[RECENT_METHOD_BYTES];
    struct recent_text host, path, frontend, server; /* empty: it did not come so far */
};

struct recent;
struct exchange;

struct recent *recent_create(void);
void recent_destroy(struct recent **recent);

/* Its worker, at the end of an exchange. */
void recent_note(struct recent *recent, const struct exchange *exchange, uint64_t duration_ns);
/* The part of it that tests use. */
void recent_add(struct recent *recent, const struct recent_error *error);
static inline struct slice recent_slice(const struct recent_text *text)
{
    return slice_make(text->bytes, text->len);
}

/* Any thread. Fills room for 2 * RECENT_KEPT, in no order, and returns how many. */
size_t recent_read(struct recent *recent, struct recent_error *out_errors);
