/* SPDX-License-Identifier: MIT */
#include "decode_parts.h"
#include "swarm.h"
#include "stop_signal.h"
#include "timestamp.h"
#include "waybill/base/map.h"
#include "waybill/net/address.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    ADDRESSES_MAX = 512, /* of one service or task */
    TASKS_MAX = 65536,
    NAME_MAX_BYTES = 1024,
    NANOSECONDS = 1000000000,
};

static bool parse_with_mask(struct slice text, struct address *out_address)
{
    return address_parse(slice_head(text, slice_find(text, '/')), 0, out_address);
}

static bool is_address(struct slice text)
{
    struct address address;

    return parse_with_mask(text, &address);
}

/* "10.0.1.5/24" without its mask; empty when that is no address. */
static struct slice without_mask(struct arena *arena, struct slice text)
{
    struct address address;
    char shown[ADDRESS_TEXT_SIZE];

    if (!parse_with_mask(text, &address))
        return SLICE("");
    return arena_copy(arena, slice_make(shown, address_format_ip(&address, shown)));
}

static size_t bounded_count(const cJSON *array)
{
    size_t count = cJSON_IsArray(array) ? child_count(array) : 0;

    return count < ADDRESSES_MAX ? count : ADDRESSES_MAX;
}

/* -- services -- */

static enum swarm_endpoint decode_endpoint(const cJSON *spec)
{
    struct slice mode = member_text(member(spec, "EndpointSpec"), "Mode");

    if (slice_eq(mode, SLICE("vip")))
        return ENDPOINT_VIP;
    return slice_eq(mode, SLICE("dnsrr")) ? ENDPOINT_DNSRR : ENDPOINT_OTHER;
}

static void decode_virtual_ips(const cJSON *array, struct container *container)
{
    struct arena *arena = &container->arena;
    size_t left = bounded_count(array);

    container->networks = ARENA_ARRAY(arena, struct docker_network, left + 1);
    for (const cJSON *item = left ? array->child : NULL; item && left; item = item->next, left--) {
        struct docker_network network = {
            .id = copy_text(arena, member_text(item, "NetworkID")),
            .address = without_mask(arena, member_text(item, "Addr")),
        };
        if (network.id.len && network.address.len)
            container->networks[container->network_count++] = network;
    }
}

static struct container *decode_service_container(const cJSON *row, char out_error[DECODE_ERROR_SIZE])
{
    const cJSON *spec = member(row, "Spec"), *run = member(member(spec, "TaskTemplate"), "ContainerSpec");
    struct container *container = container_create();
    struct arena *arena = &container->arena;

    container->id = arena_copy(arena, member_text(row, "ID"));
    container->name = container->service = arena_copy(arena, member_text(spec, "Name"));
    container->created_ns = timestamp_parse(member_text(row, "CreatedAt"));
    container->started_at = container->health = container->network_mode = container->node_address = SLICE("");
    container->stop_signal = signal_parse(member_text(run, "StopSignal"));
    container->stop_timeout_s = decode_stop_timeout(member(run, "StopGracePeriod"), NANOSECONDS);
    container->is_running = true;
    decode_virtual_ips(member(member(row, "Endpoint"), "VirtualIPs"), container);
    if (!decode_labels(member(spec, "Labels"), container, out_error))
        container_unref(&container);
    return container;
}

static bool is_under_update(const cJSON *row)
{
    struct slice state = member_text(member(row, "UpdateStatus"), "State");

    return slice_eq(state, SLICE("updating")) || slice_eq(state, SLICE("rollback_started"));
}

static void decode_service(const cJSON *row, struct arena *arena, struct swarm_service *out_service)
{
    const cJSON *spec = member(row, "Spec");

    *out_service = (struct swarm_service){
        .id = arena_copy(arena, member_text(row, "ID")),
        .name = arena_copy(arena, member_text(spec, "Name")),
        .endpoint = decode_endpoint(spec),
        .is_global = cJSON_IsObject(member(member(spec, "Mode"), "Global")),
        .is_updating = is_under_update(row),
    };
    out_service->container = decode_service_container(row, out_service->error);
}

static bool is_usable_service(const cJSON *row)
{
    struct slice name = member_text(member(row, "Spec"), "Name");

    return is_id(member_text(row, "ID")) && name.len && name.len <= NAME_MAX_BYTES && utf8_is_valid(name);
}

bool decode_services(struct slice json, struct service_list *out_list, size_t *out_skipped,
                     char out_error[DECODE_ERROR_SIZE])
{
    cJSON *root = parse(json);
    struct map seen;

    *out_list = (struct service_list){0};
    *out_skipped = 0;
    if (!cJSON_IsArray(root)) {
        snprintf(out_error, DECODE_ERROR_SIZE, "the engine's list of services is not a JSON array");
        cJSON_Delete(root);
        return false;
    }
    arena_init(&out_list->arena, 0);
    map_init(&seen);
    out_list->items = ARENA_ARRAY(&out_list->arena, struct swarm_service, child_count(root) + 1);
    for (const cJSON *row = root->child; row; row = row->next) {
        if (!is_usable_service(row) || map_put(&seen, member_text(row, "ID"), out_list))
            (*out_skipped)++;
        else
            decode_service(row, &out_list->arena, &out_list->items[out_list->count++]);
    }
    map_fini(&seen);
    cJSON_Delete(root);
    return true;
}

/* -- tasks -- */

/* Several addresses in one network: the last one counts, as in v1.7. */
static struct slice last_address(struct arena *arena, const cJSON *addresses)
{
    struct slice last = SLICE("");

    for (const cJSON *item = cJSON_IsArray(addresses) ? addresses->child : NULL; item; item = item->next) {
        if (is_address(text_of(item)))
            last = text_of(item);
    }
    return without_mask(arena, last);
}

static void decode_attachments(const cJSON *array, struct arena *arena, struct swarm_task *task)
{
    size_t left = bounded_count(array);

    task->networks = ARENA_ARRAY(arena, struct docker_network, left + 1);
    for (const cJSON *item = left ? array->child : NULL; item && left; item = item->next, left--) {
        struct docker_network network = {
            .id = copy_text(arena, member_text(member(item, "Network"), "ID")),
            .address = last_address(arena, member(item, "Addresses")),
        };
        if (network.id.len && network.address.len)
            task->networks[task->network_count++] = network;
    }
}

static unsigned decode_slot(const cJSON *row)
{
    const cJSON *slot = member(row, "Slot");

    return cJSON_IsNumber(slot) && slot->valuedouble > 0 && slot->valuedouble < INT32_MAX ? (unsigned)slot->valuedouble : 0;
}

static struct swarm_task *decode_task(const cJSON *row, struct arena *arena)
{
    const cJSON *status = member(row, "Status");
    struct swarm_task *task = ARENA_NEW(arena, struct swarm_task);

    task->id = arena_copy(arena, member_text(row, "ID"));
    task->service = arena_copy(arena, member_text(row, "ServiceID"));
    task->state = copy_text(arena, member_text(status, "State"));
    task->wanted = copy_text(arena, member_text(row, "DesiredState"));
    task->trouble = copy_text(arena, member_text(status, "Err"));
    task->slot = decode_slot(row);
    decode_attachments(member(row, "NetworksAttachments"), arena, task);
    return task;
}

static void add_task(struct task_list *list, struct swarm_task *task)
{
    if (list->count == list->capacity) {
        struct swarm_task **old = list->items;
        list->capacity = list->capacity ? list->capacity * 2 : 64;
        list->items = ARENA_ARRAY(&list->arena, struct swarm_task *, list->capacity);
        if (old)
            memcpy(list->items, old, list->count * sizeof *old);
    }
    list->items[list->count++] = task;
}

bool decode_tasks(struct slice json, struct task_list *list, size_t *out_skipped, char out_error[DECODE_ERROR_SIZE])
{
    cJSON *root = parse(json);
    struct map seen;

    *out_skipped = 0;
    if (!cJSON_IsArray(root)) {
        snprintf(out_error, DECODE_ERROR_SIZE, "the engine's list of tasks is not a JSON array");
        cJSON_Delete(root);
        return false;
    }
    map_init(&seen);
    for (const cJSON *row = root->child; row; row = row->next) {
        struct slice id = member_text(row, "ID");
        if (!is_id(id) || !is_id(member_text(row, "ServiceID")) || list->count == TASKS_MAX || map_put(&seen, id, list))
            (*out_skipped)++;
        else
            add_task(list, decode_task(row, &list->arena));
    }
    map_fini(&seen);
    cJSON_Delete(root);
    return true;
}

/* -- containers that are no tasks -- */

/* "/web" of ["/web", "/other/alias"] */
static struct slice first_name(const cJSON *row)
{
    const cJSON *names = member(row, "Names");

    return text_of(cJSON_IsArray(names) ? names->child : NULL);
}

bool decode_strangers(struct slice json, struct stranger_list *out_list)
{
    cJSON *root = parse(json);
    struct arena *arena = &out_list->arena;

    *out_list = (struct stranger_list){0};
    arena_init(arena, 0);
    out_list->items = ARENA_ARRAY(arena, struct stranger, child_count(root) + 1);
    for (const cJSON *row = cJSON_IsArray(root) ? root->child : NULL; row; row = row->next) {
        struct slice id = member_text(row, "Id"), name = first_name(row);
        bool is_task = member(member(row, "Labels"), "com.docker.swarm.task.id") != NULL;
        if (is_id(id) && name.len && name.len <= NAME_MAX_BYTES && utf8_is_valid(name) && !is_task)
            out_list->items[out_list->count++] = (struct stranger){arena_copy(arena, id), arena_copy(arena, name)};
    }
    bool is_list = cJSON_IsArray(root);
    cJSON_Delete(root);
    return is_list;
}
