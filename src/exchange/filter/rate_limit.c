/* SPDX-License-Identifier: MIT */
/*
 * rate limit - so many requests in each period for one client, host or value of a field (spec/proxy.md 11).
 *
 * Frontends of one backend whose rate limits are the same share the buckets, over all workers and reloads. What a refused request is
 * answered does not depend on it, so a flood of them costs no more than a look at the buckets.
 */
#include "filters_private.h"
#include "rate_table.h"
#include "token.h"
#include "waybill/base/clock.h"

/* What is said when one of the rates is used up. */
struct refusal {
    struct slice retry_after, retry_in, body;
};

struct rate_limit {
    struct rate_table *table;
    struct token_source by;
    struct refusal refusals[RATES_MAX];
};

struct live_limit {
    bool made;
    struct rate_table table;
};

static void end_live(void *memory)
{
    struct live_limit *live = memory;
    rate_table_fini(&live->table);
}

static struct rate_table *find_table(const struct filter_source *from, struct slice extractor, const struct rate *rates,
                                     size_t count)
{
    struct slice bytes = slice_make((const char *)rates, count * sizeof *rates);
    struct slice identity = filter_identity(from, "rateLimit", ARENA_JOIN(from->arena, bytes, slice_trim_space(extractor)));
    struct live_limit *live = from->ops->live(from, identity, sizeof *live, end_live);

    if (!live->made)
        rate_table_init(&live->table, rates, count);
    live->made = true;
    return &live->table;
}

/* Of two rates with the same period the later one counts. */
static size_t find_period(const struct model_rate_limit *model, size_t number)
{
    for (size_t i = number + 1; i < model->rate_count; i++)
        if (model->rates[i].period_ns == model->rates[number].period_ns)
            return i;
    return number;
}

static bool fail(const struct filter_source *from, struct slice name, const char *what)
{
    diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place, "rateLimit.rateSet " SLICE_FMT ": %s",
                    SLICE_SHOWN(name), what);
    return false;
}

static bool compile_rates(const struct filter_source *from, struct rate *out_rates, size_t *out_count)
{
    const struct model_rate_limit *model = from->frontend->rate_limit;

    *out_count = 0;
    for (size_t i = 0; i < model->rate_count; i++) {
        const struct model_rate *rate = &model->rates[i];
        if (rate->period_ns <= 0 || rate->average <= 0 || rate->burst <= 0)
            return fail(from, rate->name, "write a period, an average and a burst, all above zero");
        if (find_period(model, i) != i)
            continue;
        if (*out_count == RATES_MAX)
            return fail(from, rate->name, "that are too many periods; at most 8");
        out_rates[(*out_count)++] = rate_make(rate->period_ns, rate->average, rate->burst);
    }
    return true;
}

/* As in v1.7. A set under a name that is none has closed the frontend before this. */
static bool limits_nothing(const struct filter_source *from, const struct model_rate_limit *model)
{
    if (model->rate_count)
        return false;
    diagnostics_add(from->diagnostics, DIAGNOSTIC_WARNING, from->place,
                    "rateLimit has no rateSet and limits nothing: name one with period, average and burst");
    return true;
}

static struct refusal compile_refusal(struct arena *arena, const struct rate *rate)
{
    char text[CLOCK_DURATION_SIZE];
    struct slice wait;

    clock_format_duration((int64_t)rate->step_ns, text);
    wait = slice_of(arena_strdup(arena, text));
    return (struct refusal){
        .retry_after = slice_of(arena_format(arena, "%.0f", (double)rate->step_ns / 1e9)), /* halves to even */
        .retry_in = wait,
        .body = slice_of(arena_format(arena, "max rate reached: retry-in " SLICE_FMT, SLICE_ARG(wait))),
    };
}

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    const struct model_rate_limit *model = from->frontend->rate_limit;
    struct rate_limit *limit;
    struct rate rates[RATES_MAX];
    size_t count;

    if (!model || limits_nothing(from, model))
        return FILTER_ABSENT;
    limit = ARENA_NEW(from->arena, struct rate_limit);
    if (!token_source_parse(from->arena, model->extractor_func, &limit->by)) {
        diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place,
                        "rateLimit.extractorFunc: `" SLICE_FMT
                        "`: write client.ip, request.host or request.header. with a name",
                        SLICE_SHOWN(model->extractor_func));
        return FILTER_CLOSED;
    }
    if (!compile_rates(from, rates, &count))
        return FILTER_CLOSED;
    for (size_t i = 0; i < count; i++)
        limit->refusals[i] = compile_refusal(from->arena, &rates[i]);
    limit->table = find_table(from, model->extractor_func, rates, count);
    *out_config = limit;
    return FILTER_MADE;
}

static void refuse(struct exchange *x, const struct refusal *refusal)
{
    exchange_answer(x, REASON_RATE_LIMITED);
    headers_add(x->answer.headers, SLICE("Retry-After"), refusal->retry_after);
    headers_add(x->answer.headers, SLICE("X-Retry-In"), refusal->retry_in);
    x->answer_body = refusal->body;
    x->answer.content_length = refusal->body.len;
}

static enum filter_verdict request(struct exchange *x, const void *config)
{
    const struct rate_limit *limit = config;
    size_t outcome = rate_table_take(limit->table, token_of(&limit->by, x), x->env->loop->now_ms * 1000000);

    if (outcome == RATE_TAKEN)
        return FILTER_PASS;
    refuse(x, &limit->refusals[outcome]);
    return FILTER_ANSWERED;
}

static bool owns(const void *config, struct slice name)
{
    return token_source_reads(&((const struct rate_limit *)config)->by, name);
}

const struct filter_ops filter_rate_limit = {
    .name = "rateLimit", .compile = compile, .request = request, .owns = owns, .answers_as = "rate limit for"};
