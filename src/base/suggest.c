/* SPDX-License-Identifier: MIT */
#include "waybill/base/suggest.h"

enum { NAME_MAX_BYTES = 64 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same_letter(struct slice a, size_t i, struct slice b, size_t j)
{
    return ascii_lower(a.ptr[i]) == ascii_lower(b.ptr[j]);
}

/* Letters to insert, remove or replace, and neighbours to swap, to come from one to the other; case does not count. */
static size_t distance(struct slice a, struct slice b)
{
    size_t rows[3][NAME_MAX_BYTES + 1]; /* row i is rows[i % 3] */

    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replaced = above[j - 1] + (same_letter(a, i - 1, b, j - 1) ? 0 : 1);
            row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same_letter(a, i - 1, b, j - 2) && same_letter(a, i - 2, b, j - 1))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

const char *suggest_name(struct slice wrong, const char *const *names, size_t name_count)
{
    const char *best = NULL;
    size_t best_distance = 1 + (wrong.len < 6 ? 1 : wrong.len < 12 ? 2 : 3);
    if (wrong.len < 2 || wrong.len > NAME_MAX_BYTES)
        return NULL;
    for (size_t i = 0; i < name_count; i++) {
        struct slice name = slice_of(names[i]);
        size_t longer = name.len > wrong.len ? name.len - wrong.len : wrong.len - name.len;
        if (longer >= best_distance) /* so many letters at least: most names cost no more than this */
            continue;
        size_t changes = name.len <= NAME_MAX_BYTES ? distance(wrong, name) : best_distance;
        if (changes < best_distance && changes < name.len) {
            best_distance = changes;
            best = names[i];
        }
    }
    return best;
}
