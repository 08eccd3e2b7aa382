/* SPDX-License-Identifier: MIT */
/*
 * patience - the end of the program waits for its threads, but not without end.
 *
 * A thread may hang where nothing can wake it: a name is looked up and no name server answers, a file system is away. Who stops us
 * would lose patience (docker after 10 s) and kill us, with whatever is not written yet. Thread: any, once.
 */
#pragma once
#include "waybill/base/error.h"

enum { PATIENCE_MS = 4000 };

/* Unless patience_end comes before, the program ends in `ms` where it stands, with status 0, which is logged. */
void patience_begin(unsigned ms);
/* No thread hangs: what is left to do may take its time. */
void patience_end(void);
