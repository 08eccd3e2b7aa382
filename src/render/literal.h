/* SPDX-License-Identifier: MIT */
/* literal - text and numbers as they are written in actions. Thread: any. */
#pragma once
#include "waybill/base/arena.h"

/* `source` begins with a quote; *out_len bytes of it are the literal. NULL, or what is wrong with it. */
const char *literal_text(struct arena *arena, struct slice source, size_t *out_len, struct slice *out_text);
/* Sign, 0x, 0o, 0b, a leading 0 for octal, `_` between digits. */
bool literal_number(struct slice source, int64_t *out_number);
