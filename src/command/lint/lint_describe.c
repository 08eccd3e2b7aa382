/* SPDX-License-Identifier: MIT */
/* Services to described containers, through provider and compiler. */
#include "lint.h"
#include "waybill/exchange/filters.h"
#include <stdlib.h>

static void describe_labels(struct lint *lint, const struct compose_service *service, struct described_container *out)
{
    const struct compose_labels *labels = lint_labels(lint, service);
    struct described_label *made = ARENA_ARRAY(&lint->arena, struct described_label, labels->count + 2);
    size_t count = 0;

    for (size_t i = 0; i < labels->count; i++) {
        if (!slice_starts(labels->items[i].name, SLICE("com.docker.compose.")))
            made[count++] = (struct described_label){labels->items[i].name, labels->items[i].value};
    }
    if (!lint->settings.docker.swarm_mode) { /* what compose adds; a stack has nothing that counts */
        made[count++] = (struct described_label){SLICE("com.docker.compose.project"), lint->project.name};
        made[count++] = (struct described_label){SLICE("com.docker.compose.service"), service->name};
    }
    out->labels = made;
    out->label_count = count;
}

static void describe_ports(struct lint *lint, const struct compose_service *service, struct described_container *out)
{
    struct described_port *made = ARENA_ARRAY(&lint->arena, struct described_port, service->ports.count + 1);

    for (size_t i = 0; i < service->ports.count; i++) {
        const struct compose_port *port = &service->ports.items[i];
        made[i] = (struct described_port){port->number, port->protocol, port->is_bound, port->host_ip, port->host_port};
    }
    out->ports = made;
    out->port_count = service->ports.count;
}

/* The name in the file, where the engine is told it: of a network that compose makes, not of a stack's. */
static struct slice file_key(const struct lint *lint, const struct compose_network *network)
{
    return network->is_external || lint->settings.docker.swarm_mode ? SLICE("") : network->key;
}

static void describe_networks(struct lint *lint, const struct compose_service *service, struct described_container *out)
{
    const struct compose_networks *networks = &service->networks;
    struct described_network *made = ARENA_ARRAY(&lint->arena, struct described_network, networks->count + 1);
    struct slice mode = service->network_mode;
    size_t count = 0;

    for (size_t i = 0; i < networks->count && mode.len == 0; i++)
        made[count++] = (struct described_network){networks->items[i].name, file_key(lint, &networks->items[i])};
    if (slice_eq(mode, SLICE("bridge")))
        made[count++] = (struct described_network){SLICE("bridge"), SLICE("")};
    if (slice_starts(mode, SLICE("service:")))
        mode = slice_of(arena_format(&lint->arena, "container:" SLICE_FMT, SLICE_ARG(slice_from(mode, 8))));
    out->network_mode = mode;
    out->networks = made;
    out->network_count = count;
}

static void describe_service(struct lint *lint, const struct compose_service *service, struct described_container *out)
{
    out->name = out->host = service->name;
    out->is_router = service == lint->router;
    out->service = SLICE("");
    if (lint->settings.docker.swarm_mode)
        out->service = slice_of(
            arena_format(&lint->arena, SLICE_FMT "_" SLICE_FMT, SLICE_ARG(lint->project.name), SLICE_ARG(service->name)));
    describe_labels(lint, service, out);
    describe_ports(lint, service, out);
    describe_networks(lint, service, out);
}

static void retire(struct snapshot *snapshot, void *arg)
{
    compiler_free_snapshot(arg, snapshot);
}

static void compile(struct lint *lint)
{
    const struct settings *settings = &lint->settings;
    struct compile_options options = {.filters = exchange_filters,
                                      .entrypoints = settings->entrypoints,
                                      .entrypoint_count = settings->entrypoint_count,
                                      .keep_trailing_slash = settings->keep_trailing_slash,
                                      .allow_min_weight_zero = settings->allow_min_weight_zero,
                                      .files_elsewhere = true};
    struct model model = {0};
    struct fragment *fragment = fragment_ref(lint->output.fragment);

    model_replace(&model, &fragment);
    lint->compiler = compiler_create(&options);
    lint->snapshot = compiler_compile(lint->compiler, &model, &lint->compiled);
    lint->snapshot->retire = retire;
    lint->snapshot->retire_arg = lint->compiler;
    model_fini(&model);
}

static void review(struct lint *lint)
{
    struct inventory *revised = inventory_revise(lint->output.inventory);

    snapshot_review(lint->snapshot, revised);
    inventory_unref(&lint->output.inventory);
    lint->output.inventory = revised;
    for (size_t i = 0; i < revised->count; i++)
        map_put(&lint->items, revised->items[i].name, &revised->items[i]);
    for (size_t i = 0; i < lint->snapshot->frontend_count; i++)
        map_put(&lint->routes, lint->snapshot->frontends[i]->name, lint->snapshot->frontends[i]);
}

/* Of an engine's containers the router's own is known when lint runs beside it. */
static bool ask_engine(struct lint *lint, const struct docker_lint_input *input)
{
    struct docker_options options = *input->options;
    struct docker_lint_input own = *input;

    options.own_id = docker_own_container_id(&lint->arena);
    own.options = &options;
    char *error = docker_lint_engine(&own, &lint->output);
    if (error) {
        problems_add(&lint->problems, PROBLEM_ERROR, (struct source){.file = options.endpoint},
                     "the engine cannot be asked: %s; --docker.endpoint says where it is", error);
        lint->problems.unreadable = true;
    }
    free(error);
    return error == NULL;
}

void lint_describe(struct lint *lint)
{
    const struct settings *settings = &lint->settings;
    struct docker_lint_input input = {&settings->docker, &settings->default_entrypoints, &settings->entrypoint_names};
    size_t count = lint->project.count;

    if (lint->options->container) {
        if (!ask_engine(lint, &input))
            return;
    } else {
        struct described_container *containers = ARENA_ARRAY(&lint->arena, struct described_container, count + 1);
        for (size_t i = 0; i < count; i++)
            describe_service(lint, &lint->project.items[i], &containers[i]);
        docker_lint_described(&input, containers, count, &lint->output);
    }
    compile(lint);
    review(lint);
}
