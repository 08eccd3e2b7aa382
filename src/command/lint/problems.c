/* SPDX-License-Identifier: MIT */
#include "problems.h"
#include "grow.h"
#include "waybill/base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *problem_level_name(enum problem_level level)
{
    static const char *const names[] = {"notice", "warning", "error"};

    return names[level];
}

static bool is_said(const struct problems *problems, struct source at, const char *text)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        if (problem->at.line == at.line && slice_eq(problem->at.file, at.file) && strcmp(problem->text, text) == 0)
            return true;
    }
    return false;
}

/* One line, and nothing in it that disturbs a terminal. Quotes and backslashes stay as they are: people copy them. */
static char *make_line(char *text)
{
    struct text line = TEXT_EMPTY;

    for (char *c = text; *c; c++) {
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    }
    text_add_visible(&line, slice_of(text));
    return text_take(&line);
}

void problems_add(struct problems *problems, enum problem_level level, struct source at, const char *form, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, form);
    int len = vasprintf(&text, form, args);
    va_end(args);
    WB_REQUIRE(len >= 0);
    char *line = make_line(text);
    bool is_full = problems->count == PROBLEMS_MAX; /* then it is only counted: looking for its like would take long */
    bool is_new = is_full || !is_said(problems, at, line);
    problems->found[level] += is_new;
    if (is_new && !is_full)
        *GROW_ADD(problems->arena, problems) = (struct problem){level, at, arena_strdup(problems->arena, line)};
    free(line);
    free(text);
}

/* Position of the first problem in that file. */
static size_t file_order(const struct problems *problems, struct slice file)
{
    size_t at = 0;

    while (!slice_eq(problems->items[at].at.file, file))
        at++;
    return at;
}

/* Stable, and few: an insertion sort over keys made once. */
void problems_sort(struct problems *problems)
{
    struct arena scratch;

    arena_init(&scratch, 0);
    uint64_t *keys = ARENA_ARRAY(&scratch, uint64_t, problems->count + 1);
    for (size_t i = 0; i < problems->count; i++)
        keys[i] = (uint64_t)file_order(problems, problems->items[i].at.file) << 32 | problems->items[i].at.line;
    for (size_t i = 1; i < problems->count; i++) {
        struct problem moved = problems->items[i];
        uint64_t key = keys[i];
        size_t at = i;
        for (; at > 0 && keys[at - 1] > key; at--) {
            problems->items[at] = problems->items[at - 1];
            keys[at] = keys[at - 1];
        }
        problems->items[at] = moved;
        keys[at] = key;
    }
    arena_fini(&scratch);
}

size_t problems_count(const struct problems *problems, enum problem_level level)
{
    return problems->found[level];
}
