/* SPDX-License-Identifier: MIT */
/*
 * nonces - what digest authentication gives out to be answered (RFC 7616 3.3, 5.4), each counted request once.
 *
 * A nonce carries its time and a seal, so those that nobody answers cost nothing to keep; only those with which somebody has
 * logged in are remembered, until they expire. When too many are, the oldest are forgotten, and no older one is believed then.
 * Thread: init control; the rest any. Owner: a live state (route/live.h); zeroed memory until init.
 */
#pragma once
#include "waybill/base/base64.h"
#include <pthread.h>

enum { NONCE_RAW = 24, NONCE_SIZE = BASE64_SIZE(NONCE_RAW), OPAQUE_SIZE = BASE64_SIZE(12) };
enum { NONCE_LIFE_MS = 5 * 60 * 1000, NONCE_SHARDS = 8, NONCES_PER_SHARD = 128 };

struct used_nonce {
    uint64_t issued_ms; /* 0: a free place */
    uint64_t number;    /* drawn at random */
    uint64_t count;     /* of the last request with it */
};

struct nonce_shard {
    pthread_mutex_t lock;
    uint64_t forgotten_ms; /* those issued until then, and not in `used`, are not believed */
    struct used_nonce used[NONCES_PER_SHARD];
};

struct nonces {
    bool ready; /* control's */
    char secret[32];
    char opaque[OPAQUE_SIZE];
    struct nonce_shard shards[NONCE_SHARDS];
};

/* Once: does nothing the second time. */
void nonces_init(struct nonces *nonces);
void nonces_issue(const struct nonces *nonces, uint64_t now_ms, char out[NONCE_SIZE]);
/* For a request that is answered rightly otherwise. False: not ours, expired, or `count` is not above the last one. */
bool nonces_use(struct nonces *nonces, struct slice nonce, uint64_t count, uint64_t now_ms);
