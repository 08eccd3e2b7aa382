/* SPDX-License-Identifier: MIT */
/*
 * healthcheck - `waybill healthcheck`: asks /ping of the router that runs with the same flags (spec/static-config.md 7).
 *
 * Thread: main. Blocks for 5 s at most (and as long as the resolver takes, if the address is a name).
 */
#pragma once
#include "waybill/base/text.h"

struct settings;

enum { HEALTHCHECK_TIMEOUT_MS = 5000 };

/* Exit code of the program; adds the line for stdout, with its line end. */
int healthcheck_run(const struct settings *settings, struct text *out_line);
/* HEAD http://<address>/ping. Separate for tests. */
int healthcheck_ask(struct slice address, uint64_t timeout_ms, struct text *out_line);
