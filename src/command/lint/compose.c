/* SPDX-License-Identifier: MIT */
/*
 *   paths --> files --> documents --> services, networks      (each file over the ones before it)
 *                \--> files they include or extend
 */
#include "compose_private.h"

enum { SERVICES_MAX = 10000 };

/* -- values -- */

static struct source source_at(const struct compose_reader *reader, struct yaml_place place)
{
    return (struct source){reader->file->path, place.line, place.column};
}

struct source compose_source_of(const struct compose_reader *reader, const struct yaml_value *value)
{
    return source_at(reader, value->key.ptr ? value->key_place : value->place);
}

bool compose_count_text(struct compose_reader *reader, size_t more, struct source at)
{
    if (more < COMPOSE_TEXT_MAX - reader->text_bytes) {
        reader->text_bytes += more;
        return true;
    }
    reader->text_bytes = COMPOSE_TEXT_MAX;
    problems_add(reader->problems, PROBLEM_ERROR, (struct source){.file = at.file},
                 "its texts come to more than %d bytes, aliases and variables put in; the rest is taken as empty",
                 COMPOSE_TEXT_MAX);
    return false;
}

struct slice compose_text(struct compose_reader *reader, const struct yaml_value *value)
{
    struct source at = source_at(reader, value->place);

    if (!yaml_is_scalar(value)) {
        problems_add(reader->problems, PROBLEM_ERROR, at, "a text belongs here, and this is a %s",
                     yaml_kind_name(value->kind));
        return SLICE("");
    }
    if (value->kind == YAML_NULL || !compose_count_text(reader, value->text.len, at))
        return SLICE("");
    return compose_expand(reader, value->text, at);
}

bool compose_is_reset(const struct yaml_value *value)
{
    return slice_eq(value->tag, SLICE("!reset"));
}

bool compose_starts_over(const struct yaml_value *value)
{
    return compose_is_reset(value) || slice_eq(value->tag, SLICE("!override"));
}

bool compose_count_items(struct compose_reader *reader, size_t more)
{
    if (more <= COMPOSE_ITEMS_MAX - reader->items) {
        reader->items += more;
        return true;
    }
    reader->items = COMPOSE_ITEMS_MAX;
    problems_add(reader->problems, PROBLEM_ERROR, (struct source){.file = reader->file->path},
                 "there are more than %d services, labels, ports and so on; the rest is not looked at", COMPOSE_ITEMS_MAX);
    return false;
}

/* -- files -- */

static const uint32_t *find_lines(struct arena *arena, struct slice text, size_t *out_count)
{
    size_t count = 1, next = 0;

    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '\n';
    uint32_t *lines = ARENA_ARRAY(arena, uint32_t, count);
    lines[next++] = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n')
            lines[next++] = (uint32_t)i + 1;
    }
    *out_count = count;
    return lines;
}

static struct slice folder_of(struct slice path)
{
    size_t slash = slice_find_last(path, '/');

    return slash < path.len ? slice_head(path, slash + 1) : SLICE("");
}

/* NULL: said, and marked. */
static struct compose_file *load(struct compose_reader *reader, struct slice path, struct source from)
{
    const struct compose_input *input = reader->input;
    struct compose_file *file = map_get(&reader->files, path);
    struct yaml_error error;

    if (file)
        return file->is_bad ? NULL : file;
    file = ARENA_NEW(reader->arena, struct compose_file);
    file->path = arena_copy(reader->arena, path);
    file->folder = folder_of(file->path);
    map_put(&reader->files, file->path, file); /* a bad one, too: it is read once */
    if (!input->read_file(input->arg, file->path, &file->text)) {
        problems_add(reader->problems, PROBLEM_ERROR, from, "%s" SLICE_FMT,
                     from.line ? arena_format(reader->arena, SLICE_FMT ": ", SLICE_ARG(path)) : "", SLICE_ARG(file->text));
    } else if (!yaml_parse(reader->arena, file->text, file->path, &file->yaml, &error)) {
        const char *text = strstr(error.message, ": "); /* the place comes in front again */
        problems_add(reader->problems, PROBLEM_ERROR, (struct source){file->path, error.place.line, error.place.column},
                     "%s", text ? text + 2 : error.message);
    } else {
        file->lines = find_lines(reader->arena, file->text, &file->line_count);
        return file;
    }
    file->is_bad = true;
    reader->problems->unreadable = true;
    return NULL;
}

/* Not absolute, and not upwards. */
static bool is_below(struct slice path)
{
    struct slice rest = path, part;

    if (path.len == 0 || path.ptr[0] == '/')
        return false;
    while (slice_cut(&rest, '/', &part)) {
        if (slice_eq(part, SLICE("..")))
            return false;
    }
    return true;
}

struct compose_file *compose_open(struct compose_reader *reader, struct slice path, const struct yaml_value *from)
{
    struct source at = compose_source_of(reader, from);

    if (!is_below(path)) {
        problems_add(reader->problems, PROBLEM_WARNING, at,
                     "`" SLICE_FMT "` is outside of this folder and is not looked at: name it on the command line, too",
                     SLICE_ARG(path));
        return NULL;
    }
    while (slice_starts(path, SLICE("./")))
        path = slice_from(path, 2);
    char *whole = arena_format(reader->arena, SLICE_FMT SLICE_FMT, SLICE_ARG(reader->file->folder), SLICE_ARG(path));
    return load(reader, slice_of(whole), at);
}

/* -- documents -- */

static void apply_network(struct compose_reader *reader, const struct yaml_value *value)
{
    struct compose_networks *networks = &reader->project->networks;
    const struct yaml_value *external = yaml_find(value, SLICE("external")), *name = yaml_find(value, SLICE("name"));
    uintptr_t place = (uintptr_t)map_get(&reader->networks, value->key);

    if (!place) {
        if (!compose_count_items(reader, 1))
            return;
        *GROW_ADD(reader->arena, networks) = (struct compose_network){
            .key = value->key, .name = SLICE(""), .at = compose_source_of(reader, value)};
        place = networks->count;
        map_put(&reader->networks, value->key, (void *)place);
    }
    struct compose_network *network = &networks->items[place - 1];
    if (external)
        network->is_external = external->kind == YAML_MAPPING ||
                               (external->kind == YAML_BOOLEAN && external->text.ptr[0] == 't');
    if (external && !name)
        name = yaml_find(external, SLICE("name"));
    if (name)
        network->name = compose_text(reader, name);
}

static void apply_file(struct compose_reader *reader, struct compose_file *file);

static void include(struct compose_reader *reader, const struct yaml_value *item)
{
    const struct yaml_value *paths = item->kind == YAML_MAPPING ? yaml_find(item, SLICE("path")) : item;

    if (paths && yaml_is_scalar(paths)) {
        struct compose_file *file = compose_open(reader, compose_text(reader, paths), paths);
        if (file)
            apply_file(reader, file);
        return;
    }
    YAML_EACH(path, paths)
    {
        struct compose_file *file = compose_open(reader, compose_text(reader, path), path);
        if (file)
            apply_file(reader, file);
    }
}

static void apply_document(struct compose_reader *reader, const struct yaml_value *root)
{
    const struct yaml_value *services = compose_services_of(root), *name = yaml_find(root, SLICE("name"));
    bool is_version1 = services && services == root;

    YAML_EACH(item, yaml_find(root, SLICE("include")))
    include(reader, item);
    if (name && !is_version1)
        reader->project->name = compose_text(reader, name);
    if (!is_version1) {
        YAML_EACH(network, yaml_find(root, SLICE("networks")))
        apply_network(reader, network);
    }
    YAML_EACH(service, services)
    {
        if (slice_starts(service->key, SLICE("x-")) && is_version1)
            continue;
        size_t before = reader->project->count;
        if (before == SERVICES_MAX) {
            problems_add(reader->problems, PROBLEM_ERROR, compose_source_of(reader, service),
                         "there are more than %d services; the rest is not looked at", SERVICES_MAX);
            break;
        }
        compose_apply_service(reader, service);
        struct compose_service *made = reader->project->count > before ? &reader->project->items[before] : NULL;
        if (made && is_version1 && made->network_mode.len == 0)
            made->network_mode = SLICE("bridge"); /* version 1 makes no network of its own */
    }
}

/* Once, however often it is included. */
static void apply_file(struct compose_reader *reader, struct compose_file *file)
{
    const struct compose_file *here = reader->file;

    if (file->applied)
        return;
    file->applied = true;
    if (reader->depth == COMPOSE_DEPTH_MAX) {
        problems_add(reader->problems, PROBLEM_ERROR, (struct source){.file = file->path},
                     "more than %d files include each other; use fewer", COMPOSE_DEPTH_MAX);
        return;
    }
    reader->depth++;
    reader->file = file;
    for (size_t i = 0; i < file->yaml.count; i++) {
        const struct yaml_value *root = file->yaml.documents[i];
        if (root->kind == YAML_MAPPING)
            apply_document(reader, root);
        else if (root->kind != YAML_NULL)
            problems_add(reader->problems, PROBLEM_ERROR, source_at(reader, root->place),
                         "a compose file is a mapping with `services:`, and this is a %s", yaml_kind_name(root->kind));
    }
    if (reader->depth == 1 && reader->project->count == 0)
        problems_add(reader->problems, PROBLEM_ERROR, (struct source){.file = file->path},
                     "there is no service in it: write them below `services:`");
    reader->file = here;
    reader->depth--;
}

/* -- when all files are read -- */

/* As compose makes it of any text: small letters, digits, `-` and `_`. */
static struct slice make_project_name(struct arena *arena, struct slice text)
{
    char *out = arena_bytes(arena, text.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = ascii_lower(text.ptr[i]);
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (word || (len > 0 && (c == '-' || c == '_')))
            out[len++] = c;
    }
    return slice_make(out, len);
}

static void name_project(struct compose_reader *reader)
{
    struct compose_project *project = reader->project;
    const struct compose_input *input = reader->input;

    if (input->project.len)
        project->name = input->project;
    else if (project->name.len == 0)
        project->name = input->default_project;
    project->name = make_project_name(reader->arena, project->name);
    if (project->name.len == 0)
        project->name = SLICE("default");
}

static struct slice network_name(struct compose_reader *reader, const struct compose_network *network)
{
    if (network->name.len)
        return network->name;
    if (network->is_external)
        return network->key;
    return slice_of(
        arena_format(reader->arena, SLICE_FMT "_" SLICE_FMT, SLICE_ARG(reader->project->name), SLICE_ARG(network->key)));
}

static void settle_network(struct compose_reader *reader, const struct compose_service *service,
                           struct compose_network *network)
{
    uintptr_t place = (uintptr_t)map_get(&reader->networks, network->key);

    if (place) {
        network->name = reader->project->networks.items[place - 1].name;
        network->is_external = reader->project->networks.items[place - 1].is_external;
        return;
    }
    network->name = network_name(reader, network);
    if (!slice_eq(network->key, SLICE("default")))
        problems_add(reader->problems, PROBLEM_ERROR, network->at,
                     "the service `" SLICE_FMT "` is in a network `" SLICE_FMT "` that the file does not have: add it below "
                     "the `networks:` of the file",
                     SLICE_ARG(service->name), SLICE_ARG(network->key));
}

static void settle(struct compose_reader *reader)
{
    struct compose_project *project = reader->project;

    name_project(reader);
    for (size_t i = 0; i < project->networks.count; i++)
        project->networks.items[i].name = network_name(reader, &project->networks.items[i]);
    for (size_t i = 0; i < project->count; i++) {
        struct compose_service *service = &project->items[i];
        if (service->networks.count == 0 && service->network_mode.len == 0)
            *GROW_ADD(reader->arena, &service->networks) = (struct compose_network){.key = SLICE("default"),
                                                                                    .at = service->at};
        for (size_t k = 0; k < service->networks.count; k++)
            settle_network(reader, service, &service->networks.items[k]);
    }
}

void compose_read(const struct compose_input *input, struct problems *problems, struct compose_project *out_project)
{
    struct compose_reader reader = {.input = input, .arena = input->arena, .problems = problems, .project = out_project};

    *out_project = (struct compose_project){.name = SLICE(""), .folder = SLICE("")};
    map_init(&reader.files);
    map_init(&reader.services);
    map_init(&reader.networks);
    map_init(&reader.unset);
    for (size_t i = 0; i < input->paths.count; i++) {
        struct compose_file *file = load(&reader, input->paths.items[i], (struct source){.file = input->paths.items[i]});
        if (i == 0)
            out_project->folder = folder_of(input->paths.items[0]);
        if (file)
            apply_file(&reader, file);
    }
    settle(&reader);
    map_fini(&reader.files);
    map_fini(&reader.services);
    map_fini(&reader.networks);
    map_fini(&reader.unset);
}

/* -- words -- */

/* One word with its quotes taken off, to `out`; `*text` is what is behind it. */
static struct slice take_word(struct slice *text, char *out)
{
    char quote = '\0';
    size_t len = 0, at = 0;

    for (; at < text->len; at++) {
        char c = text->ptr[at];
        if (quote ? c == quote : c == '"' || c == '\'')
            quote = quote ? '\0' : c;
        else if (!quote && (c == ' ' || c == '\t' || c == '\n'))
            break;
        else if (c == '\\' && quote != '\'' && at + 1 < text->len)
            out[len++] = text->ptr[++at];
        else
            out[len++] = c;
    }
    *text = slice_from(*text, at);
    return slice_make(out, len);
}

struct slices compose_split_words(struct arena *arena, struct slice text)
{
    struct slices words = {0};
    char *room = arena_bytes(arena, text.len + 1); /* of all words */

    for (text = slice_trim_space(text); text.len; text = slice_trim_space(text)) {
        struct slice word = take_word(&text, room);
        room += word.len;
        slices_add(arena, &words, word);
    }
    return words;
}
