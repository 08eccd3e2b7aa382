/* SPDX-License-Identifier: MIT */
#include "scan.h"
#include "places.h"
#include "waybill/toml/toml.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCAN_FOLDERS_DEEP = 32, SCAN_FILES_MAX = 100000, SCAN_BYTES_MAX = 4 * TOML_INPUT_MAX /* of all files */ };

void scan_init(struct scan *scan)
{
    *scan = (struct scan){.problem = NULL};
    arena_init(&scan->arena, 0);
}

void scan_fini(struct scan *scan)
{
    arena_fini(&scan->arena);
    text_fini(&scan->signature);
    *scan = (struct scan){.problem = NULL};
}

static int64_t changed_ns(const struct stat *stat)
{
    int64_t mtime = stat->st_mtim.tv_sec * INT64_C(1000000000) + stat->st_mtim.tv_nsec;
    int64_t ctime = stat->st_ctim.tv_sec * INT64_C(1000000000) + stat->st_ctim.tv_nsec;

    return mtime > ctime ? mtime : ctime;
}

static struct scan_file describe_file(struct slice path, const struct stat *stat)
{
    return (struct scan_file){.path = path,
                              .device = (uint64_t)stat->st_dev,
                              .inode = (uint64_t)stat->st_ino,
                              .size = (uint64_t)stat->st_size,
                              .changed_ns = changed_ns(stat)};
}

/* The array has room for the next power of two. */
static void add_file(struct scan *scan, const char *path, const struct stat *stat)
{
    size_t count = scan->file_count;

    if ((count & (count - 1)) == 0) {
        struct scan_file *files = ARENA_ARRAY(&scan->arena, struct scan_file, count ? count * 2 : 1);
        if (count)
            memcpy(files, scan->files, count * sizeof *files);
        scan->files = files;
    }
    scan->files[scan->file_count++] = describe_file(slice_of(arena_strdup(&scan->arena, path)), stat);
}

static void set_problem(struct scan *scan, const char *path, const char *what)
{
    if (!scan->problem)
        scan->problem = arena_format(&scan->arena, "%s: %s", path, what);
}

static bool name_is_read(struct slice name)
{
    return slice_ends(name, SLICE(".toml")) || slice_ends(name, SLICE(".tmpl"));
}

bool scan_name_matters(struct slice name)
{
    /* `..data` is the link that a Kubernetes ConfigMap switches. */
    return name_is_read(name) || slice_starts(name, SLICE(".."));
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
    char **items;
    size_t count;
};

/* In byte order; `.`, `..` and all else that begins so left out. */
static bool list_folder(struct scan *scan, const char *path, struct names *out_names)
{
    DIR *folder = opendir(path);
    struct dirent *entry;

    *out_names = (struct names){NULL, 0};
    if (!folder)
        return false;
    while ((entry = readdir(folder))) {
        size_t count = out_names->count;

        if (!strcmp(entry->d_name, ".") || !strncmp(entry->d_name, "..", 2))
            continue;
        if ((count & (count - 1)) == 0)
            out_names->items = wb_realloc(out_names->items, (count ? count * 2 : 1) * sizeof *out_names->items);
        out_names->items[out_names->count++] = arena_strdup(&scan->arena, entry->d_name);
    }
    closedir(folder);
    if (out_names->count)
        qsort(out_names->items, out_names->count, sizeof *out_names->items, compare_names);
    return true;
}

static void scan_folder(struct scan *scan, const char *path, unsigned depth);

static void scan_entry(struct scan *scan, const char *path, struct slice name, unsigned depth)
{
    struct stat stat_of;

    if (lstat(path, &stat_of) < 0)
        return; /* gone since it was listed */
    if (S_ISDIR(stat_of.st_mode)) {
        scan_folder(scan, path, depth + 1);
        return;
    }
    if (!name_is_read(name))
        return;
    if (S_ISLNK(stat_of.st_mode)) {
        places_add_path(scan, path);
        if (stat(path, &stat_of) < 0) {
            set_problem(scan, path, strerror(errno));
            return;
        }
    }
    if (S_ISREG(stat_of.st_mode))
        add_file(scan, path, &stat_of);
    else
        set_problem(scan, path, "is not a regular file");
}

static void scan_folder(struct scan *scan, const char *path, unsigned depth)
{
    struct names names;

    places_add(scan, PLACE_FOLDER, slice_of(path), SLICE(""));
    if (depth > SCAN_FOLDERS_DEEP) {
        set_problem(scan, path, "folders are nested too deep");
        return;
    }
    if (!list_folder(scan, path, &names)) {
        set_problem(scan, path, strerror(errno));
        return;
    }
    for (size_t i = 0; i < names.count && scan->file_count < SCAN_FILES_MAX; i++)
        scan_entry(scan, arena_format(&scan->arena, "%s/%s", path, names.items[i]), slice_of(names.items[i]), depth);
    if (scan->file_count >= SCAN_FILES_MAX)
        set_problem(scan, path, "holds too many files");
    free(names.items);
}

static void scan_one_file(struct scan *scan, const char *path)
{
    struct stat stat_of;

    if (stat(path, &stat_of) < 0) {
        set_problem(scan, path, strerror(errno));
        return;
    }
    if (!S_ISREG(stat_of.st_mode)) {
        set_problem(scan, path, "is not a regular file");
        return;
    }
    places_add(scan, PLACE_FILE, slice_of(path), SLICE(""));
    add_file(scan, path, &stat_of);
}

void scan_run(struct scan *scan, const struct file_options *options)
{
    bool whole_folder = options->directory.len > 0;
    struct slice named = whole_folder ? options->directory : options->filename;
    const char *path = arena_strndup(&scan->arena, named.ptr, named.len);

    places_add_path(scan, path);
    if (whole_folder)
        scan_folder(scan, path, 0);
    else
        scan_one_file(scan, path);
    text_addf(&scan->signature, "%s\n", scan->problem ? scan->problem : "");
    for (size_t i = 0; i < scan->file_count; i++) {
        const struct scan_file *file = &scan->files[i];
        text_addf(&scan->signature, SLICE_FMT "|%llu|%llu|%llu|%lld\n", SLICE_ARG(file->path),
                  (unsigned long long)file->device, (unsigned long long)file->inode, (unsigned long long)file->size,
                  (long long)file->changed_ns);
    }
}

bool scan_equal(const struct scan *a, const struct scan *b)
{
    return slice_eq(text_slice(&a->signature), text_slice(&b->signature));
}

/* Both lists are in the same order of reading, so one walk finds each file in the other. */
bool scan_shows_truncation(const struct scan *before, const struct scan *now)
{
    for (size_t i = 0, k = 0; i < now->file_count; i++) {
        size_t found = k;

        while (found < before->file_count && !slice_eq(before->files[found].path, now->files[i].path))
            found++;
        if (found == before->file_count)
            continue; /* new */
        if (now->files[i].size == 0 && before->files[found].size > 0)
            return true;
        k = found + 1;
    }
    return false;
}

static bool read_all(struct arena *arena, int fd, const struct scan_file *file, struct slice *out_text)
{
    char *bytes = arena_bytes(arena, file->size + 1);
    size_t have = 0;

    while (have <= file->size) {
        ssize_t got = read(fd, bytes + have, file->size + 1 - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    *out_text = slice_make(bytes, have);
    return have == file->size;
}

/* NULL, or what is wrong with it. */
static const char *read_file(struct arena *arena, const struct scan_file *file, struct slice *out_text)
{
    /* Not to be held up by a FIFO that took the file's name. */
    int fd = open(file->path.ptr, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const char *problem = NULL;
    struct stat before, after;

    if (fd < 0)
        return strerror(errno);
    if (fstat(fd, &before) < 0)
        problem = strerror(errno);
    else if (!S_ISREG(before.st_mode))
        problem = "is not a regular file";
    else if (file->size > TOML_INPUT_MAX)
        problem = "is larger than 32 MiB";
    else if ((uint64_t)before.st_ino != file->inode || changed_ns(&before) != file->changed_ns ||
             !read_all(arena, fd, file, out_text) || fstat(fd, &after) < 0 || changed_ns(&after) != file->changed_ns)
        problem = "changed while it was read";
    close(fd);
    return problem;
}

/* They are in memory together, and what is made of them is larger than they are. NULL, or a text to free. */
static char *find_one_too_many(const struct scan *scan)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < scan->file_count; i++) {
        uint64_t size = scan->files[i].size;
        if (size <= TOML_INPUT_MAX && (sum += size) > SCAN_BYTES_MAX)
            return wb_format("%s: with this one the files are larger than %d MiB together", scan->files[i].path.ptr,
                             SCAN_BYTES_MAX / 1024 / 1024);
    }
    return NULL;
}

bool scan_read(const struct scan *scan, struct arena *arena, struct rules_text **out_texts, char **out_problem)
{
    struct rules_text *texts = ARENA_ARRAY(arena, struct rules_text, scan->file_count + 1);

    *out_problem = scan->problem ? wb_strdup(scan->problem) : find_one_too_many(scan);
    for (size_t i = 0; !*out_problem && i < scan->file_count; i++) {
        const char *problem;

        texts[i].name = scan->files[i].path;
        problem = read_file(arena, &scan->files[i], &texts[i].text);
        if (problem)
            *out_problem = wb_format("%s: %s", scan->files[i].path.ptr, problem);
    }
    *out_texts = texts;
    return *out_problem == NULL;
}
