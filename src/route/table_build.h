/* SPDX-License-Identifier: MIT */
/* table_build - a match table while it is made: table.c finds what is to be listed where, table_write.c puts it where it is found
 * with the fewest waits for memory. */
#pragma once
#include "table_parts.h"

/* A rank that a node is to list; in order of rank as they are found. */
struct found_entry {
    uint32_t node, entry; /* with its flags */
    bool whole;
};

struct table_build {
    struct match_table *table;
    struct found_entry *found;
    size_t found_count, found_capacity;
    bool check, root_only; /* of the frontend at hand */
    uint32_t bucket_capacity, node_capacity, suffix_capacity;
    uint32_t expected; /* capacity of the arrays that were made by table_room */
};

/* Memory that begins at a cache line; what is large begins at a large page and asks for such, since finding the page costs as
 * much as the line when requests jump about in it. */
void *table_room(size_t bytes);

/* When all is found; ends the build. */
void table_write(struct table_build *build);
