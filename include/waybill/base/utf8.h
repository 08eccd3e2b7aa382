/* SPDX-License-Identifier: MIT */
/* utf8 - well-formed UTF-8 (RFC 3629): shortest forms only, no surrogates, nothing past U+10FFFF. Thread: any. */
#pragma once
#include "waybill/base/slice.h"

/* Bytes of the character in front, 1 to 4; 0 when none is well-formed there or `text` is empty. */
size_t utf8_decode(struct slice text, uint32_t *out_point);
bool utf8_is_valid(struct slice text);
/* Takes one character off the front. A byte that begins none counts as U+FFFD of one byte. */
uint32_t utf8_next(struct slice *text);
enum { UTF8_MAX = 4 };
/* Bytes written, 1 to 4; 0 for a surrogate or what is past U+10FFFF. */
size_t utf8_write(uint32_t point, char out[UTF8_MAX]);
