/* SPDX-License-Identifier: MIT */
/* unicode - what characters are, past ASCII too. Thread: any. */
#pragma once
#include "waybill/base/slice.h"

struct arena;

/* White space as v1.7 trims it. */
bool unicode_is_space(uint32_t point);
/* Character by character, none becomes several; bytes that are no UTF-8 stay. In the arena. */
struct slice unicode_lower(struct arena *arena, struct slice text);
struct slice unicode_upper(struct arena *arena, struct slice text);
/* Runs of letters and numbers, joined by `-` (docker-provider.md 4.1). In the arena. */
struct slice unicode_normalise(struct arena *arena, struct slice text);
