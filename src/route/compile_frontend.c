/* SPDX-License-Identifier: MIT */
#include "compiled.h"
#include "unsupported.h"
#include "waybill/model/schema.h"
#include "waybill/route/rule.h"
#include <stdlib.h>

/* One frontend being compiled. */
struct frontend_build {
    struct compiler *compiler;
    struct compiled_frontend *made;
    const struct model_frontend *model;
    struct slice place;
};

/* The first thing in the way is the one that is told to people. */
static void note_obstacle(struct frontend_build *build, enum container_why why, struct slice because)
{
    struct route_frontend *frontend = &build->made->frontend;

    if (frontend->why != WHY_ROUTED)
        return;
    frontend->why = why;
    frontend->why_because = arena_copy(&build->made->arena, because);
}

static void leave_out(struct frontend_build *build, enum container_why why, struct slice because)
{
    build->made->left_out = true;
    note_obstacle(build, why, because);
    diagnostics_add(&build->made->diagnostics, DIAGNOSTIC_ERROR, build->place,
                    "frontend " SLICE_FMT " is left out: " SLICE_FMT, SLICE_ARG(build->model->name), SLICE_ARG(because));
}

static void close_frontend(struct frontend_build *build, struct slice because)
{
    struct route_frontend *frontend = &build->made->frontend;
    frontend->closed = true;
    note_obstacle(build, WHY_CLOSED, because);
    if (frontend->closed_because.len == 0)
        frontend->closed_because = arena_copy(&build->made->arena, because);
}

static void parse_rules(struct frontend_build *build)
{
    const struct model_frontend *model = build->model;
    struct route_frontend *frontend = &build->made->frontend;
    struct slice *texts = ARENA_ARRAY(&build->made->arena, struct slice, model->route_count + 1), error;
    size_t bytes = 0;

    for (size_t i = 0; i < model->route_count; i++) {
        texts[i] = model->routes[i].rule;
        bytes += texts[i].len;
    }
    frontend->priority = model->priority > 0 ? model->priority : (int64_t)bytes;
    frontend->rule = rule_parse(&build->made->arena, texts, model->route_count, &error);
    if (!frontend->rule)
        leave_out(build, WHY_RULE, error);
}

static void compile_filters(struct frontend_build *build)
{
    const struct filter_ops *const *ops = build->compiler->options.filters;
    struct route_frontend *frontend = &build->made->frontend;
    for (; ops && *ops; ops++) {
        const void *config = NULL;
        switch ((*ops)->compile(build->model, &build->made->arena, build->place, &build->made->diagnostics, &config)) {
        case FILTER_ABSENT:
            break;
        case FILTER_MADE:
            WB_REQUIRE(frontend->filter_count < ROUTE_FILTERS_MAX);
            frontend->filters[frontend->filter_count++] = (struct route_filter){*ops, config};
            break;
        case FILTER_CLOSED:
            close_frontend(build, slice_of(arena_format(&build->made->arena, "%s cannot be understood", (*ops)->name)));
            break;
        }
    }
}

static void check_protection(struct frontend_build *build)
{
    struct compiled_frontend *made = build->made;
    if (build->model->closed_because.len) {
        close_frontend(build, build->model->closed_because);
        diagnostics_add(&made->diagnostics, DIAGNOSTIC_CLOSED, build->place,
                        "frontend " SLICE_FMT " answers 503 until this is mended: " SLICE_FMT, SLICE_ARG(build->model->name),
                        SLICE_ARG(build->model->closed_because));
    }
    compile_filters(build);
    const char *missing = unsupported_in_frontend(build->model, build->place, &made->diagnostics);
    if (missing)
        close_frontend(build, slice_of(arena_format(&made->arena, "%s is not in this version yet", missing)));
    if (made->backend && made->backend->closed_because)
        close_frontend(build, slice_of(made->backend->closed_because));
}

static void note_backend(struct frontend_build *build)
{
    struct compiled_frontend *made = build->made;
    const char *what = !made->backend                             ? "does not exist"
                       : made->backend->backend.server_count == 0 ? "has no usable server"
                                                                  : NULL;
    made->frontend.backend = made->backend ? &made->backend->backend : NULL;
    if (!what || made->left_out)
        return;
    const char *because = arena_format(&made->arena, "its backend `" SLICE_FMT "` %s", SLICE_ARG(build->model->backend),
                                       what);
    note_obstacle(build, WHY_NO_BACKEND, slice_of(because));
    diagnostics_add(&made->diagnostics, DIAGNOSTIC_ERROR, build->place, "frontend " SLICE_FMT " answers 503: %s",
                    SLICE_ARG(build->model->name), because);
}

static enum reason absence_reason(int64_t absence)
{
    switch ((enum model_absence)absence) {
    case ABSENCE_NONE:
        return REASON_NONE;
    case ABSENCE_NOT_RUNNING:
        return REASON_SERVICE_NOT_RUNNING;
    case ABSENCE_STARTING:
        return REASON_SERVICE_STARTING;
    case ABSENCE_UNHEALTHY:
        return REASON_SERVICE_UNHEALTHY;
    }
    WB_UNREACHABLE();
}

/* A remembered one needs no more than its rule: whoever asks for it gets no further. */
static void note_absence(struct frontend_build *build)
{
    build->made->frontend.absent = absence_reason(build->model->absence);
    build->made->frontend.absent_because = arena_copy(&build->made->arena, build->model->absent_because);
}

static void copy_names(struct frontend_build *build, struct slice provider)
{
    struct compiled_frontend *made = build->made;
    struct route_frontend *frontend = &made->frontend;
    const struct slices *entrypoints = &build->model->entrypoints;
    static const struct slice prefix = {"frontend-", 9};

    frontend->provider = arena_copy(&made->arena, provider);
    frontend->name = arena_copy(&made->arena, build->model->name);
    frontend->short_name = slice_from(frontend->name, slice_starts(frontend->name, prefix) ? prefix.len : 0);
    frontend->pass_host_header = build->model->pass_host_header;
    made->entrypoints = (struct slices){ARENA_ARRAY(&made->arena, struct slice, entrypoints->count + 1), entrypoints->count};
    for (size_t i = 0; i < entrypoints->count; i++)
        made->entrypoints.items[i] = arena_copy(&made->arena, entrypoints->items[i]);
    if (entrypoints->count == 0)
        leave_out(build, WHY_NO_ENTRYPOINT, SLICE("it is on no entrypoint that exists"));
}

static struct compiled_frontend *make_frontend(struct compiler *compiler, const struct fragment *fragment,
                                               const struct model_frontend *model, struct compiled_backend *backend)
{
    struct frontend_build build = {.compiler = compiler, .made = wb_alloc(sizeof *build.made), .model = model};
    struct compiled_frontend *made = build.made;

    arena_init(&made->arena, 0);
    made->arena.block_bytes = COMPILED_BLOCK;
    diagnostics_init(&made->diagnostics);
    made->backend = backend;
    if (backend)
        backend->holds++;
    build.place = model->origin.len ? arena_copy(&made->arena, model->origin)
                                    : slice_of(arena_format(&made->arena, "frontend " SLICE_FMT " of " SLICE_FMT,
                                                            SLICE_ARG(model->name), SLICE_ARG(fragment->provider)));
    copy_names(&build, fragment->provider);
    if (model->left_out_because.len)
        leave_out(&build, WHY_RULE, model->left_out_because);
    else
        parse_rules(&build);
    note_absence(&build);
    if (made->frontend.absent == REASON_NONE) {
        if (!made->left_out)
            check_protection(&build);
        note_backend(&build);
    }
    compiler->frontends_compiled++;
    return made;
}

struct compiled_frontend *compile_frontend(struct compiler *compiler, const struct fragment *fragment,
                                           const struct model_frontend *model, struct compiled_backend *backend)
{
    struct text *content = &compiler->scratch;
    content->len = 0;
    fingerprint_add(content, fragment->provider);
    fingerprint_add(content, model->name);
    fingerprint_add(content, model->origin);
    fingerprint_add(content, backend ? fingerprint_slice(&backend->key) : SLICE(""));
    /* Its age decides only about the order, which is not remembered. */
    fingerprint_add_record(content, &schema_frontend, model, offsetof(struct model_frontend, since));
    struct fingerprint key = fingerprint_of(content);
    struct compiled_frontend *made = map_get(&compiler->frontends, fingerprint_slice(&key));
    if (made)
        return made;
    made = make_frontend(compiler, fragment, model, backend);
    made->key = key;
    map_put(&compiler->frontends, fingerprint_slice(&key), made);
    return made;
}

void compiled_frontend_drop(struct compiler *compiler, struct compiled_frontend *frontend)
{
    WB_REQUIRE(frontend->holds > 0);
    if (--frontend->holds)
        return;
    map_remove(&compiler->frontends, fingerprint_slice(&frontend->key));
    if (frontend->backend)
        compiled_backend_drop(compiler, frontend->backend);
    rule_release(frontend->frontend.rule);
    diagnostics_fini(&frontend->diagnostics);
    arena_fini(&frontend->arena);
    free(frontend);
}
