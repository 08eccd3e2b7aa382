/* SPDX-License-Identifier: MIT */
#include "filters_private.h"

struct slice filter_identity(const struct filter_source *from, const char *filter, struct slice options)
{
    struct slice backend = from->backend ? from->backend->name : from->frontend->backend;
    /* The lengths come first, so that no two lists of texts are one. */
    char *lengths = arena_format(from->arena, "%s %zu %zu ", filter, from->provider.len, backend.len);

    return ARENA_JOIN(from->arena, slice_of(lengths), from->provider, backend, options);
}
