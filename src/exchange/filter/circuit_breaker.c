/* SPDX-License-Identifier: MIT */
/*
 * circuit breaker - leaves a backend alone for a while when too much of what it answers is an error or late (spec/proxy.md 9).
 *
 * It counts what comes out of all that is further in: answers of servers, and what is answered in their stead. The latency is the
 * time until the answer begins, from when the server had all of a body, so a client that reads or sends slowly trips nothing; a
 * client that does not wait for it counts as 499.
 */
#include "breaker.h"
#include "filters_private.h"
#include "waybill/base/log.h"

struct live_breaker {
    bool made;
    struct breaker breaker;
};

struct circuit_breaker {
    struct breaker *breaker;
    struct expression expression;
    struct slice backend, text; /* for the log */
};

struct breaker_half {
    struct response_half half;
    const struct circuit_breaker *config; /* there until the head was sent, and then it has been counted */
    uint64_t began_ms;
    bool counted;
};

static void end_live(void *memory)
{
    struct live_breaker *live = memory;
    breaker_fini(&live->breaker);
}

static struct breaker *find_breaker(const struct filter_source *from, struct slice text)
{
    struct live_breaker *live = from->ops->live(from, filter_identity(from, "circuitBreaker", text), sizeof *live, end_live);

    if (!live->made)
        breaker_init(&live->breaker);
    live->made = true;
    return &live->breaker;
}

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    const struct model_circuit_breaker *model = from->backend ? from->backend->circuit_breaker : NULL;
    struct circuit_breaker *config;
    struct slice error;

    if (!model)
        return FILTER_ABSENT;
    config = ARENA_NEW(from->arena, struct circuit_breaker);
    config->text = arena_copy(from->arena, slice_trim_space(model->expression));
    config->backend = arena_copy(from->arena, from->backend->name);
    if (!breaker_parse(from->arena, config->text, &config->expression, &error)) {
        diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place,
                        "circuitBreaker.expression `" SLICE_FMT "`: " SLICE_FMT, SLICE_ARG(slice_head(config->text, 200)),
                        SLICE_ARG(error));
        return FILTER_CLOSED;
    }
    config->breaker = find_breaker(from, config->text);
    *out_config = config;
    return FILTER_MADE;
}

/* A body that never was whole says nothing of the server. */
static uint64_t latency_ms(const struct breaker_half *half, const struct exchange *x)
{
    uint64_t now_ms = x->env->loop->now_ms;

    if (x->request.body == BODY_NONE)
        return now_ms - half->began_ms;
    return x->sent_ms ? now_ms - x->sent_ms : 0;
}

static void count(struct breaker_half *half, struct exchange *x, unsigned status)
{
    const struct circuit_breaker *config = half->config;
    uint64_t now_ms = x->env->loop->now_ms;

    if (half->counted)
        return;
    half->counted = true;
    if (breaker_note(config->breaker, &config->expression, x->env->worker, status, latency_ms(half, x), now_ms))
        wb_log_warn("circuit breaker of backend " SLICE_FMT " has tripped: " SLICE_FMT
                    "; its requests get 503 for 10 s, then more and more of them pass again",
                    SLICE_ARG(config->backend), SLICE_ARG(config->text));
}

static enum response_verdict count_answer(struct response_half *half, struct exchange *x)
{
    count((struct breaker_half *)half, x, x->answer.status);
    return RESPONSE_PASS;
}

static void count_unanswered(struct response_half *half, struct exchange *x)
{
    count((struct breaker_half *)half, x, 499);
}

static const struct response_ops breaker_response = {.head = count_answer, .ended = count_unanswered};

static enum filter_verdict request(struct exchange *x, const void *config)
{
    const struct circuit_breaker *breaker = config;
    struct breaker_half *half;

    switch (breaker_ask(breaker->breaker, x->env->loop->now_ms)) {
    case BREAKER_PASSES:
        break;
    case BREAKER_REFUSES:
        exchange_answer(x, REASON_BREAKER_TRIPPED);
        return FILTER_ANSWERED;
    case BREAKER_RECOVERED:
        wb_log_warn("circuit breaker of backend " SLICE_FMT " lets everything pass again", SLICE_ARG(breaker->backend));
        break;
    }
    half = ARENA_NEW(&x->arena, struct breaker_half);
    if (!half) {
        exchange_answer(x, REASON_INTERNAL);
        return FILTER_ANSWERED;
    }
    half->config = breaker;
    half->began_ms = x->env->loop->now_ms;
    exchange_see_answer(x, &half->half, &breaker_response);
    return FILTER_PASS;
}

const struct filter_ops filter_circuit_breaker = {
    .name = "circuitBreaker", .of_backend = true, .compile = compile, .request = request, .owns = filter_owns_nothing};
