/* SPDX-License-Identifier: MIT */
/*
 * waybill lint FILE: what the router would make of the services of compose files, and what is wrong with them.
 *
 *     files --> compose --> described containers --> the provider --> the compiler --> text or JSON
 */
#include "lint.h"
#include "command_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char lint_usage[] =
    "Usage: waybill lint [options] [FILE...] [--FLAG=VALUE...]\n"
    "       waybill lint [options] --container NAME [--docker.endpoint=unix:///var/run/docker.sock]\n"
    "Says what the router would make of the services of compose files, or of a container: states, frontends, backends, and\n"
    "problems with file and line. Later files go over earlier ones. Without a file it is that of this folder. No engine is\n"
    "needed for files.\n"
    "Flags of the router (--docker.domain=..., --entryPoints=..., --configFile=...; see waybill --help) go over those that "
    "the\n"
    "files give to a service whose image is waybill or traefik.\n"
    "      --container NAME   a container of a Docker engine, by its name or the beginning of its id\n"
    "      --project NAME     of the compose project; else COMPOSE_PROJECT_NAME, `name:` or the folder's name\n"
    "      --env-file FILE    variables for the files; else .env beside the first file\n"
    "      --format json      for programs\n"
    "      --strict           warnings fail, too\n"
    "Exit code: 0 fine, 1 problems, 2 something could not be read\n";

/* -- words -- */

/* Waybill's own options, and everything else that begins with a dash for the router. */
static bool take_option(struct lint_options *options, struct words *words, struct arena *arena)
{
    if (words_help(words)) {
        options->help = true;
        return true;
    }
    if (strcmp(words->word, "--strict") == 0) {
        options->strict = true;
        return true;
    }
    if (words_option(words, "--container", &options->container) || words_option(words, "--project", &options->project) ||
        words_option(words, "--env-file", &options->env_file) || words_option(words, "--format", &options->format))
        return true;
    if (words->word[0] == '-' && words->word[1] == '-' && words->word[2] != '\0')
        slices_add(arena, &options->flags, slice_of(words->word));
    else if (words->word[0] != '-' && words->word[0] != '\0')
        slices_add(arena, &options->files, slice_of(words->word));
    else
        return false;
    return true;
}

/* The file of this folder, as docker compose finds it, and what goes over it. */
static bool find_files(struct lint_options *options, struct arena *arena)
{
    static const char *const names[][2] = {{"compose.yaml", "compose.override.yaml"},
                                           {"compose.yml", "compose.override.yml"},
                                           {"docker-compose.yml", "docker-compose.override.yml"},
                                           {"docker-compose.yaml", "docker-compose.override.yaml"}};

    for (size_t i = 0; i < WB_COUNT(names) && options->files.count == 0; i++) {
        for (size_t k = 0; k < 2; k++) {
            if (access(names[i][k], F_OK) == 0 && (k == 0 || options->files.count))
                slices_add(arena, &options->files, slice_of(names[i][k]));
        }
    }
    return options->files.count > 0;
}

static int refuse(const char *reason)
{
    fprintf(stderr, "%s\n%s", reason, lint_usage);
    return COMMAND_FAILED;
}

/* -- one run -- */

/* The container that --container means. */
static void find_container(struct lint *lint)
{
    struct slice wanted = slice_of(lint->options->container);
    const struct inventory_item *item = inventory_find(lint->output.inventory, wanted);

    if (item) {
        lint->shown_id = arena_copy(&lint->arena, item->id);
        return;
    }
    problems_add(&lint->problems, PROBLEM_ERROR, (struct source){.file = lint->settings.docker.endpoint},
                 "no container `" SLICE_FMT "` runs there, or that is the beginning of several ids: docker ps lists them",
                 SLICE_ARG(wanted));
    lint->problems.unreadable = true;
}

static bool examine(struct lint *lint)
{
    if (!lint->options->container)
        lint_read_files(lint);
    if (!lint_read_settings(lint))
        return false;
    if (lint->problems.unreadable)
        return true;
    lint_describe(lint);
    if (lint->snapshot && lint->options->container)
        find_container(lint);
    if (lint->snapshot && !lint->problems.unreadable) {
        lint_check(lint);
        lint_place_diagnostics(lint);
    }
    problems_sort(&lint->problems);
    return true;
}

static int show(const struct lint *lint)
{
    struct text out = TEXT_EMPTY;
    const struct problems *problems = &lint->problems;

    if (lint->options->format && strcmp(lint->options->format, "json") == 0)
        lint_show_json(lint, &out);
    else
        lint_show_text(lint, &out);
    fwrite(out.ptr, 1, out.len, stdout);
    text_fini(&out);
    if (problems->unreadable)
        return COMMAND_FAILED;
    return problems_count(problems, PROBLEM_ERROR) || (lint->options->strict && problems_count(problems, PROBLEM_WARNING))
               ? COMMAND_NO
               : COMMAND_YES;
}

void lint_begin(struct lint *lint, const struct lint_options *options)
{
    *lint = (struct lint){.options = options};
    arena_init(&lint->arena, 0);
    lint->problems.arena = &lint->arena;
    map_init(&lint->services);
    map_init(&lint->routes);
    map_init(&lint->items);
    diagnostics_init(&lint->compiled);
}

void lint_end(struct lint *lint)
{
    if (lint->snapshot)
        snapshot_unref(&lint->snapshot);
    if (lint->compiler)
        compiler_destroy(&lint->compiler);
    if (lint->output.fragment)
        docker_lint_fini(&lint->output);
    diagnostics_fini(&lint->compiled);
    settings_fini(&lint->settings);
    map_fini(&lint->services);
    map_fini(&lint->routes);
    map_fini(&lint->items);
    arena_fini(&lint->arena);
}

static int run(const struct lint_options *options)
{
    struct lint lint;

    lint_begin(&lint, options);
    int status = examine(&lint) ? show(&lint) : COMMAND_FAILED;
    lint_end(&lint);
    return status;
}

static int run_words(struct lint_options *options, int argc, char **argv, struct arena *arena)
{
    struct words words = {.argv = argv, .argc = argc};

    while (words_next(&words)) {
        if (!take_option(options, &words, arena))
            return words_refuse(&words, lint_usage);
        if (options->help) {
            fputs(lint_usage, stdout);
            return COMMAND_YES;
        }
    }
    if (words.incomplete)
        return words_refuse(&words, lint_usage);
    if (options->format && strcmp(options->format, "json") != 0 && strcmp(options->format, "text") != 0)
        return refuse("--format is text or json");
    if (options->container && options->files.count)
        return refuse("give files or --container, not both");
    if (!options->container && !find_files(options, arena))
        return refuse("there is no compose file here: name one");
    return run(options);
}

int command_lint(int argc, char **argv)
{
    struct lint_options options = {0};
    struct arena arena;

    arena_init(&arena, 0);
    int status = run_words(&options, argc, argv, &arena);
    arena_fini(&arena);
    return status;
}
