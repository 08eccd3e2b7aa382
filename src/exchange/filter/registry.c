/* SPDX-License-Identifier: MIT */
#include "filters_private.h"
#include "waybill/exchange/filters.h"

/* In the order of spec/proxy.md 1. */
const struct filter_ops *const exchange_filters[] = {
    &filter_white_list,
    &filter_forward_auth,
    NULL,
};

/* An entrypoint's options are a frontend's options for everybody who comes that way. */
static void compile_filters(const struct model_entrypoint *from, struct arena *arena, struct diagnostics *diagnostics,
                            struct entrypoint *out)
{
    struct model_frontend options = {.name = from->name, .white_list = from->white_list, .auth = from->auth};
    struct slice place = slice_of(arena_format(arena, "entrypoint " SLICE_FMT, SLICE_ARG(from->name)));

    for (size_t i = 0; exchange_filters[i]; i++) {
        struct route_filter filter = {.ops = exchange_filters[i]};
        switch (filter.ops->compile(&options, arena, place, diagnostics, &filter.config)) {
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

void entrypoint_compile(const struct model_entrypoint *from, struct arena *arena, struct diagnostics *diagnostics,
                        struct entrypoint *out)
{
    *out = (struct entrypoint){
        .name = from->name, .trust_all = from->forwarded_insecure, .closed = from->closed_because.len > 0};
    out->trusted = ARENA_ARRAY(arena, struct network, from->forwarded_trusted.count);
    for (size_t i = 0; i < from->forwarded_trusted.count; i++) {
        if (network_parse(from->forwarded_trusted.items[i], &out->trusted[out->trusted_count]))
            out->trusted_count++;
        else
            diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, from->name,
                            "ForwardedHeaders.TrustedIPs: `" SLICE_FMT "` is no address and no network: left out",
                            SLICE_ARG(from->forwarded_trusted.items[i]));
    }
    compile_filters(from, arena, diagnostics, out);
}
