/* SPDX-License-Identifier: MIT */
/*
 * rewrite - what is put in place of each match of a regular expression, as Go's ReplaceAllString does it: $1, ${1},
 * ${name}, $$. A text of its own may come in, too: {{.Request.Method}} and the like, if the one who compiles it names them.
 *
 * Thread: immutable; applied by threads that match (route/thread.h). Owner: the arena; the regular expression ends with
 * it, or with the rule it is part of.
 */
#pragma once
#include "waybill/base/arena.h"
#include "waybill/base/text.h"

struct regex;
struct rewrite_piece;

struct rewrite {
    const struct regex *regex;
    struct rewrite_piece *pieces;
    size_t count;
};

/* What may stand in {{}}, without the blanks: ".Request.Method". */
struct rewrite_names {
    const char *const *items;
    size_t count;
};

enum rewrite_outcome {
    REWRITE_NONE,       /* no match: *out is the subject */
    REWRITE_MADE,       /* *out is what came of it */
    REWRITE_TOO_COSTLY, /* the subject, or what came of it, is too long */
};

enum { REWRITE_BYTES_MAX = 64 * 1024 };

/* False when it cannot be understood: *out_error says why, in the arena. The arena is without limit, and ends when no thread
 * uses the rewrite any more. */
bool rewrite_compile(struct arena *arena, struct slice pattern, struct slice replacement, const struct rewrite_names *names,
                     struct rewrite *out, struct slice *out_error);
/* Adds to `out`. `values` are those of the names, in their order. Takes what it costs from *steps (match.h). */
enum rewrite_outcome rewrite_apply(const struct rewrite *rewrite, struct slice subject, const struct slice *values,
                                   size_t *steps, struct text *out);
/* The text that every result begins with when the match begins where the subject does: up to the first $ or {{. */
struct slice rewrite_head(const struct rewrite *rewrite);
