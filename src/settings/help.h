/* SPDX-License-Identifier: MIT */
/* help - what --help and `waybill version` print. On the heap. Thread: main. */
#pragma once

char *help_text(void);
/* Five lines, as v1.7's. */
char *version_text(void);
