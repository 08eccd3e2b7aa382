/* SPDX-License-Identifier: MIT */
/*
 * host alias - finds out where the CNAME records of the request's host lead, before it is routed: a Host rule then matches
 * either name (hostResolver.cnameFlattening, spec/rules.md 9).
 */
#include "filters_private.h"
#include "waybill/net/alias.h"

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    (void)out_config;
    return from->entrypoint && from->entrypoint->follows_aliases ? FILTER_MADE : FILTER_ABSENT;
}

static void poke(void *owner)
{
    exchange_poke(owner);
}

static enum filter_verdict request(struct exchange *x, const void *config)
{
    struct alias *alias = x->filter_state;

    (void)config;
    if (!alias) {
        if (!x->env->aliases || (x->entrypoint->has_local && exchange_is_internal(x)))
            return FILTER_PASS;
        alias = ARENA_NEW(&x->arena, struct alias);
        if (!alias) {
            exchange_answer(x, REASON_INTERNAL);
            return FILTER_ANSWERED;
        }
        x->filter_state = alias;
        alias_find(x->env->aliases, alias, x->request.host, poke, x);
    }
    if (alias->waiting)
        return FILTER_WAIT;
    x->alias = slice_of(alias->name);
    return FILTER_PASS;
}

static void cancel(struct exchange *x)
{
    alias_cancel(x->filter_state);
}

const struct filter_ops filter_host_alias = {
    .name = "hostResolver", .compile = compile, .request = request, .cancel = cancel, .owns = filter_owns_nothing};
