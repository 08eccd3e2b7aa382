/* SPDX-License-Identifier: MIT */
/*
 * compiler - from a model to a snapshot:
 *
 *     model --> backends and frontends, each by content: remembered, or compiled now
 *           --> all frontends in the order in which they are tried
 *           --> one match table an entrypoint, of those that are on it
 */
#include "waybill/route/compile.h"
#include "claims.h"
#include "compiled.h"
#include "table.h"
#include <stdatomic.h>
#include <stdlib.h>

/* A snapshot with what it holds. */
struct built_snapshot {
    struct snapshot snapshot;
    struct compiled_frontend **held; /* left-out ones too: what was said about them is remembered */
    size_t held_count;
    struct compiled_list frontends, backends; /* in the order of the model */
};

/* A frontend with what decides about its place in the order, so that nothing else is looked at while they are sorted. */
struct ordered_frontend {
    struct compiled_frontend *compiled;
    const struct model_frontend *model;
    int64_t priority;
    uint64_t age;                /* what is unknown comes last */
    uint32_t provider, position; /* fragments are in order of provider, frontends in a fragment in order of name */
    bool is_absent;
};

struct compiler *compiler_create(const struct compile_options *options)
{
    struct compiler *compiler = wb_alloc(sizeof *compiler);
    compiler->options = *options;
    keyed_init(&compiler->frontends);
    keyed_init(&compiler->backends);
    slots_init(&compiler->server_slots);
    slots_init(&compiler->backend_slots);
    live_table_init(&compiler->lives);
    arena_init(&compiler->notes, 0);
    return compiler;
}

void compiler_destroy(struct compiler **compiler)
{
    struct compiler *old = *compiler;
    *compiler = NULL;
    if (!old)
        return;
    WB_REQUIRE(old->live_snapshots == 0);
    keyed_fini(&old->frontends);
    keyed_fini(&old->backends);
    slots_fini(&old->server_slots);
    slots_fini(&old->backend_slots);
    live_table_fini(&old->lives);
    text_fini(&old->scratch);
    text_fini(&old->place);
    arena_fini(&old->notes);
    free(old);
}

void compiler_want_secure(const struct compiler *compiler)
{
    if (compiler->options.secure_wanted)
        compiler->options.secure_wanted(compiler->options.secure_arg);
}

static size_t count_frontends(const struct model *model)
{
    size_t count = 0;
    for (size_t i = 0; i < model->count; i++)
        count += model->fragments[i]->frontend_count + model->fragments[i]->remembered_count;
    return count;
}

/* Names of frontends and backends are in about the same order: the one after the last one found is tried first. */
static const struct model_backend *find_backend(const struct fragment *fragment, struct slice name, size_t *next)
{
    const struct model_backend *found = *next < fragment->backend_count ? &fragment->backends[*next] : NULL;
    if (!found || !slice_eq(found->name, name))
        found = fragment_backend(fragment, name);
    if (found)
        *next = (size_t)(found - fragment->backends) + 1;
    return found;
}

static struct ordered_frontend hold_frontend(struct built_snapshot *built, struct compiled_frontend *compiled,
                                             const struct model_frontend *model, size_t provider, size_t position)
{
    compiled->head.holds++;
    compiled_list_add(&built->frontends, &compiled->head);
    return (struct ordered_frontend){
        .compiled = compiled,
        .model = model,
        .priority = compiled->frontend.priority,
        .age = model->since - 1, /* 0 minus 1 is the largest */
        .provider = (uint32_t)provider,
        .position = (uint32_t)position,
        .is_absent = compiled->frontend.absent != REASON_NONE,
    };
}

/* What was said when it was compiled, at the place where it is written now. */
static void say_again(struct compiler *compiler, struct diagnostics *out, const struct diagnostics *said, const char *noun,
                      struct slice origin, struct slice name, const struct fragment *fragment)
{
    if (said->count == 0)
        return;
    compiler->place.len = 0;
    text_addf(&compiler->place, "%s " SLICE_FMT " of " SLICE_FMT, noun, SLICE_SHOWN(name), SLICE_ARG(fragment->provider));
    diagnostics_repeat_at(out, said, origin.len ? origin : text_slice(&compiler->place));
}

/* Frontends of one fragment; a backend is looked at when the first frontend names it. */
static void compile_live(struct compiler *compiler, struct built_snapshot *built, size_t provider,
                         struct ordered_frontend *out, struct diagnostics *diagnostics)
{
    const struct fragment *fragment = built->snapshot.model.fragments[provider];
    struct compiled_backend **backends = wb_alloc((fragment->backend_count + 1) * sizeof(struct compiled_backend *));
    size_t next = 0;
    for (size_t i = 0; i < fragment->frontend_count; i++) {
        const struct model_frontend *model = &fragment->frontends[i];
        const struct model_backend *named = find_backend(fragment, model->backend, &next);
        struct compiled_backend *backend = NULL;
        if (named) {
            struct compiled_backend **place = &backends[named - fragment->backends];
            if (!*place) {
                *place = compile_backend(compiler, fragment, named);
                compiled_list_add(&built->backends, &(*place)->head);
                say_again(compiler, diagnostics, &(*place)->diagnostics, "backend", named->origin, named->name, fragment);
            }
            backend = *place;
        }
        out[i] = hold_frontend(built, compile_frontend(compiler, fragment, model, backend), model, provider, i);
        say_again(compiler, diagnostics, &out[i].compiled->diagnostics, "frontend", model->origin, model->name, fragment);
    }
    free(backends);
}

/* What there is to say about them was said while they were live. */
static void compile_remembered(struct compiler *compiler, struct built_snapshot *built, size_t provider,
                               struct ordered_frontend *out)
{
    const struct fragment *fragment = built->snapshot.model.fragments[provider];
    for (size_t i = 0; i < fragment->remembered_count; i++) {
        const struct model_frontend *model = &fragment->remembered[i];
        out[i] = hold_frontend(built, compile_frontend(compiler, fragment, model, NULL), model, provider, i);
    }
}

/* Live ones before remembered ones; priority, highest first; then provider; then the older claim (decisions.md 16); then name. */
static int compare_order(const void *a, const void *b)
{
    const struct ordered_frontend *x = a, *y = b;
    if (x->is_absent != y->is_absent)
        return x->is_absent ? 1 : -1;
    if (x->priority != y->priority)
        return x->priority > y->priority ? -1 : 1;
    if (x->provider != y->provider)
        return x->provider < y->provider ? -1 : 1;
    if (x->age != y->age)
        return x->age < y->age ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

/* What is to be on one entrypoint: the frontends in order, and who claims what with them. */
struct table_plan {
    const struct ordered_frontend *ordered;
    size_t ordered_count;
    struct route_frontend **frontends;
    struct claim *claims;
    size_t count;
    /* By place in the order: on how many entrypoints it loses its rule, and to whom on one of them. */
    uint32_t *lost;
    struct claim *incumbents;
};

static void plan_table(struct table_plan *plan, size_t entrypoint)
{
    plan->count = 0;
    for (size_t i = 0; i < plan->ordered_count; i++) {
        struct compiled_frontend *compiled = plan->ordered[i].compiled;
        if (compiled->left_out || !compiled_frontend_is_on(compiled, entrypoint))
            continue;
        plan->frontends[plan->count] = &compiled->frontend;
        plan->claims[plan->count++] = (struct claim){compiled, plan->ordered[i].model, i, CLAIM_FREE, CLAIM_FREE};
    }
}

/* Those that lose their rule are left out of the table. */
static void drop_losers(struct table_plan *plan)
{
    size_t kept = 0;
    for (size_t i = 0; i < plan->count; i++) {
        size_t place = plan->claims[i].place;
        if (plan->claims[i].taken_by == CLAIM_FREE) {
            plan->frontends[kept++] = plan->frontends[i];
        } else {
            plan->lost[place]++;
            plan->incumbents[place] = plan->claims[plan->claims[i].taken_by];
        }
    }
    plan->count = kept;
}

static void add_shadow(struct snapshot *snapshot, const struct ordered_frontend *loser, const struct claim *incumbent,
                       uint32_t lost)
{
    size_t count = snapshot->shadow_count, on = 0;
    for (size_t i = 0; i < snapshot->entrypoint_count; i++)
        on += compiled_frontend_is_on(loser->compiled, i);
    if ((count & (count - 1)) == 0)
        snapshot->shadows = wb_realloc(snapshot->shadows, (count ? 2 * count : 1) * sizeof *snapshot->shadows);
    snapshot->shadows[snapshot->shadow_count++] = (struct route_shadow){
        .frontend = &loser->compiled->frontend,
        .by = &incumbent->compiled->frontend,
        .origin = loser->model->origin,
        .by_origin = incumbent->model->origin,
        .rule = loser->model->route_count ? loser->model->routes[0].rule : SLICE(""),
        .is_everywhere = lost == on,
    };
}

static void add_shadows(struct snapshot *snapshot, const struct table_plan *plan)
{
    for (size_t i = 0; i < plan->ordered_count; i++)
        if (plan->lost[i])
            add_shadow(snapshot, &plan->ordered[i], &plan->incumbents[i], plan->lost[i]);
    snapshot_sort_shadows(snapshot);
}

/* Disputes are rare, so the table that shows them is made first, and made again without the losers. */
static struct match_table *make_table(struct table_plan *plan, bool keep_slash, struct diagnostics *diagnostics)
{
    struct match_table *table = match_table_create(plan->frontends, plan->count, keep_slash);
    bool some_lose = claims_settle(table, plan->claims);
    for (size_t i = 0; i < plan->count; i++)
        if (plan->claims[i].behind != CLAIM_FREE)
            claims_report_behind(&plan->claims[i], &plan->claims[plan->claims[i].behind], diagnostics);
    if (!some_lose)
        return table;
    match_table_destroy(&table);
    drop_losers(plan);
    return match_table_create(plan->frontends, plan->count, keep_slash);
}

static void make_tables(const struct compiler *compiler, struct snapshot *snapshot, const struct ordered_frontend *ordered,
                        size_t count, struct diagnostics *diagnostics)
{
    const struct compile_options *options = &compiler->options;
    struct table_plan plan = {.ordered = ordered,
                              .ordered_count = count,
                              .frontends = wb_alloc((count + 1) * sizeof(struct route_frontend *)),
                              .claims = wb_alloc((count + 1) * sizeof *plan.claims),
                              .lost = wb_alloc((count + 1) * sizeof *plan.lost),
                              .incumbents = wb_alloc((count + 1) * sizeof *plan.incumbents)};

    snapshot->entrypoint_count = options->entrypoint_count;
    snapshot->entrypoints = wb_alloc((options->entrypoint_count + 1) * sizeof *snapshot->entrypoints);
    for (size_t i = 0; i < options->entrypoint_count; i++) {
        plan_table(&plan, i);
        snapshot->entrypoints[i] = (struct route_entrypoint){options->entrypoints[i].name,
                                                             make_table(&plan, options->keep_trailing_slash, diagnostics)};
    }
    add_shadows(snapshot, &plan);
    free(plan.frontends);
    free(plan.claims);
    free(plan.lost);
    free(plan.incumbents);
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

static void note_check(struct snapshot *snapshot, struct route_health *check)
{
    if (check->noted == snapshot->number)
        return;
    check->noted = snapshot->number;
    if ((snapshot->check_count & (snapshot->check_count + 1)) == 0) /* full: its room is one less than a power of 2 */
        snapshot->checks = wb_realloc(snapshot->checks, (2 * snapshot->check_count + 1) * sizeof(struct route_health *));
    snapshot->checks[snapshot->check_count++] = check;
}

static void note_servers_of(struct snapshot *snapshot, const struct route_backend *backend)
{
    for (size_t i = 0; i < backend->server_count; i++) {
        snapshot->server_generations[backend->servers[i].slot] = backend->servers[i].generation;
        if (backend->servers[i].health)
            note_check(snapshot, backend->servers[i].health);
    }
}

/* Which servers can still be asked: workers give up on the way to the others. */
static void note_servers(struct built_snapshot *built)
{
    struct snapshot *snapshot = &built->snapshot;

    snapshot->server_generations = wb_alloc((snapshot->server_slot_count + 1) * sizeof *snapshot->server_generations);
    for (size_t f = 0; f < built->held_count; f++) {
        const struct compiled_frontend *frontend = built->held[f];
        if (frontend->left_out)
            continue;
        if (frontend->frontend.backend)
            note_servers_of(snapshot, frontend->frontend.backend);
        for (size_t i = 0; i < frontend->other_count; i++)
            if (frontend->others[i])
                note_servers_of(snapshot, &frontend->others[i]->backend);
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
    compiler->frontends_before = (struct recall){compiler->latest ? &compiler->latest->frontends : NULL, 0};
    compiler->backends_before = (struct recall){compiler->latest ? &compiler->latest->backends : NULL, 0};
    for (size_t i = 0; i < model->count; i++) {
        const struct fragment *fragment = model->fragments[i];
        compile_live(compiler, built, i, ordered + next, diagnostics);
        compile_remembered(compiler, built, i, ordered + next + fragment->frontend_count);
        next += fragment->frontend_count + fragment->remembered_count;
    }
    qsort(ordered, count, sizeof *ordered, compare_order);
    hold_frontends(built, ordered, count);
    make_tables(compiler, snapshot, ordered, count, diagnostics);
    free(ordered);
    for (size_t i = 0; i < snapshot->shadow_count; i++)
        claims_report_shadow(&snapshot->shadows[i], diagnostics);
    snapshot->server_slot_count = compiler->server_slots.count;
    note_servers(built);
    compiler->latest = built;
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
    if (compiler->latest == built)
        compiler->latest = NULL;
    for (size_t i = 0; i < built->held_count; i++)
        compiled_frontend_drop(compiler, built->held[i]);
    compiled_list_fini(&built->frontends);
    compiled_list_fini(&built->backends);
    model_fini(&snapshot->model);
    free(snapshot->entrypoints);
    free(snapshot->frontends);
    free(snapshot->left_out);
    free(snapshot->shadows);
    free(snapshot->server_generations);
    free(snapshot->checks);
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
