/* SPDX-License-Identifier: MIT */
/* From options to an entrypoint: each is found in the table and applied, then all of them are checked together. */
#include "entrypoint_draft.h"

/* A misspelled key that begins like this was meant to protect. */
static const char *const protecting_prefixes[] = {"auth", "whitelist", "forwarded", "tls", "ca_", "redirect", "proxyp"};

/* v1.7 ignores a key it does not know. So do we, unless somebody may now believe to be protected. */
static bool meet_unknown(struct entrypoint_draft *draft, struct slice key)
{
    const char *shown = reading_shown(draft->reading, key), *close = known_option_suggest(key);
    for (size_t i = 0; i < WB_COUNT(protecting_prefixes); i++)
        if (slice_starts(key, slice_of(protecting_prefixes[i])))
            return reading_fail(draft->reading, "entrypoint \"%s\": there is no option \"%s\"%s%s", draft->shown_name, shown,
                                close ? ": did you mean " : "", close ? close : "");
    draft->unknown = shown;
    reading_note(draft->reading, LOG_ERROR,
                 "entrypoint \"%s\": the option \"" SLICE_FMT "\" is not known and is "
                 "ignored%s%s",
                 draft->shown_name, SLICE_ARG(key), close ? ": did you mean " : "", close ? close : "");
    return true;
}

/* A word of the mini-language is whatever its key wants, but for tables: those have only members. An empty list is one of
 * anything. */
static bool form_fits(enum option_form wanted, const struct entrypoint_option *option)
{
    if (option->form == OPTION_WORD)
        return wanted != OPTION_TABLE && wanted != OPTION_PAIRS;
    return option->form == wanted || (option->form == OPTION_LIST && wanted == OPTION_PAIRS && option->items.count == 0);
}

static bool meet_option(struct entrypoint_draft *draft, const struct entrypoint_option *option)
{
    static const char *const form_names[] = {
        "", "text", "a list of texts", "true or false", "a table", "a list of tables with certFile and keyFile", ""};
    const struct known_option *known = known_option_find(option->key);
    if (!known)
        return meet_unknown(draft, option->key);
    enum option_form wanted = known_option_form(known);
    if (option->form == OPTION_WORD && wanted == OPTION_TABLE)
        return reading_fail(draft->reading, "entrypoint \"%s\": %s alone means nothing: name one of its members",
                            draft->shown_name, known_option_shown(known));
    if (!form_fits(wanted, option))
        return reading_fail(draft->reading, "entrypoint \"%s\": %s is to be %s", draft->shown_name,
                            known_option_shown(known), form_names[wanted]);
    known_option_apply(known, draft, option);
    return true;
}

bool entrypoint_add(struct reading *reading, struct slice name, const struct entrypoint_options *options)
{
    struct entrypoint_draft draft = {
        .reading = reading,
        .entrypoint = {.name = name},
        .shown_name = reading_shown(reading, name),
    };
    for (size_t i = 0; i < options->count; i++)
        if (!meet_option(&draft, &options->items[i]))
            return false;
    if (!entrypoint_check(&draft))
        return false;
    reading_put_entrypoint(reading, &draft.entrypoint);
    return true;
}
