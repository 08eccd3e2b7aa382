/* SPDX-License-Identifier: MIT */
/* One service, key by key. What it extends is applied first, so that its own words go over that. */
#include "compose_private.h"

static void apply_keys(struct compose_reader *reader, size_t position, const struct yaml_value *mapping);

static struct compose_service *service_at(struct compose_reader *reader, size_t position)
{
    return &reader->project->items[position];
}

/* -- keys -- */

static void apply_image(struct compose_reader *reader, struct compose_service *service, const struct yaml_value *value)
{
    service->image = compose_text(reader, value);
}

static void apply_container_name(struct compose_reader *reader, struct compose_service *service,
                                 const struct yaml_value *value)
{
    service->container_name = compose_text(reader, value);
}

static void apply_network_mode(struct compose_reader *reader, struct compose_service *service,
                               const struct yaml_value *value)
{
    service->network_mode = compose_text(reader, value);
}

static void apply_labels(struct compose_reader *reader, struct compose_service *service, const struct yaml_value *value)
{
    compose_apply_labels(reader, value, &service->labels);
}

static void apply_deploy(struct compose_reader *reader, struct compose_service *service, const struct yaml_value *value)
{
    const struct yaml_value *labels = yaml_find(value, SLICE("labels"));

    if (labels)
        compose_apply_labels(reader, labels, &service->deploy_labels);
}

static void apply_ports(struct compose_reader *reader, struct compose_service *service, const struct yaml_value *value)
{
    compose_apply_ports(reader, value, &service->ports);
}

static void apply_expose(struct compose_reader *reader, struct compose_service *service, const struct yaml_value *value)
{
    compose_apply_expose(reader, value, &service->ports);
}

static void add_network(struct compose_reader *reader, struct compose_service *service, struct slice key, struct source at)
{
    for (size_t i = 0; i < service->networks.count; i++) {
        if (slice_eq(service->networks.items[i].key, key))
            return;
    }
    if (service->networks.count < 100 && compose_count_items(reader, 1))
        *GROW_ADD(reader->arena, &service->networks) = (struct compose_network){.key = key, .at = at};
}

static void apply_networks(struct compose_reader *reader, struct compose_service *service, const struct yaml_value *value)
{
    if (compose_starts_over(value))
        service->networks.count = 0;
    if (compose_is_reset(value))
        return;
    YAML_EACH(child, value)
    {
        struct slice key = value->kind == YAML_MAPPING ? child->key : compose_text(reader, child);
        add_network(reader, service, key, compose_source_of(reader, child));
    }
}

static void apply_command(struct compose_reader *reader, struct compose_service *service, const struct yaml_value *value)
{
    service->command = (struct slices){0};
    service->command_at = compose_source_of(reader, value);
    if (yaml_is_scalar(value)) {
        service->command = compose_split_words(reader->arena, compose_text(reader, value));
        return;
    }
    YAML_EACH(item, value)
    {
        if (compose_count_items(reader, 1))
            slices_add(reader->arena, &service->command, compose_text(reader, item));
    }
}

static void apply_volumes(struct compose_reader *reader, struct compose_service *service, const struct yaml_value *value)
{
    YAML_EACH(item, value)
    {
        struct slice text;
        if (!compose_count_items(reader, 1))
            return;
        if (item->kind == YAML_MAPPING) {
            const struct yaml_value *source = yaml_find(item, SLICE("source")), *target = yaml_find(item, SLICE("target"));
            if (!source || !target)
                continue;
            text = slice_of(arena_format(reader->arena, SLICE_FMT ":" SLICE_FMT, SLICE_ARG(compose_text(reader, source)),
                                         SLICE_ARG(compose_text(reader, target))));
        } else {
            text = compose_text(reader, item);
        }
        slices_add(reader->arena, &service->volumes, text);
    }
}

static void apply_profiles(struct compose_reader *reader, struct compose_service *service, const struct yaml_value *value)
{
    (void)reader;
    service->has_profiles = value->count > 0;
}

static const struct {
    const char *key;
    void (*apply)(struct compose_reader *reader, struct compose_service *service, const struct yaml_value *value);
} rows[] = {
    {"image", apply_image},
    {"container_name", apply_container_name},
    {"network_mode", apply_network_mode},
    {"net", apply_network_mode}, /* of version 1 */
    {"labels", apply_labels},
    {"deploy", apply_deploy},
    {"ports", apply_ports},
    {"expose", apply_expose},
    {"networks", apply_networks},
    {"command", apply_command},
    {"volumes", apply_volumes},
    {"profiles", apply_profiles},
};

/* -- what it extends -- */

static const struct yaml_value *find_service(const struct compose_file *file, struct slice name)
{
    const struct yaml_value *found = NULL;

    for (size_t i = 0; i < file->yaml.count && !found; i++)
        found = yaml_find(compose_services_of(file->yaml.documents[i]), name);
    return found;
}

static void apply_extended(struct compose_reader *reader, size_t position, const struct yaml_value *extends)
{
    const struct compose_file *here = reader->file, *file = here;
    const struct yaml_value *name = extends->kind == YAML_MAPPING ? yaml_find(extends, SLICE("service")) : extends;
    const struct yaml_value *path = yaml_find(extends, SLICE("file"));
    struct slice wanted = name ? compose_text(reader, name) : SLICE("");

    if (path && !(file = compose_open(reader, compose_text(reader, path), path)))
        return;
    const struct yaml_value *base = find_service(file, wanted);
    if (!base) {
        problems_add(reader->problems, PROBLEM_ERROR, compose_source_of(reader, extends),
                     "there is no service `" SLICE_FMT "` in " SLICE_FMT " to extend", SLICE_ARG(wanted),
                     SLICE_ARG(file->path));
        return;
    }
    if (reader->depth == COMPOSE_DEPTH_MAX) {
        problems_add(reader->problems, PROBLEM_ERROR, compose_source_of(reader, extends),
                     "more than %d services extend each other, or they do so in a circle; use fewer", COMPOSE_DEPTH_MAX);
        return;
    }
    if (!compose_count_items(reader, base->weight))
        return;
    reader->depth++;
    reader->file = file;
    apply_keys(reader, position, base);
    reader->file = here;
    reader->depth--;
}

static void apply_keys(struct compose_reader *reader, size_t position, const struct yaml_value *mapping)
{
    const struct yaml_value *extends = yaml_find(mapping, SLICE("extends"));

    if (extends)
        apply_extended(reader, position, extends);
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        const struct yaml_value *value = yaml_find(mapping, slice_of(rows[i].key));
        if (value)
            rows[i].apply(reader, service_at(reader, position), value);
    }
}

void compose_apply_service(struct compose_reader *reader, const struct yaml_value *value)
{
    struct source at = compose_source_of(reader, value);
    uintptr_t place = (uintptr_t)map_get(&reader->services, value->key);

    if (value->kind != YAML_MAPPING) {
        problems_add(reader->problems, PROBLEM_ERROR, at,
                     "the service `" SLICE_FMT "` is a mapping of its options, not a %s", SLICE_ARG(value->key),
                     yaml_kind_name(value->kind));
        return;
    }
    if (!place) {
        if (!compose_count_items(reader, 1))
            return;
        *GROW_ADD(reader->arena, reader->project) = (struct compose_service){.name = value->key, .at = at};
        place = reader->project->count;
        map_put(&reader->services, value->key, (void *)place);
    }
    apply_keys(reader, place - 1, value);
}

static bool looks_like_service(const struct yaml_value *value)
{
    return yaml_find(value, SLICE("image")) || yaml_find(value, SLICE("build")) || yaml_find(value, SLICE("extends"));
}

const struct yaml_value *compose_services_of(const struct yaml_value *root)
{
    const struct yaml_value *services = yaml_find(root, SLICE("services"));

    if (services && !(looks_like_service(services) && !yaml_find(root, SLICE("version"))))
        return services;
    YAML_EACH(child, root)
    {
        if (looks_like_service(child))
            return root;
    }
    return services;
}
