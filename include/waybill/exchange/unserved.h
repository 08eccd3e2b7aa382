/* SPDX-License-Identifier: MIT */
/*
 * unserved - what people ask for and no frontend serves: how often, by host, and which line of it goes to the log.
 *
 * One per worker, written by that worker, read by any thread; a lock keeps the two apart, and only a request that ends with 404
 * takes it. Anybody may ask for any host, for ever: so the hosts are UNSERVED_HOSTS at most, and a new one takes the place of the one
 * that was asked for least, with its count ("space saving"). So a count may be too high by `over`, and a host that is asked
 * for often enough is never missed. Texts are as they came, cut: who shows them escapes them.
 */
#pragma once
#include "waybill/base/slice.h"

enum { UNSERVED_HOSTS = 256, UNSERVED_TEXT_BYTES = 120, UNSERVED_NEAREST_BYTES = 400 };

struct unserved_host {
    uint64_t count, over;  /* the true count is between count - over and count */
    uint64_t last_wall_ns; /* of the latest request */
    uint64_t logged_at_ms; /* 0: never */
    uint16_t host_len, path_len, nearest_len;
    char host[UNSERVED_TEXT_BYTES];       /* lower case */
    char path[UNSERVED_TEXT_BYTES];       /* of the latest request, without the query */
    char nearest[UNSERVED_NEAREST_BYTES]; /* see explain_add_nearest; from when a line was logged */
};

struct unserved;
struct exchange;

struct unserved *unserved_create(void);
void unserved_destroy(struct unserved **unserved);

/* Its worker: a request that nothing serves is counted; at times a line with the nearest frontends is logged. */
void unserved_note(struct unserved *unserved, const struct exchange *exchange);

/* The parts of it, for tests. True: a line is to be logged now, which was noted (one a minute for each host, a few a second for
 * all); *out_left_out is how many requests got no line since the last. */
bool unserved_add(struct unserved *unserved, struct slice host, struct slice path, uint64_t now_ms, uint64_t wall_ns,
                  uint64_t *out_left_out);
/* Of the host that was added last. */
void unserved_set_nearest(struct unserved *unserved, struct slice nearest);

/* Any thread. Fills room for UNSERVED_HOSTS and returns how many. */
size_t unserved_read(struct unserved *unserved, struct unserved_host *out_hosts);
