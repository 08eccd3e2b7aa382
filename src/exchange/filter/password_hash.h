/* SPDX-License-Identifier: MIT */
/* password_hash - the kinds of hashes that users files hold. Thread: any. Owner: its text is whoever's it was read from. */
#pragma once
#include "waybill/base/digest.h"

enum { PASSWORD_MAX = 512, PASSWORD_HASH_MAX = 160 };

struct password_hash {
    enum { HASH_SHA, HASH_APR1, HASH_CRYPT } kind;
    struct slice text;
    unsigned char sha[DIGEST_SHA1_BYTES]; /* HASH_SHA */
};

/* NULL, or what is wrong with it and what to do, as "NAME ..." goes on. */
const char *password_hash_read(struct slice text, struct password_hash *out);
/* Takes long, but for HASH_SHA. */
bool password_hash_matches(const struct password_hash *hash, struct slice password);
