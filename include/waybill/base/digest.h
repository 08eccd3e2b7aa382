/* SPDX-License-Identifier: MIT */
/* digest - hashes over OpenSSL's EVP, as lower-case hex. Thread: any. */
#pragma once
#include "waybill/base/slice.h"

enum { DIGEST_MD5_HEX = 33, DIGEST_SHA1_HEX = 41, DIGEST_SHA256_HEX = 65 };

void digest_md5_hex(struct slice bytes, char out[DIGEST_MD5_HEX]);
void digest_sha1_hex(struct slice bytes, char out[DIGEST_SHA1_HEX]);
void digest_sha256_hex(struct slice bytes, char out[DIGEST_SHA256_HEX]);
/* Cryptographic randomness; aborts when the system has none. */
void digest_random(void *out, size_t bytes);
