/* SPDX-License-Identifier: MIT */
/*
 * redirect - sends clients elsewhere: to another entrypoint, or where a regular expression over the whole URL leads
 * (spec/proxy.md 17).
 *
 * What is written into Location comes from the request: its Host has passed the grammar of hosts, control bytes cannot be in it,
 * and where the result goes is said by the replacement, or it stays with http, https or this host (security case P11).
 */
#include "filters_private.h"
#include "waybill/route/rewrite.h"
#include <stdio.h>

enum { PORT_TEXT_BYTES = 8 };

/* What a replacement may name, as v1.7 has it. */
enum { VALUE_METHOD, VALUE_HOST, VALUE_PATH, VALUE_QUERY, VALUE_TARGET, VALUE_COUNT };
static const char *const value_names[VALUE_COUNT] = {
    ".Request.Method", ".Request.Host", ".Request.URL.Path", ".Request.URL.RawQuery", ".Request.RequestURI",
};

struct redirect {
    bool permanent, by_entrypoint;
    /* To an entrypoint. */
    size_t number; /* of it */
    struct slice scheme;
    char port[PORT_TEXT_BYTES]; /* ":8443"; empty: the scheme's own */
    /* By a regular expression. */
    struct rewrite rewrite;
    bool says_where; /* the replacement itself begins with a scheme and a host, or with //host */
};

static enum filter_compiled close_with(const struct filter_source *from, const char *option, struct slice value,
                                       const char *advice)
{
    diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place, "redirect.%s: `" SLICE_FMT "` %s", option,
                    SLICE_SHOWN(value), advice);
    return FILTER_CLOSED;
}

static enum filter_compiled compile_entrypoint(const struct filter_source *from, struct redirect *redirect)
{
    struct slice name = from->frontend->redirect->entrypoint;
    const struct model_entrypoint *to = NULL;
    uint64_t port = 0;

    for (size_t i = 0; i < from->entrypoint_count && !to; i++) {
        to = slice_eq(from->entrypoints[i].name, name) ? &from->entrypoints[i] : NULL;
        redirect->number = i;
    }
    if (!to)
        return close_with(from, "entryPoint", name, "is no entrypoint: name one of those in --entryPoints");
    if (to == from->entrypoint)
        return close_with(from, "entryPoint", name, "is this entrypoint itself: name another one");
    size_t colon = slice_find_last(to->address, ':');
    if (!slice_to_u64(slice_from(to->address, colon + 1), UINT16_MAX, &port) || port == 0)
        return close_with(from, "entryPoint", name, "has no fixed port: give it one in its Address");
    redirect->by_entrypoint = true;
    redirect->scheme = to->tls ? SLICE("https") : SLICE("http");
    if (port != (to->tls ? 443 : 80))
        snprintf(redirect->port, sizeof redirect->port, ":%u", (unsigned)port);
    return FILTER_MADE;
}

/* "http://b.test/", "//b.test": who wrote it wants it to lead there. Not "https://": what follows is the request's; nor
 * "://b.test", which is what is left of `$1s://b.test`, where no group is called 1s. */
static bool names_host(struct slice head)
{
    size_t slashes = 0;

    while (slashes + 1 < head.len && !(head.ptr[slashes] == '/' && head.ptr[slashes + 1] == '/'))
        slashes++;
    return slashes + 2 < head.len && (slashes == 0 || (slashes > 1 && head.ptr[slashes - 1] == ':'));
}

static enum filter_compiled compile_regex(const struct filter_source *from, struct redirect *redirect)
{
    const struct model_redirect *model = from->frontend->redirect;
    const struct rewrite_names names = {value_names, VALUE_COUNT};
    struct slice error;

    if (model->regex.len == 0 || model->replacement.len == 0) {
        diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place,
                        "redirect has only one of regex and replacement: add the other, or remove it");
        return FILTER_CLOSED;
    }
    if (!rewrite_compile(from->arena, model->regex, model->replacement, &names, &redirect->rewrite, &error)) {
        diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place, "redirect: " SLICE_FMT, SLICE_ARG(error));
        return FILTER_CLOSED;
    }
    redirect->says_where = names_host(rewrite_head(&redirect->rewrite));
    return FILTER_MADE;
}

/* A table with nothing in it has no effect, as in v1.7. A name in it that is none has closed the frontend before this. */
static bool leads_nowhere(const struct filter_source *from, const struct model_redirect *model)
{
    if (model->entrypoint.len || model->regex.len || model->replacement.len)
        return false;
    diagnostics_add(from->diagnostics, DIAGNOSTIC_WARNING, from->place,
                    "redirect has no target and no effect: add entryPoint, or regex and replacement, or remove it");
    return true;
}

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    const struct model_redirect *model = from->frontend->redirect;

    if (!model || leads_nowhere(from, model))
        return FILTER_ABSENT;
    struct redirect *redirect = ARENA_NEW(from->arena, struct redirect);
    redirect->permanent = model->permanent;
    *out_config = redirect;
    return model->entrypoint.len ? compile_entrypoint(from, redirect) : compile_regex(from, redirect);
}

/* An entrypoint's comes before all else there; a frontend's behind its white list. */
static enum filter_compiled compile_of_entrypoint(const struct filter_source *from, const void **out_config)
{
    return from->entrypoint ? compile(from, out_config) : FILTER_ABSENT;
}

static enum filter_compiled compile_of_frontend(const struct filter_source *from, const void **out_config)
{
    return from->entrypoint ? FILTER_ABSENT : compile(from, out_config);
}

/* Path and query, "*" as the root. */
static struct slice target_of(const struct exchange *x, struct slice target)
{
    return x->request.form == TARGET_ASTERISK ? SLICE("/") : target;
}

/* HEAD is not among them, as in v1.7: 307 and 308 keep every method. */
static unsigned status_of(const struct exchange *x, const struct redirect *redirect)
{
    if (slice_eq(x->request.method, SLICE("GET")))
        return redirect->permanent ? 301 : 302;
    return redirect->permanent ? 308 : 307;
}

/* What may not stand in a URL is encoded: a replacement may hold anything, a target bytes of UTF-8. */
static void add_url(struct text *out, struct slice url)
{
    for (size_t i = 0; i < url.len; i++) {
        unsigned char c = (unsigned char)url.ptr[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"<>\\", c))
            text_addf(out, "%%%02X", c);
        else
            text_add_char(out, (char)c);
    }
}

static enum filter_verdict answer(struct exchange *x, const struct redirect *redirect, struct slice location)
{
    exchange_redirect_text(x, status_of(x, redirect), location);
    return FILTER_ANSWERED;
}

/* The client gets the path it asked for, whatever the route makes of it. */
static enum filter_verdict to_entrypoint(struct exchange *x, const struct redirect *redirect)
{
    struct text location = TEXT_EMPTY;

    if (redirect->number == (size_t)(x->entrypoint - x->env->entrypoints))
        return FILTER_PASS;
    if (x->request.host.len == 0) {
        exchange_answer(x, REASON_MISSING_HOST);
        return FILTER_ANSWERED;
    }
    text_addf(&location, SLICE_FMT "://" SLICE_FMT "%s", SLICE_ARG(redirect->scheme), SLICE_ARG(x->request.host),
              redirect->port);
    add_url(&location, target_of(x, x->request.target));
    enum filter_verdict verdict = answer(x, redirect, text_slice(&location));
    text_fini(&location);
    return verdict;
}

struct url_parts {
    struct slice origin, path, rest; /* "http://a.test", "/x", "?y=1" */
};

static struct url_parts cut_url(struct slice url)
{
    size_t path = 0, end;

    while (path + 2 < url.len && memcmp(url.ptr + path, "://", 3) != 0 && !strchr("/?#", url.ptr[path]))
        path++;
    path = path + 2 < url.len && memcmp(url.ptr + path, "://", 3) == 0 ? path + 3 : slice_starts(url, SLICE("//")) ? 2 : 0;
    while (path > 0 && path < url.len && !strchr("/?#", url.ptr[path]))
        path++;
    for (end = path; end < url.len && url.ptr[end] != '?' && url.ptr[end] != '#'; end++)
        continue;
    return (struct url_parts){slice_head(url, path), slice_make(url.ptr + path, end - path), slice_from(url, end)};
}

static size_t find_text(struct slice in, struct slice wanted)
{
    for (size_t at = 0; at + wanted.len <= in.len; at++)
        if (slice_eq(slice_make(in.ptr + at, wanted.len), wanted))
            return at;
    return in.len;
}

/* The regular expression saw the path as the route changed it; the client must be shown its own. */
static void add_own_path(struct text *out, const struct exchange *x, struct slice path)
{
    const struct path_changes *changes = &x->route.changes;
    struct slice added = x->frontend ? rule_added_prefix(x->frontend) : SLICE("");

    if (changes->prefix.len || changes->replaced.len) {
        add_url(out, x->target.raw_path);
        return;
    }
    size_t at = added.len ? find_text(path, added) : path.len;
    struct slice behind = slice_from(path, at + added.len);
    add_url(out, slice_head(path, at));
    if (at == 0 && added.len && !slice_starts(behind, SLICE("/")))
        text_add_char(out, '/');
    add_url(out, behind);
}

/* Does the request decide to which host, or to what kind of URL, this leads? */
static bool is_open(const struct redirect *redirect, struct slice location)
{
    size_t scheme = slice_starts_nocase(location, SLICE("http://"))    ? 7
                    : slice_starts_nocase(location, SLICE("https://")) ? 8
                                                                       : 0;

    if (redirect->says_where || (scheme && location.len > scheme && !strchr("/?#", location.ptr[scheme])))
        return false;
    return !slice_starts(location, SLICE("/")) || slice_starts(location, SLICE("//"));
}

/* The URL that was asked for, as the route changed it, and the values of value_names. */
static struct slice add_subject(struct text *out, const struct exchange *x, struct slice values[VALUE_COUNT])
{
    struct slice target = target_of(x, x->frontend ? x->route.changes.target : x->request.target);
    size_t question = slice_find(target, '?');

    text_addf(out, SLICE_FMT "://" SLICE_FMT SLICE_FMT, SLICE_ARG(exchange_is_https(x) ? SLICE("https") : SLICE("http")),
              SLICE_ARG(x->request.authority), SLICE_ARG(target));
    values[VALUE_METHOD] = x->request.method;
    values[VALUE_HOST] = x->request.authority;
    values[VALUE_PATH] = slice_head(target, question);
    values[VALUE_QUERY] = slice_from(target, question + 1);
    values[VALUE_TARGET] = target;
    return text_slice(out);
}

static enum filter_verdict leave_for(struct exchange *x, const struct redirect *redirect, struct slice made)
{
    struct url_parts parts = cut_url(made);
    struct text location = TEXT_EMPTY;
    enum filter_verdict verdict = FILTER_ANSWERED;

    add_url(&location, parts.origin);
    add_own_path(&location, x, parts.path);
    add_url(&location, parts.rest);
    if (is_open(redirect, text_slice(&location)))
        exchange_answer(x, REASON_OPEN_REDIRECT);
    else
        verdict = answer(x, redirect, text_slice(&location));
    text_fini(&location);
    return verdict;
}

static enum filter_verdict by_regex(struct exchange *x, const struct redirect *redirect)
{
    struct text subject = TEXT_EMPTY, made = TEXT_EMPTY;
    struct slice values[VALUE_COUNT], url = add_subject(&subject, x, values);
    enum filter_verdict verdict = FILTER_PASS;
    size_t steps = MATCH_STEPS_MAX; /* of its own: routing has been paid for */

    switch (rewrite_apply(&redirect->rewrite, url, values, &steps, &made)) {
    case REWRITE_NONE:
        break;
    case REWRITE_TOO_COSTLY:
        exchange_answer(x, REASON_MATCH_TOO_COSTLY);
        verdict = FILTER_ANSWERED;
        break;
    case REWRITE_MADE:
        if (!slice_eq(text_slice(&made), url))
            verdict = leave_for(x, redirect, text_slice(&made));
        break;
    }
    text_fini(&subject);
    text_fini(&made);
    return verdict;
}

static enum filter_verdict request(struct exchange *x, const void *config)
{
    const struct redirect *redirect = config;
    return redirect->by_entrypoint ? to_entrypoint(x, redirect) : by_regex(x, redirect);
}

/* Internal routes stay where they are: whoever asks them is not sent elsewhere. */
static enum filter_verdict request_on_entrypoint(struct exchange *x, const void *config)
{
    return x->entrypoint->has_local && exchange_is_internal(x) ? FILTER_PASS : request(x, config);
}

const struct filter_ops filter_entrypoint_redirect = {.name = "redirect",
                                                      .compile = compile_of_entrypoint,
                                                      .request = request_on_entrypoint,
                                                      .owns = filter_owns_nothing,
                                                      .answers_as_entrypoint = "entrypoint redirect for"};
const struct filter_ops filter_redirect = {.name = "redirect",
                                           .compile = compile_of_frontend,
                                           .request = request,
                                           .owns = filter_owns_nothing,
                                           .answers_as = "frontend redirect for"};
