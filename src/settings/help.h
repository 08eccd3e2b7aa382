/* SPDX-License-Identifier: MIT */
/* help - what --help and `waybill version` print. On the heap. Thread: main. */
#pragma once
#include "flag.h"

/* Lines of at most `columns`, and never more than 110 or less than 80. */
char *help_text(size_t columns);
/* Of the terminal that `file` is; 110 when it is none. */
size_t help_columns(int file);
char *healthcheck_help_text(void);
/* Five lines, as v1.7's. */
char *version_text(void);
/* "=TIME"; "" for what needs no value. */
const char *help_value_word(enum flag_kind kind);
