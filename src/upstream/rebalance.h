/* SPDX-License-Identifier: MIT */
/*
 * rebalance - the moving weights of drr (spec/proxy.md 7).
 *
 * Of each server's replies of the last ten seconds the share of 500 to 504 is its rating. While some servers' ratings stand out
 * above the others', the others' weights grow; while none does, weights move back to what was configured.
 * Thread: its worker. Owner: the balancer. Pure but for the time, which is given.
 */
#pragma once
#include "waybill/base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RATING_SECONDS = 10 };

/* Replies of one kind, by second. */
struct tally {
    uint32_t by_second[RATING_SECONDS];
    uint64_t last_s;
    unsigned seconds_seen; /* seconds in which something was counted, ever; RATING_SECONDS at most */
};

struct rating {
    struct tally bad, good;
    unsigned configured; /* 0: takes no part */
    unsigned weight;     /* in force; all of them without a common divisor */
    unsigned before;     /* the last look */
    bool absent;         /* takes no part for now: it fails its health check */
};

struct rebalancer {
    struct rating *servers;
    size_t count;
    uint64_t rest_until_ms; /* after a change */
    uint64_t look_at_ms;    /* it is looked at ten times a second at most */
};

void rebalancer_init(struct rebalancer *rebalancer, const unsigned *weights, size_t count);
void rebalancer_fini(struct rebalancer *rebalancer);
/* True: weights have changed. */
bool rebalancer_note(struct rebalancer *rebalancer, size_t server, unsigned status, uint64_t now_ms);
