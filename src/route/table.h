/* SPDX-License-Identifier: MIT */
/*
 * table - making and freeing a match table; using it is waybill/route/match.h.
 *
 * Thread: made and freed by control, read by all. The frontends must outlive it.
 */
#pragma once
#include "waybill/route/match.h"

/* `frontends` in the order in which they are to be tried. */
struct match_table *match_table_create(struct route_frontend *const *frontends, size_t count, bool keep_slash);
void match_table_destroy(struct match_table **table);
