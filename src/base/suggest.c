/* SPDX-License-Identifier: MIT */
#include "waybill/base/suggest.h"

enum { NAME_MAX_BYTES = 64 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to insert, remove or replace to come from one to the other; case does not count. */
static size_t distance(struct slice a, struct slice b)
{
    size_t row[NAME_MAX_BYTES + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            bool same = ascii_lower(a.ptr[i - 1]) == ascii_lower(b.ptr[j - 1]);
            size_t replaced = diagonal + (same ? 0 : 1);
            diagonal = row[j];
            row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.len];
}

const char *suggest_name(struct slice wrong, const char *const *names, size_t name_count)
{
    const char *best = NULL;
    size_t best_distance = 1 + (wrong.len < 6 ? 1 : wrong.len < 12 ? 2 : 3);
    if (wrong.len < 2 || wrong.len > NAME_MAX_BYTES)
        return NULL;
    for (size_t i = 0; i < name_count; i++) {
        struct slice name = slice_of(names[i]);
        size_t changes = name.len <= NAME_MAX_BYTES ? distance(wrong, name) : best_distance;
        if (changes < best_distance && changes < name.len) {
            best_distance = changes;
            best = names[i];
        }
    }
    return best;
}
