/* SPDX-License-Identifier: MIT */
/* suggest - did you mean: the name that takes the fewest changes of one letter, or of two neighbours. Thread: any. */
#pragma once
#include "waybill/base/slice.h"

/* One of `names`, ASCII case ignored; NULL when none is close. */
const char *suggest_name(struct slice wrong, const char *const *names, size_t name_count);
