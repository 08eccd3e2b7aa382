/* SPDX-License-Identifier: MIT */
/*
 * regex - RE2 behind plain C; regex.cc is the project's one C++ file, and nothing of C++ leaves it.
 *
 * Thread: regex_find from any thread that has its own index (route/thread.h); create and destroy on control,
 * destroy after every other use. Memory of each object is bounded; time is linear in the text, at worst its length times
 * regex_size: who decides how often one is asked counts with that.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct regex;

enum regex_anchor { REGEX_ANYWHERE, REGEX_AT_START, REGEX_WHOLE };
enum { REGEX_GROUPS_MAX = 32, REGEX_ERROR_SIZE = 160 };

/* A part of the text; set is false for a group that took no part in the match. */
struct regex_span {
    size_t start, len;
    bool set;
};

/* NULL when the pattern is not one, or too large; out_error (REGEX_ERROR_SIZE) then says why. */
struct regex *regex_create(const char *pattern, size_t len, bool ignore_case, char *out_error);
void regex_destroy(struct regex *regex);
/* First match at or behind `from`. out_spans[0] is the whole match, the rest its groups; count may be 0. */
bool regex_find(const struct regex *regex, const char *text, size_t len, size_t from, enum regex_anchor anchor,
                struct regex_span *out_spans, size_t count);
size_t regex_group_count(const struct regex *regex);
/* Instructions of its program. */
size_t regex_size(const struct regex *regex);
/* Number of the group with this name, or -1. */
int regex_group_named(const struct regex *regex, const char *name, size_t len);

#ifdef __cplusplus
}
#endif
