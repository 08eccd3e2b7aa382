/* SPDX-License-Identifier: MIT */
/* errors - the latest errors of all workers, newest first. Thread: any. */
#pragma once
#include "waybill/admin/admin.h"

/* ,"recent_errors":[...] as v1.7's /health has it; at most `most`. */
void errors_write_recent(struct text *out, const struct admin_options *options, size_t most);
