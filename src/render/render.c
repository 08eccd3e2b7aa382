/* SPDX-License-Identifier: MIT */
#include "waybill/render/render.h"
#include "run.h"
#include <stdlib.h>

bool render_is_needed(struct slice text)
{
    return memmem(text.ptr, text.len, "{{", 2) != NULL;
}

static void give_output(struct arena *arena, const struct run *run, struct render_output *out_output)
{
    out_output->text = arena_copy(arena, text_slice(&run->out));
    out_output->lines = ARENA_ARRAY(arena, uint32_t, run->line_count + 1);
    out_output->line_count = run->line_count;
    if (run->line_count)
        memcpy(out_output->lines, run->lines, run->line_count * sizeof *run->lines);
}

const char *render_text(struct arena *arena, struct slice text, struct slice file, struct render_output *out_output)
{
    struct report report = {.arena = arena, .source = text, .file = file};
    struct run run = {.report = &report, .arena = arena};
    struct program program;

    if (program_parse(&report, &program) && program_run(&run, &program))
        give_output(arena, &run, out_output);
    text_fini(&run.out);
    free(run.lines);
    return report.problem;
}
