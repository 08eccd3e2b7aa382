/* SPDX-License-Identifier: MIT */
/* digest - hashes over OpenSSL's EVP, as lower-case hex, and randomness. Thread: any. */
#pragma once
#include "waybill/base/slice.h"

enum { DIGEST_MD5_HEX = 33 }; /* with a NUL */

void digest_md5_hex(struct slice bytes, char out[DIGEST_MD5_HEX]);
/* Cryptographic randomness; aborts when the system has none. */
void digest_random(void *out, size_t bytes);
