/* SPDX-License-Identifier: MIT */
#include "command_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool words_next(struct words *words)
{
    if (words->incomplete || words->next >= words->argc)
        return false;
    words->word = words->argv[words->next++];
    return true;
}

bool words_option(struct words *words, const char *name, const char **out_value)
{
    size_t len = strlen(name);

    if (strncmp(words->word, name, len) != 0 || (words->word[len] != '\0' && words->word[len] != '='))
        return false;
    if (words->word[len] == '=')
        *out_value = words->word + len + 1;
    else if (words->next < words->argc)
        *out_value = words->argv[words->next++];
    else
        words->incomplete = words->word;
    return true;
}

bool words_help(const struct words *words)
{
    return strcmp(words->word, "--help") == 0 || strcmp(words->word, "-h") == 0;
}

int words_refuse(const struct words *words, const char *usage)
{
    struct text shown = TEXT_EMPTY;

    text_add_escaped(&shown, slice_of(words->word));
    if (words->incomplete)
        fprintf(stderr, "%s needs a value\n", shown.ptr);
    else if (words->word)
        fprintf(stderr, "\"%s\" is not expected here\n", shown.ptr ? shown.ptr : "");
    fputs(usage, stderr);
    text_fini(&shown);
    return COMMAND_FAILED;
}
