/* SPDX-License-Identifier: MIT */
/* links: provider */
/* The first byte says what the rest is taken for; a container goes on to labels, names and the document. */
#include "waybill/provider/docker.h"
#include "../../src/provider/docker/build.h"
#include "../../src/provider/docker/decode.h"
#include "waybill/base/text.h"
#include "waybill/model/inventory.h"
#include "waybill/model/json.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void fuzz_container(struct slice json)
{
    static struct slice http = {"http", 4};
    static const struct slices entrypoints = {&http, 1};
    static const struct provider_sink sink = {NULL, NULL, &entrypoints, &entrypoints, NULL};
    const struct docker_options options = {.domain = SLICE("t"), .exposed_by_default = true, .network = SLICE("n")};
    char error[DECODE_ERROR_SIZE];
    struct container *container = decode_container(json, error);
    struct network_list networks = {0};
    struct build_output built;
    struct text document = TEXT_EMPTY;
    struct map by_id;

    if (!container)
        return;
    map_init(&by_id);
    map_put(&by_id, container->id, container);
    struct gone gone = {.container = container};
    struct build_input input = {.options = &options,
                                .sink = &sink,
                                .containers = &container,
                                .count = 1,
                                .by_id = &by_id,
                                .networks = &networks,
                                .remember = true,
                                .gone = &gone,
                                .gone_count = 1};
    build_fragment(&input, &built);
    json_fragment(&document, built.fragment);
    text_fini(&document);
    WB_REQUIRE(!gone.is_needed); /* the container itself has its frontends, live or remembered */
    WB_REQUIRE(built.inventory->count == 1 && built.inventory->items[0].sentence.len);
    fragment_unref(&built.fragment);
    inventory_unref(&built.inventory);
    diagnostics_fini(built.diagnostics);
    free(built.diagnostics);
    map_fini(&by_id);
    container_unref(&container);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct slice json = {(const char *)bytes + 1, size ? size - 1 : 0};
    char error[DECODE_ERROR_SIZE];
    struct container_list list;
    struct network_list networks;
    struct docker_event event;
    struct docker_version own, lowest;
    size_t skipped;

    if (size == 0)
        return 0;
    switch (bytes[0]) {
    case 'l':
        if (decode_list(json, &list, &skipped, error))
            container_list_fini(&list);
        break;
    case 'n':
        if (decode_networks(json, &networks))
            network_list_fini(&networks);
        break;
    case 'e':
        (void)decode_event(json, &event);
        break;
    case 'v':
        (void)decode_version(json, &own, &lowest);
        break;
    default:
        fuzz_container(json);
        break;
    }
    return 0;
}
