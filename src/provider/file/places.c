/* SPDX-License-Identifier: MIT */
#include "places.h"
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLACES_LINKS_MAX = 40 }; /* as many as the kernel follows */

void places_add(struct scan *scan, enum scan_place_kind kind, struct slice path, struct slice name)
{
    size_t count = scan->place_count;

    if ((count & (count - 1)) == 0) {
        struct scan_place *places = ARENA_ARRAY(&scan->arena, struct scan_place, count ? count * 2 : 1);
        if (count)
            memcpy(places, scan->places, count * sizeof *places);
        scan->places = places;
    }
    scan->places[scan->place_count++] = (struct scan_place){kind, arena_copy(&scan->arena, path),
                                                            arena_copy(&scan->arena, name)};
}

/* The folder that `folder/name` is, for the way on. */
static const char *join(struct arena *arena, const char *folder, struct slice name)
{
    bool root = !strcmp(folder, "/");

    return arena_format(arena, "%s%s" SLICE_FMT, root ? "" : folder, "/", SLICE_ARG(name));
}

void places_add_path(struct scan *scan, const char *path)
{
    struct arena *arena = &scan->arena;
    const char *folder = path[0] == '/' ? "/" : ".";
    struct slice rest = slice_of(path), name;
    unsigned links = 0;

    while (slice_cut(&rest, '/', &name)) {
        struct stat stat_of;
        const char *here;

        if (name.len == 0 || slice_eq(name, SLICE(".")))
            continue;
        here = join(arena, folder, name);
        if (slice_eq(name, SLICE(".."))) {
            folder = here;
            continue;
        }
        bool there = lstat(here, &stat_of) == 0;
        places_add(scan, there && !S_ISREG(stat_of.st_mode) ? PLACE_WAY : PLACE_FOLDER, slice_of(folder), name);
        if (!there)
            return;
        if (!S_ISLNK(stat_of.st_mode)) {
            folder = here;
            continue;
        }
        char target[PATH_MAX];
        ssize_t len = readlink(here, target, sizeof target - 1);
        if (len <= 0 || ++links > PLACES_LINKS_MAX)
            return;
        target[len] = '\0';
        if (target[0] == '/')
            folder = "/";
        /* The rest of the way goes on behind what the link says. */
        rest = slice_of(rest.ptr ? arena_format(arena, "%s/" SLICE_FMT, target, SLICE_ARG(rest))
                                 : arena_strdup(arena, target));
    }
}
