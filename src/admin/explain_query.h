/* SPDX-License-Identifier: MIT */
/*
 * explain_query - the question of GET /api/explain: `url=...&method=...&header=Name:value&entrypoint=...&client=IP`, as the head
 * of the request that is meant, so that the reader of real requests decides what it is worth.
 *
 * Thread: any. Memory: the arena, which must have no limit.
 */
#pragma once
#include "waybill/base/arena.h"
#include "waybill/net/address.h"

struct explain_query {
    struct slice head;       /* "GET /path?query HTTP/1.1", Host, the fields given, an empty line */
    bool is_https;           /* by the scheme of the url */
    struct slice entrypoint; /* empty: not given */
    bool has_client;
    struct address client;
};

/* NULL, or what is wrong with the question and what to write. */
const char *explain_query_read(struct arena *arena, struct slice query, struct explain_query *out_query);
