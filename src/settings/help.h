/* SPDX-License-Identifier: MIT */
/* help - what --help and `waybill version` print. On the heap. Thread: main. */
#pragma once
#include "flag.h"

char *help_text(void);
/* Five lines, as v1.7's. */
char *version_text(void);
/* "=TIME"; "" for what needs no value. */
const char *help_value_word(enum flag_kind kind);
