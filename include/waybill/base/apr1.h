/* SPDX-License-Identifier: MIT */
/* apr1 - the MD5 crypt of Apache's htpasswd, which libcrypt does not have. About 1000 MD5s: nothing for a loop. Thread: any. */
#pragma once
#include "waybill/base/slice.h"

enum { APR1_SALT_MAX = 8, APR1_PASSWORD_MAX = 512, APR1_SIZE = 23 }; /* the last with a NUL */

/* What stands behind the salt in `$apr1$salt$...`. */
void apr1_hash(struct slice password, struct slice salt, char out[APR1_SIZE]);
