/* SPDX-License-Identifier: MIT */
#include "decode_parts.h"
#include "stop_signal.h"
#include "timestamp.h"
#include "waybill/base/map.h"
#include "waybill/base/text.h"
#include <stdio.h>
#include <stdlib.h>

/* Limits of one container's data; beyond them it is somebody's attack, not somebody's need (K3). */
enum {
    LABELS_MAX = 2000,
    LABEL_BYTES_MAX = 64 * 1024,
    NETWORKS_MAX = 512,
    PORTS_MAX = 4096,
};

/* Of a container that does not say otherwise; of one that may take for ever. */
enum { STOP_TIMEOUT_S = 10, STOP_TIMEOUT_MAX_S = 24 * 3600 };

static int compare_labels(const void *a, const void *b)
{
    const struct docker_label *left = a, *right = b;
    int order = slice_compare(left->name, right->name);
    return order ? order : (left->position > right->position) - (left->position < right->position);
}

/* Of equal names the last one counts, as in the engine's own reader. */
static void sort_labels(struct container *container)
{
    size_t kept = 0;

    if (container->label_count > 1)
        qsort(container->labels, container->label_count, sizeof *container->labels, compare_labels);
    for (size_t i = 0; i < container->label_count; i++) {
        if (kept && slice_eq(container->labels[kept - 1].name, container->labels[i].name))
            kept--;
        container->labels[kept++] = container->labels[i];
    }
    container->label_count = kept;
}

static bool is_wanted_label(struct slice name)
{
    return slice_starts(name, SLICE("traefik.")) || slice_eq(name, SLICE("com.docker.compose.project")) ||
           slice_eq(name, SLICE("com.docker.compose.service")) || slice_eq(name, SLICE("com.docker.swarm.service.id"));
}

bool decode_labels(const cJSON *object, struct container *container, char out_error[DECODE_ERROR_SIZE])
{
    container->labels = ARENA_ARRAY(&container->arena, struct docker_label,
                                    LABELS_MAX < child_count(object) ? LABELS_MAX : child_count(object));
    for (const cJSON *item = cJSON_IsObject(object) ? object->child : NULL; item; item = item->next) {
        struct slice name = slice_of(item->string), value = text_of(item);
        if (!is_wanted_label(name))
            continue;
        if (!cJSON_IsString(item) || !utf8_is_valid(name) || !utf8_is_valid(value)) {
            snprintf(out_error, DECODE_ERROR_SIZE, "label %.60s is not UTF-8 text", utf8_is_valid(name) ? name.ptr : "?");
            return false;
        }
        if (container->label_count == LABELS_MAX || value.len > LABEL_BYTES_MAX || name.len > LABEL_BYTES_MAX) {
            snprintf(out_error, DECODE_ERROR_SIZE, "label %.60s: more than %d labels, or one longer than %d bytes", name.ptr,
                     LABELS_MAX, LABEL_BYTES_MAX);
            return false;
        }
        size_t position = container->label_count++;
        container->labels[position] = (struct docker_label){arena_copy(&container->arena, name),
                                                            arena_copy(&container->arena, value), position};
    }
    sort_labels(container);
    return true;
}

static int compare_networks(const void *a, const void *b)
{
    return slice_compare(((const struct docker_network *)a)->name, ((const struct docker_network *)b)->name);
}

static void decode_container_networks(const cJSON *object, struct container *container)
{
    struct arena *arena = &container->arena;
    size_t count = child_count(object);

    if (!cJSON_IsObject(object))
        return;
    container->networks = ARENA_ARRAY(arena, struct docker_network, count < NETWORKS_MAX ? count : NETWORKS_MAX);
    for (const cJSON *item = object->child; item && container->network_count < NETWORKS_MAX; item = item->next) {
        if (!cJSON_IsObject(item) || !item->string || !utf8_is_valid(slice_of(item->string)))
            continue;
        container->networks[container->network_count++] = (struct docker_network){
            .name = arena_copy(arena, slice_of(item->string)),
            .id = copy_text(arena, member_text(item, "NetworkID")),
            .address = copy_text(arena, member_text(item, "IPAddress")),
            .address6 = copy_text(arena, member_text(item, "GlobalIPv6Address")),
        };
    }
    if (container->network_count > 1)
        qsort(container->networks, container->network_count, sizeof *container->networks, compare_networks);
}

static int compare_ports(const void *a, const void *b)
{
    const struct docker_port *left = a, *right = b;
    if (left->number != right->number)
        return left->number < right->number ? -1 : 1;
    return slice_compare(left->protocol, right->protocol);
}

static void decode_port(const cJSON *item, struct container *container)
{
    struct arena *arena = &container->arena;
    struct slice rest = slice_of(item->string), number;
    const cJSON *binding = cJSON_IsArray(item) ? item->child : NULL;
    uint64_t value;

    if (!slice_cut(&rest, '/', &number) || !slice_to_u64(number, 65535, &value))
        return;
    container->ports[container->port_count++] = (struct docker_port){
        .number = (unsigned)value,
        .protocol = rest.ptr ? copy_text(arena, rest) : SLICE(""),
        .is_bound = cJSON_IsObject(binding),
        .host_ip = copy_text(arena, member_text(binding, "HostIp")),
        .host_port = copy_text(arena, member_text(binding, "HostPort")),
    };
}

static void decode_ports(const cJSON *object, struct container *container)
{
    size_t count = child_count(object);

    if (!cJSON_IsObject(object))
        return;
    container->ports = ARENA_ARRAY(&container->arena, struct docker_port, count < PORTS_MAX ? count : PORTS_MAX);
    for (const cJSON *item = object->child; item && container->port_count < PORTS_MAX; item = item->next)
        decode_port(item, container);
    if (container->port_count > 1)
        qsort(container->ports, container->port_count, sizeof *container->ports, compare_ports);
}

unsigned decode_stop_timeout(const cJSON *item, double per_second)
{
    double seconds = cJSON_IsNumber(item) ? item->valuedouble / per_second : STOP_TIMEOUT_S;

    return seconds >= 0 && seconds < STOP_TIMEOUT_MAX_S ? (unsigned)seconds : STOP_TIMEOUT_MAX_S;
}

static bool fill_container(const cJSON *root, struct container *container, char out_error[DECODE_ERROR_SIZE])
{
    struct arena *arena = &container->arena;
    const cJSON *state = member(root, "State"), *settings = member(root, "NetworkSettings"),
                *config = member(root, "Config");
    struct slice id = member_text(root, "Id"), name = member_text(root, "Name");

    if (!is_id(id) || name.len == 0 || name.len > 1024 || !utf8_is_valid(name)) {
        snprintf(out_error, DECODE_ERROR_SIZE, "the engine's answer has no usable %s", is_id(id) ? "Name" : "Id");
        return false;
    }
    container->id = arena_copy(arena, id);
    container->name = arena_copy(arena, name);
    container->created_ns = timestamp_parse(member_text(root, "Created"));
    container->started_at = copy_text(arena, member_text(state, "StartedAt"));
    container->is_running = member_true(state, "Running");
    container->is_paused = member_true(state, "Paused");
    container->is_restarting = member_true(state, "Restarting");
    container->stop_signal = signal_parse(member_text(config, "StopSignal"));
    container->stop_timeout_s = decode_stop_timeout(member(config, "StopTimeout"), 1);
    container->health = copy_text(arena, member_text(member(state, "Health"), "Status"));
    container->network_mode = copy_text(arena, member_text(member(root, "HostConfig"), "NetworkMode"));
    container->node_address = copy_text(arena, member_text(member(root, "Node"), "IP"));
    decode_container_networks(member(settings, "Networks"), container);
    decode_ports(member(settings, "Ports"), container);
    return decode_labels(member(config, "Labels"), container, out_error);
}

struct container *decode_container(struct slice json, char out_error[DECODE_ERROR_SIZE])
{
    cJSON *root = parse(json);
    struct container *container = NULL;

    if (!cJSON_IsObject(root)) {
        snprintf(out_error, DECODE_ERROR_SIZE, "the engine's answer is not a JSON object");
    } else {
        container = container_create();
        if (!fill_container(root, container, out_error))
            container_unref(&container);
    }
    cJSON_Delete(root);
    return container;
}

static void add_json(struct text *out, const cJSON *item)
{
    char *printed = item ? cJSON_PrintUnformatted(item) : NULL;

    text_add(out, slice_of(printed));
    text_add_char(out, '\n');
    cJSON_free(printed);
}

/* Status also counts the time ("Up 5 minutes (healthy)"): only what is in brackets says something new. */
static uint64_t hash_facts(const cJSON *row)
{
    static const char *const facts[] = {"Names", "State", "Created", "NetworkSettings", "Ports", "Labels", "HostConfig"};
    struct text all = TEXT_EMPTY;
    struct slice status = member_text(row, "Status");

    for (size_t i = 0; i < WB_COUNT(facts); i++)
        add_json(&all, member(row, facts[i]));
    text_add(&all, slice_from(status, slice_find(status, '(')));
    uint64_t hash = hash_bytes(text_slice(&all));
    text_fini(&all);
    return hash;
}

bool decode_list(struct slice json, struct container_list *out_list, size_t *out_skipped, char out_error[DECODE_ERROR_SIZE])
{
    cJSON *root = parse(json);
    struct map seen;

    *out_list = (struct container_list){0};
    *out_skipped = 0;
    if (!cJSON_IsArray(root)) {
        snprintf(out_error, DECODE_ERROR_SIZE, "the engine's list of containers is not a JSON array");
        cJSON_Delete(root);
        return false;
    }
    arena_init(&out_list->arena, 0);
    map_init(&seen);
    out_list->items = ARENA_ARRAY(&out_list->arena, struct listed_container, child_count(root));
    for (const cJSON *row = root->child; row; row = row->next) {
        struct slice id = member_text(row, "Id");
        if (!is_id(id) || map_put(&seen, id, out_list)) {
            (*out_skipped)++;
            continue;
        }
        out_list->items[out_list->count++] = (struct listed_container){arena_copy(&out_list->arena, id), hash_facts(row)};
    }
    map_fini(&seen);
    cJSON_Delete(root);
    return true;
}

bool decode_networks(struct slice json, struct network_list *out_list)
{
    cJSON *root = parse(json);

    *out_list = (struct network_list){0};
    if (!cJSON_IsArray(root)) {
        cJSON_Delete(root);
        return false;
    }
    arena_init(&out_list->arena, 0);
    out_list->items = ARENA_ARRAY(&out_list->arena, struct named_network, child_count(root));
    for (const cJSON *row = root->child; row; row = row->next) {
        const cJSON *labels = member(row, "Labels");
        struct named_network network = {
            .id = copy_text(&out_list->arena, member_text(row, "Id")),
            .name = copy_text(&out_list->arena, member_text(row, "Name")),
            .key = copy_text(&out_list->arena, member_text(labels, "com.docker.compose.network")),
            .is_ingress = member_true(row, "Ingress"),
        };
        if (network.id.len)
            out_list->items[out_list->count++] = network;
    }
    cJSON_Delete(root);
    return true;
}

bool decode_event(struct slice json, struct docker_event *out_event)
{
    cJSON *root = parse(json);
    const cJSON *actor = member(root, "Actor"), *attributes = member(actor, "Attributes");
    struct slice kind = member_text(root, "Type"), action = member_text(root, "Action"), id = member_text(actor, "ID");
    struct slice task = member_text(attributes, "com.docker.swarm.task.id");

    *out_event = (struct docker_event){
        .about_network = slice_eq(kind, SLICE("network")),
        .about_swarm = slice_eq(kind, SLICE("service")) || slice_eq(kind, SLICE("node")),
        .signal = signal_parse(member_text(attributes, "signal")),
    };
    if (action.len == 0) /* engines before 1.10 */
        action = member_text(root, "status");
    if (out_event->about_network)
        id = member_text(attributes, "container");
    else if (id.len == 0)
        id = member_text(root, "id");
    bool usable = action.len > 0 && (out_event->about_network || out_event->about_swarm ||
                                     slice_eq(kind, SLICE("container")) || kind.len == 0);
    if (usable) {
        snprintf(out_event->action, sizeof out_event->action, SLICE_FMT, SLICE_ARG(slice_head(action, 31)));
        if (is_id(task))
            snprintf(out_event->task, sizeof out_event->task, SLICE_FMT, SLICE_ARG(task));
        if (is_id(id) && !out_event->about_swarm)
            snprintf(out_event->container, sizeof out_event->container, SLICE_FMT, SLICE_ARG(id));
    }
    cJSON_Delete(root);
    return usable;
}

static bool parse_version(struct slice text, struct docker_version *out_version)
{
    struct slice rest = text, part;
    uint64_t major, minor;

    if (!slice_cut(&rest, '.', &part) || !slice_to_u64(part, 1000, &major) || !rest.ptr)
        return false;
    slice_cut(&rest, '.', &part);
    if (!slice_to_u64(part, 100000, &minor))
        return false;
    *out_version = (struct docker_version){(unsigned)major, (unsigned)minor};
    return true;
}

bool decode_version(struct slice json, struct docker_version *out_own, struct docker_version *out_lowest)
{
    cJSON *root = parse(json);
    bool usable = parse_version(member_text(root, "ApiVersion"), out_own);

    if (!parse_version(member_text(root, "MinAPIVersion"), out_lowest))
        *out_lowest = (struct docker_version){1, 12};
    cJSON_Delete(root);
    return usable;
}
