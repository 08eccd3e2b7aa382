/* SPDX-License-Identifier: MIT */
/* waybill why CONTAINER: what the router makes of a container, and what decided it. */
#include "command_private.h"
#include <stdio.h>

const char why_usage[] =
    "Usage: waybill why CONTAINER [options]\n"
    "Says what a running router makes of a container, by its name or the beginning of its id.\n" ASK_USAGE
    "Exit code: 0 answered, 1 there is no such container, 2 could not ask\n";

int command_why(int argc, char **argv)
{
    struct words words = {.argv = argv, .argc = argc};
    struct ask_place place = {0};
    const char *name = NULL;

    while (words_next(&words)) {
        if (words_help(&words)) {
            fputs(why_usage, stdout);
            return COMMAND_YES;
        }
        if (ask_option(&words, &place))
            continue;
        if (name || words.word[0] == '-' || words.word[0] == '\0')
            return words_refuse(&words, why_usage);
        name = words.word;
    }
    if (!name || words.incomplete)
        return words_refuse(&words, why_usage);

    struct text target = TEXT_EMPTY, again = TEXT_EMPTY;
    text_addf(&target, "/api/containers/");
    ask_add_encoded(&target, name);
    text_addf(&target, "?format=text");
    text_addf(&again, "why %s", name);
    int status = command_ask(&place, &target, again.ptr);
    text_fini(&target);
    text_fini(&again);
    return status;
}
