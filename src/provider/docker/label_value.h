/* SPDX-License-Identifier: MIT */
/*
 * label_value - the kinds of values a label can have (spec/docker-provider.md 6 and 8.1). Text is decoded as v1.7
 * reads it: as the body of a TOML basic string. Thread: any. Results are in the arena.
 */
#pragma once
#include "waybill/model/model.h"

/* False: an escape that is none, or a byte that cannot stand there; *out_because says which and how to write it. */
bool label_text(struct arena *arena, struct slice value, bool multiline, struct slice *out_text, const char **out_because);
/* Decimal, optional sign, fits 64 bits. */
bool label_integer(struct slice value, int64_t *out_value);
/* Parts between commas, trimmed, empty ones dropped. False as label_text. */
bool label_list(struct arena *arena, struct slice value, struct slices *out_list, const char **out_because);
/* `name:value||name:value`: names canonical, later ones win, sorted. Parts that are none are dropped and counted. */
bool label_pairs(struct arena *arena, struct slice value, struct model_pairs *out_pairs, size_t *out_dropped,
                 const char **out_because);
