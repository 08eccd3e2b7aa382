/* SPDX-License-Identifier: MIT */
#include "build.h"

/* Only `*` is special: any text, also none. */
static bool glob_matches(struct slice glob, struct slice text)
{
    size_t g = 0, t = 0, star = SIZE_MAX, resume = 0;

    while (t < text.len) {
        if (g < glob.len && glob.ptr[g] == '*') {
            star = g++;
            resume = t;
        } else if (g < glob.len && glob.ptr[g] == text.ptr[t]) {
            g++;
            t++;
        } else if (star != SIZE_MAX) {
            g = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (g < glob.len && glob.ptr[g] == '*')
        g++;
    return g == glob.len;
}

bool constraint_holds(struct slice constraint, const struct slices *tags, bool *out_understood)
{
    bool equal = slice_starts(constraint, SLICE("tag==")), found = false;

    *out_understood = equal || slice_starts(constraint, SLICE("tag!="));
    for (size_t i = 0; i < tags->count && !found; i++)
        found = glob_matches(slice_from(constraint, 5), tags->items[i]);
    return *out_understood && found == equal;
}
