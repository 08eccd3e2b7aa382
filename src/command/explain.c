/* SPDX-License-Identifier: MIT */
/* waybill explain URL: which frontend gets a request, and why the others do not. */
#include "command_private.h"
#include <stdio.h>

const char explain_usage[] =
    "Usage: waybill explain URL [options]\n"
    "Says which frontend of a running router gets a request, which part of their rules keeps it from the\n"
    "others, and where it would be sent. Nothing is sent. URL is http://host/path?query, or host/path.\n"
    "      --method M         its method; GET\n"
    "      --header 'H: v'    a header field of it; repeat for more\n"
    "      --entrypoint E     where it comes in; the first default one\n"
    "      --client IP        who sends it: whether its forwarding headers are believed depends on that\n" ASK_USAGE
    "Exit code: 0 a frontend (or the router itself) answers it, 1 none does, 2 could not ask\n";

static void add_value(struct text *target, const char *name, const char *value)
{
    if (!value)
        return;
    text_addf(target, "&%s=", name);
    ask_add_encoded(target, value);
}

struct question {
    struct ask_place place;
    const char *url, *method, *entrypoint, *client;
    struct text headers; /* "&header=..." each */
};

/* The word at hand is an option of ours, which is taken. */
static bool take_option(struct words *words, struct question *question)
{
    const char *header = NULL;

    if (words_option(words, "--header", &header)) {
        add_value(&question->headers, "header", header);
        return true;
    }
    return words_option(words, "--method", &question->method) ||
           words_option(words, "--entrypoint", &question->entrypoint) ||
           words_option(words, "--client", &question->client) || ask_option(words, &question->place);
}

static int ask(const struct question *question)
{
    struct text target = TEXT_EMPTY, again = TEXT_EMPTY;

    text_addf(&target, "/api/explain?format=text");
    add_value(&target, "url", question->url);
    add_value(&target, "method", question->method);
    add_value(&target, "entrypoint", question->entrypoint);
    add_value(&target, "client", question->client);
    text_add(&target, text_slice(&question->headers));
    text_addf(&again, "explain %s", question->url);
    int status = command_ask(&question->place, &target, again.ptr);
    text_fini(&target);
    text_fini(&again);
    return status;
}

int command_explain(int argc, char **argv)
{
    struct words words = {.argv = argv, .argc = argc};
    struct question question = {0};
    int status = COMMAND_YES;
    bool help = false, wrong = false;

    while (!help && !wrong && words_next(&words)) {
        if (words_help(&words)) {
            help = true;
        } else if (!take_option(&words, &question)) {
            wrong = question.url || words.word[0] == '-' || words.word[0] == '\0';
            question.url = words.word;
        }
    }
    if (help)
        fputs(explain_usage, stdout);
    else if (wrong || !question.url || words.incomplete)
        status = words_refuse(&words, explain_usage);
    else
        status = ask(&question);
    text_fini(&question.headers);
    return status;
}
