/* SPDX-License-Identifier: MIT */
/* sort - records that begin with their name, in byte order of names; equal names keep their order. Thread: any. */
#pragma once
#include <stddef.h>

void sort_by_name(void *records, size_t count, size_t size);
