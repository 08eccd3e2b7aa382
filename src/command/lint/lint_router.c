/* SPDX-License-Identifier: MIT */
/*
 * The settings that count: those of the router that the files start, by its `command:` and its mounted configFile, and the
 * flags given to lint over them.
 */
#include "lint.h"
#include <stdio.h>
#include <stdlib.h>

/* "registry/team/traefik:v1.7@sha256:..." is traefik. */
static bool is_router_image(struct slice image)
{
    size_t slash = slice_find_last(image, '/');
    struct slice name = slash < image.len ? slice_from(image, slash + 1) : image;

    name = slice_head(name, slice_find(name, '@'));
    name = slice_head(name, slice_find(name, ':'));
    return slice_eq(name, SLICE("waybill")) || slice_eq(name, SLICE("traefik"));
}

static const struct compose_service *find_router(const struct compose_project *project)
{
    for (size_t i = 0; i < project->count; i++) {
        if (is_router_image(project->items[i].image))
            return &project->items[i];
    }
    return NULL;
}

/* The file on this machine that is mounted at `inside`, or below a folder that is. Empty: none. */
static struct slice find_mounted(struct lint *lint, struct slice inside)
{
    const struct slices *volumes = &lint->router->volumes;

    for (size_t i = 0; i < volumes->count; i++) {
        size_t colon = slice_find(volumes->items[i], ':');
        struct slice outside = slice_head(volumes->items[i], colon), target = slice_from(volumes->items[i], colon + 1);
        target = slice_head(target, slice_find(target, ':'));
        bool local = slice_starts(outside, SLICE(".")) || slice_starts(outside, SLICE("/"));
        struct slice rest = slice_from(inside, target.len);
        if (!local || target.len == 0 || !slice_starts(inside, target) || (rest.len && rest.ptr[0] != '/'))
            continue;
        struct slice folder = outside.ptr[0] == '/' ? SLICE("") : lint->project.folder;
        return slice_of(arena_format(&lint->arena, SLICE_FMT SLICE_FMT SLICE_FMT, SLICE_ARG(folder), SLICE_ARG(outside),
                                     SLICE_ARG(rest)));
    }
    return SLICE("");
}

static void add_flag(struct lint *lint, struct slices *words, struct slice path)
{
    slices_add(&lint->arena, words, slice_of(arena_format(&lint->arena, "--configFile=" SLICE_FMT, SLICE_ARG(path))));
}

/* A configFile is named as the container sees it. */
static void add_config_file(struct lint *lint, struct slices *words, struct slice inside)
{
    struct slice outside = find_mounted(lint, inside);

    if (outside.len)
        add_flag(lint, words, outside);
    else
        problems_add(&lint->problems, PROBLEM_NOTICE, lint->router->command_at,
                     "the router's configFile " SLICE_FMT " is not mounted from here, so what it says is not known",
                     SLICE_ARG(inside));
}

/* Where v1.7 looks by itself. */
static void add_default_config_file(struct lint *lint, struct slices *words)
{
    static const char *const places[] = {"/etc/traefik/traefik.toml", "/traefik.toml"};

    for (size_t i = 0; i < WB_COUNT(places); i++) {
        struct slice outside = find_mounted(lint, slice_of(places[i]));
        if (outside.len) {
            add_flag(lint, words, outside);
            return;
        }
    }
}

static struct slices router_words(struct lint *lint)
{
    static const struct slice config_file = {"--configfile", 12};
    struct slices words = {0}, none = {0};
    bool has_file = false;

    if (!lint->router)
        return none;
    for (size_t i = 0; i < lint->router->command.count; i++) {
        struct slice word = lint->router->command.items[i], rest = slice_from(word, config_file.len);
        bool is_file = slice_starts_nocase(word, config_file) && (rest.len == 0 || rest.ptr[0] == '=');
        if (is_file && rest.len == 0)
            rest = i + 1 < lint->router->command.count ? lint->router->command.items[++i] : rest;
        else if (is_file)
            rest = slice_from(rest, 1);
        has_file = has_file || is_file;
        if (is_file)
            add_config_file(lint, &words, rest);
        else if (slice_starts(word, SLICE("-")) || words.count)
            slices_add(&lint->arena, &words, word); /* a word in front is the program or its command */
    }
    if (!has_file)
        add_default_config_file(lint, &words);
    return words;
}

static bool read_words(struct lint *lint, const struct slices *router, char **out_text)
{
    const struct slices *given = &lint->options->flags;
    size_t count = 1;
    char **argv = wb_alloc((router->count + given->count + 2) * sizeof *argv);

    argv[0] = arena_strdup(&lint->arena, "waybill");
    for (size_t i = 0; i < router->count; i++)
        argv[count++] = arena_strndup(&lint->arena, router->items[i].ptr, router->items[i].len);
    for (size_t i = 0; i < given->count; i++)
        argv[count++] = arena_strndup(&lint->arena, given->items[i].ptr, given->items[i].len);
    bool good = settings_read(&lint->settings, (int)count, argv, out_text) == SETTINGS_OK;
    free(argv);
    return good;
}

static size_t find(struct slice text, struct slice part)
{
    size_t at = 0;

    while (at < text.len && !slice_starts(slice_from(text, at), part))
        at++;
    return at;
}

/* What is wrong, without the time in front and the advice on how to ask for help behind. */
static struct slice reason_in(struct slice text)
{
    static const struct slice front = {"Error parsing command: ", 23};
    size_t at = find(text, front), stamp = sizeof "2026/11/23 08:01:19 " - 1;

    text = slice_from(text, at < text.len ? at + front.len : text.len > stamp ? stamp : 0);
    return slice_trim_space(slice_head(text, find(text, SLICE("\n`waybill --help`"))));
}

/* Behind the flag at `at` and the words that are its value. */
static size_t flag_end(const struct slices *words, size_t at)
{
    for (at++; at < words->count && !slice_starts(words->items[at], SLICE("-")); at++)
        ;
    return at;
}

/* Says it, but for what was said of the flag before: ACME has many, and there is one thing to do. */
static void report_refusal(struct lint *lint, struct slice reason, struct slice *said)
{
    size_t colon = find(reason, SLICE(": "));
    struct slice what = slice_from(reason, colon < reason.len ? colon : 0);

    if (!slice_eq(what, *said))
        problems_add(&lint->problems, PROBLEM_ERROR, lint->router->command_at,
                     "the router does not start with this flag, so it is left out of account: " SLICE_FMT,
                     SLICE_ARG(reason));
    *said = slice_of(arena_strndup(&lint->arena, what.ptr, what.len));
}

/*
 * The router does not start with these words: adds to `kept` each flag that is taken together with those before it, and says why the
 * others are not. `entrypoints` says which: others name them, so these come first.
 */
static void keep_taken(struct lint *lint, const struct slices *words, bool entrypoints, struct slices *kept)
{
    struct slice said = SLICE("");

    for (size_t at = 0, end; at < words->count; at = end) {
        char *text = NULL;
        size_t before = kept->count;
        end = flag_end(words, at);
        if (slice_starts_nocase(words->items[at], SLICE("--entrypoints")) != entrypoints)
            continue;
        for (size_t i = at; i < end; i++)
            slices_add(&lint->arena, kept, words->items[i]);
        if (!read_words(lint, kept, &text)) {
            kept->count = before;
            report_refusal(lint, reason_in(slice_of(text)), &said);
        }
        settings_fini(&lint->settings);
        free(text);
    }
}

bool lint_read_settings(struct lint *lint)
{
    char *text = NULL, *own_text = NULL;

    lint->router = find_router(&lint->project);
    struct slices words = router_words(lint), kept = {0};
    bool good = read_words(lint, &words, &text);
    if (!good && words.count) {
        settings_fini(&lint->settings);
        good = read_words(lint, &kept, &own_text); /* else the flags given to lint are to blame */
    }
    if (good && text) {
        settings_fini(&lint->settings);
        keep_taken(lint, &words, true, &kept);
        keep_taken(lint, &words, false, &kept);
        good = read_words(lint, &kept, &own_text);
    }
    if (!good)
        fputs(own_text ? own_text : text ? text : "", stderr);
    free(text);
    free(own_text);
    return good;
}
