/* SPDX-License-Identifier: MIT */
/* links: render */
/* Any bytes as a template: never a crash, an end within its limits, the same twice; an error is one line with a place, and
 * each line that comes out has a line that it comes from. */
#include "waybill/render/render.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static size_t count_lines(struct slice text)
{
    size_t count = text.len && text.ptr[text.len - 1] != '\n';

    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '\n';
    return count;
}

static const char *render(struct arena *arena, struct slice text, struct render_output *out_output)
{
    const char *problem = render_text(arena, text, SLICE("rules.toml"), out_output);

    if (problem) {
        WB_REQUIRE(!strncmp(problem, "rules.toml:", 11) && !strchr(problem, '\n'));
        return problem;
    }
    WB_REQUIRE(out_output->text.len <= RENDER_OUTPUT_MAX);
    WB_REQUIRE(out_output->line_count == count_lines(out_output->text));
    for (size_t i = 0; i < out_output->line_count; i++)
        WB_REQUIRE(out_output->lines[i] >= 1 && out_output->lines[i] <= count_lines(text) + 1);
    if (!render_is_needed(text))
        WB_REQUIRE(slice_eq(text, out_output->text));
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct slice text = slice_make((const char *)bytes, size);
    struct render_output one, other;
    struct arena arena;

    arena_init(&arena, 0);
    const char *first = render(&arena, text, &one), *second = render(&arena, text, &other);
    WB_REQUIRE(!first == !second && (!first || !strcmp(first, second)));
    if (!first)
        WB_REQUIRE(slice_eq(one.text, other.text));
    arena_fini(&arena);
    return 0;
}
