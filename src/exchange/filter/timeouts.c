/* SPDX-License-Identifier: MIT */
/*
 * timeouts - times of a frontend's own (an addition to v1.7): to connect to a server, for the head of its answer, for pauses in
 * both bodies, and for everything together. The first three replace the router's, and end in its reasons.
 */
#include "filters_private.h"
#include "waybill/base/clock.h"

struct timeouts {
    bool has_dial, has_response, has_body;
    uint64_t dial_ms, response_ms, body_ms; /* 0: no limit */
    uint64_t total_ms;                      /* 0: no limit */
};

struct total_half {
    struct response_half half;
    struct exchange *exchange;
    struct deadline deadline;
};

/* A time that means nothing does not protect: the router's own holds (decisions.md 11). */
static bool read_time(const struct filter_source *from, const char *option, struct slice text, uint64_t *out_ms)
{
    static const int64_t longest_ns = INT64_C(100) * 365 * 24 * 3600 * 1000000000;
    int64_t ns;

    if (text.len == 0)
        return false;
    if (clock_parse_duration(text, &ns) && ns >= 0 && ns <= longest_ns) {
        *out_ms = ((uint64_t)ns + 999999) / 1000000; /* rounded up: 1us must not become "no limit" */
        return true;
    }
    diagnostics_add(from->diagnostics, DIAGNOSTIC_WARNING, from->place,
                    "timeouts.%s=" SLICE_FMT " is left out: write seconds, or as 500ms, 1m30s; 0 means no limit", option,
                    SLICE_ARG(slice_head(text, 100)));
    return false;
}

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    const struct model_timeouts *model = from->frontend->timeouts;
    struct timeouts *config;

    if (!model)
        return FILTER_ABSENT;
    config = ARENA_NEW(from->arena, struct timeouts);
    config->has_dial = read_time(from, "dial", model->dial, &config->dial_ms);
    config->has_response = read_time(from, "responseHeader", model->response_header, &config->response_ms);
    config->has_body = read_time(from, "body", model->body, &config->body_ms);
    read_time(from, "total", model->total, &config->total_ms);
    *out_config = config;
    return config->has_dial || config->has_response || config->has_body || config->total_ms ? FILTER_MADE : FILTER_ABSENT;
}

static void on_over(struct deadline *deadline)
{
    struct total_half *own = WB_CONTAINER_OF(deadline, struct total_half, deadline);

    exchange_give_up(own->exchange, REASON_TOTAL_TIMEOUT);
    exchange_poke(own->exchange);
}

/* What two peers make of their connection after 101 is theirs. */
static enum response_verdict look_for_a_tunnel(struct response_half *half, struct exchange *x)
{
    if (x->answer.status == 101)
        deadline_clear(&((struct total_half *)half)->deadline);
    return RESPONSE_PASS;
}

static void end(struct response_half *half, struct exchange *x)
{
    loop_remove_deadline(x->env->loop, &((struct total_half *)half)->deadline);
}

static const struct response_ops total_response = {.head = look_for_a_tunnel, .ended = end};

static enum filter_verdict limit_total(struct exchange *x, uint64_t total_ms)
{
    struct total_half *own = ARENA_NEW(&x->arena, struct total_half);

    if (!own) {
        exchange_answer(x, REASON_INTERNAL);
        return FILTER_ANSWERED;
    }
    own->exchange = x;
    deadline_init(&own->deadline, on_over);
    exchange_see_answer(x, &own->half, &total_response);
    loop_set_deadline_in(x->env->loop, &own->deadline, total_ms);
    return FILTER_PASS;
}

static enum filter_verdict request(struct exchange *x, const void *arg)
{
    const struct timeouts *config = arg;

    if (config->has_dial)
        x->attempt.dial_timeout_ms = config->dial_ms;
    if (config->has_response)
        x->attempt.response_timeout_ms = config->response_ms;
    if (config->has_body)
        x->body_timeout_ms = x->response_body_timeout_ms = config->body_ms;
    return config->total_ms ? limit_total(x, config->total_ms) : FILTER_PASS;
}

const struct filter_ops filter_timeouts = {
    .name = "timeouts", .compile = compile, .request = request, .owns = filter_owns_nothing};
