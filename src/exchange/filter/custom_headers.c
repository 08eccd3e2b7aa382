/* SPDX-License-Identifier: MIT */
/*
 * custom headers - fields of requests and answers that the configuration sets or removes (spec/proxy.md 19).
 *
 * What frames a message or belongs to one hop is not to be had: a field that would is left out with a warning
 * (decisions.md 11). Answers are changed only when they come from the server, or say that it could not be asked.
 */
#include "filters_private.h"

struct field_change {
    struct slice name, value; /* empty value: the field goes */
};

struct field_changes {
    struct field_change *items;
    size_t count;
};

struct custom_headers {
    struct field_changes request, response;
};

struct custom_half {
    struct response_half half;
    const struct field_changes *changes;
};

static const char *find_fault(const struct model_pair *pair)
{
    if (!header_name_is_valid(pair->name))
        return "is not a header name";
    if (header_is_routers(pair->name))
        return "is the router's own to write";
    return header_value_is_valid(pair->value) ? NULL : "has a value with a control character";
}

static void compile_changes(const struct filter_source *from, const char *option, const struct model_pairs *pairs,
                            struct field_changes *out)
{
    out->items = ARENA_ARRAY(from->arena, struct field_change, pairs->count + 1);
    for (size_t i = 0; i < pairs->count; i++) {
        const struct model_pair *pair = &pairs->items[i];
        const char *fault = find_fault(pair);
        if (fault)
            diagnostics_add(from->diagnostics, DIAGNOSTIC_WARNING, from->place, "headers.%s: `" SLICE_FMT "` %s: left out",
                            option, SLICE_SHOWN(pair->name), fault);
        else
            out->items[out->count++] = (struct field_change){.name = arena_copy(from->arena, pair->name),
                                                             .value = arena_copy(from->arena, slice_trim(pair->value))};
    }
}

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    const struct model_headers *model = from->frontend->headers;
    struct custom_headers *custom;

    if (!model || (model->custom_request_headers.count == 0 && model->custom_response_headers.count == 0))
        return FILTER_ABSENT;
    custom = ARENA_NEW(from->arena, struct custom_headers);
    compile_changes(from, "customRequestHeaders", &model->custom_request_headers, &custom->request);
    compile_changes(from, "customResponseHeaders", &model->custom_response_headers, &custom->response);
    *out_config = custom;
    return custom->request.count || custom->response.count ? FILTER_MADE : FILTER_ABSENT;
}

static enum response_verdict change_answer(struct response_half *half, struct exchange *x)
{
    const struct field_changes *changes = ((struct custom_half *)half)->changes;
    struct headers *headers = x->answer.headers;

    if (!exchange_was_forwarded(x))
        return RESPONSE_PASS;
    for (size_t i = 0; i < changes->count; i++) {
        const struct field_change *change = &changes->items[i];
        if (header_id_of(change->name) == HEADER_DATE)
            x->answer.date = SLICE("");
        if (change->value.len == 0) {
            headers_remove_name(headers, change->name);
        } else if (!headers_set(headers, change->name, change->value)) {
            exchange_answer(x, REASON_INTERNAL);
            return RESPONSE_REPLACED;
        }
    }
    return RESPONSE_PASS;
}

static const struct response_ops custom_response = {.head = change_answer};

static bool see_answer(struct exchange *x, const struct field_changes *changes)
{
    struct custom_half *half = ARENA_NEW(&x->arena, struct custom_half);

    if (!half)
        return false;
    half->changes = changes;
    exchange_see_answer(x, &half->half, &custom_response);
    return true;
}

/* A field that is set or removed is so in every spelling: some servers take `_` for `-` (security cases H2, H4). */
static bool change_request(struct headers *headers, const struct field_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        headers_remove_class(headers, changes->items[i].name);
        if (changes->items[i].value.len && !headers_add(headers, changes->items[i].name, changes->items[i].value))
            return false;
    }
    return true;
}

static enum filter_verdict request(struct exchange *x, const void *config)
{
    const struct custom_headers *custom = config;

    if (!change_request(&x->request.headers, &custom->request)) {
        exchange_answer(x, REASON_HEAD_TOO_LARGE);
        return FILTER_ANSWERED;
    }
    if (custom->response.count && !see_answer(x, &custom->response)) {
        exchange_answer(x, REASON_INTERNAL);
        return FILTER_ANSWERED;
    }
    return FILTER_PASS;
}

static bool owns(const void *config, struct slice name)
{
    const struct field_changes *changes = &((const struct custom_headers *)config)->request;

    for (size_t i = 0; i < changes->count; i++)
        if (header_same_class(name, changes->items[i].name))
            return true;
    return false;
}

const struct filter_ops filter_custom_headers = {
    .name = "headers.custom", .compile = compile, .request = request, .owns = owns};
