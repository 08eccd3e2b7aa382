/* SPDX-License-Identifier: MIT */
/* utf8 - text as the engine sends it, and which characters are letters or numbers (Unicode categories L and N).
 * Thread: any. */
#pragma once
#include "waybill/base/slice.h"

bool utf8_is_valid(struct slice text);
/* Takes one character off the front. A byte that begins none counts as U+FFFD of one byte. */
uint32_t utf8_next(struct slice *text);
/* Writes 1 to 4 bytes; 0 for a surrogate or what is beyond U+10FFFF. */
size_t utf8_write(uint32_t point, char out[4]);
bool unicode_is_letter_or_number(uint32_t point);
