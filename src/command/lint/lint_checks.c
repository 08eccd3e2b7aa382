/* SPDX-License-Identifier: MIT */
/* What provider and compiler cannot know, or what is not wrong to them: containers that wait, equal rules, ports. */
#include "lint.h"
#include "waybill/base/suggest.h"

static bool has_our_labels(const struct compose_labels *labels)
{
    for (size_t i = 0; i < labels->count; i++) {
        if (slice_starts(labels->items[i].name, SLICE("traefik.")) &&
            !slice_eq(labels->items[i].name, SLICE("traefik.enable")))
            return true;
    }
    return false;
}

/* -- states -- */

/* Nothing will change by waiting here: what a running router would wait for is to be mended. What is rejected has its
 * problem with a label. */
static void check_state(struct lint *lint, const struct inventory_item *item)
{
    enum container_state state = container_why_state(item->why);
    const struct compose_service *service = lint_service(lint, item->name);
    struct source at = lint_container_source(lint, item->name);

    if (state == CONTAINER_WAITING)
        problems_add(&lint->problems, PROBLEM_ERROR, at, SLICE_FMT, SLICE_ARG(item->sentence));
    else if (state == CONTAINER_IGNORED && item->why != WHY_DISABLED && item->why != WHY_IS_ROUTER && service &&
             has_our_labels(lint_labels(lint, service)))
        problems_add(&lint->problems, PROBLEM_WARNING, at, "it has labels for the router but is ignored: " SLICE_FMT,
                     SLICE_ARG(item->sentence));
}

/* -- equal rules -- */

static bool runs_always(const struct lint *lint, const struct model_frontend *frontend)
{
    struct slice name, label;
    const struct compose_service *service = lint_split_place(frontend->origin, &name, &label) ? lint_service(lint, name)
                                                                                              : NULL;

    return !service || !service->has_profiles;
}

static const char *place_text(struct arena *arena, struct source at)
{
    return at.line ? arena_format(arena, SLICE_FMT ":%u", SLICE_ARG(at.file), at.line)
                   : arena_format(arena, SLICE_FMT, SLICE_ARG(at.file));
}

static void check_claim(struct lint *lint, const struct model_frontend *first, const struct model_frontend *second)
{
    struct source one = lint_rule_source(lint, first), other = lint_rule_source(lint, second);

    if (slice_eq(first->backend, second->backend) || !runs_always(lint, first) || !runs_always(lint, second))
        return;
    if (lint->options->container && !lint_frontend_is_shown(lint, first->name) &&
        !lint_frontend_is_shown(lint, second->name))
        return;
    if (slice_eq(one.file, other.file) && one.line > other.line) {
        struct source swapped = one;
        one = other;
        other = swapped;
    }
    problems_add(&lint->problems, PROBLEM_ERROR, other,
                 "the rule `" SLICE_FMT
                 "` is also that of %s, with another backend: only one of them gets the requests, the "
                 "older container's; give them different rules or the same traefik.backend",
                 SLICE_ARG(second->routes[0].rule), place_text(&lint->arena, one));
}

/* Each with the first of its rule on each entrypoint. */
static void check_claims(struct lint *lint)
{
    const struct fragment *fragment = lint->output.fragment;
    struct map rules;

    map_init(&rules);
    for (size_t i = 0; i < fragment->frontend_count; i++) {
        struct model_frontend *frontend = &fragment->frontends[i], *first;
        for (size_t k = 0; k < frontend->entrypoints.count && frontend->route_count; k++) {
            struct slice key = slice_of(arena_format(&lint->arena, SLICE_FMT "\n" SLICE_FMT,
                                                     SLICE_ARG(frontend->entrypoints.items[k]),
                                                     SLICE_ARG(frontend->routes[0].rule)));
            if ((first = map_get(&rules, key)))
                check_claim(lint, first, frontend);
            else
                map_put(&rules, key, frontend);
        }
    }
    map_fini(&rules);
}

/* -- ports -- */

static const struct compose_port *find_port(const struct compose_service *service, unsigned number, bool bound)
{
    for (size_t i = 0; i < service->ports.count; i++) {
        if (service->ports.items[i].number == number && (!bound || service->ports.items[i].is_bound))
            return &service->ports.items[i];
    }
    return NULL;
}

/* `traefik.port`, `traefik.SEGMENT.port`. */
static bool is_port_label(struct slice name)
{
    return slice_starts(name, SLICE("traefik.")) && slice_ends(name, SLICE(".port")) &&
           !slice_starts(name, SLICE("traefik.frontend.")) && !slice_starts(name, SLICE("traefik.backend."));
}

static void check_port_labels(struct lint *lint, const struct compose_service *service)
{
    const struct compose_labels *labels = lint_labels(lint, service);
    uint64_t number;

    for (size_t i = 0; i < labels->count && service->ports.count; i++) {
        const struct compose_label *label = &labels->items[i];
        if (is_port_label(label->name) && slice_to_u64(label->value, 65535, &number) &&
            !find_port(service, (unsigned)number, false))
            problems_add(&lint->problems, PROBLEM_NOTICE, label->at,
                         "port %u is not among the service's `ports` and `expose`: right if the program listens on it",
                         (unsigned)number);
    }
}

static bool is_open_to_others(const struct compose_port *port)
{
    return !slice_starts(port->host_ip, SLICE("127.")) && !slice_eq(port->host_ip, SLICE("::1")) &&
           !slice_eq(port->host_ip, SLICE("[::1]"));
}

static bool is_protected(const struct lint *lint, const struct inventory_item *item)
{
    for (size_t i = 0; i < item->frontend_count; i++) {
        const struct model_frontend *frontend = fragment_frontend(lint->output.fragment, item->frontends[i].name);
        if (frontend && (frontend->auth || frontend->white_list || frontend->closed_because.len))
            return true;
    }
    return false;
}

static unsigned port_in(struct slice url)
{
    uint64_t number;

    return slice_to_u64(slice_from(url, slice_find_last(url, ':') + 1), 65535, &number) ? (unsigned)number : 0;
}

/* Who goes to the host's port does not pass the router. */
static void check_bypass(struct lint *lint, const struct compose_service *service, const struct inventory_item *item)
{
    for (size_t i = 0; i < item->server_count; i++) {
        const struct compose_port *port = find_port(service, port_in(item->servers[i].url), true);
        if (port && is_open_to_others(port) && is_protected(lint, item))
            problems_add(&lint->problems, PROBLEM_NOTICE, port->at,
                         "port %u is published on the host, too: requests there do not pass the protection of its "
                         "frontend; take it away, or publish it on 127.0.0.1",
                         port->number);
    }
}

static void check_unknown_port(struct lint *lint, const struct compose_service *service, const struct inventory_item *item)
{
    for (size_t i = 0; i < item->server_count && service->ports.count == 0; i++) {
        if (port_in(item->servers[i].url) == DOCKER_LINT_UNKNOWN_PORT)
            problems_add(&lint->problems, PROBLEM_NOTICE, service->at,
                         "no label traefik.port and no `ports` or `expose`: the lowest EXPOSE of the image decides, and "
                         "without any the container is ignored");
    }
}

/* -- labels in the wrong place -- */

/* Those of `deploy` are the Swarm service's, the others its containers'. */
static void check_other_labels(struct lint *lint, const struct compose_service *service)
{
    bool swarm = lint->settings.docker.swarm_mode;
    const struct compose_labels *others = swarm ? &service->labels : &service->deploy_labels;

    for (size_t i = 0; i < others->count; i++) {
        if (slice_starts(others->items[i].name, SLICE("traefik."))) {
            problems_add(&lint->problems, PROBLEM_WARNING, others->items[i].at, "%s",
                         swarm ? "in Swarm mode the labels below `deploy` count and not these: write them there"
                               : "labels below `deploy` count on a swarm only (--docker.swarmMode): write them below the "
                                 "service's own `labels`");
            return;
        }
    }
}

/* -- networks -- */

static bool is_network(const struct compose_networks *networks, struct slice name)
{
    for (size_t i = 0; i < networks->count; i++) {
        if (slice_eq(networks->items[i].key, name) || slice_eq(networks->items[i].name, name))
            return true;
    }
    return false;
}

/* The file's own networks are few; what is external has its name in the file, too. */
static void check_network_name(struct lint *lint, struct slice name, struct source at)
{
    enum { NAMES_MAX = 64 };
    const struct compose_networks *networks = &lint->project.networks;
    struct slice own = slice_of(arena_format(&lint->arena, SLICE_FMT "_default", SLICE_ARG(lint->project.name)));
    const char *names[NAMES_MAX];
    size_t count = 0;

    if (name.len == 0 || is_network(networks, name) || slice_eq(name, SLICE("default")) || slice_eq(name, own))
        return;
    for (size_t i = 0; i < networks->count && count + 1 < NAMES_MAX; i++) {
        const struct compose_network *network = &networks->items[i];
        names[count++] = arena_strndup(&lint->arena, network->key.ptr, network->key.len);
        names[count++] = arena_strndup(&lint->arena, network->name.ptr, network->name.len);
    }
    const char *meant = suggest_name(name, names, count);
    problems_add(&lint->problems, PROBLEM_WARNING, at, "the files have no network `" SLICE_FMT "`: %s%s%s", SLICE_ARG(name),
                 meant ? "did you mean `" : "add it below `networks:`, or name one that is there", meant ? meant : "",
                 meant ? "`?" : "");
}

static void check_network_label(struct lint *lint, const struct compose_service *service)
{
    const struct compose_label *label = lint_label(lint, service, SLICE("traefik.docker.network"));

    if (label)
        check_network_name(lint, label->value, label->at);
}

static void check_service(struct lint *lint, const struct inventory_item *item)
{
    const struct compose_service *service = lint_service(lint, item->name);

    if (!service)
        return;
    check_other_labels(lint, service);
    if (item->frontend_count == 0)
        return;
    check_network_label(lint, service);
    check_port_labels(lint, service);
    check_bypass(lint, service, item);
    check_unknown_port(lint, service, item);
}

void lint_check(struct lint *lint)
{
    const struct inventory *inventory = lint->output.inventory;

    for (size_t i = 0; i < inventory->count; i++) {
        if (!lint_is_shown(lint, &inventory->items[i]))
            continue;
        check_state(lint, &inventory->items[i]);
        check_service(lint, &inventory->items[i]);
    }
    check_claims(lint);
    if (lint->router)
        check_network_name(lint, lint->settings.docker.network, lint->router->command_at);
}
