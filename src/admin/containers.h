/* SPDX-License-Identifier: MIT */
/* containers - the parts of /api/containers: as JSON and, for a terminal, as text. Private to admin. Thread: any. */
#pragma once
#include "waybill/base/text.h"
#include "waybill/model/diagnostic.h"

struct board;
struct inventory;
struct inventory_item;

/* How the provider is: {"name","connected"...}, or null when it is not on. */
void containers_write_provider(struct text *out, struct board *board);

/* As text: what comes from labels can neither break a line nor steer the terminal. */
void containers_write_one(struct text *out, const struct inventory_item *item, uint64_t now_ns);
/* `board` and `inventory` may be NULL. */
void containers_write_list(struct text *out, struct board *board, const struct inventory *inventory, uint64_t now_ns);
/* What was asked for is not there; `near` are names like it. `board` may be NULL. */
void containers_write_missing(struct text *out, struct board *board, struct slice asked, const struct slice *near,
                              size_t near_count);
