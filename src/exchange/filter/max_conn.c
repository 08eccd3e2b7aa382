/* SPDX-License-Identifier: MIT */
/*
 * max conn - so many requests at the same time to a backend for one client, host or value of a field (spec/proxy.md 10).
 *
 * One is under way until its exchange has ended in whatever way; a tunnel, until it closes. Frontends of one backend with the
 * same limit are counted together, over all workers and reloads.
 */
#include "conn_table.h"
#include "filters_private.h"
#include "token.h"

struct live_conns {
    bool made;
    struct conn_table table;
};

struct max_conn {
    struct live_conns *live;
    struct token_source by;
    uint64_t amount;
    struct slice refusal;
};

struct conn_half {
    struct response_half half;
    struct live_conns *live; /* a reference, ours: a tunnel outlives the configuration */
    uint64_t token;
};

static void end_live(void *memory)
{
    struct live_conns *live = memory;
    conn_table_fini(&live->table);
}

static struct live_conns *find_live(const struct filter_source *from, const struct model_max_conn *model)
{
    /* Who changes the amount does not let as many again in: the same requests are counted. */
    struct slice identity = filter_identity(from, "maxConn", slice_trim_space(model->extractor_func));
    struct live_conns *live = from->ops->live(from, identity, sizeof *live, end_live);

    if (!live->made)
        conn_table_init(&live->table);
    live->made = true;
    return live;
}

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    const struct model_max_conn *model = from->backend ? from->backend->max_conn : NULL;
    struct max_conn *limit;

    if (!model || model->amount == 0)
        return FILTER_ABSENT;
    limit = ARENA_NEW(from->arena, struct max_conn);
    if (model->amount < 0 || !token_source_parse(from->arena, model->extractor_func, &limit->by)) {
        diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place,
                        "maxConn: amount %lld, extractorFunc `" SLICE_FMT
                        "`: write an amount above zero, and client.ip, request.host or request.header. with a name",
                        (long long)model->amount, SLICE_SHOWN(model->extractor_func));
        return FILTER_CLOSED;
    }
    limit->amount = (uint64_t)model->amount;
    limit->refusal = slice_of(arena_format(from->arena, "max connections reached: %lld", (long long)model->amount));
    limit->live = find_live(from, model);
    *out_config = limit;
    return FILTER_MADE;
}

static void leave(struct response_half *half, struct exchange *x)
{
    struct conn_half *own = (struct conn_half *)half;
    void *live = own->live;

    (void)x;
    conn_table_leave(&own->live->table, own->token);
    live_unref(&live);
}

static const struct response_ops conn_response = {.ended = leave};

static enum filter_verdict refuse(struct exchange *x, const struct max_conn *limit)
{
    exchange_answer(x, REASON_CONNECTION_LIMITED);
    x->answer_body = limit->refusal;
    x->answer.content_length = limit->refusal.len;
    return FILTER_ANSWERED;
}

static enum filter_verdict request(struct exchange *x, const void *config)
{
    const struct max_conn *limit = config;
    uint64_t token = token_of(&limit->by, x);
    struct conn_half *half = ARENA_NEW(&x->arena, struct conn_half);

    if (!half) {
        exchange_answer(x, REASON_INTERNAL);
        return FILTER_ANSWERED;
    }
    if (!conn_table_enter(&limit->live->table, token, limit->amount))
        return refuse(x, limit);
    half->live = live_ref(limit->live);
    half->token = token;
    exchange_see_answer(x, &half->half, &conn_response);
    return FILTER_PASS;
}

static bool owns(const void *config, struct slice name)
{
    return token_source_reads(&((const struct max_conn *)config)->by, name);
}

const struct filter_ops filter_max_conn = {.name = "maxConn",
                                           .of_backend = true,
                                           .compile = compile,
                                           .request = request,
                                           .owns = owns,
                                           .answers_as = "connection limit for"};
