/* SPDX-License-Identifier: MIT */
/*
 * sticky - a cookie that leads a client back to the server that answered it first (spec/proxy.md 7).
 *
 * The value tells nothing of the server (defects A9); the one v1.7 gave, its URL, is understood too. Who comes with a value
 * of nobody, or of one who cannot be asked now, goes to whose turn it is and gets a new cookie with the answer.
 */
#include "filters_private.h"
#include "waybill/http/cookie.h"

struct sticky_half {
    struct response_half half;
    const struct route_server *server; /* that the cookie names; NULL: none */
    bool https;
};

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    const struct model_load_balancer *balancer = from->backend ? from->backend->load_balancer : NULL;

    *out_config = NULL; /* names are in the compiled backend */
    return balancer && (balancer->sticky || balancer->stickiness) ? FILTER_MADE : FILTER_ABSENT;
}

static const struct route_server *find_server(const struct exchange *x)
{
    const struct route_backend *backend = x->backend;
    struct slice value;

    if (!cookie_find(&x->request.headers, backend->cookie_name, &value) || value.len == 0)
        return NULL;
    for (size_t i = 0; i < backend->server_count; i++)
        if (slice_eq(backend->servers[i].cookie, value) || slice_eq(backend->servers[i].url, value))
            return &backend->servers[i];
    return NULL;
}

/* Only an answer of a server that the client did not ask for by cookie sets one. */
static enum response_verdict set_cookie(struct response_half *half, struct exchange *x)
{
    const struct sticky_half *own = (const struct sticky_half *)half;

    if (x->state != EXCHANGE_FORWARD || !x->server || x->server == own->server || x->server->cookie.len == 0)
        return RESPONSE_PASS;
    const char *value = arena_format(&x->arena, SLICE_FMT "=" SLICE_FMT "; Path=/; HttpOnly; SameSite=Lax%s",
                                     SLICE_ARG(x->backend->cookie_name), SLICE_ARG(x->server->cookie),
                                     own->https ? "; Secure" : "");
    if (value) /* without room the answer goes out without it */
        (void)headers_add_id(x->answer.headers, HEADER_SET_COOKIE, slice_of(value));
    return RESPONSE_PASS;
}

static const struct response_ops sticky_response = {.head = set_cookie};

static enum filter_verdict request(struct exchange *x, const void *config)
{
    struct sticky_half *half;

    (void)config;
    if (!x->backend || x->backend->cookie_name.len == 0)
        return FILTER_PASS;
    half = ARENA_NEW(&x->arena, struct sticky_half);
    if (!half) {
        exchange_answer(x, REASON_INTERNAL);
        return FILTER_ANSWERED;
    }
    half->server = x->wanted = find_server(x);
    half->https = exchange_is_https(x);
    exchange_see_answer(x, &half->half, &sticky_response);
    return FILTER_PASS;
}

const struct filter_ops filter_sticky = {
    .name = "stickiness", .of_backend = true, .compile = compile, .request = request, .owns = filter_owns_nothing};
