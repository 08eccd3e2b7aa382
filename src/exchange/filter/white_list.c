/* SPDX-License-Identifier: MIT */
/*
 * white list - lets only listed client addresses in (spec/proxy.md 16).
 *
 * One bad range closes the frontend: the person who wrote it meant to keep somebody out (decisions.md 10).
 * With useXForwardedFor the address is the last one that no trusted proxy added: from the right, those that are trusted
 * are passed over, the first other one counts (defects A3).
 */
#include "filters_private.h"

struct white_list {
    struct network *networks;
    size_t count;
    bool use_x_forwarded_for;
};

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    const struct model_frontend *frontend = from->frontend;
    const struct model_white_list *model = frontend->white_list;
    const struct slices *ranges = model && model->source_range.count ? &model->source_range
                                                                     : &frontend->whitelist_source_range;
    struct white_list *list;

    if (!model && ranges->count == 0)
        return FILTER_ABSENT;
    if (ranges->count == 0) {
        diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place,
                        "whiteList has no sourceRange: name the addresses or networks to let in, such as 10.0.0.0/8");
        return FILTER_CLOSED;
    }
    list = ARENA_NEW(from->arena, struct white_list);
    list->networks = ARENA_ARRAY(from->arena, struct network, ranges->count);
    /* It is a member of the new list: the old one looks at the peer only, as in 1.7. */
    list->use_x_forwarded_for = model && model->source_range.count && model->use_x_forwarded_for;
    for (size_t i = 0; i < ranges->count; i++)
        if (!network_parse(slice_trim_space(ranges->items[i]), &list->networks[list->count++])) {
            diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place,
                            "whiteList.sourceRange: `" SLICE_FMT
                            "` is no address and no network: write it like 192.168.1.7 or 10.0.0.0/8",
                            SLICE_SHOWN(ranges->items[i]));
            return FILTER_CLOSED;
        }
    *out_config = list;
    return FILTER_MADE;
}

/* The client behind trusted proxies; false: what they say cannot be read. */
static bool forwarded_client(const struct exchange *x, struct address *out_client)
{
    const struct headers *headers = &x->request.headers;

    *out_client = x->peer;
    for (unsigned i = headers->count; i-- > 0;) {
        const struct header *header = &headers->items[i];
        if (header->gone || header->id != HEADER_X_FORWARDED_FOR)
            continue;
        struct slice rest = header->value;
        while (rest.len) {
            size_t comma = slice_find_last(rest, ',');
            struct slice element = slice_trim(comma < rest.len ? slice_from(rest, comma + 1) : rest);
            rest = comma < rest.len ? slice_head(rest, comma) : slice_head(rest, 0);
            struct address address;
            if (!address_parse_forwarded(element, &address))
                return false;
            *out_client = address;
            if (!networks_have(x->entrypoint->trusted, x->entrypoint->trusted_count, &address))
                return true;
        }
    }
    return true;
}

static enum filter_verdict request(struct exchange *x, const void *config)
{
    const struct white_list *list = config;
    struct address client = x->peer;

    /* Only a trusted peer's X-Forwarded-For is still there to be read. */
    bool known = !list->use_x_forwarded_for || !x->trusted || forwarded_client(x, &client);
    if (known && networks_have(list->networks, list->count, &client))
        return FILTER_PASS;
    exchange_answer(x, REASON_FORBIDDEN);
    return FILTER_ANSWERED;
}

const struct filter_ops filter_white_list = {.name = "whiteList",
                                             .compile = compile,
                                             .request = request,
                                             .owns = filter_owns_nothing,
                                             .answers_as = "ipwhitelister for",
                                             .answers_as_entrypoint = "ipwhitelister for entrypoint"};
