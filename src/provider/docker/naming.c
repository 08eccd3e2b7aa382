/* SPDX-License-Identifier: MIT */
#include "naming.h"
#include "waybill/base/digest.h"
#include "waybill/base/text.h"
#include "waybill/base/unicode.h"

static const struct slice compose_project = {"com.docker.compose.project", 26};
static const struct slice compose_service = {"com.docker.compose.service", 26};

static bool is_composed(const struct container *container, struct slice *out_project, struct slice *out_service)
{
    *out_project = container_label(container, compose_project);
    *out_service = container_label(container, compose_service);
    return out_project->len && out_service->len;
}

/* The container's own name, or that of the Swarm service it is of. */
static struct slice plain_name(const struct container *container)
{
    return container->service.len ? container->service : container->name;
}

struct slice naming_service(struct arena *arena, const struct container *container)
{
    struct slice project, service;

    if (!is_composed(container, &project, &service))
        return plain_name(container);
    return slice_of(arena_format(arena, SLICE_FMT "_" SLICE_FMT, SLICE_ARG(service), SLICE_ARG(project)));
}

/* As a part of a host: one slash in front goes, other slashes and underscores become dashes. */
static struct slice host_part(struct arena *arena, struct slice name)
{
    if (slice_starts(name, SLICE("/")))
        name = slice_from(name, 1);
    char *out = arena_bytes(arena, name.len + 1);
    for (size_t i = 0; i < name.len; i++)
        out[i] = name.ptr[i] == '/' || name.ptr[i] == '_' ? '-' : name.ptr[i];
    return slice_make(out, name.len);
}

struct slice naming_rule(struct arena *arena, const struct container *container, const struct segment *segment,
                         struct slice domain, bool *out_explicit)
{
    struct slice rule = segment_value(segment, SLICE("frontend.rule")), project, service, name;
    struct slice own_domain = segment_value(segment, SLICE("domain"));

    *out_explicit = rule.len > 0;
    if (rule.len)
        return rule;
    if (own_domain.len)
        domain = own_domain;
    if (is_composed(container, &project, &service))
        name = slice_of(arena_format(arena, SLICE_FMT "." SLICE_FMT, SLICE_ARG(service), SLICE_ARG(project)));
    else if (domain.len)
        name = plain_name(container);
    else
        return SLICE("");
    name = host_part(arena, name);
    return slice_of(
        arena_format(arena, "Host:" SLICE_FMT "%s" SLICE_FMT, SLICE_ARG(name), domain.len ? "." : "", SLICE_ARG(domain)));
}

struct slice naming_backend(struct arena *arena, const struct container *container, const struct segment *segment)
{
    struct slice label = segment_value(segment, SLICE("backend")), service = naming_service(arena, container), name;

    if (segment->name.len == 0)
        name = label.len ? label : service;
    else
        name = slice_of(
            arena_format(arena, SLICE_FMT "-" SLICE_FMT, SLICE_ARG(service), SLICE_ARG(label.len ? label : segment->name)));
    name = unicode_normalise(arena, name);
    return slice_of(arena_format(arena, "backend-" SLICE_FMT, SLICE_ARG(name)));
}

struct slice naming_frontend_stem(struct arena *arena, const struct segment *segment, struct slice backend_name,
                                  struct slice rule, bool *out_is_numbered)
{
    struct slice backend = slice_from(backend_name, sizeof "backend-" - 1), name;

    *out_is_numbered = segment->name.len == 0;
    if (*out_is_numbered) {
        name = unicode_normalise(arena, rule);
        return slice_of(arena_format(arena, "frontend-" SLICE_FMT "%s", SLICE_ARG(name), name.len ? "-" : ""));
    }
    name = slice_of(arena_format(arena, SLICE_FMT "-" SLICE_FMT, SLICE_ARG(segment->name), SLICE_ARG(backend)));
    name = unicode_normalise(arena, name);
    return slice_of(arena_format(arena, "frontend-" SLICE_FMT, SLICE_ARG(name)));
}

struct slice naming_server(struct arena *arena, const struct container *container, struct slice url)
{
    char hash[DIGEST_MD5_HEX];

    digest_md5_hex(url, hash);
    return unicode_normalise(arena,
                             slice_of(arena_format(arena, "server-" SLICE_FMT "-%s", SLICE_ARG(container->name), hash)));
}
