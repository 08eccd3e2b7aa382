/* SPDX-License-Identifier: MIT */
/* digest - hashes over OpenSSL's EVP, as bytes or lower-case hex, and randomness. Thread: any. */
#pragma once
#include "waybill/base/slice.h"

enum { DIGEST_MD5_BYTES = 16, DIGEST_SHA1_BYTES = 20, DIGEST_SHA256_BYTES = 32, DIGEST_HMAC_BYTES = 32 };
enum { DIGEST_MD5_HEX = 33 }; /* with a NUL */

void digest_md5(struct slice bytes, unsigned char out[DIGEST_MD5_BYTES]);
void digest_md5_hex(struct slice bytes, char out[DIGEST_MD5_HEX]);
void digest_sha1(struct slice bytes, unsigned char out[DIGEST_SHA1_BYTES]);
void digest_sha256(struct slice bytes, unsigned char out[DIGEST_SHA256_BYTES]);
/* HMAC with SHA-256 (RFC 2104): for what is remembered under a secret. */
void digest_hmac(struct slice secret, struct slice bytes, unsigned char out[DIGEST_HMAC_BYTES]);
/* Takes as long wherever they differ: for secrets. Their length is none. */
bool digest_equal(const void *one, const void *other, size_t bytes);
/* Cryptographic randomness; aborts when the system has none. */
void digest_random(void *out, size_t bytes);
