/* SPDX-License-Identifier: MIT */
#include "compiled.h"
#include "waybill/base/file_stamp.h"
#include "waybill/model/schema.h"
#include "rule_parts.h"
#include <stdlib.h>

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
                    "frontend " SLICE_FMT " is left out: " SLICE_FMT, SLICE_SHOWN(build->model->name), SLICE_ARG(because));
}

void close_frontend(struct frontend_build *build, struct slice because)
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
    if (!frontend->rule) {
        leave_out(build, WHY_RULE, error);
        return;
    }
    frontend->changes_path = rule_changes_path(frontend->rule);
    build->made->claim = fingerprint_of(rule_claim(frontend->rule, &build->compiler->notes));
    arena_reset(&build->compiler->notes);
}

static void check_protection(struct frontend_build *build)
{
    struct compiled_frontend *made = build->made;
    if (build->model->closed_because.len) {
        close_frontend(build, build->model->closed_because);
        diagnostics_add(&made->diagnostics, DIAGNOSTIC_CLOSED, build->place,
                        "frontend " SLICE_FMT " answers 503 until this is mended: " SLICE_FMT,
                        SLICE_SHOWN(build->model->name), SLICE_ARG(build->model->closed_because));
    }
    compile_filters(build);
}

static void note_backend(struct frontend_build *build)
{
    struct compiled_frontend *made = build->made;
    const char *what = !made->backend                             ? "does not exist"
                       : made->backend->backend.server_count == 0 ? "has no usable server"
                       : made->backend->backend.weight_max == 0   ? "has only servers of weight 0"
                                                                  : NULL;
    if (made->backend)
        made->frontend.backend = &made->backend->backend;
    if (!what || made->left_out)
        return;
    const char *because = arena_format(&made->arena, "its backend `" SLICE_FMT "` %s", SLICE_SHOWN(build->model->backend),
                                       what);
    note_obstacle(build, WHY_NO_BACKEND, slice_of(because));
    diagnostics_add(&made->diagnostics, DIAGNOSTIC_ERROR, build->place, "frontend " SLICE_FMT " answers %u: %s",
                    SLICE_SHOWN(build->model->name), made->backend && made->backend->backend.server_count ? 500u : 503u,
                    because);
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

static void set_name(struct route_frontend *frontend, struct slice name)
{
    static const struct slice prefix = {"frontend-", 9};

    frontend->name = name;
    frontend->short_name = slice_from(name, slice_starts(name, prefix) ? prefix.len : 0);
}

static void copy_names(struct frontend_build *build, struct slice provider)
{
    struct compiled_frontend *made = build->made;
    struct route_frontend *frontend = &made->frontend;

    frontend->provider = arena_copy(&made->arena, provider);
    set_name(frontend, arena_copy(&made->arena, build->model->name));
    frontend->pass_host_header = build->model->pass_host_header;
    frontend->pass_tls_cert = build->model->pass_tls_cert;
}

static void put_on_entrypoint(struct frontend_build *build, size_t number)
{
    struct compiled_frontend *made = build->made;
    uint64_t bit = UINT64_C(1) << number % COMPILED_ENTRYPOINTS, *more;

    if (number < COMPILED_ENTRYPOINTS) {
        made->entrypoints |= bit;
        return;
    }
    more = (uint64_t *)(uintptr_t)made->more_entrypoints;
    if (!more)
        more = ARENA_ARRAY(&made->arena, uint64_t, build->compiler->options.entrypoint_count / COMPILED_ENTRYPOINTS);
    more[number / COMPILED_ENTRYPOINTS - 1] |= bit;
    made->more_entrypoints = more;
}

bool compiled_frontend_is_on(const struct compiled_frontend *frontend, size_t entrypoint)
{
    uint64_t bit = UINT64_C(1) << entrypoint % COMPILED_ENTRYPOINTS;

    if (entrypoint < COMPILED_ENTRYPOINTS)
        return frontend->entrypoints & bit;
    return frontend->more_entrypoints && frontend->more_entrypoints[entrypoint / COMPILED_ENTRYPOINTS - 1] & bit;
}

static void note_entrypoints(struct frontend_build *build)
{
    const struct compile_options *options = &build->compiler->options;
    const struct slices *wanted = &build->model->entrypoints;

    for (size_t i = 0; i < wanted->count; i++)
        for (size_t k = 0; k < options->entrypoint_count; k++)
            if (slice_eq(wanted->items[i], options->entrypoints[k].name))
                put_on_entrypoint(build, k);
    if (wanted->count == 0)
        leave_out(build, WHY_NO_ENTRYPOINT, SLICE("it is on no entrypoint that exists"));
}

/* One block as a rule: a parsed rule takes about eight times its text. */
static size_t expected_bytes(const struct model_frontend *model)
{
    enum { BESIDE_THE_TEXTS = 176, BYTES_OF_A_BYTE = 8, EXPECTED_MAX = 4096 };
    size_t bytes = BESIDE_THE_TEXTS + model->name.len;

    for (size_t i = 0; i < model->route_count && bytes < EXPECTED_MAX; i++)
        bytes += BYTES_OF_A_BYTE * model->routes[i].rule.len;
    return bytes < EXPECTED_MAX ? bytes : EXPECTED_MAX;
}

/* Backends besides its own that a frontend leads to: those of its error pages, in their order. */
struct other_backends {
    struct compiled_backend **items; /* NULL: there is none of that name */
    size_t count;
};

static void find_others(struct compiler *compiler, const struct fragment *fragment, const struct model_frontend *model,
                        struct other_backends *out)
{
    *out = (struct other_backends){.count = model->error_count};
    if (out->count)
        out->items = wb_alloc(out->count * sizeof(struct compiled_backend *));
    for (size_t i = 0; i < out->count; i++) {
        const struct model_backend *named = fragment_backend(fragment, model->errors[i].backend);
        out->items[i] = named ? compile_backend(compiler, fragment, named) : NULL;
    }
}

static void hold_others(struct compiled_frontend *made, const struct other_backends *others)
{
    if (others->count == 0)
        return;
    made->other_count = others->count;
    made->others = ARENA_ARRAY(&made->arena, struct compiled_backend *, others->count);
    for (size_t i = 0; i < others->count; i++) {
        made->others[i] = others->items[i];
        if (made->others[i])
            made->others[i]->head.holds++;
    }
}

static struct compiled_frontend *make_frontend(struct compiler *compiler, const struct fragment *fragment,
                                               const struct model_frontend *model, struct compiled_backend *backend,
                                               const struct other_backends *others)
{
    struct frontend_build build = {
        .compiler = compiler, .made = wb_alloc(sizeof *build.made), .fragment = fragment, .model = model};
    struct compiled_frontend *made = build.made;

    arena_init(&made->arena, 0);
    made->arena.block_bytes = expected_bytes(model);
    diagnostics_init(&made->diagnostics);
    made->backend = backend;
    if (backend)
        backend->head.holds++;
    hold_others(made, others);
    copy_names(&build, fragment->provider);
    note_entrypoints(&build);
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

/* A file that is read when it is compiled is part of what it says. */
static void add_users_file(struct text *content, const struct model_auth_users *users)
{
    if (users && users->users_file.len)
        file_stamp_add(content, slice_trim_space(users->users_file));
}

/* What is compiled of it but for its names. */
static struct fingerprint content_of(struct compiler *compiler, const struct fragment *fragment,
                                     const struct model_frontend *model, const struct compiled_backend *backend,
                                     const struct other_backends *others)
{
    enum { ROUTES_MAX = 8 };
    struct model_frontend nameless = *model;
    struct model_route routes[ROUTES_MAX];
    struct text *content = &compiler->scratch;

    nameless.name = SLICE("");
    for (size_t i = 0; i < model->route_count && model->route_count <= ROUTES_MAX; i++) {
        routes[i] = (struct model_route){.name = SLICE(""), .rule = model->routes[i].rule};
        nameless.routes = routes;
    }
    content->len = 0;
    fingerprint_add(content, fragment->provider);
    fingerprint_add(content, backend ? fingerprint_slice(&backend->head.key) : SLICE(""));
    for (size_t i = 0; i < others->count; i++)
        fingerprint_add(content, others->items[i] ? fingerprint_slice(&others->items[i]->head.key) : SLICE(""));
    /* Its age decides only about the order, which is not remembered. */
    fingerprint_add_record(content, &schema_frontend, &nameless, offsetof(struct model_frontend, since));
    if (model->auth) {
        add_users_file(content, model->auth->basic);
        add_users_file(content, model->auth->digest);
    }
    return fingerprint_of(text_slice(content));
}

static struct fingerprint named(struct compiler *compiler, const struct fingerprint *content, struct slice name)
{
    struct text *text = &compiler->scratch;

    text->len = 0;
    fingerprint_add(text, fingerprint_slice(content));
    fingerprint_add(text, name);
    return fingerprint_of(text_slice(text));
}

/* What is said names the frontend, so one that something was said of is only found under its name. */
static struct compiled_frontend *make_original(struct compiler *compiler, struct compiled_frontend *made,
                                               const struct fingerprint *content, const struct fingerprint *key)
{
    made->head.key = *key;
    made->content = made->diagnostics.count ? *key : *content;
    keyed_put(&compiler->frontends, &made->content, made);
    return made;
}

static struct compiled_frontend *copy_under_name(struct compiled_frontend *original, const struct fingerprint *key,
                                                 struct slice name)
{
    struct compiled_frontend *copy = wb_alloc(sizeof *copy);

    *copy = *original;
    copy->head = (struct compiled_head){.key = *key};
    copy->original = original;
    original->head.holds++;
    arena_init(&copy->arena, 0);
    copy->arena.block_bytes = name.len + 1;
    set_name(&copy->frontend, arena_copy(&copy->arena, name));
    return copy;
}

struct compiled_frontend *compile_frontend(struct compiler *compiler, const struct fragment *fragment,
                                           const struct model_frontend *model, struct compiled_backend *backend)
{
    struct other_backends others;

    find_others(compiler, fragment, model, &others);
    struct fingerprint content = content_of(compiler, fragment, model, backend, &others);
    struct fingerprint key = named(compiler, &content, model->name);
    struct compiled_head *known = recall_find(&compiler->frontends_before, &key);
    struct compiled_frontend *made = known ? WB_CONTAINER_OF(known, struct compiled_frontend, head)
                                           : keyed_get(&compiler->frontends, &content);
    if (!made)
        made = keyed_get(&compiler->frontends, &key);
    if (!made)
        made = make_original(compiler, make_frontend(compiler, fragment, model, backend, &others), &content, &key);
    else if (!fingerprint_eq(&made->head.key, &key))
        made = copy_under_name(made, &key, model->name);
    free(others.items);
    return made;
}

void compiled_frontend_drop(struct compiler *compiler, struct compiled_frontend *frontend)
{
    WB_REQUIRE(frontend->head.holds > 0);
    if (--frontend->head.holds)
        return;
    if (frontend->original) {
        compiled_frontend_drop(compiler, frontend->original);
        arena_fini(&frontend->arena);
        free(frontend);
        return;
    }
    keyed_remove(&compiler->frontends, &frontend->content);
    for (size_t i = 0; i < frontend->live_count; i++)
        live_drop(&compiler->lives, frontend->lives[i]);
    free(frontend->lives);
    for (size_t i = 0; i < frontend->other_count; i++)
        if (frontend->others[i])
            compiled_backend_drop(compiler, frontend->others[i]);
    if (frontend->backend)
        compiled_backend_drop(compiler, frontend->backend);
    rule_release(frontend->frontend.rule);
    diagnostics_fini(&frontend->diagnostics);
    arena_fini(&frontend->arena);
    free(frontend);
}
