/* SPDX-License-Identifier: MIT */
/*
 * error pages - answers of some statuses get their content from another backend, and keep their status (spec/proxy.md 14,
 * defects B6, B7).
 *
 * Whatever is inside counts: what the server says, and what filters or the router itself say in its place. The page is asked for
 * once; one that cannot be had is replaced by the status in words.
 */
#include "filters_private.h"

struct status_range {
    unsigned first, last;
};

struct error_page {
    struct status_range *ranges;
    size_t range_count;
    struct route_target target;
    struct slice path; /* with {status} */
};

struct error_pages {
    struct error_page *items;
    size_t count;
};

struct error_half {
    struct response_half half;
    const struct error_pages *pages;
    bool asked;
    /* Of the answer whose place the page takes. */
    unsigned status;
    enum reason reason;
    bool close;
    /* Of the request. */
    struct slice method;
    bool is_head;
};

static bool parse_range(struct slice text, struct status_range *out)
{
    size_t dash = slice_find(text, '-');
    uint64_t first, last;

    if (!slice_to_u64(slice_trim_space(slice_head(text, dash)), 999, &first))
        return false;
    last = first;
    if (dash < text.len && !slice_to_u64(slice_trim_space(slice_from(text, dash + 1)), 999, &last))
        return false;
    *out = (struct status_range){(unsigned)first, (unsigned)last};
    return first >= 100 && first <= last;
}

static bool parse_ranges(struct arena *arena, const struct slices *texts, struct error_page *out)
{
    out->ranges = ARENA_ARRAY(arena, struct status_range, texts->count + 1);
    for (size_t i = 0; i < texts->count; i++)
        if (!parse_range(texts->items[i], &out->ranges[out->range_count++]))
            return false;
    return texts->count > 0;
}

static bool is_path(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7f || text.ptr[i] == '#')
            return false;
    return true;
}

/* NULL, or what is wrong with it. */
static const char *compile_page(const struct filter_source *from, const struct model_error_page *model,
                                struct error_page *out)
{
    struct slice query = model->query;

    if (!parse_ranges(from->arena, &model->status, out))
        return "status: write codes and ranges, such as 404,500-599";
    if (!is_path(query))
        return "query: write a path, such as /{status}.html";
    if (slice_eq(model->backend, from->frontend->backend))
        return "backend: it is the frontend's own; name another one";
    if (!from->ops->target(from, model->backend, &out->target))
        return "backend: there is none of that name";
    if (query.len && query.ptr[0] == '/')
        query = slice_from(query, 1);
    out->path = slice_of(arena_format(from->arena, "/" SLICE_FMT, SLICE_ARG(query)));
    return NULL;
}

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    const struct model_frontend *frontend = from->frontend;
    struct error_pages *pages;

    if (frontend->error_count == 0)
        return FILTER_ABSENT;
    pages = ARENA_NEW(from->arena, struct error_pages);
    pages->items = ARENA_ARRAY(from->arena, struct error_page, frontend->error_count);
    for (size_t i = 0; i < frontend->error_count; i++) {
        const struct model_error_page *model = &frontend->errors[i];
        struct error_page page = {0};
        const char *fault = compile_page(from, model, &page);
        if (fault)
            diagnostics_add(from->diagnostics, DIAGNOSTIC_WARNING, from->place, "error page " SLICE_FMT " is left out: %s",
                            SLICE_SHOWN(model->name), fault);
        else
            pages->items[pages->count++] = page;
    }
    *out_config = pages;
    return pages->count ? FILTER_MADE : FILTER_ABSENT;
}

static const struct error_page *find_page(const struct error_pages *pages, unsigned status)
{
    for (size_t i = 0; i < pages->count; i++)
        for (size_t r = 0; r < pages->items[i].range_count; r++)
            if (status >= pages->items[i].ranges[r].first && status <= pages->items[i].ranges[r].last)
                return &pages->items[i];
    return NULL;
}

/* "/e?code={status}" to "/e?code=404". */
static struct slice path_for(struct arena *arena, struct slice form, unsigned status)
{
    const struct slice mark = SLICE("{status}");
    struct text path = TEXT_EMPTY;

    for (size_t at = 0; at < form.len; at++) {
        if (slice_starts(slice_from(form, at), mark)) {
            text_addf(&path, "%u", status);
            at += mark.len - 1;
        } else {
            text_add_char(&path, form.ptr[at]);
        }
    }
    struct slice made = arena_copy(arena, text_slice(&path));
    text_fini(&path);
    return made;
}

static enum response_verdict ask_for_page(struct error_half *own, struct exchange *x, const struct error_page *page)
{
    struct slice path = path_for(&x->arena, page->path, x->answer.status);

    if (path.len == 0) /* the arena is full: the error as it is */
        return RESPONSE_PASS;
    own->asked = true;
    own->status = x->answer.status;
    own->reason = x->state == EXCHANGE_ANSWER ? x->reason : REASON_NONE;
    own->close = x->answer.close;
    own->method = x->request.method;
    own->is_head = x->request.is_head;
    exchange_ask(x, &page->target, path);
    return RESPONSE_REPLACED;
}

/* The page's backend could not be asked: the status says itself what there is to say. */
static void say_in_words(struct exchange *x, unsigned status)
{
    x->answer_body = slice_of(status_phrase(status));
    headers_clear(x->answer.headers);
    headers_add_id(x->answer.headers, HEADER_CONTENT_TYPE, SLICE("text/plain; charset=utf-8"));
    x->answer.content_length = x->answer_body.len;
}

static void fit_body(struct error_half *own, struct answer_head *answer)
{
    if (own->is_head) {
        answer->has_body = false;
        return;
    }
    bool never_has_one = own->status == 204 || own->status == 304;
    if (answer->has_body && !never_has_one)
        return;
    /* The page has none, or may have none: its length is not what it says. */
    answer->has_body = false;
    headers_remove(answer->headers, HEADER_CONTENT_LENGTH);
    answer->write_length = !never_has_one;
    answer->content_length = 0;
}

static enum response_verdict replace(struct response_half *half, struct exchange *x)
{
    struct error_half *own = (struct error_half *)half;
    const struct error_page *page;

    if (!own->asked) {
        page = x->answer.status >= 200 ? find_page(own->pages, x->answer.status) : NULL;
        return page ? ask_for_page(own, x, page) : RESPONSE_PASS;
    }
    if (x->state == EXCHANGE_ANSWER)
        say_in_words(x, own->status);
    x->answer.status = own->status;
    x->answer.phrase = (struct slice){0};
    x->answer.close = own->close || x->answer.close;
    x->reason = own->reason;
    fit_body(own, &x->answer);
    return RESPONSE_PASS;
}

/* What is logged is the client's request. */
static void give_back(struct response_half *half, struct exchange *x)
{
    struct error_half *own = (struct error_half *)half;

    if (!own->asked)
        return;
    x->request.method = own->method;
    x->request.is_head = own->is_head;
}

static const struct response_ops error_response = {.head = replace, .ended = give_back};

static enum filter_verdict request(struct exchange *x, const void *config)
{
    struct error_half *half = ARENA_NEW(&x->arena, struct error_half);

    if (!half) {
        exchange_answer(x, REASON_INTERNAL);
        return FILTER_ANSWERED;
    }
    half->pages = config;
    exchange_see_answer(x, &half->half, &error_response);
    return FILTER_PASS;
}

const struct filter_ops filter_errors = {
    .name = "errors", .compile = compile, .request = request, .owns = filter_owns_nothing};
