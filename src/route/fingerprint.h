/* SPDX-License-Identifier: MIT */
/* fingerprint - what an object of the model says, as bytes and as a short key: equal exactly when the content is. Thread: control. */
#pragma once
#include "waybill/base/text.h"

struct group;

/* 128 bits of a keyed hash nobody outside can aim at. */
struct fingerprint {
    uint64_t halves[2];
};

void fingerprint_add(struct text *out, struct slice item);
/* Every field of the schema that is not empty, but for the one at `except_offset` (0: none). */
void fingerprint_add_record(struct text *out, const struct group *group, const void *record, size_t except_offset);
struct fingerprint fingerprint_of(struct slice content);
static inline bool fingerprint_eq(const struct fingerprint *a, const struct fingerprint *b)
{
    return a->halves[0] == b->halves[0] && a->halves[1] == b->halves[1];
}
static inline struct slice fingerprint_slice(const struct fingerprint *fingerprint)
{
    return (struct slice){(const char *)fingerprint, sizeof *fingerprint};
}
