/* SPDX-License-Identifier: MIT */
#include "waybill/base/suggest.h"
#include "waybill/base/text.h"
#include "waybill/model/diagnostic.h"
#include "waybill/model/model.h"

enum { SUGGESTED_MAX = 16 };

static bool slices_have(const struct slices *list, struct slice item)
{
    for (size_t i = 0; i < list->count; i++) {
        if (slice_eq(list->items[i], item))
            return true;
    }
    return false;
}

static struct slices copy_slices(struct arena *arena, const struct slices *list)
{
    struct slices copy = {NULL, 0};

    for (size_t i = 0; i < list->count; i++)
        slices_add(arena, &copy, list->items[i]);
    return copy;
}

/* ", did you mean http? There are http, https"; nothing when there are none. */
static void describe_known(struct text *out, struct slice wrong, const struct slices *known)
{
    const char *names[SUGGESTED_MAX], *meant;
    size_t count = known->count < SUGGESTED_MAX ? known->count : SUGGESTED_MAX;
    struct arena scratch;

    arena_init(&scratch, 0);
    for (size_t i = 0; i < count; i++)
        names[i] = arena_strndup(&scratch, known->items[i].ptr, known->items[i].len);
    meant = suggest_name(wrong, names, count);
    if (meant)
        text_addf(out, ", did you mean %s?", meant);
    for (size_t i = 0; i < count; i++)
        text_addf(out, "%s%s", i ? ", " : meant ? " There are " : ", there are ", names[i]);
    arena_fini(&scratch);
}

static void report_unknown(const struct model_frontend *frontend, struct slice entrypoint, const struct slices *known,
                           bool others_left, struct diagnostics *diagnostics)
{
    struct slice place = frontend->origin.len ? frontend->origin : frontend->name;
    struct text there = TEXT_EMPTY;

    if (!diagnostics)
        return;
    describe_known(&there, entrypoint, known);
    diagnostics_add(diagnostics, others_left ? DIAGNOSTIC_WARNING : DIAGNOSTIC_ERROR, place,
                    "frontend `" SLICE_FMT "`: there is no entrypoint `" SLICE_FMT "`" SLICE_FMT ": %s",
                    SLICE_SHOWN(frontend->name), SLICE_SHOWN(entrypoint), SLICE_ARG(text_slice(&there)),
                    others_left ? "it is served on its other ones only"
                                : "define it, or name one that exists; until then the frontend is left out");
    text_fini(&there);
}

static bool all_known(const struct slices *list, const struct slices *known)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!slices_have(known, list->items[i]))
            return false;
    }
    return true;
}

/* `defaults` are in the arena: frontends that say nothing share them. */
static void set_entrypoints(struct arena *arena, struct model_frontend *frontend, const struct slices *defaults,
                            const struct slices *known, struct diagnostics *diagnostics)
{
    struct slices wanted = frontend->entrypoints.count ? frontend->entrypoints : *defaults, kept = {NULL, 0};

    if (all_known(&wanted, known)) {
        frontend->entrypoints = wanted;
        return;
    }
    for (size_t i = 0; i < wanted.count; i++) {
        if (slices_have(known, wanted.items[i]))
            slices_add(arena, &kept, wanted.items[i]);
    }
    for (size_t i = 0; i < wanted.count; i++) {
        if (!slices_have(known, wanted.items[i]))
            report_unknown(frontend, wanted.items[i], known, kept.count > 0, diagnostics);
    }
    frontend->entrypoints = kept;
}

static bool method_is_known(struct slice method)
{
    return slice_eq_nocase(method, SLICE("wrr")) || slice_eq_nocase(method, SLICE("drr"));
}

/* docker-provider.md 7.4, file-provider.md 4.1: the deprecated flag gives a cookie of a fixed name; then, without a
 * known method, all but the stickiness is replaced, that flag included. */
void backend_set_defaults(struct arena *arena, struct model_backend *backend, struct diagnostics *diagnostics)
{
    struct model_load_balancer *balancer = backend->load_balancer;

    if (!balancer)
        balancer = backend->load_balancer = ARENA_NEW(arena, struct model_load_balancer);
    if (balancer->sticky && !balancer->stickiness) {
        balancer->stickiness = ARENA_NEW(arena, struct model_stickiness);
        balancer->stickiness->cookie_name = SLICE("_TRAEFIK_BACKEND");
    }
    if (method_is_known(balancer->method))
        return;
    if (balancer->method.len && diagnostics)
        diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, backend->name,
                        "load balancer method `" SLICE_FMT "` is not known: write wrr or drr; wrr is used",
                        SLICE_ARG(balancer->method));
    balancer->method = SLICE("wrr");
    balancer->sticky = false;
}

void fragment_set_defaults(struct fragment *fragment, const struct slices *default_entrypoints,
                           const struct slices *known_entrypoints, struct diagnostics *diagnostics)
{
    const struct slices defaults = copy_slices(&fragment->arena, default_entrypoints);

    for (size_t i = 0; i < fragment->frontend_count; i++)
        set_entrypoints(&fragment->arena, &fragment->frontends[i], &defaults, known_entrypoints, diagnostics);
    for (size_t i = 0; i < fragment->remembered_count; i++) /* what is wrong was said while it was live */
        set_entrypoints(&fragment->arena, &fragment->remembered[i], &defaults, known_entrypoints, NULL);
    for (size_t i = 0; i < fragment->backend_count; i++)
        backend_set_defaults(&fragment->arena, &fragment->backends[i], diagnostics);
}
