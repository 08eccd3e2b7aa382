/* SPDX-License-Identifier: MIT */
#include "waybill/provider/docker.h"
#include "own_id.h"
#include <stdio.h>
#include <unistd.h>

enum { ID_DIGITS = 64, SHORT_ID_DIGITS = 12, FILE_LIMIT = 256 * 1024 };

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* The last run of exactly 64 hex digits: of an engine in a container, the inner one. */
static struct slice find_id(struct slice text)
{
    struct slice found = SLICE("");
    size_t run = 0;

    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && is_hex(text.ptr[i])) {
            run++;
            continue;
        }
        if (run == ID_DIGITS)
            found = slice_make(text.ptr + i - ID_DIGITS, ID_DIGITS);
        run = 0;
    }
    return found;
}

/* "7:cpu:/docker/<id>", "0::/system.slice/docker-<id>.scope" */
struct slice own_id_from_cgroup(struct slice file)
{
    struct slice line;

    while (slice_cut(&file, '\n', &line)) {
        struct slice id = find_id(slice_from(line, slice_find_last(line, ':')));
        if (id.len)
            return id;
    }
    return SLICE("");
}

static bool is_engine_file(struct slice mount_point)
{
    return slice_eq(mount_point, SLICE("/etc/hostname")) || slice_eq(mount_point, SLICE("/etc/hosts")) ||
           slice_eq(mount_point, SLICE("/etc/resolv.conf"));
}

/* The engine mounts files of the container's own folder: proc(5), fields 4 and 5 are root and mount point. Other
 * lines may hold ids of other containers, as those of the host do. */
struct slice own_id_from_mountinfo(struct slice file)
{
    struct slice line, field, root = SLICE("");

    while (slice_cut(&file, '\n', &line)) {
        for (int i = 1; i <= 5 && slice_cut(&line, ' ', &field); i++) {
            if (i == 4)
                root = field;
            if (i == 5 && is_engine_file(field) && find_id(root).len)
                return find_id(root);
        }
    }
    return SLICE("");
}

struct slice own_id_from_host_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!is_hex(name.ptr[i]))
            return SLICE("");
    }
    return name.len == SHORT_ID_DIGITS ? name : SLICE("");
}

static struct slice read_file(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "re");
    char *bytes = arena_bytes(arena, FILE_LIMIT);

    if (!file)
        return SLICE("");
    size_t len = fread(bytes, 1, FILE_LIMIT, file);
    fclose(file);
    return slice_make(bytes, len);
}

struct slice docker_own_container_id(struct arena *arena)
{
    struct arena scratch;
    char name[256] = "";

    arena_init(&scratch, 0);
    struct slice id = own_id_from_cgroup(read_file(&scratch, "/proc/self/cgroup"));
    if (id.len == 0)
        id = own_id_from_mountinfo(read_file(&scratch, "/proc/self/mountinfo"));
    if (id.len == 0 && gethostname(name, sizeof name - 1) == 0)
        id = own_id_from_host_name(slice_of(name));
    id = arena_copy(arena, id);
    arena_fini(&scratch);
    return id;
}
