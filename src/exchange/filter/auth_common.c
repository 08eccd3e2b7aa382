/* SPDX-License-Identifier: MIT */
#include "auth_common.h"
#include "waybill/base/text.h"

bool auth_effect_compile(const struct filter_source *from, const char *option, struct slice header_field, bool remove_header,
                         struct auth_effect *out)
{
    struct slice name = slice_trim_space(header_field);

    *out = (struct auth_effect){.header_field = arena_copy(from->arena, name), .remove_header = remove_header};
    if (name.len == 0 || (header_name_is_valid(name) && !header_is_routers(name)))
        return true;
    diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place,
                    "%s: headerField `" SLICE_FMT "` %s: write one such as X-WebAuth-User", option, SLICE_SHOWN(name),
                    header_name_is_valid(name) ? "is the router's own to write" : "is not a header name");
    return false;
}

bool auth_let_in(struct exchange *x, const struct auth_effect *effect, struct slice name)
{
    struct headers *headers = &x->request.headers;

    if (effect->header_field.len || x->env->access_log)
        x->user = arena_copy(&x->arena, name); /* the configuration may be gone when it is written */
    if (effect->remove_header)
        headers_remove(headers, HEADER_AUTHORIZATION);
    if (effect->header_field.len == 0)
        return true;
    headers_remove_class(headers, effect->header_field); /* in all spellings (defects A11, security case H4) */
    if (!x->arena.overflowed && headers_add(headers, effect->header_field, x->user))
        return true;
    exchange_answer(x, REASON_INTERNAL);
    return false;
}

bool auth_effect_owns(const struct auth_effect *effect, struct slice name)
{
    return header_same_class(name, effect->header_field);
}

void auth_challenge(struct exchange *x, struct slice challenge)
{
    exchange_answer(x, REASON_UNAUTHORIZED);
    headers_set(x->answer.headers, header_name(HEADER_CONTENT_TYPE), SLICE("text/plain"));
    headers_add(x->answer.headers, SLICE("Www-Authenticate"), challenge);
}

struct slice auth_field(const struct exchange *x)
{
    const struct headers *headers = &x->request.headers;
    struct slice found = SLICE("");
    unsigned count = 0;

    for (unsigned i = 0; i < headers->count; i++)
        if (headers->items[i].id == HEADER_AUTHORIZATION && !headers->items[i].gone) {
            found = headers->items[i].value;
            count++;
        }
    return count == 1 ? found : SLICE("");
}

static void add_part(struct text *identity, struct slice part)
{
    text_addf(identity, "%zu:", part.len);
    text_add(identity, part);
}

void *auth_live(const struct filter_source *from, const char *filter, struct slice what, size_t bytes)
{
    struct text identity = TEXT_EMPTY;

    add_part(&identity, slice_of(filter));
    add_part(&identity, from->provider);
    add_part(&identity, from->frontend->backend);
    for (size_t i = 0; i < from->frontend->route_count; i++)
        add_part(&identity, from->frontend->routes[i].rule);
    add_part(&identity, what);
    void *live = from->ops->live(from, text_slice(&identity), bytes, NULL);
    text_fini(&identity);
    return live;
}
