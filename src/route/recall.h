/* SPDX-License-Identifier: MIT */
/*
 * recall - what the last compilation made, in its order. Most of a configuration is what it was and where it was, so the next one
 * finds nearly everything by going along, instead of looking for each thing in memory that is cold.
 *
 * Thread: control. Owner: the list is the snapshot's, which holds what it names.
 */
#pragma once
#include "fingerprint.h"

/* What compiled frontends and backends begin with. */
struct compiled_head {
    struct fingerprint key;
    unsigned holds;
};

struct compiled_list {
    struct compiled_head **items;
    size_t count, capacity;
};

struct recall {
    const struct compiled_list *list; /* NULL: nothing to go along */
    size_t next;                      /* where the next one is expected */
};

void compiled_list_add(struct compiled_list *list, struct compiled_head *made);
void compiled_list_fini(struct compiled_list *list);
/* NULL: not about here. Then look elsewhere. */
struct compiled_head *recall_find(struct recall *recall, const struct fingerprint *key);
