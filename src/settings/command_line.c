/* SPDX-License-Identifier: MIT */
/* The messages are v1.7's, word for word where it has them: scripts look for them (spec/static-config.md 1.1). */
#include "command_line.h"
#include "entrypoint.h"

struct cutting {
    struct reading *reading;
    char **argv;
    int argc, next;
    struct command_line *line;
    size_t capacity;
};

static void add_word(struct cutting *cutting, const struct flag *flag, struct slice value, const char *shown)
{
    struct command_line *line = cutting->line;
    if (line->count == cutting->capacity) {
        size_t capacity = cutting->capacity ? 2 * cutting->capacity : 16;
        struct arena *arena = &cutting->reading->settings.arena;
        struct command_word *words = ARENA_ARRAY(arena, struct command_word, capacity);
        for (size_t i = 0; i < line->count; i++)
            words[i] = line->words[i];
        line->words = words;
        cutting->capacity = capacity;
    }
    line->words[line->count++] = (struct command_word){flag, value, shown};
}

static bool takes_value(const struct flag *flag)
{
    return flag->kind != FLAG_GROUP && flag->kind != FLAG_SWITCH;
}

/* Named below a part that is not there: its own kind is not known, and does not matter. */
static bool is_refused(const struct flag *flag, struct slice name)
{
    return flag->state == FLAG_NOT_YET && name.len > strlen(flag->name);
}

static bool refuse(struct cutting *cutting, const struct flag *flag, struct slice name)
{
    return reading_fail(cutting->reading, "--%s: %s", reading_shown(cutting->reading, name),
                        flag_absence(cutting->reading, flag)) ||
           flag_postpone(cutting->reading, flag);
}

/* Flags of Traefik v2 and later begin like this: who pastes them here should hear of it. */
static bool is_of_later_version(struct slice name)
{
    static const char *const beginnings[] = {"providers.", "entrypoints.",     "certificatesresolvers.", "log.",
                                             "global.",    "serverstransport", "experimental.",          "api.insecure"};
    for (size_t i = 0; i < WB_COUNT(beginnings); i++)
        if (slice_starts(name, slice_of(beginnings[i])))
            return true;
    return false;
}

static bool fail_unknown(struct cutting *cutting, struct slice name)
{
    const char *shown = reading_shown(cutting->reading, name), *close = flag_suggest(name);
    if (is_of_later_version(name))
        return reading_fail(cutting->reading,
                            "unknown flag: --%s\nThis is a flag of Traefik v2 or later: Waybill takes "
                            "those of v1.7.",
                            shown);
    if (slice_eq(name, SLICE("version")))
        return reading_fail(cutting->reading, "unknown flag: --version\n`waybill version` says which this is.");
    if (close)
        return reading_fail(cutting->reading, "unknown flag: --%s\nDid you mean --%s?", shown, close);
    return reading_fail(cutting->reading, "unknown flag: --%s", shown);
}

static struct slice lower_copy(struct arena *arena, struct slice text)
{
    char *copy = arena_strndup(arena, text.ptr, text.len);
    for (size_t i = 0; i < text.len; i++)
        copy[i] = ascii_lower(copy[i]);
    return slice_make(copy, text.len);
}

/* --name, --name=value, --name value */
static bool cut_long(struct cutting *cutting, struct slice word)
{
    struct slice body = slice_from(word, 2);
    size_t equals = slice_find(body, '=');
    bool has_value = equals < body.len;
    struct slice name = lower_copy(&cutting->reading->settings.arena, slice_head(body, equals));
    struct slice value = slice_from(body, equals + 1);

    if (name.len == 0 || name.ptr[0] == '-')
        return reading_fail(cutting->reading, "bad flag syntax: %s", reading_shown(cutting->reading, word));
    if (slice_eq(name, SLICE("help"))) {
        cutting->line->help = true;
        return true;
    }
    const struct flag *flag = flag_find(name);
    if (!flag)
        return fail_unknown(cutting, name);
    if (is_refused(flag, name))
        return refuse(cutting, flag, slice_head(body, equals));
    if (!has_value && takes_value(flag)) {
        if (cutting->next == cutting->argc)
            return reading_fail(cutting->reading, "flag needs an argument: --" SLICE_FMT, SLICE_ARG(name));
        value = slice_of(cutting->argv[cutting->next++]);
    } else if (!has_value) {
        value = SLICE("true");
    }
    /* v1.7 shows names in lower case; what is refused is shown as it was written. */
    struct slice shown = flag->state == FLAG_NOT_YET ? slice_head(body, equals) : name;
    add_word(cutting, flag, value, arena_format(&cutting->reading->settings.arena, "--" SLICE_FMT, SLICE_ARG(shown)));
    return true;
}

/* -d, -lINFO, -l=INFO, -l INFO, -dg5 */
static bool cut_short(struct cutting *cutting, struct slice word)
{
    struct reading *reading = cutting->reading;
    for (struct slice rest = slice_from(word, 1); rest.len && !cutting->line->help;) {
        char letter = rest.ptr[0];
        const struct flag *flag = flag_find_letter(letter);
        struct slice after = slice_from(rest, 1), value = SLICE("true");
        rest = after;
        if (letter == 'h') {
            cutting->line->help = true;
            return true;
        }
        if (!flag)
            return reading_fail(reading, "unknown shorthand flag: '%s' in %s",
                                reading_shown(reading, slice_make(after.ptr - 1, 1)), reading_shown(reading, word));
        if (after.len && after.ptr[0] == '=') {
            value = slice_from(after, 1);
            rest = slice_from(after, after.len);
        } else if (takes_value(flag) && after.len) {
            value = after;
            rest = slice_from(after, after.len);
        } else if (takes_value(flag)) {
            if (cutting->next == cutting->argc)
                return reading_fail(reading, "flag needs an argument: '%c' in %s", letter, reading_shown(reading, word));
            value = slice_of(cutting->argv[cutting->next++]);
        }
        add_word(cutting, flag, value, arena_format(&reading->settings.arena, "-%c", letter));
    }
    return true;
}

bool command_line_cut(struct reading *reading, int argc, char **argv, struct command_line *out_line)
{
    struct cutting cutting = {.reading = reading, .argv = argv, .argc = argc, .line = out_line};
    *out_line = (struct command_line){0};
    while (cutting.next < argc && !out_line->help) {
        struct slice word = slice_of(argv[cutting.next++]);
        bool good = true;
        if (slice_eq(word, SLICE("--")))
            break;
        if (slice_starts(word, SLICE("--")))
            good = cut_long(&cutting, word);
        else if (word.len > 1 && word.ptr[0] == '-')
            good = cut_short(&cutting, word);
        else
            reading_note(reading, LOG_ERROR,
                         "the word \"" SLICE_FMT "\" on the command line belongs to no flag and "
                         "is ignored: give true or false as --name=false",
                         SLICE_ARG(word));
        if (!good)
            return false;
    }
    for (size_t i = 0; i < out_line->count; i++)
        if (slice_eq(slice_of(out_line->words[i].flag->name), SLICE("configFile")))
            reading->config_file = out_line->words[i].value;
    return true;
}

static bool is_group_off(const struct command_word *word)
{
    bool on;
    return word->flag->kind == FLAG_GROUP && slice_to_bool(word->value, &on) && !on;
}

static bool apply_word(struct reading *reading, const struct command_word *word)
{
    bool good;
    if (word->flag->kind == FLAG_ENTRYPOINT) {
        good = entrypoint_add_words(reading, word->value);
        if (!good)
            return false; /* says all of it */
    } else {
        good = flag_set(reading, word->flag, word->value);
    }
    if (good)
        return true;
    const char *reason = reading->failure;
    reading->failure = NULL;
    if (word->flag->state == FLAG_NOT_YET)
        return reading_fail(reading, "%s: %s", word->shown, reason) || flag_postpone(reading, word->flag);
    const char *value = reading_shown(reading, word->value);
    return reading_fail(reading, "invalid argument \"%s\" for %s=%s: %s", value, word->shown, value, reason);
}

/* `--docker=false --docker.domain=x` still switches docker on, in either order (defects B36). */
bool command_line_apply(struct reading *reading, const struct command_line *line)
{
    reading->source = SOURCE_COMMAND_LINE;
    for (size_t i = 0; i < line->count; i++)
        if (is_group_off(&line->words[i]) && !apply_word(reading, &line->words[i]))
            return false;
    for (size_t i = 0; i < line->count; i++) {
        const struct command_word *word = &line->words[i];
        if (is_group_off(word))
            continue;
        if (!apply_word(reading, word))
            return false;
        flag_switch_groups_on(reading, word->flag);
    }
    return true;
}
