/* SPDX-License-Identifier: MIT */
/*
 * label_check - values that are of the right kind and yet mean nothing: a method that is none, an entrypoint that is not
 * there. Thread: any. Texts in the arena given.
 */
#pragma once
#include "label_table.h"
#include "waybill/base/arena.h"

struct slices;

/* What is wrong with the value of this label, and how to write it; NULL: nothing is known to be. `entrypoints` are those
 * there are; NULL: not known. */
const char *label_check_value(struct arena *arena, const struct label_row *row, struct slice value,
                              const struct slices *entrypoints);
/* A word that should be one of `names`: "write A or B", with the one that was probably meant. */
const char *label_choice(struct arena *arena, struct slice value, const char *const *names, size_t count);
/* "write true or false", with what was probably meant. */
const char *label_truth(struct arena *arena, struct slice value);
