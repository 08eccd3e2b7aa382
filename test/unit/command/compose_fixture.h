/* SPDX-License-Identifier: MIT */
/* compose_fixture - compose files in memory, and what is checked of them. Included by each test once. */
#pragma once
#include "lint/compose.h"
#include "waybill/base/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct disk_file {
    const char *path, *text;
};

static struct arena arena;
static struct problems problems;
static struct compose_project project;
static const struct disk_file *disk;
static unsigned files_read;

static inline int open_arena(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    problems = (struct problems){.arena = &arena};
    return 0;
}

static inline int close_arena(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static inline bool read_file(void *arg, struct slice path, struct slice *out_text)
{
    (void)arg;
    files_read++;
    for (const struct disk_file *file = disk; file->path; file++) {
        if (slice_eq(path, slice_of(file->path))) {
            *out_text = slice_of(file->text);
            return true;
        }
    }
    *out_text = SLICE("No such file");
    return false;
}

static inline bool find_variable(void *arg, struct slice name, struct slice *out_value)
{
    (void)arg;
    *out_value = slice_eq(name, SLICE("SET")) ? SLICE("val") : SLICE("");
    return slice_eq(name, SLICE("SET")) || slice_eq(name, SLICE("EMPTY"));
}

/* Reads the first `count` files of the disk, one over the other. */
static inline void read_disk(const struct disk_file *files, size_t count)
{
    struct compose_input input = {
        .arena = &arena, .default_project = SLICE("My Shop"), .read_file = read_file, .find_variable = find_variable};

    disk = files;
    problems = (struct problems){.arena = &arena};
    for (size_t i = 0; i < count; i++)
        slices_add(&arena, &input.paths, slice_of(files[i].path));
    compose_read(&input, &problems, &project);
}

static inline void read_text(const char *text)
{
    const struct disk_file files[] = {{"c.yaml", text}, {NULL, NULL}};

    read_disk(files, 1);
}

static inline const struct compose_service *service(const char *name)
{
    for (size_t i = 0; i < project.count; i++) {
        if (slice_eq(project.items[i].name, slice_of(name)))
            return &project.items[i];
    }
    fail_msg("no service %s", name);
    return NULL;
}

static inline const struct compose_label *label(const struct compose_labels *labels, const char *name)
{
    for (size_t i = 0; i < labels->count; i++) {
        if (slice_eq(labels->items[i].name, slice_of(name)))
            return &labels->items[i];
    }
    fail_msg("no label %s", name);
    return NULL;
}

static inline void check_text(struct slice got, const char *wanted)
{
    if (!slice_eq(got, slice_of(wanted)))
        fail_msg("got `" SLICE_FMT "` for `%s`", SLICE_ARG(got), wanted);
}

static inline void check_label(const char *name, const char *value)
{
    check_text(label(&service("a")->labels, name)->value, value);
}

/* All problems, a line each. */
static inline void check_problems(const char *wanted)
{
    struct text said = TEXT_EMPTY;

    for (size_t i = 0; i < problems.count; i++)
        text_addf(&said, "%s %u %s\n", problem_level_name(problems.items[i].level), problems.items[i].at.line,
                  problems.items[i].text);
    assert_string_equal(said.ptr ? said.ptr : "", wanted);
    text_fini(&said);
}
