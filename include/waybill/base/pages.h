/* SPDX-License-Identifier: MIT */
/*
 * pages - memory for what is large and mostly empty: a table of what might come. A page of it is taken when something is written
 * to it, where calloc would clear, and so take, all of them. Thread: any. Owner: who asked; freed with the size it was made with.
 */
#pragma once
#include <stddef.h>

/* All NULs. Memory that runs out ends the process. */
void *pages_alloc(size_t bytes);
/* NULL is fine. */
void pages_free(void *memory, size_t bytes);
