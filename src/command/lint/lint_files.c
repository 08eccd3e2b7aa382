/* SPDX-License-Identifier: MIT */
/* Files and variables for compose_read: from the disk, the environment, and the .env beside the first file. */
#include "lint.h"
#include "waybill/yaml/yaml.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct finder {
    struct lint *lint;
    struct map variables; /* of the .env file, to struct slice in the arena */
};

static bool fail(struct arena *arena, struct slice *out_text, const char *why)
{
    *out_text = slice_of(arena_strdup(arena, why));
    return false;
}

/* False: it cannot be read, *out_text says why. At most YAML_INPUT_MAX bytes and one, which are too many. */
static bool read_whole(struct arena *arena, const char *path, struct slice *out_text)
{
    int number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would be waited for without end */
    struct stat status;
    size_t capacity = YAML_INPUT_MAX + 1, len = 0;
    ssize_t got = 0;

    if (number < 0)
        return fail(arena, out_text, strerror(errno));
    if (fstat(number, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(number);
        return fail(arena, out_text, "this is no file");
    }
    if ((size_t)status.st_size < capacity)
        capacity = (size_t)status.st_size + 1;
    char *room = arena_bytes(arena, capacity);
    while (len < capacity && (got = read(number, room + len, capacity - len)) > 0)
        len += (size_t)got;
    int error = errno;
    close(number);
    if (got < 0)
        return fail(arena, out_text, strerror(error));
    *out_text = slice_make(room, len);
    return true;
}

static bool read_file(void *arg, struct slice path, struct slice *out_text)
{
    struct finder *finder = arg;
    struct arena *arena = &finder->lint->arena;

    return read_whole(arena, arena_strndup(arena, path.ptr, path.len), out_text);
}

static bool find_variable(void *arg, struct slice name, struct slice *out_value)
{
    struct finder *finder = arg;
    const char *value = getenv(arena_strndup(&finder->lint->arena, name.ptr, name.len));
    const struct slice *kept = map_get(&finder->variables, name);

    if (value)
        *out_value = slice_of(value);
    else if (kept)
        *out_value = *kept;
    return value || kept;
}

static void put_variable(void *arg, struct slice name, struct slice value)
{
    struct finder *finder = arg;
    struct slice *kept = ARENA_NEW(&finder->lint->arena, struct slice);

    *kept = value;
    map_put(&finder->variables, name, kept);
}

/* Only one that was asked for has to be there. */
static void read_env(struct finder *finder)
{
    struct lint *lint = finder->lint;
    struct slice first = lint->options->files.items[0], text;
    size_t slash = slice_find_last(first, '/');
    struct slice folder = slash < first.len ? slice_head(first, slash + 1) : SLICE("");
    const char *asked = lint->options->env_file;
    char *path = arena_format(&lint->arena, SLICE_FMT ".env", SLICE_ARG(folder));

    if (read_whole(&lint->arena, asked ? asked : path, &text)) {
        compose_read_env(&lint->arena, text, put_variable, finder);
    } else if (asked) {
        problems_add(&lint->problems, PROBLEM_ERROR, (struct source){.file = slice_of(asked)}, SLICE_FMT, SLICE_ARG(text));
        lint->problems.unreadable = true;
    }
}

/* The name of the folder that the first file is in. */
static struct slice folder_name(struct lint *lint)
{
    struct slice first = lint->options->files.items[0];
    char *path = realpath(arena_strndup(&lint->arena, first.ptr, first.len), NULL);
    struct slice folder = arena_copy(&lint->arena, slice_of(path));

    free(path);
    folder = slice_head(folder, slice_find_last(folder, '/'));
    return slice_from(folder, slice_find_last(folder, '/') + 1);
}

void lint_read_files(struct lint *lint)
{
    struct finder finder = {.lint = lint};
    struct compose_input input = {.arena = &lint->arena,
                                  .paths = lint->options->files,
                                  .project = slice_of(lint->options->project),
                                  .default_project = folder_name(lint),
                                  .read_file = read_file,
                                  .find_variable = find_variable,
                                  .arg = &finder};

    map_init(&finder.variables);
    read_env(&finder);
    if (input.project.len == 0 && !find_variable(&finder, SLICE("COMPOSE_PROJECT_NAME"), &input.project))
        input.project = SLICE("");
    compose_read(&input, &lint->problems, &lint->project);
    map_fini(&finder.variables);
    for (size_t i = 0; i < lint->project.count; i++)
        map_put(&lint->services, lint->project.items[i].name, &lint->project.items[i]);
}
