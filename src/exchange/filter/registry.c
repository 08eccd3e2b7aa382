/* SPDX-License-Identifier: MIT */
#include "filters_private.h"
#include "waybill/exchange/entrypoint_tls.h"
#include "waybill/exchange/filters.h"
#include "waybill/net/tls_server.h"

/* In the order of spec/proxy.md 1; a line a filter. */
/* clang-format off */
const struct filter_ops *const exchange_filters[] = {
    &filter_timeouts,
    &filter_entrypoint_redirect, /* before auth: nobody is asked for a password on the way to https */
    &filter_errors,
    &filter_white_list,
    &filter_redirect,
    &filter_custom_headers,
    &filter_security_headers,
    &filter_basic_auth_list,
    &filter_client_certificate,
    &filter_basic_auth,
    &filter_digest_auth,
    &filter_forward_auth,
    &filter_circuit_breaker,
    &filter_buffering,
    &filter_max_conn,
    &filter_rate_limit,
    &filter_sticky,
    &filter_compress,   /* of entrypoints */
    &filter_host_alias, /* the same; who is turned away by the others makes us ask nobody */
    NULL,
};
/* clang-format on */

bool filter_owns_nothing(const void *config, struct slice name)
{
    (void)config;
    (void)name;
    return false;
}

/* An entrypoint while it is compiled. */
struct entry_source {
    struct filter_source source; /* first */
    struct entrypoint *out;
};

/* Entrypoints are there until the end, and so is what they hold. */
static void *live_of_entrypoint(const struct filter_source *from, struct slice identity, size_t bytes,
                                void (*fini)(void *live))
{
    struct entrypoint *out = ((const struct entry_source *)(const void *)from)->out;
    void *live = live_of_arena(from->arena, bytes);

    (void)identity;
    if (fini) {
        struct entrypoint_end *end = ARENA_NEW(from->arena, struct entrypoint_end);
        *end = (struct entrypoint_end){.next = out->ends, .fini = fini, .live = live};
        out->ends = end;
    }
    return live;
}

void entrypoint_fini(struct entrypoint *entrypoint)
{
    for (; entrypoint->ends; entrypoint->ends = entrypoint->ends->next)
        entrypoint->ends->fini(entrypoint->ends->live);
    tls_server_destroy(&entrypoint->tls);
}

static bool no_target(const struct filter_source *from, struct slice name, struct route_target *out)
{
    (void)from;
    (void)name;
    *out = (struct route_target){0};
    return false;
}

static const struct filter_source_ops entrypoint_source = {.live = live_of_entrypoint, .target = no_target};

static void compile_filters(const struct filter_source *from, struct entrypoint *out)
{
    for (size_t i = 0; exchange_filters[i]; i++) {
        struct route_filter filter = {.ops = exchange_filters[i]};
        switch (filter.ops->compile(from, &filter.config)) {
        case FILTER_ABSENT:
            break;
        case FILTER_MADE:
            WB_REQUIRE(out->filter_count < ROUTE_FILTERS_MAX);
            out->filters[out->filter_count++] = filter;
            break;
        case FILTER_CLOSED:
            out->closed = true;
            break;
        }
    }
}

/* One that cannot be read is left out: then somebody is not believed who was to be. */
static size_t compile_networks(const struct filter_source *from, const char *option, const struct slices *texts,
                               struct network **out)
{
    size_t count = 0;

    *out = ARENA_ARRAY(from->arena, struct network, texts->count);
    for (size_t i = 0; i < texts->count; i++) {
        if (network_parse(texts->items[i], &(*out)[count]))
            count++;
        else
            diagnostics_add(from->diagnostics, DIAGNOSTIC_WARNING, from->place,
                            "%s.TrustedIPs: `" SLICE_FMT "` is no address and no network: left out", option,
                            SLICE_ARG(texts->items[i]));
    }
    return count;
}

static void compile_trust(const struct filter_source *from, struct entrypoint *out)
{
    const struct model_entrypoint *model = from->entrypoint;

    out->trust_all = model->forwarded_insecure;
    out->trusted_count = compile_networks(from, "ForwardedHeaders", &model->forwarded_trusted, &out->trusted);
    out->proxy_protocol = model->proxy_protocol;
    out->proxy_trust_all = model->proxy_insecure;
    out->proxy_trusted_count = compile_networks(from, "ProxyProtocol", &model->proxy_trusted, &out->proxy_trusted);
}

void entrypoint_compile(const struct model_entrypoint *entrypoints, size_t count, size_t number, struct arena *arena,
                        struct diagnostics *diagnostics, struct entrypoint *out)
{
    const struct model_entrypoint *model = &entrypoints[number];
    /* An entrypoint's options are a frontend's options for everybody who comes that way. */
    const struct model_frontend options = {
        .name = model->name, .redirect = model->redirect, .white_list = model->white_list, .auth = model->auth};
    const struct entry_source from = {
        .source = {.frontend = &options,
                   .entrypoint = model,
                   .entrypoints = entrypoints,
                   .entrypoint_count = count,
                   .arena = arena,
                   .place = slice_of(arena_format(arena, "entrypoint " SLICE_FMT, SLICE_ARG(model->name))),
                   .diagnostics = diagnostics,
                   .ops = &entrypoint_source},
        .out = out,
    };

    *out = (struct entrypoint){.name = model->name, .closed = model->closed_because.len > 0};
    if (model->tls) {
        out->tls = entrypoint_tls_create(model->tls, from.source.place, diagnostics);
        out->closed = out->closed || !out->tls;
    }
    compile_trust(&from.source, out);
    compile_filters(&from.source, out);
}
