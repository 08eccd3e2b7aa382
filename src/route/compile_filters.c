/* SPDX-License-Identifier: MIT */
/* A frontend's filters, and those of backends that its filters ask. */
#include "compiled.h"
#include <stdlib.h>

/* What one filter is compiled from, with whom its finds are held by. */
struct source {
    struct filter_source from;
    struct frontend_build *build;
};

static const struct filter_source_ops frontend_source;

static void *hold_live(const struct filter_source *from, struct slice identity, size_t bytes, void (*fini)(void *live))
{
    struct frontend_build *build = ((const struct source *)(const void *)from)->build;
    struct compiled_frontend *made = build->made;

    made->lives = wb_realloc(made->lives, (made->live_count + 1) * sizeof(void *));
    made->lives[made->live_count] = live_hold(&build->compiler->lives, identity, bytes, fini);
    return made->lives[made->live_count++];
}

static struct source source_of(struct frontend_build *build, const struct model_frontend *frontend,
                               const struct model_backend *backend)
{
    const struct compile_options *options = &build->compiler->options;

    return (struct source){.build = build,
                           .from = {.frontend = frontend,
                                    .backend = backend,
                                    .entrypoints = options->entrypoints,
                                    .entrypoint_count = options->entrypoint_count,
                                    .provider = build->fragment->provider,
                                    .files_elsewhere = options->files_elsewhere,
                                    .arena = &build->made->arena,
                                    .place = build->place,
                                    .diagnostics = &build->made->diagnostics,
                                    .ops = &frontend_source}};
}

static void compile_from(const struct source *source, bool only_of_backend, const struct route_filter **out_filters,
                         uint32_t *out_count)
{
    struct frontend_build *build = source->build;
    struct route_filter found[ROUTE_FILTERS_MAX], *kept;
    uint32_t count = 0;

    for (const struct filter_ops *const *ops = build->compiler->options.filters; ops && *ops; ops++) {
        const void *config = NULL;
        if (only_of_backend && !(*ops)->of_backend)
            continue;
        switch ((*ops)->compile(&source->from, &config)) {
        case FILTER_ABSENT:
            break;
        case FILTER_MADE:
            WB_REQUIRE(count < ROUTE_FILTERS_MAX);
            found[count++] = (struct route_filter){*ops, config};
            break;
        case FILTER_CLOSED:
            close_frontend(build, slice_of(arena_format(&build->made->arena, "%s cannot be understood", (*ops)->name)));
            break;
        }
    }
    *out_filters = NULL;
    *out_count = count;
    if (count == 0)
        return;
    kept = ARENA_ARRAY(&build->made->arena, struct route_filter, count);
    memcpy(kept, found, count * sizeof *kept);
    *out_filters = kept;
}

static bool find_target(const struct filter_source *from, struct slice name, struct route_target *out)
{
    static const struct model_frontend nobodys = {0};
    struct frontend_build *build = ((const struct source *)(const void *)from)->build;
    const struct compiled_frontend *made = build->made;

    for (size_t i = 0; i < made->other_count; i++) {
        if (!made->others[i] || !slice_eq(made->others[i]->backend.name, name))
            continue;
        struct source source = source_of(build, &nobodys, fragment_backend(build->fragment, name));
        out->backend = &made->others[i]->backend;
        compile_from(&source, true, &out->filters, &out->filter_count);
        return true;
    }
    return false;
}

static const struct filter_source_ops frontend_source = {.live = hold_live, .target = find_target};

void compile_filters(struct frontend_build *build)
{
    struct route_frontend *frontend = &build->made->frontend;
    struct source source = source_of(build, build->model, fragment_backend(build->fragment, build->model->backend));

    compile_from(&source, false, &frontend->filters, &frontend->filter_count);
}
