/* SPDX-License-Identifier: MIT */
#include "filters_private.h"
#include "waybill/exchange/filters.h"

/* In the order of spec/proxy.md 1; a line a filter. */
/* clang-format off */
const struct filter_ops *const exchange_filters[] = {
    &filter_errors,
    &filter_white_list,
    &filter_custom_headers,
    &filter_security_headers,
    &filter_forward_auth,
    &filter_sticky,
    &filter_compress, /* of entrypoints */
    NULL,
};
/* clang-format on */

static void *live_of_entrypoint(const struct filter_source *from, struct slice identity, size_t bytes,
                                void (*fini)(void *live))
{
    (void)identity;
    (void)fini; /* entrypoints are there until the end */
    return live_of_arena(from->arena, bytes);
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

static void compile_trust(const struct model_entrypoint *from, struct arena *arena, struct diagnostics *diagnostics,
                          struct entrypoint *out)
{
    out->trusted = ARENA_ARRAY(arena, struct network, from->forwarded_trusted.count);
    for (size_t i = 0; i < from->forwarded_trusted.count; i++) {
        if (network_parse(from->forwarded_trusted.items[i], &out->trusted[out->trusted_count]))
            out->trusted_count++;
        else
            diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, from->name,
                            "ForwardedHeaders.TrustedIPs: `" SLICE_FMT "` is no address and no network: left out",
                            SLICE_ARG(from->forwarded_trusted.items[i]));
    }
}

void entrypoint_compile(const struct model_entrypoint *entrypoints, size_t count, size_t number, struct arena *arena,
                        struct diagnostics *diagnostics, struct entrypoint *out)
{
    const struct model_entrypoint *model = &entrypoints[number];
    /* An entrypoint's options are a frontend's options for everybody who comes that way. */
    const struct model_frontend options = {.name = model->name, .white_list = model->white_list, .auth = model->auth};
    const struct filter_source from = {
        .frontend = &options,
        .entrypoint = model,
        .entrypoints = entrypoints,
        .entrypoint_count = count,
        .arena = arena,
        .place = slice_of(arena_format(arena, "entrypoint " SLICE_FMT, SLICE_ARG(model->name))),
        .diagnostics = diagnostics,
        .ops = &entrypoint_source,
    };

    *out = (struct entrypoint){
        .name = model->name, .trust_all = model->forwarded_insecure, .closed = model->closed_because.len > 0};
    compile_trust(model, arena, diagnostics, out);
    compile_filters(&from, out);
}
