/* SPDX-License-Identifier: MIT */
#include "rules.h"
#include "decode.h"
#include "waybill/base/log.h"
#include "waybill/base/map.h"
#include "waybill/render/render.h"
#include <stdlib.h>

/* Each file is decoded apart, then merged by name. */
struct parts {
    struct fragment *items; /* only their records, in the arena of the fragment to be */
    size_t count;
    bool has_frontends; /* a table of frontends was there, maybe empty */
};

/* What an error says of the text that a template made, with the line of the template. */
static char *describe_rendered(const struct toml_document *document, const struct toml_error *error)
{
    return wb_format(SLICE_FMT ":%u: %s (in line %u of what the template makes)", SLICE_ARG(document->file),
                     toml_source_line(document, error->place.line), error->reason, error->place.line);
}

static void log_texts(const struct rules_text *file, struct slice rendered)
{
    wb_log_debug("file: " SLICE_FMT " as it is written: " SLICE_FMT, SLICE_ARG(file->name), SLICE_ARG(file->text));
    wb_log_debug("file: " SLICE_FMT " as it is rendered: " SLICE_FMT, SLICE_ARG(file->name), SLICE_ARG(rendered));
}

/* Text, rendered if it has marks, to a tree. NULL, or what is wrong with it (a text to free). */
static char *parse_file(struct arena *scratch, const struct rules_text *file, const struct rules_options *options,
                        struct toml_document *out_document)
{
    bool is_template = !options->static_file && render_is_needed(file->text);
    struct render_output output = {.text = file->text};
    const char *problem = is_template ? render_text(scratch, file->text, file->name, &output) : NULL;
    struct toml_error error;

    if (problem)
        return wb_strdup(problem);
    if (options->log_texts)
        log_texts(file, output.text);
    *out_document = (struct toml_document){.file = file->name};
    bool good = toml_parse(scratch, output.text, file->name, out_document, &error);
    out_document->lines = output.lines;
    out_document->line_count = output.line_count;
    if (good)
        return NULL;
    return is_template ? describe_rendered(out_document, &error) : wb_strdup(error.message);
}

static bool read_part(struct arena *arena, const struct rules_text *file, const struct rules_options *options,
                      struct diagnostics *diagnostics, struct parts *parts, char **out_problem)
{
    struct arena scratch;
    struct toml_document document;

    arena_init(&scratch, 0);
    *out_problem = parse_file(&scratch, file, options, &document);
    if (!*out_problem) {
        struct decode decode = {.arena = arena,
                                .scratch = &scratch,
                                .document = &document,
                                .diagnostics = diagnostics,
                                .static_file = options->static_file};
        decode_document(&decode, &parts->items[parts->count++]);
        TOML_EACH(child, document.root)
        {
            if (child->kind == TOML_TABLE && slice_eq_nocase(child->key, SLICE("frontends")))
                parts->has_frontends = true;
        }
    }
    arena_fini(&scratch);
    return *out_problem == NULL;
}

/* True when the name is new; else says that the earlier one holds. */
static bool claim_name(struct map *names, struct slice name, struct slice origin, const char *noun, struct slice *owner,
                       struct diagnostics *diagnostics)
{
    const struct slice *first = map_get(names, name);

    if (!first) {
        map_put(names, name, owner);
        return true;
    }
    diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, origin,
                    "%s `" SLICE_FMT "` is already configured at " SLICE_FMT ": this one is ignored", noun, SLICE_ARG(name),
                    SLICE_ARG(*first));
    return false;
}

/* The backends of one file stay where they are. */
static void merge_backends(struct fragment *fragment, struct parts *parts, struct diagnostics *diagnostics)
{
    struct map names;
    size_t total = 0;

    if (parts->count == 1) {
        fragment->backends = parts->items[0].backends;
        fragment->backend_count = parts->items[0].backend_count;
        return;
    }
    for (size_t i = 0; i < parts->count; i++)
        total += parts->items[i].backend_count;
    fragment->backends = ARENA_ARRAY(&fragment->arena, struct model_backend, total);
    map_init(&names);
    for (size_t i = 0; i < parts->count; i++) {
        for (size_t k = 0; k < parts->items[i].backend_count; k++) {
            struct model_backend *backend = &parts->items[i].backends[k];
            if (claim_name(&names, backend->name, backend->origin, "backend", &backend->origin, diagnostics))
                fragment->backends[fragment->backend_count++] = *backend;
        }
    }
    map_fini(&names);
}

static void merge_frontends(struct fragment *fragment, struct parts *parts, struct diagnostics *diagnostics)
{
    struct map names;
    size_t total = 0;

    if (parts->count == 1) {
        fragment->frontends = parts->items[0].frontends;
        fragment->frontend_count = parts->items[0].frontend_count;
        return;
    }
    for (size_t i = 0; i < parts->count; i++)
        total += parts->items[i].frontend_count;
    fragment->frontends = ARENA_ARRAY(&fragment->arena, struct model_frontend, total);
    map_init(&names);
    for (size_t i = 0; i < parts->count; i++) {
        for (size_t k = 0; k < parts->items[i].frontend_count; k++) {
            struct model_frontend *frontend = &parts->items[i].frontends[k];
            if (claim_name(&names, frontend->name, frontend->origin, "frontend", &frontend->origin, diagnostics))
                fragment->frontends[fragment->frontend_count++] = *frontend;
        }
    }
    map_fini(&names);
}

/* All of them: which one is shown is decided where they are shown. */
static void gather_certificates(struct fragment *fragment, const struct parts *parts)
{
    size_t total = 0;

    for (size_t i = 0; i < parts->count; i++)
        total += parts->items[i].certificate_count;
    fragment->certificates = ARENA_ARRAY(&fragment->arena, struct model_certificate, total);
    for (size_t i = 0; i < parts->count; i++)
        for (size_t k = 0; k < parts->items[i].certificate_count; k++)
            fragment->certificates[fragment->certificate_count++] = parts->items[i].certificates[k];
}

struct fragment *rules_read(const struct rules_text *texts, size_t count, const struct rules_options *options,
                            struct diagnostics *diagnostics, char **out_problem)
{
    struct fragment *fragment = fragment_create(SLICE("file"));
    struct parts parts = {.items = wb_alloc((count + 1) * sizeof *parts.items)};
    bool good = true;

    *out_problem = NULL;
    for (size_t i = 0; good && i < count; i++)
        good = read_part(&fragment->arena, &texts[i], options, diagnostics, &parts, out_problem);
    if (good) {
        merge_backends(fragment, &parts, diagnostics);
        merge_frontends(fragment, &parts, diagnostics);
        gather_certificates(fragment, &parts);
        fragment_sort(fragment);
        if (parts.has_frontends || options->always_defaults)
            fragment_set_defaults(fragment, options->default_entrypoints, options->known_entrypoints, diagnostics);
        fragment_close(fragment, diagnostics);
    } else {
        fragment_unref(&fragment);
    }
    free(parts.items);
    return fragment;
}
