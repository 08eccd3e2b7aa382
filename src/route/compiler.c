/* SPDX-License-Identifier: MIT */
/*
 * compiler - from a model to a snapshot:
 *
 *     model --> backends and frontends, each by content: remembered, or compiled now
 *           --> all frontends in the order in which they are tried
 *           --> one match table an entrypoint, of those that are on it
 */
#include "waybill/route/compile.h"
#include "compiled.h"
#include "table.h"
#include <stdatomic.h>
#include <stdlib.h>

/* A snapshot with what it holds. */
struct built_snapshot {
    struct snapshot snapshot;
    struct compiled_frontend **held; /* left-out ones too: what was said about them is remembered */
    size_t held_count;
};

struct ordered_frontend {
    struct compiled_frontend *compiled;
    uint64_t since;
};

struct compiler *compiler_create(const struct compile_options *options)
{
    struct compiler *compiler = wb_alloc(sizeof *compiler);
    compiler->options = *options;
    map_init(&compiler->frontends);
    map_init(&compiler->backends);
    slots_init(&compiler->server_slots);
    slots_init(&compiler->backend_slots);
    return compiler;
}

void compiler_destroy(struct compiler **compiler)
{
    struct compiler *old = *compiler;
    *compiler = NULL;
    if (!old)
        return;
    WB_REQUIRE(old->live_snapshots == 0);
    map_fini(&old->frontends);
    map_fini(&old->backends);
    slots_fini(&old->server_slots);
    slots_fini(&old->backend_slots);
    text_fini(&old->scratch);
    free(old);
}

static size_t count_frontends(const struct model *model)
{
    size_t count = 0;
    for (size_t i = 0; i < model->count; i++)
        count += model->fragments[i]->frontend_count + model->fragments[i]->remembered_count;
    return count;
}

/* Frontends of one fragment; a backend is looked at when the first frontend names it. */
static void compile_live(struct compiler *compiler, const struct fragment *fragment, struct ordered_frontend *out,
                         struct diagnostics *diagnostics)
{
    struct compiled_backend **backends = wb_alloc((fragment->backend_count + 1) * sizeof(struct compiled_backend *));
    for (size_t i = 0; i < fragment->frontend_count; i++) {
        const struct model_frontend *model = &fragment->frontends[i];
        const struct model_backend *named = fragment_backend(fragment, model->backend);
        struct compiled_backend *backend = NULL;
        if (named) {
            struct compiled_backend **place = &backends[named - fragment->backends];
            if (!*place) {
                *place = compile_backend(compiler, fragment, named);
                diagnostics_repeat(diagnostics, &(*place)->diagnostics);
            }
            backend = *place;
        }
        out[i] = (struct ordered_frontend){compile_frontend(compiler, fragment, model, backend), model->since};
        out[i].compiled->holds++;
        diagnostics_repeat(diagnostics, &out[i].compiled->diagnostics);
    }
    free(backends);
}

/* What there is to say about them was said while they were live. */
static void compile_remembered(struct compiler *compiler, const struct fragment *fragment, struct ordered_frontend *out)
{
    for (size_t i = 0; i < fragment->remembered_count; i++) {
        const struct model_frontend *model = &fragment->remembered[i];
        out[i] = (struct ordered_frontend){compile_frontend(compiler, fragment, model, NULL), model->since};
        out[i].compiled->holds++;
    }
}

/* Live ones before remembered ones; priority, highest first; then provider; then the older claim (decisions.md 16; an unknown age comes last); then name. */
static int compare_order(const void *a, const void *b)
{
    const struct ordered_frontend *x = a, *y = b;
    const struct route_frontend *one = &x->compiled->frontend, *other = &y->compiled->frontend;
    if ((one->absent != REASON_NONE) != (other->absent != REASON_NONE))
        return one->absent == REASON_NONE ? -1 : 1;
    if (one->priority != other->priority)
        return one->priority > other->priority ? -1 : 1;
    int order = slice_compare(one->provider, other->provider);
    if (order)
        return order;
    if (x->since != y->since) /* 0 minus 1 is the largest: unknown comes last */
        return x->since - 1 < y->since - 1 ? -1 : 1;
    return slice_compare(one->name, other->name);
}

static bool is_on(const struct compiled_frontend *frontend, struct slice entrypoint)
{
    for (size_t i = 0; i < frontend->entrypoints.count; i++)
        if (slice_eq(frontend->entrypoints.items[i], entrypoint))
            return true;
    return false;
}

static void make_tables(const struct compiler *compiler, struct built_snapshot *built)
{
    const struct compile_options *options = &compiler->options;
    struct snapshot *snapshot = &built->snapshot;
    struct route_frontend **on = wb_alloc((snapshot->frontend_count + 1) * sizeof(struct route_frontend *));

    snapshot->entrypoint_count = options->entrypoint_count;
    snapshot->entrypoints = wb_alloc((options->entrypoint_count + 1) * sizeof *snapshot->entrypoints);
    for (size_t i = 0; i < options->entrypoint_count; i++) {
        size_t count = 0;
        for (size_t k = 0; k < built->held_count; k++)
            if (!built->held[k]->left_out && is_on(built->held[k], options->entrypoints[i].name))
                on[count++] = &built->held[k]->frontend;
        snapshot->entrypoints[i] = (struct route_entrypoint){options->entrypoints[i].name,
                                                             match_table_create(on, count, options->keep_trailing_slash)};
    }
    free(on);
}

static void hold_frontends(struct built_snapshot *built, const struct ordered_frontend *ordered, size_t count)
{
    struct snapshot *snapshot = &built->snapshot;
    built->held = wb_alloc((count + 1) * sizeof(struct compiled_frontend *));
    built->held_count = count;
    snapshot->frontends = wb_alloc((count + 1) * sizeof(struct route_frontend *));
    for (size_t i = 0; i < count; i++) {
        built->held[i] = ordered[i].compiled;
        if (!ordered[i].compiled->left_out)
            snapshot->frontends[snapshot->frontend_count++] = &ordered[i].compiled->frontend;
    }
    snapshot->left_out = wb_alloc((count - snapshot->frontend_count + 1) * sizeof(struct route_frontend *));
    for (size_t i = 0; i < count; i++)
        if (ordered[i].compiled->left_out)
            snapshot->left_out[snapshot->left_out_count++] = &ordered[i].compiled->frontend;
}

/* Which servers can still be asked: workers give up on the way to the others. */
static void note_servers(struct snapshot *snapshot)
{
    snapshot->server_generations = wb_alloc((snapshot->server_slot_count + 1) * sizeof *snapshot->server_generations);
    for (size_t f = 0; f < snapshot->frontend_count; f++) {
        const struct route_backend *backend = snapshot->frontends[f]->backend;
        for (size_t i = 0; backend && i < backend->server_count; i++)
            snapshot->server_generations[backend->servers[i].slot] = backend->servers[i].generation;
    }
}

struct snapshot *compiler_compile(struct compiler *compiler, const struct model *model, struct diagnostics *diagnostics)
{
    struct built_snapshot *built = wb_alloc(sizeof *built);
    struct snapshot *snapshot = &built->snapshot;
    size_t count = count_frontends(model), next = 0;
    struct ordered_frontend *ordered = wb_alloc((count + 1) * sizeof *ordered);

    atomic_init(&snapshot->refs, 1);
    snapshot->number = ++compiler->snapshot_number;
    snapshot->retire = compiler->options.retire;
    snapshot->retire_arg = compiler->options.retire_arg;
    model_copy(&snapshot->model, model);
    for (size_t i = 0; i < model->count; i++) {
        const struct fragment *fragment = model->fragments[i];
        compile_live(compiler, fragment, ordered + next, diagnostics);
        compile_remembered(compiler, fragment, ordered + next + fragment->frontend_count);
        next += fragment->frontend_count + fragment->remembered_count;
    }
    qsort(ordered, count, sizeof *ordered, compare_order);
    hold_frontends(built, ordered, count);
    free(ordered);
    make_tables(compiler, built);
    snapshot->server_slot_count = compiler->server_slots.count;
    note_servers(snapshot);
    compiler->live_snapshots++;
    return snapshot;
}

void compiler_free_snapshot(struct compiler *compiler, struct snapshot *snapshot)
{
    struct built_snapshot *built = WB_CONTAINER_OF(snapshot, struct built_snapshot, snapshot);
    for (size_t i = 0; i < snapshot->entrypoint_count; i++) {
        struct match_table *table = (struct match_table *)(uintptr_t)snapshot->entrypoints[i].table;
        match_table_destroy(&table);
    }
    for (size_t i = 0; i < built->held_count; i++)
        compiled_frontend_drop(compiler, built->held[i]);
    model_fini(&snapshot->model);
    free(snapshot->entrypoints);
    free(snapshot->frontends);
    free(snapshot->left_out);
    free(snapshot->server_generations);
    free(built->held);
    free(built);
    compiler->live_snapshots--;
}

size_t compiler_live_snapshots(const struct compiler *compiler)
{
    return compiler->live_snapshots;
}

size_t compiler_frontends_compiled(const struct compiler *compiler)
{
    return compiler->frontends_compiled;
}
