/* SPDX-License-Identifier: MIT */
#include "address.h"
#include "waybill/base/suggest.h"

enum {
    CONTAINER_HOPS_MAX = 8, /* `container:` of `container:` ..., ended also when it goes in a circle */
    NETWORKS_SHOWN = 8,
};

static struct slice network_host(const struct docker_network *network)
{
    return network->address.len ? network->address : network->address6;
}

/* The network a name means: its own name, or the one the compose file has for it. */
static const struct docker_network *find_network(const struct neighbourhood *around, const struct container *container,
                                                 struct slice wanted)
{
    struct slice project = container_label(container, SLICE("com.docker.compose.project"));
    const struct docker_network *found = container_network(container, wanted);

    for (size_t i = 0; !found && project.len && i < container->network_count; i++) {
        struct slice name = container->networks[i].name;
        if (name.len == project.len + 1 + wanted.len && slice_starts(name, project) && name.ptr[project.len] == '_' &&
            slice_ends(name, wanted))
            found = &container->networks[i];
    }
    for (size_t i = 0; !found && around->networks && i < around->networks->count; i++) {
        const struct named_network *named = &around->networks->items[i];
        for (size_t k = 0; !found && slice_eq(named->key, wanted) && k < container->network_count; k++) {
            if (slice_eq(container->networks[k].id, named->id))
                found = &container->networks[k];
        }
    }
    return found;
}

static bool is_shared(const struct docker_network *network, const struct container *router)
{
    for (size_t i = 0; router && i < router->network_count; i++) {
        if (network->id.len ? slice_eq(router->networks[i].id, network->id)
                            : slice_eq(router->networks[i].name, network->name))
            return true;
    }
    return false;
}

/* The container whose network this one uses; by id or name. */
static const struct container *find_container(const struct neighbourhood *around, struct slice reference)
{
    struct map_entry *entry;
    const struct container *found = map_get(around->containers, reference);

    for (size_t i = 0; !found && (entry = map_next(around->containers, &i));) {
        const struct container *other = entry->value;
        if (slice_eq(container_short_name(other), reference) || slice_eq(other->name, reference))
            found = other;
    }
    return found;
}

const struct container *address_router(const struct neighbourhood *around)
{
    const struct container *router = around->own;

    for (unsigned hops = 0; router && slice_starts(router->network_mode, SLICE("container:")); hops++)
        router = hops < CONTAINER_HOPS_MAX ? find_container(around, slice_from(router->network_mode, 10)) : NULL;
    return router && !slice_eq(router->network_mode, SLICE("host")) ? router : NULL;
}

/* Nothing is named: one we are in ourselves, else the first by name; one that has an address in both cases. The Swarm's
 * `ingress` is only for its own balancing: the last choice, though the router may be in it, too. */
static const struct docker_network *any_network(const struct neighbourhood *around, const struct container *container)
{
    const struct container *router = address_router(around);
    const struct docker_network *best = NULL;
    int best_score = -1;

    for (size_t i = 0; i < container->network_count; i++) {
        const struct docker_network *network = &container->networks[i];
        int score = (network_host(network).len ? 4 : 0) + (network->is_ingress ? 0 : 1) +
                    (!network->is_ingress && is_shared(network, router) ? 2 : 0);
        if (score > best_score) {
            best = network;
            best_score = score;
        }
    }
    return best;
}

const char *address_networks(struct arena *arena, const struct container *container)
{
    const char *names = container->network_count ? "" : "none";

    for (size_t i = 0; i < container->network_count && i < NETWORKS_SHOWN; i++)
        names = arena_format(arena, "%s%s" SLICE_FMT, names, i ? ", " : "", SLICE_ARG(container->networks[i].name));
    return container->network_count > NETWORKS_SHOWN ? arena_format(arena, "%s...", names) : names;
}

static void add_identity(struct arena *arena, const struct container *container, struct server_address *address)
{
    address->identity = ARENA_JOIN(arena, address->identity, address->identity.len ? SLICE(" ") : SLICE(""), container->id,
                                   SLICE("@"), container->started_at);
}

/* ", did you mean front?" or nothing */
static const char *suggest_network(struct arena *arena, const struct container *container, struct slice wanted)
{
    const char *names[NETWORKS_SHOWN];
    size_t count = 0;

    for (size_t i = 0; i < container->network_count && count < WB_COUNT(names); i++)
        names[count++] = arena_strndup(arena, container->networks[i].name.ptr, container->networks[i].name.len);
    const char *meant = suggest_name(wanted, names, count);
    return meant ? arena_format(arena, ", did you mean %s?", meant) : "";
}

/* "it is in back, the router in front" */
static const char *both_sides(struct arena *arena, const struct neighbourhood *around, const struct container *container)
{
    const struct container *router = address_router(around);

    return arena_format(arena, "it is in %s%s%s", address_networks(arena, container), router ? ", the router in " : "",
                        router ? address_networks(arena, router) : "");
}

/* A network of the container that the router is in, too, and where it has an address. */
static const struct docker_network *shared_network(const struct neighbourhood *around, const struct container *container)
{
    const struct docker_network *best = any_network(around, container);

    return best && network_host(best).len && !best->is_ingress && is_shared(best, address_router(around)) ? best : NULL;
}

/* What brings the router into the container's network, for who has a shell. */
static const char *connecting(struct arena *arena, const struct container *container, const struct docker_network *network,
                              const struct container *router)
{
    struct slice service = router->service.len ? router->service : container_short_name(router);

    if (container->service.len)
        return arena_format(arena, "put both into one, as by: docker service update --network-add " SLICE_FMT " " SLICE_FMT,
                            SLICE_ARG(network->name), SLICE_ARG(service));
    return arena_format(arena, "put both into one, as by: docker network connect " SLICE_FMT " " SLICE_FMT,
                        SLICE_ARG(network->name), SLICE_ARG(container_short_name(router)));
}

/* Whether the router can get to the address in this network, as far as can be seen from here. */
static void check_reach(struct arena *arena, const struct neighbourhood *around, const struct container *container,
                        const struct docker_network *network, struct server_address *address)
{
    const struct container *router = address_router(around);
    const struct docker_network *better;

    if (!network) {
        address->why = WHY_NO_NETWORK;
        address->because = router ? arena_format(arena, "it is in no network: connect it to one of the router's (%s)",
                                                 address_networks(arena, router))
                                  : "it is in no network";
    } else if (network_host(network).len == 0) {
        address->why = WHY_NO_ADDRESS;
        address->because = arena_format(arena, "it has no address in the network `" SLICE_FMT "`: %s",
                                        SLICE_ARG(network->name), both_sides(arena, around, container));
    } else if (router && container != router && !is_shared(network, router)) {
        better = shared_network(around, container);
        address->why = WHY_NO_SHARED_NETWORK;
        address->because = arena_format(
            arena, "its address is in the network `" SLICE_FMT "`, where the router is not: %s; %s",
            SLICE_ARG(network->name), both_sides(arena, around, container),
            better ? arena_format(arena, "both are in the one that this names: traefik.docker.network=" SLICE_FMT,
                                  SLICE_ARG(better->name))
                   : connecting(arena, container, network, router));
    }
}

static struct slice find_host_address(struct arena *arena, const struct neighbourhood *around,
                                      const struct container *container, struct server_address *address)
{
    const struct container *router = address_router(around);

    if (container->node_address.len)
        return container->node_address;
    if (router && router != container) {
        address->why = WHY_NO_SHARED_NETWORK;
        address->because = arena_format(arena,
                                        "it is in the host's network and the router in %s, where 127.0.0.1 is the router "
                                        "itself: put both into one network, or the router into the host's",
                                        address_networks(arena, router));
    }
    return SLICE("127.0.0.1");
}

/* The address, or empty with the reason. */
static struct slice find_host(struct arena *arena, const struct neighbourhood *around, const struct container *container,
                              unsigned hops, struct server_address *address)
{
    struct slice label = container_label(container, SLICE("traefik.docker.network"));
    struct slice wanted = label.len ? label : around->network;
    const struct docker_network *network = wanted.len ? find_network(around, container, wanted) : NULL;

    add_identity(arena, container, address);
    if (!network && slice_eq(container->network_mode, SLICE("host")))
        return find_host_address(arena, around, container, address);
    if (!network && slice_starts(container->network_mode, SLICE("container:"))) {
        const struct container *other = find_container(around, slice_from(container->network_mode, 10));
        if (other && other->is_running && hops < CONTAINER_HOPS_MAX)
            return find_host(arena, around, other, hops + 1, address);
        address->why = WHY_NETWORK_OWNER_DOWN;
        address->because = arena_format(arena, "its network mode is " SLICE_FMT ", and that container is not running",
                                        SLICE_ARG(container->network_mode));
        return SLICE("");
    }
    if (!network)
        network = any_network(around, container);
    if (wanted.len && network && !find_network(around, container, wanted))
        address->warning = arena_format(
            arena, "there is no network `" SLICE_FMT "` in its networks (%s)%s: `" SLICE_FMT "` is used", SLICE_ARG(wanted),
            address_networks(arena, container), suggest_network(arena, container, wanted), SLICE_ARG(network->name));
    check_reach(arena, around, container, network, address);
    return network ? network_host(network) : SLICE("");
}

/* A published port on one address of the host; "any address" says nothing about where to go (B43). */
static const struct docker_port *find_binding(const struct container *container, struct slice port)
{
    uint64_t number;

    if (!slice_to_u64(port, 65535, &number))
        return NULL;
    for (size_t i = 0; i < container->port_count; i++) {
        const struct docker_port *candidate = &container->ports[i];
        if (candidate->number != number || !candidate->is_bound || slice_eq(candidate->protocol, SLICE("sctp")))
            continue;
        if (candidate->host_ip.len && !slice_eq(candidate->host_ip, SLICE("0.0.0.0")) &&
            !slice_eq(candidate->host_ip, SLICE("::")))
            return candidate;
    }
    return NULL;
}

void address_choose(struct arena *arena, const struct neighbourhood *around, const struct container *container,
                    struct slice protocol, struct slice port, struct server_address *out_address)
{
    struct slice host;
    const struct docker_port *binding = around->use_bind_port_ip ? find_binding(container, port) : NULL;

    *out_address = (struct server_address){0};
    if (binding) {
        host = binding->host_ip;
        port = binding->host_port;
        add_identity(arena, container, out_address);
    } else {
        host = find_host(arena, around, container, 0, out_address);
    }
    if (host.len == 0)
        return;
    bool bracket = slice_find(host, ':') < host.len;
    out_address->url = ARENA_JOIN(arena, protocol, bracket ? SLICE("://[") : SLICE("://"), host,
                                  bracket ? SLICE("]:") : SLICE(":"), port);
}
