/* SPDX-License-Identifier: MIT */
/*
 * figures - requests since the last reading, for the event of that name:
 *
 *   {"at": ms since 1970,"seconds","snapshot","inventory","diagnostics","clients","active","requests","errors","bytes"}
 *
 * Rates are per second, of about the last one. `errors`: those that were answered 5xx. Thread: main.
 */
#pragma once
#include "waybill/admin/admin.h"

struct figures_reading {
    uint64_t at_ns; /* monotonic */
    uint64_t requests, errors, bytes;
};

struct figures {
    struct figures_reading last;
};

void figures_begin(struct figures *figures, const struct admin_options *options, uint64_t now_ns);
void figures_end(struct figures *figures);
/* Members of a JSON object, with a comma before each. */
void figures_write(struct figures *figures, const struct admin_options *options, uint64_t now_ns, struct text *out);
