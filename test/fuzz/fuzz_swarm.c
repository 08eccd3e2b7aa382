/* SPDX-License-Identifier: MIT */
/* links: provider */
/* One line each: an engine's services, tasks, networks and containers; what can be decoded is mustered and routed. */
#include "waybill/provider/docker.h"
#include "../../src/provider/docker/build.h"
#include "../../src/provider/docker/decode.h"
#include "../../src/provider/docker/swarm.h"
#include "waybill/base/text.h"
#include "waybill/model/inventory.h"
#include "waybill/model/json.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct docker_options options = {
    .domain = {"t", 1}, .exposed_by_default = true, .network = {"n", 1}, .swarm_mode = true};

static void build(const struct inspected *items, size_t count, const struct network_list *networks)
{
    static struct slice http = {"http", 4};
    static const struct slices entrypoints = {&http, 1};
    static const struct provider_sink sink = {NULL, NULL, &entrypoints, &entrypoints, NULL};
    struct container **containers = wb_alloc((count + 1) * sizeof *containers);
    struct unreadable *unreadable = wb_alloc((count + 1) * sizeof *unreadable);
    struct map by_id;
    struct build_input input = {.options = &options,
                                .sink = &sink,
                                .containers = containers,
                                .by_id = &by_id,
                                .networks = networks,
                                .unreadable = unreadable,
                                .remember = true};
    struct build_output built;
    struct text document = TEXT_EMPTY;

    map_init(&by_id);
    for (size_t i = 0; i < count; i++) {
        if (items[i].container)
            containers[input.count++] = items[i].container;
        else
            unreadable[input.unreadable_count++] = (struct unreadable){items[i].id, items[i].error};
    }
    build_fragment(&input, &built);
    json_fragment(&document, built.fragment);
    text_fini(&document);
    WB_REQUIRE(built.inventory->count == count);
    fragment_unref(&built.fragment);
    inventory_unref(&built.inventory);
    diagnostics_fini(built.diagnostics);
    free(built.diagnostics);
    map_fini(&by_id);
    free(unreadable);
    free(containers);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct slice rest = {(const char *)bytes, size}, line = SLICE("");
    struct service_list services = {0};
    struct task_list tasks = {0};
    struct network_list networks = {0};
    struct stranger_list strangers = {0};
    char error[DECODE_ERROR_SIZE];
    size_t skipped, count;

    arena_init(&tasks.arena, 0);
    if (slice_cut(&rest, '\n', &line))
        (void)decode_services(line, &services, &skipped, error);
    if (slice_cut(&rest, '\n', &line))
        (void)decode_tasks(line, &tasks, &skipped, error);
    if (slice_cut(&rest, '\n', &line))
        (void)decode_networks(line, &networks);
    if (slice_cut(&rest, '\n', &line))
        (void)decode_strangers(line, &strangers);
    struct swarm_scene scene = {&options, &services, &tasks, &networks, &strangers, NULL};
    struct inspected *items = swarm_muster(&scene, &count);
    build(items, count, &networks);
    for (size_t i = 0; i < count; i++)
        container_unref(&items[i].container);
    free(items);
    service_list_fini(&services);
    task_list_fini(&tasks);
    network_list_fini(&networks);
    stranger_list_fini(&strangers);
    return 0;
}
