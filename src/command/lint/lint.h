/* SPDX-License-Identifier: MIT */
/* lint - one run of `waybill lint`: what was read, what came out of it, and what is to be said. Thread: main. */
#pragma once
#include "compose.h"
#include "waybill/base/map.h"
#include "waybill/base/text.h"
#include "waybill/provider/docker_lint.h"
#include "waybill/route/compile.h"
#include "waybill/settings/settings.h"

/* The words of the command line. */
struct lint_options {
    struct slices files;
    struct slices flags; /* the router's */
    const char *container, *project, *env_file, *format;
    bool strict, help;
};

struct lint {
    const struct lint_options *options;
    struct arena arena;
    struct problems problems;
    struct settings settings;
    struct compose_project project;       /* empty with --container */
    const struct compose_service *router; /* the one of the files; NULL: none */
    struct map services;                  /* name to struct compose_service */
    struct docker_lint_output output;
    struct slice shown_id; /* with --container: of the one that is meant; empty: there is none */
    struct compiler *compiler;
    struct snapshot *snapshot;
    struct diagnostics compiled;
    struct map routes; /* name to struct route_frontend: those that are routed */
    struct map items;  /* name to struct inventory_item */
};

/* lint.c */
void lint_begin(struct lint *lint, const struct lint_options *options);
void lint_end(struct lint *lint);

/* lint_files.c: fills the project. `arg` of its functions is the lint. */
void lint_read_files(struct lint *lint);

/* lint_router.c: fills the settings, from the router's service and the flags given. False: the flags given are wrong, which
 * was said on stderr. */
bool lint_read_settings(struct lint *lint);

/* lint_describe.c */
void lint_describe(struct lint *lint);

/* lint_places.c */
const struct compose_service *lint_service(const struct lint *lint, struct slice name);
/* The label of that service that counts here, NULL: none. */
const struct compose_label *lint_label(const struct lint *lint, const struct compose_service *service, struct slice name);
/* The labels that count: those of `deploy` on a swarm. */
const struct compose_labels *lint_labels(const struct lint *lint, const struct compose_service *service);
/* Turns what provider and compiler said into problems with files and lines. */
void lint_place_diagnostics(struct lint *lint);
/* Where a frontend's rule is written, or what stands for that. */
struct source lint_rule_source(const struct lint *lint, const struct model_frontend *frontend);
/* Where it is said that there is such a container. */
struct source lint_container_source(const struct lint *lint, struct slice name);
/* With --container, whether it is about that one. */
bool lint_is_shown(const struct lint *lint, const struct inventory_item *item);
/* The container's name in "container NAME" and "container NAME, label LABEL"; the label is empty when none is named. */
bool lint_split_place(struct slice place, struct slice *out_name, struct slice *out_label);

/* lint_checks.c: what only lint can see. */
void lint_check(struct lint *lint);

/* lint_text.c, lint_json.c: append all of it. */
void lint_show_text(const struct lint *lint, struct text *out);
void lint_show_json(const struct lint *lint, struct text *out);

/* lint_show.c: what both show. NULL: the frontend is not routed. */
const struct route_frontend *lint_route(const struct lint *lint, struct slice frontend);
/* "web:8000", "https://web:8443", "web:EXPOSE" where the image decides. In the arena. */
struct slice lint_server_text(struct arena *arena, const struct lint *lint, struct slice url);
/* A frontend of some item that is shown. */
bool lint_frontend_is_shown(const struct lint *lint, struct slice frontend);
bool lint_backend_is_shown(const struct lint *lint, struct slice backend);
