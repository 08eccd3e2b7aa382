/* SPDX-License-Identifier: MIT */
/* command_private - the commands, and what they share. Thread: main. */
#pragma once
#include "waybill/base/text.h"
#include "waybill/command/command.h"

/* Each gets the words behind its name and returns an exit code. */
int command_why(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_lint(int argc, char **argv);
int command_completion(int argc, char **argv);
int command_manual(int argc, char **argv);
/* What each says with --help. */
extern const char why_usage[], explain_usage[], lint_usage[], completion_usage[], manual_usage[];

extern const struct command {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
    const char *usage;
} commands[];
extern const size_t command_count;

/* The option (with its dashes) that comes next in a usage text, and whether a value stands behind it. False: there is no more. */
bool usage_next_option(struct slice *usage, struct slice *out_option, bool *out_takes_value);

/* The words of a command line, one after the other. */
struct words {
    char **argv;
    int argc, next;
    const char *word;       /* the one at hand */
    const char *incomplete; /* an option that lacks its value */
};
/* False at the end, or when an option lacked its value. */
bool words_next(struct words *words);
/* The word at hand is `--name VALUE` or `--name=VALUE`; `name` is with its dashes. */
bool words_option(struct words *words, const char *name, const char **out_value);
/* The word at hand is -h or --help. */
bool words_help(const struct words *words);
/* Says on stderr what is wrong with the words, and how they are to be: COMMAND_FAILED. */
int words_refuse(const struct words *words, const char *usage);

/* Appends `value` so that it is one value in a query, or one part of a path. */
void ask_add_encoded(struct text *target, const char *value);
/* Where to find the router that is to be asked. */
struct ask_place {
    const char *api;         /* --api; NULL: found as ask.c says */
    const char *config_file; /* --configFile; NULL: none */
    const char *login;       /* --user; NULL: $WAYBILL_USER, if that is set */
};
/* The word at hand is one of these three options, which is taken. */
bool ask_option(struct words *words, struct ask_place *place);
/* Those options, as usage texts have them. */
#define ASK_USAGE                                                                                               \
    "      --api URL          where the router's API is; else what its flags or its static file say, or\n"      \
    "                         http://127.0.0.1:8080\n"                                                          \
    "      --configFile FILE  the static file to look that up in\n"                                             \
    "      --user NAME:PASS   a login, where the API wants one; else $WAYBILL_USER, which other users of the\n" \
    "                         machine do not see\n"
/* GET `target` of a running router; its text goes to stdout, COMMAND_YES or COMMAND_NO (404) tells how it ended. `again`: the
 * command as typed in the container, for the advice when nobody answers. */
int command_ask(const struct ask_place *place, const struct text *target, const char *again);
