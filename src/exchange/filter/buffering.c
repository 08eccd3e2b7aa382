/* SPDX-License-Identifier: MIT */
/*
 * buffering - requests and answers are collected whole before they go on (spec/proxy.md 12, defects B42), within limits; a failed
 * request may be sent again, as often as an expression says.
 *
 *   client --> spool --[whole]--> server        a server never waits for a slow client
 *   client <--[whole]-- spool <-- server        nor does it wait for one to take its answer
 *
 * What is too long is refused before a server is asked, if its length is known, else as soon as it shows. Repeats of what was
 * sent count against the budget of all repeats (decisions.md 29).
 */
#include "filters_private.h"
#include "waybill/exchange/spool.h"
#include "waybill/route/expression.h"

enum { MEMORY_USUAL = 1024 * 1024, RETRIES_MAX = 10 };

struct buffering_config {
    uint64_t request_max, answer_max; /* 0: none */
    size_t request_memory, answer_memory;
    const struct expression *retry; /* NULL: never */
};

struct buffering {
    struct response_half half;
    struct body_source source;
    const struct buffering_config *config; /* only until the head was answered */
    struct spool *request, *answer;        /* NULL: nothing is collected */
    size_t next_filter;
    unsigned attempts;
    bool refused; /* the answer is of our own making */
};

enum retry_function { RETRY_ATTEMPTS, RETRY_RESPONSE_CODE, RETRY_IS_NETWORK_ERROR, RETRY_REQUEST_METHOD };

static const struct expression_function retry_functions[] = {
    [RETRY_ATTEMPTS] = {"Attempts", EXPRESSION_NUMBER, 0},
    [RETRY_RESPONSE_CODE] = {"ResponseCode", EXPRESSION_NUMBER, 0},
    [RETRY_IS_NETWORK_ERROR] = {"IsNetworkError", EXPRESSION_TRUTH, 0},
    [RETRY_REQUEST_METHOD] = {"RequestMethod", EXPRESSION_TEXT, 0},
};

static bool is_limit(const struct filter_source *from, const char *option, int64_t value)
{
    if (value >= 0)
        return true;
    diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place,
                    "buffering.%s is %lld, and no length is that small: write how many bytes may pass, or 0 for any number; "
                    "until then the frontend answers 503",
                    option, (long long)value);
    return false;
}

static size_t read_memory(const struct filter_source *from, const char *option, int64_t value)
{
    if (value < 0)
        diagnostics_add(from->diagnostics, DIAGNOSTIC_WARNING, from->place,
                        "buffering.%s is %lld: write how many bytes of a body may be kept in memory; 1048576 are now",
                        option, (long long)value);
    return value > 0 ? (size_t)value : MEMORY_USUAL;
}

static const struct expression *read_retry(const struct filter_source *from, struct slice text)
{
    struct expression *retry;
    struct slice error;

    if (text.len == 0)
        return NULL;
    retry = ARENA_NEW(from->arena, struct expression);
    if (expression_parse(from->arena, text, retry_functions, WB_COUNT(retry_functions), retry, &error))
        return retry;
    diagnostics_add(from->diagnostics, DIAGNOSTIC_WARNING, from->place, "buffering.retryExpression is left out: " SLICE_FMT,
                    SLICE_ARG(error));
    return NULL;
}

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    const struct model_buffering *model = from->backend ? from->backend->buffering : NULL;
    struct buffering_config *config;

    if (!model)
        return FILTER_ABSENT;
    if (!is_limit(from, "maxRequestBodyBytes", model->max_request_body_bytes) ||
        !is_limit(from, "maxResponseBodyBytes", model->max_response_body_bytes))
        return FILTER_CLOSED;
    config = ARENA_NEW(from->arena, struct buffering_config);
    config->request_max = (uint64_t)model->max_request_body_bytes;
    config->answer_max = (uint64_t)model->max_response_body_bytes;
    config->request_memory = read_memory(from, "memRequestBodyBytes", model->mem_request_body_bytes);
    config->answer_memory = read_memory(from, "memResponseBodyBytes", model->mem_response_body_bytes);
    config->retry = read_retry(from, model->retry_expression);
    *out_config = config;
    return FILTER_MADE;
}

static void poke(void *owner)
{
    exchange_poke(owner);
}

static struct spool *create_spool(struct exchange *x, size_t memory_max, bool keeps)
{
    return spool_create(
        x->env->spool_room,
        &(struct spool_options){
            .home = &x->env->loop->mailbox, .memory_max = memory_max, .keeps = keeps, .poke = poke, .owner = x});
}

static enum body_result give(struct spool *spool, struct slice *out_payload)
{
    switch (spool_read(spool, out_payload)) {
    case SPOOL_READY:
        return out_payload->len ? BODY_PAYLOAD : BODY_END;
    case SPOOL_WAIT:
        return BODY_MORE;
    case SPOOL_FAILED:
        return BODY_INVALID;
    }
    WB_UNREACHABLE();
}

static struct buffering *of_source(struct body_source *source)
{
    return WB_CONTAINER_OF(source, struct buffering, source);
}

static enum body_result give_request(struct body_source *source, struct slice *out_payload)
{
    return give(of_source(source)->request, out_payload);
}

static void request_took(struct body_source *source, size_t count)
{
    spool_took(of_source(source)->request, count);
}

/* An answer of our own, in the place of whatever there was. */
static void refuse(struct buffering *own, struct exchange *x, enum reason reason)
{
    own->refused = true;
    exchange_answer(x, reason);
}

static bool is_over(uint64_t max, uint64_t length)
{
    return max && length > max;
}

/* What has come goes to the spool; REASON_NONE: all of that which can be now. */
static enum reason add_to_request(struct buffering *own, struct exchange *x, struct slice payload, bool *out_waits)
{
    size_t taken;

    if (is_over(own->config->request_max, spool_length(own->request) + payload.len))
        return REASON_BODY_TOO_LARGE;
    enum spool_result result = spool_write(own->request, payload, &taken);
    exchange_request_took(x, taken);
    *out_waits = result == SPOOL_WAIT;
    return result == SPOOL_FAILED ? REASON_NO_ROOM_FOR_BODY : REASON_NONE;
}

static enum filter_verdict collect_request(struct buffering *own, struct exchange *x)
{
    enum reason wrong = REASON_NONE;
    bool waits = false;

    while (wrong == REASON_NONE && !waits) {
        struct slice payload;
        switch (exchange_request_body(x, spool_length(own->request), &payload)) {
        case BODY_MORE:
            waits = true;
            break;
        case BODY_PAYLOAD:
            wrong = add_to_request(own, x, payload, &waits);
            break;
        case BODY_INVALID:
            wrong = REASON_BAD_BODY;
            break;
        case BODY_END:
            spool_written(own->request);
            exchange_replace_body(x, &own->source, spool_length(own->request));
            return FILTER_PASS;
        }
    }
    if (wrong == REASON_NONE)
        return FILTER_WAIT;
    refuse(own, x, wrong);
    return FILTER_ANSWERED;
}

struct attempt_facts {
    const struct exchange *exchange;
    const struct buffering *own;
};

static bool test_attempt(void *arg, const struct expression_test *test)
{
    const struct attempt_facts *facts = arg;
    unsigned status = facts->exchange->answer.status;

    switch ((enum retry_function)test->function) {
    case RETRY_ATTEMPTS:
        return expression_test_number(test, facts->own->attempts);
    case RETRY_RESPONSE_CODE:
        return expression_test_number(test, status);
    case RETRY_IS_NETWORK_ERROR:
        return status == 502 || status == 504;
    case RETRY_REQUEST_METHOD:
        return expression_test_text(test, facts->exchange->request.method);
    }
    WB_UNREACHABLE();
}

/* Only what a server says, or what is said because it cannot be asked: what we refuse would be refused again. */
static bool is_to_be_repeated(struct buffering *own, struct exchange *x)
{
    struct attempt_facts facts = {x, own};

    if (!own->config->retry || !exchange_was_forwarded(x) || own->attempts > RETRIES_MAX)
        return false;
    return expression_holds(own->config->retry, test_attempt, &facts) &&
           (!x->attempt.sent || upstream_spend_repeat(x->env->upstream));
}

static enum response_verdict repeat(struct buffering *own, struct exchange *x)
{
    own->attempts++;
    if (own->request)
        spool_rewind(own->request);
    exchange_repeat(x, own->next_filter);
    return RESPONSE_REPLACED;
}

static enum response_verdict replace(struct buffering *own, struct exchange *x, enum reason reason)
{
    spool_drop(&own->answer);
    refuse(own, x, reason);
    return RESPONSE_REPLACED;
}

static enum response_verdict finish_answer(struct buffering *own, struct exchange *x)
{
    struct answer_head *answer = &x->answer;

    spool_written(own->answer);
    headers_remove(answer->headers, HEADER_TRAILER);
    answer->length_known = true;
    answer->content_length = spool_length(own->answer);
    answer->write_length = !headers_find(answer->headers, HEADER_CONTENT_LENGTH);
    exchange_release_server(x);
    return RESPONSE_PASS;
}

static enum response_verdict collect_answer(struct buffering *own, struct exchange *x)
{
    for (;;) {
        struct slice payload;
        size_t taken;
        switch (response_payload(&own->half, x, NULL, &payload)) {
        case BODY_MORE:
            return RESPONSE_WAIT;
        case BODY_END:
            return finish_answer(own, x);
        case BODY_INVALID:
            spool_drop(&own->answer);
            exchange_answer(x, REASON_ANSWER_INCOMPLETE); /* which may be repeated */
            return RESPONSE_REPLACED;
        case BODY_PAYLOAD:
            if (is_over(own->config->answer_max, spool_length(own->answer) + payload.len))
                return replace(own, x, REASON_ANSWER_TOO_LARGE);
            enum spool_result result = spool_write(own->answer, payload, &taken);
            response_took(&own->half, x, taken);
            if (result == SPOOL_WAIT)
                return RESPONSE_WAIT;
            if (result == SPOOL_FAILED)
                return replace(own, x, REASON_NO_ROOM_FOR_BODY);
        }
    }
}

/* Those made here are short, and lie there whole. */
static bool has_nothing_to_collect(const struct exchange *x)
{
    return x->answer.status == 101 || !x->answer.has_body || x->state == EXCHANGE_ANSWER;
}

/* The server has it, and nobody will ask for it again: its room is for others. */
static void let_request_go(struct buffering *own, struct exchange *x)
{
    if (!own->request || own->config->retry || !x->request_sent || x->upload_pending)
        return;
    x->upload = NULL;
    spool_drop(&own->request);
}

static enum response_verdict take_head(struct response_half *half, struct exchange *x)
{
    struct buffering *own = (struct buffering *)half;

    if (own->answer && x->state != EXCHANGE_ANSWER)
        return collect_answer(own, x);
    spool_drop(&own->answer); /* of an answer that something else took the place of */
    if (own->refused)
        return RESPONSE_PASS;
    if (is_to_be_repeated(own, x))
        return repeat(own, x);
    if (has_nothing_to_collect(x))
        return RESPONSE_PASS;
    if (x->answer.length_known && is_over(own->config->answer_max, x->answer.content_length))
        return replace(own, x, REASON_ANSWER_TOO_LARGE);
    let_request_go(own, x);
    if (!exchange_keep_head(x))
        return replace(own, x, REASON_INTERNAL);
    own->answer = create_spool(x, own->config->answer_memory, false);
    exchange_transform(x, half);
    return collect_answer(own, x);
}

static enum body_result give_answer(struct response_half *half, struct exchange *x, struct headers *trailers,
                                    struct slice *out_payload)
{
    (void)x;
    (void)trailers; /* the length is known: there is no place for them */
    return give(((struct buffering *)half)->answer, out_payload);
}

static void answer_took(struct response_half *half, struct exchange *x, size_t count)
{
    (void)x;
    spool_took(((struct buffering *)half)->answer, count);
}

static void end(struct response_half *half, struct exchange *x)
{
    struct buffering *own = (struct buffering *)half;

    if (x->upload == &own->source)
        x->upload = NULL;
    spool_drop(&own->request);
    spool_drop(&own->answer);
}

static const struct response_ops buffering_response = {
    .head = take_head, .body = give_answer, .took = answer_took, .ended = end};

static enum filter_verdict begin(struct exchange *x, const struct buffering_config *config)
{
    struct buffering *own = ARENA_NEW(&x->arena, struct buffering);

    if (!own) {
        exchange_answer(x, REASON_INTERNAL);
        return FILTER_ANSWERED;
    }
    own->config = config;
    own->attempts = 1;
    own->source = (struct body_source){.body = give_request, .took = request_took};
    own->next_filter = x->next_filter + 1;
    exchange_see_answer(x, &own->half, &buffering_response);
    if (x->request.body == BODY_NONE)
        return FILTER_PASS;
    if (x->request.body == BODY_LENGTH && is_over(config->request_max, x->request.content_length)) {
        refuse(own, x, REASON_BODY_TOO_LARGE);
        return FILTER_ANSWERED;
    }
    own->request = create_spool(x, config->request_memory, config->retry != NULL);
    x->filter_state = own;
    return collect_request(own, x);
}

static enum filter_verdict request(struct exchange *x, const void *config)
{
    return x->filter_state ? collect_request(x->filter_state, x) : begin(x, config);
}

const struct filter_ops filter_buffering = {
    .name = "buffering", .of_backend = true, .compile = compile, .request = request, .owns = filter_owns_nothing};
