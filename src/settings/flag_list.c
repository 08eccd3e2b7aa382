/* SPDX-License-Identifier: MIT */
#include "waybill/settings/flag_list.h"
#include "flag.h"
#include "help.h"

/* A value that shells complete as a path: the names say so. */
static bool names_file(const struct flag *flag)
{
    static const char *const ends[] = {"file",         "filename", "filePath", "directory", "folder",
                                       "resolvConfig", "rootCAs",  "ca",       "cert",      "key"};
    struct slice name = slice_of(flag->name);
    for (size_t i = 0; i < WB_COUNT(ends); i++)
        if (slice_ends(name, slice_of(ends[i])) || slice_eq_nocase(name, SLICE("configFile")))
            return flag->kind == FLAG_TEXT || flag->kind == FLAG_LIST;
    return false;
}

size_t flag_list_count(void)
{
    return flag_table_count;
}

struct flag_facts flag_list_at(size_t place)
{
    const struct flag *flag = &flag_table[place];
    return (struct flag_facts){
        .name = flag->name,
        .letter = flag->letter,
        .value = help_value_word(flag->kind),
        .shown = flag->shown,
        .help = flag->help,
        .heading = flag->kind == FLAG_HEADING,
        .refused = flag->state == FLAG_NOT_YET,
        .without_effect = flag->state == FLAG_WITHOUT_EFFECT,
        .names_file = names_file(flag),
    };
}
