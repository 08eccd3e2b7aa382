/* SPDX-License-Identifier: MIT */
#include "waybill/provider/docker_lint.h"
#include "census.h"
#include <stdlib.h>

/* -- of described containers -- */

static int compare_labels(const void *a, const void *b)
{
    return slice_compare(((const struct docker_label *)a)->name, ((const struct docker_label *)b)->name);
}

static int compare_networks(const void *a, const void *b)
{
    return slice_compare(((const struct docker_network *)a)->name, ((const struct docker_network *)b)->name);
}

/* By number; of equal ones what is published comes first, as the engine shows a port once, with its bindings. */
static int compare_ports(const void *a, const void *b)
{
    const struct docker_port *one = a, *other = b;

    if (one->number != other->number)
        return one->number < other->number ? -1 : 1;
    return (int)other->is_bound - (int)one->is_bound;
}

static void sort(void *items, size_t count, size_t size, int (*compare)(const void *a, const void *b))
{
    if (count > 1)
        qsort(items, count, size, compare);
}

static void take_ports(struct container *container, const struct described_container *from)
{
    container->ports = ARENA_ARRAY(&container->arena, struct docker_port, from->port_count + 1);
    for (size_t i = 0; i < from->port_count; i++) {
        const struct described_port *port = &from->ports[i];
        container->ports[i] = (struct docker_port){port->number, port->protocol, port->is_bound, port->host_ip,
                                                   port->host_port};
    }
    container->port_count = from->service.len ? 0 : from->port_count;
    if (from->port_count == 0 && from->service.len == 0)
        container->ports[container->port_count++] = (struct docker_port){DOCKER_LINT_UNKNOWN_PORT, SLICE("tcp"), false,
                                                                         SLICE(""), SLICE("")};
    sort(container->ports, container->port_count, sizeof *container->ports, compare_ports);
}

static void take_labels(struct container *container, const struct described_container *from)
{
    container->labels = ARENA_ARRAY(&container->arena, struct docker_label, from->label_count + 1);
    container->label_count = from->label_count;
    for (size_t i = 0; i < from->label_count; i++)
        container->labels[i] = (struct docker_label){arena_copy(&container->arena, from->labels[i].name),
                                                     arena_copy(&container->arena, from->labels[i].value), i};
    sort(container->labels, container->label_count, sizeof *container->labels, compare_labels);
}

static void take_networks(struct container *container, const struct described_container *from)
{
    container->networks = ARENA_ARRAY(&container->arena, struct docker_network, from->network_count + 1);
    container->network_count = from->network_count;
    for (size_t i = 0; i < from->network_count; i++) {
        struct slice name = from->networks[i].name;
        container->networks[i] = (struct docker_network){
            .name = name, .id = name, .address = from->host, .address6 = SLICE("")};
    }
    sort(container->networks, container->network_count, sizeof *container->networks, compare_networks);
}

/* Its labels are its own, as the fragment points to them; the other texts stay those of the description. */
static struct container *make_container(const struct described_container *from, size_t position)
{
    struct container *container = container_create();
    struct arena *arena = &container->arena;

    container->id = slice_of(arena_format(arena, "%064zx", position + 1));
    container->name = slice_of(arena_format(arena, "/" SLICE_FMT, SLICE_ARG(from->name)));
    container->started_at = container->health = container->node_address = SLICE("");
    container->network_mode = from->network_mode;
    container->service = from->service;
    container->is_running = true;
    take_labels(container, from);
    take_networks(container, from);
    take_ports(container, from);
    return container;
}

/* Each once: all services of a file share a few. */
static void name_networks(struct network_list *list, const struct described_container *containers, size_t count)
{
    size_t capacity = 1;
    struct map named;

    for (size_t i = 0; i < count; i++)
        capacity += containers[i].network_count;
    arena_init(&list->arena, 0);
    list->items = ARENA_ARRAY(&list->arena, struct named_network, capacity);
    list->count = 0;
    map_init(&named);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < containers[i].network_count; k++) {
            const struct described_network *network = &containers[i].networks[k];
            if (network->key.len && !map_put(&named, network->name, list))
                list->items[list->count++] = (struct named_network){
                    .id = network->name, .name = network->name, .key = network->key};
        }
    }
    map_fini(&named);
}

static void build(const struct docker_lint_input *input, const struct docker_options *options,
                  struct container *const *containers, size_t count, const struct network_list *networks,
                  struct docker_lint_output *out_output)
{
    struct provider_sink sink = {.default_entrypoints = input->default_entrypoints,
                                 .known_entrypoints = input->known_entrypoints};
    struct map by_id;
    struct build_output built;

    map_init(&by_id);
    for (size_t i = 0; i < count; i++)
        map_put(&by_id, containers[i]->id, containers[i]);
    build_fragment(&(struct build_input){.options = options,
                                         .sink = &sink,
                                         .containers = containers,
                                         .count = count,
                                         .by_id = &by_id,
                                         .networks = networks},
                   &built);
    map_fini(&by_id);
    *out_output = (struct docker_lint_output){built.fragment, built.inventory, built.diagnostics};
}

void docker_lint_described(const struct docker_lint_input *input, const struct described_container *containers, size_t count,
                           struct docker_lint_output *out_output)
{
    struct container **made = wb_alloc((count + 1) * sizeof *made);
    struct docker_options options = *input->options;
    struct network_list networks;

    options.own_id = SLICE("");
    for (size_t i = 0; i < count; i++) {
        made[i] = make_container(&containers[i], i);
        if (containers[i].is_router && options.own_id.len == 0)
            options.own_id = made[i]->id;
    }
    name_networks(&networks, containers, count);
    build(input, &options, made, count, &networks, out_output);
    network_list_fini(&networks);
    for (size_t i = 0; i < count; i++)
        container_unref(&made[i]);
    free(made);
}

/* -- of an engine -- */

static enum engine_outcome read_all(struct census *census, const struct docker_options *options, struct engine *engine)
{
    bool changed;

    return options->swarm_mode ? census_read_swarm(census, options, engine, &changed) : census_resync(census, engine, true);
}

char *docker_lint_engine(const struct docker_lint_input *input, struct docker_lint_output *out_output)
{
    struct provider_sink sink = {.default_entrypoints = input->default_entrypoints,
                                 .known_entrypoints = input->known_entrypoints};
    char *error = NULL;
    struct engine *engine = engine_create(input->options, &error);
    struct census census;
    struct build_output built;

    if (!engine)
        return error;
    census_init(&census, 0);
    if (engine_connect(engine) == ENGINE_OK && read_all(&census, input->options, engine) == ENGINE_OK) {
        census_build(&census, input->options, &sink, &built);
        *out_output = (struct docker_lint_output){built.fragment, built.inventory, built.diagnostics};
    } else {
        error = wb_strdup(engine_error(engine));
    }
    census_fini(&census);
    engine_destroy(&engine);
    return error;
}

void docker_lint_fini(struct docker_lint_output *output)
{
    fragment_unref(&output->fragment);
    inventory_unref(&output->inventory);
    diagnostics_fini(output->diagnostics);
    free(output->diagnostics);
    *output = (struct docker_lint_output){0};
}
