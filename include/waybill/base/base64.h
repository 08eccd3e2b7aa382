/* SPDX-License-Identifier: MIT */
/* base64 - the standard alphabet, with padding (RFC 4648 4). Thread: any. */
#pragma once
#include "waybill/base/slice.h"

/* Characters that `bytes` bytes take, and a NUL. */
#define BASE64_SIZE(bytes) (((bytes) + 2) / 3 * 4 + 1)

/* Writes BASE64_SIZE(bytes.len); returns the length without the NUL. */
size_t base64_encode(struct slice bytes, char *out);
/* Only what base64_encode could have written: whole groups, right padding, no stray bits. Writes at most text.len / 4 * 3. */
bool base64_decode(struct slice text, unsigned char *out, size_t *out_len);
