/* SPDX-License-Identifier: MIT */
/*
 * GET /api/explain?url=...: which frontend gets a request, and why the others do not. The steps are those of an exchange, and
 * each is made by the function the exchange calls; nothing is sent, and no balancer moves on.
 *
 *   &method=POST  &header=Name:value (repeat)  &entrypoint=http  &client=10.0.0.1 (is it believed what it says of itself?)
 *   &format=text, or Accept: text/plain: for a terminal; its status is 404 when nobody would answer
 */
#include "explain.h"
#include "reply.h"
#include "waybill/exchange/environment.h"
#include "waybill/http/h1_reader.h"
#include "waybill/net/alias.h"
#include "waybill/route/snapshot.h"

static const struct entrypoint *find_entrypoint(const struct environment *env, struct slice name)
{
    for (size_t i = 0; i < env->entrypoint_count; i++)
        if (slice_eq(env->entrypoints[i].name, name))
            return &env->entrypoints[i];
    return NULL;
}

/* NULL: the one that was named is not there. */
static const struct entrypoint *choose_entrypoint(const struct admin *admin, const struct environment *env,
                                                  const struct explain_query *query)
{
    const struct entrypoint *https = query->is_https ? find_entrypoint(env, SLICE("https")) : NULL;

    if (query->entrypoint.len)
        return find_entrypoint(env, query->entrypoint);
    return https ? https : &env->entrypoints[admin->options.default_entrypoint];
}

static unsigned count_there(const struct headers *headers)
{
    unsigned there = 0;

    for (unsigned i = 0; i < headers->count; i++)
        there += !headers->items[i].gone;
    return there;
}

/* What comes in is read as an exchange reads it: what a client may not say of itself goes, then what is hop by hop. */
static bool read_head(struct explain_findings *f, struct arena *arena)
{
    struct h1_reader reader = {0};
    size_t len;

    if (h1_read_request(&reader, f->query.head, &h1_default_limits, &f->head, &len, &f->reason) != H1_HEAD) {
        if (f->reason == REASON_NONE)
            f->reason = REASON_BAD_REQUEST;
        return false;
    }
    f->trusted = f->entrypoint->trust_all ||
                 (f->query.has_client &&
                  networks_have(f->entrypoint->trusted, f->entrypoint->trusted_count, &f->query.client));
    unsigned there = count_there(&f->head.headers);
    if (!f->trusted)
        headers_remove_forwarding(&f->head.headers);
    f->removed = count_there(&f->head.headers) < there;
    headers_remove_hop_by_hop(&f->head.headers, f->head.body == BODY_CHUNKED);
    f->reason = target_parse(arena, f->head.target, &f->target);
    return f->reason == REASON_NONE;
}

/* Routes of our own come first where they are. The one that is asking now is known without asking it again. */
static bool is_local(struct admin *admin, const struct explain_findings *f, const struct local_request *asked)
{
    struct local_request request = *asked;
    struct local_answer answer = {0};

    if (!f->entrypoint->has_local)
        return false;
    request.entrypoint = (size_t)(f->entrypoint - asked->env->entrypoints);
    request.method = f->head.method;
    request.path = f->target.canonical;
    request.query = f->target.query;
    request.host = f->head.authority;
    request.headers = &f->head.headers;
    if (request.entrypoint == asked->entrypoint && slice_starts(request.path, SLICE("/api/explain")))
        return slice_eq(request.method, SLICE("GET"));
    struct local_routes routes = admin_routes(admin);
    bool answered = routes.answer(routes.arg, &request, &answer);
    text_fini(&answer.body);
    return answered;
}

static const struct match_table *table_of(const struct explain_findings *f, const struct local_request *asked)
{
    size_t number = (size_t)(f->entrypoint - asked->env->entrypoints);
    return f->snapshot && number < f->snapshot->entrypoint_count ? f->snapshot->entrypoints[number].table : NULL;
}

static void compare(struct explain_findings *f, const struct match_table *table)
{
    f->input = (struct match_input){.method = f->head.method,
                                    .host = f->head.host,
                                    .alias = f->alias,
                                    .path = f->target.canonical,
                                    .query = f->target.query,
                                    .has_query = f->target.has_query,
                                    .headers = &f->head.headers};
    if (!table)
        return;
    match_table_explain(table, &f->input, &f->explanation);
    f->compared = true;
}

static enum reason decide(struct explain_findings *f, const struct match_table *table, const struct local_request *asked,
                          struct arena *arena)
{
    const struct route_request request = {.method = f->head.method,
                                          .host = f->head.host,
                                          .alias = f->alias,
                                          .target = &f->target,
                                          .headers = &f->head.headers};

    if (f->entrypoint->closed)
        return REASON_FRONTEND_CLOSED;
    if (!f->snapshot)
        return REASON_NOT_READY;
    enum reason reason = route_decide(table, &request, arena, &f->decision);
    if (reason != REASON_NONE || f->decision.found.slash_redirect)
        return reason;
    f->server = upstream_peek(asked->env->upstream, f->decision.frontend->backend);
    return f->server ? REASON_NONE : upstream_why_none(f->decision.frontend->backend);
}

static void find_out(struct admin *admin, const struct local_request *asked, struct arena *arena, struct explain_findings *f)
{
    f->snapshot = asked->snapshot;
    f->readable = read_head(f, arena);
    if (!f->readable)
        return;
    f->is_local = is_local(admin, f, asked);
    if (f->is_local)
        return;
    const struct match_table *table = table_of(f, asked);
    if (asked->env->aliases) /* the worker that answers now has asked for it, or not: nobody waits here */
        f->alias = arena_copy(arena, alias_peek(asked->env->aliases, f->head.host));
    compare(f, table);
    f->reason = decide(f, table, asked, arena);
}

/* Somebody answers: a frontend, be it with 503, or the router itself. */
static bool is_answered(const struct explain_findings *f)
{
    return f->is_local || f->decision.frontend;
}

/* Names of remembered frontends may come twice: what became of them tells them apart. */
static const struct model_frontend *find_remembered(const struct fragment *fragment, const struct route_frontend *frontend)
{
    for (size_t i = 0; i < fragment->remembered_count; i++)
        if (slice_eq(fragment->remembered[i].name, frontend->name) &&
            slice_eq(fragment->remembered[i].absent_because, frontend->absent_because))
            return &fragment->remembered[i];
    return NULL;
}

static const struct model_frontend *find_model(const struct snapshot *snapshot, const struct route_frontend *frontend)
{
    const struct fragment *fragment = model_fragment(&snapshot->model, frontend->provider);

    if (!fragment)
        return NULL;
    return frontend->absent == REASON_NONE ? fragment_frontend(fragment, frontend->name)
                                           : find_remembered(fragment, frontend);
}

struct slice explain_because(const struct route_frontend *frontend)
{
    return frontend->closed_because.len ? frontend->closed_because : frontend->absent_because;
}

struct slice explain_rule(const struct explain_findings *f, const struct route_frontend *frontend, struct arena *arena)
{
    const struct model_frontend *model = find_model(f->snapshot, frontend);
    struct text rule = TEXT_EMPTY;

    for (size_t i = 0; model && i < model->route_count; i++) {
        if (i)
            text_add_char(&rule, ';');
        text_add(&rule, model->routes[i].rule);
    }
    struct slice copy = arena_copy(arena, text_slice(&rule));
    text_fini(&rule);
    return copy;
}

static void refuse(struct local_answer *answer, const char *problem)
{
    struct text words = TEXT_EMPTY;

    text_addf(&words, "%s\n", problem);
    reply_lines(answer, 400, &words);
}

static void refuse_entrypoint(struct local_answer *answer, const struct environment *env, struct slice name)
{
    struct text words = TEXT_EMPTY;

    text_add(&words, SLICE("there is no entrypoint \""));
    text_add_escaped(&words, name);
    text_add(&words, SLICE("\"; there are:"));
    for (size_t i = 0; i < env->entrypoint_count; i++) {
        text_add_char(&words, ' ');
        text_add_escaped(&words, env->entrypoints[i].name);
    }
    text_add_char(&words, '\n');
    reply_lines(answer, 400, &words);
}

static void answer_question(struct admin *admin, const struct local_request *asked, struct arena *arena,
                            struct local_answer *answer)
{
    struct explain_findings *f = ARENA_NEW(arena, struct explain_findings);
    const char *problem = explain_query_read(arena, asked->query, &f->query);
    struct text document = TEXT_EMPTY;

    if (problem) {
        refuse(answer, problem);
        return;
    }
    f->entrypoint = choose_entrypoint(admin, asked->env, &f->query);
    if (!f->entrypoint) {
        refuse_entrypoint(answer, asked->env, f->query.entrypoint);
        return;
    }
    find_out(admin, asked, arena, f);
    if (reply_wants_text(asked)) {
        explain_write_text(f, arena, &document);
        reply_lines(answer, is_answered(f) ? 200 : 404, &document);
    } else {
        explain_write_json(f, arena, &document);
        reply_json(answer, &document);
    }
}

bool explain_answer(struct admin *admin, const struct local_request *request, struct local_answer *out_answer)
{
    struct arena arena;

    if (!request->env || request->env->entrypoint_count == 0)
        return false;
    arena_init(&arena, 0);
    answer_question(admin, request, &arena, out_answer);
    arena_fini(&arena);
    return true;
}
