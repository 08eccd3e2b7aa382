/* SPDX-License-Identifier: MIT */
/*
 * render - text with actions between `{{` and `}}` to plain text: the part of Go's templates that file-provider.md 1.2 names.
 *
 * comments, trim marks, variables, if / else if / else / end, range, pipelines, parentheses, and the functions of
 * function.c. Anything else fails, with file, line and what it is: a template that means something else here than
 * in v1.7 must not be served.
 *
 * Thread: any; `env` reads the process's environment, which nobody changes. Owner: the arena, which has no limit.
 * Limits: RENDER_OUTPUT_MAX bytes come out, RENDER_STEPS_MAX steps are taken, RENDER_MEMORY_MAX bytes held, actions are
 * nested RENDER_DEPTH_MAX deep.
 */
#pragma once
#include "waybill/base/arena.h"

enum {
    RENDER_OUTPUT_MAX = 32 * 1024 * 1024,
    RENDER_STEPS_MAX = 2 * 1000 * 1000,
    RENDER_MEMORY_MAX = 64 * 1024 * 1024,
    RENDER_DEPTH_MAX = 64,
};

struct render_output {
    struct slice text;
    uint32_t *lines; /* of each line of `text`, the line of the input that its beginning comes from; both from 1 */
    size_t line_count;
};

/* False: it is plain text as it stands. */
bool render_is_needed(struct slice text);
/* `file` is only a name for messages. NULL, or what is wrong in one line: "rules.toml:3:7: what is there; what to do". */
WB_MUST_USE const char *render_text(struct arena *arena, struct slice text, struct slice file,
                                    struct render_output *out_output);
